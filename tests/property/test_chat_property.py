"""Comments of any text become commands that are safe to act on; reasons of any text stay reasons."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.chat.answer import Answer, mistake, replied_to, reply
from gitops_guard.chat.command import MOST, Mistake, Waive, commands, shown
from gitops_guard.chat.waiver import add_waiver
from gitops_guard.configuration import read
from gitops_guard.errors import UsageError
from gitops_guard.settings import Waiver
from gitops_guard.source_file import SourceFile

TODAY = date(2026, 7, 1)
RULES = ("GG-POD-001", "GG-POD-002")
FILE = "# ours\nwaivers:\n  - {rule: GG-POD-002, owner: a, reason: b, expires: 2027-01-01}\nexclude: [x]\n"
WORDS = ("/gitops-guard", "waive", "fix", "in", "until", "because", "GG-POD-001", "2027-01-31", "../x", "```", "\n",
         "\r\n", "`", "all", "\u202e", "@acme/all", "<!--", "-->")  # fmt: skip
words = st.sampled_from(WORDS) | st.text(max_size=9)


@given(st.lists(words, max_size=40), st.sampled_from([" ", "", "\n"]))
def test_any_comment(parts: list[str], between: str) -> None:
    found = commands(between.join(parts))
    assert len(found) <= MOST + 1
    for command in found:
        assert len(shown(command)) <= 120
        for text in command:
            assert isinstance(command, Mistake) or not isinstance(text, str) or text.isprintable()
        if isinstance(command, Waive):
            assert not command.path.startswith(("/", "-"))
            assert ".." not in command.path.split("/")


@given(st.text(max_size=300), st.text(min_size=1, max_size=60))
def test_any_reason_and_path_read_back_as_written_or_are_refused(reason: str, path: str) -> None:
    waiver = Waiver("GG-POD-001", "octocat", reason, expires=date(2027, 1, 31), paths=(path,))
    try:
        written = add_waiver(SourceFile("c.yaml", FILE), waiver, RULES, TODAY)
    except UsageError:
        return
    *others, added = read(SourceFile("c.yaml", written.after), RULES, TODAY).waivers
    assert added._replace(line=0) == waiver._replace(line=0)
    assert [other.rule for other in others] == ["GG-POD-002"]
    assert written.after.startswith(FILE.partition("exclude")[0])


@given(st.text(max_size=200), st.lists(st.text(max_size=20_000), max_size=6))
def test_any_reply_is_bounded_and_known_again(why: str, texts: list[str]) -> None:
    text = reply(7, [mistake(why), *(Answer(one, done=True) for one in texts)])
    assert len(text) < 65_536
    assert replied_to(text) == 7
    assert text.count("<!-- gitops-guard:") == 1 + sum(one.count("<!-- gitops-guard:") for one in texts)
