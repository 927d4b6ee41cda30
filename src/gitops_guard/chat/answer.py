"""The one reply to a comment, in Markdown that shows hostile text as it is."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gitops_guard.chat.command import USAGE
from gitops_guard.publishers.escape import cut, valid_unicode
from gitops_guard.publishers.escape import markdown_code as code
from gitops_guard.publishers.escape import markdown_text as plain

LIMIT = 60_000
"""Characters; GitHub refuses bodies over 65,536."""
_SECTIONS = 24_000
_LINES = 40
_MARKER = re.compile(r"<!-- gitops-guard:reply=(\d+) -->")


class Answer(NamedTuple):
    """What became of a command, in Markdown, and whether it was done."""

    text: str
    done: bool


def headed(command: str, answer: Answer) -> Answer:
    """An answer among several, with the command that it is about."""
    return answer._replace(text=f"{code(command)}\n\n{answer.text}") if command else answer


def reply(comment: int, answers: Sequence[Answer]) -> str:
    """The reply to a comment; what does not fit is left out whole, and that is said."""
    lines = [f"<!-- gitops-guard:reply={comment} -->"]
    room = LIMIT
    left_out = 0
    for answer in answers:
        if len(answer.text) + 2 > room:
            left_out += 1
            continue
        room -= len(answer.text) + 2
        lines += ["", answer.text]
    if left_out:
        lines += ["", f"{left_out} more answers do not fit into one comment: ask for each alone."]
    return "\n".join(lines) + "\n"


def replied_to(body: str) -> int | None:
    """The comment that one of our replies answers; None for any other comment."""
    found = _MARKER.match(body)
    return None if found is None else int(found[1])


def mistake(why: str) -> Answer:
    """What is wrong with a command, and what there is."""
    return Answer(f"{plain(why[:1].upper() + why[1:])}.\n\n{USAGE}", done=False)


def refusal(why: str) -> Answer:
    """Why a command was not done."""
    return Answer(f"Nothing was done: {plain(why, 1000)}.", done=False)


def patch(intro: str, diff: str) -> Answer:
    """A patch to apply by hand, folded; one that is too long is not shown in part."""
    text = valid_unicode(diff)
    if len(text) > _SECTIONS:
        long = (
            f"{intro} The patch has {len(text):,} characters, too many for a comment: run `gitops-guard fix --write`."
        )
        return Answer(long, done=True)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    lines = [intro, "", "<details><summary>The patch (git apply)</summary>", "", f"{fence}diff", text.rstrip("\n")]
    return Answer("\n".join([*lines, fence, "", "</details>"]), done=True)


def explained(page: str, link: str = "") -> Answer:
    """The page of a rule, shortened: all but its examples."""
    shown: list[str] = []
    for line in page.split("\n"):
        if line.startswith("## Example"):
            break
        shown.append("#" + line if line.startswith("#") else line)
    kept = shown[:_LINES]
    rest = "" if len(kept) == len(shown) and not link else "\n\nThe whole page: `gitops-guard explain`."
    return Answer(cut("\n".join(kept).strip(), _SECTIONS) + rest, done=True)


def listed(what: Sequence[tuple[str, str]], most: int = 20) -> str:
    """Paths or rules with a reason each, as a list."""
    lines = [f"- {code(name)}: {plain(reason)}" for name, reason in what[:most]]
    return "\n".join([*lines, f"- and {len(what) - most} more"] if len(what) > most else lines)
