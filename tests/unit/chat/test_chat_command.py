"""Commands in comments: what is one, what is none, and what hostile arguments become."""

from datetime import date

import pytest

from gitops_guard.chat.command import MOST, Explain, Fix, Mistake, Recheck, Waive, commands

WAIVER = "/gitops-guard waive GG-POD-001 in apps/shop/ until 2027-01-31 because the node agent needs it"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("/gitops-guard fix", (Fix("safe"),)),
        ("/gitops-guard fix safe", (Fix("safe"),)),
        ("/gitops-guard FIX All", (Fix("all"),)),
        ("/gitops-guard fix GG-POD-001", (Fix("GG-POD-001"),)),
        ("/gitops-guard explain privileged-container", (Explain("privileged-container"),)),
        ("/gitops-guard recheck", (Recheck(),)),
        ("/gitops-guard\trecheck  \r\n", (Recheck(),)),
        ("Thanks!\r\n\r\n/gitops-guard fix\r\n/gitops-guard recheck", (Fix(), Recheck())),
        (WAIVER, (Waive("GG-POD-001", "apps/shop/", date(2027, 1, 31), "the node agent needs it"),)),
        (
            "/gitops-guard waive GG-POD-001 until 2027-01-31 because of `x` until 2028",
            (Waive("GG-POD-001", "", date(2027, 1, 31), "of `x` until 2028"),),
        ),
        (
            "/gitops-guard waive GG-POD-001 in `a folder/x.yaml` until 2027-01-31 because so",
            (Waive("GG-POD-001", "a folder/x.yaml", date(2027, 1, 31), "so"),),
        ),
    ],
)
def test_reads_commands(body: str, wanted: tuple[object, ...]) -> None:
    found = commands(body)
    assert found == wanted
    assert [type(one) for one in found] == [type(one) for one in wanted]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "please /gitops-guard fix",
        " /gitops-guard fix",
        "> /gitops-guard fix",
        "/gitops-guardian fix",
        "/gitops-guard-fix",
        "```\n/gitops-guard fix\n```",
        "~~~~ text\n```\n/gitops-guard fix\n~~~\n/gitops-guard fix\n~~~~",
        "<!-- gitops-guard:reply=1 -->\nAnswered.",
    ],
)
def test_leaves_other_comments_alone(body: str) -> None:
    assert commands(body) == ()


def test_a_command_after_a_closed_fence_counts() -> None:
    assert commands("```yaml\na: 1\n```\n/gitops-guard fix") == (Fix(),)


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "help",
        "fix; rm -rf /",
        "fix $(id)",
        "fix `id`",
        "fix ../../etc/passwd",
        "fix --all",
        "fix GG-POD-001 GG-POD-002",
        "fix @acme/everyone",
        "fix <!-- gitops-guard:summary -->",
        "explain",
        "explain GG-POD-001 | sh",
        "explain " + "A" * 81,
        "explain GG-POD-001\u202e",
        "explain GG\u2028POD",
        "fix safe\x00",
        "recheck now",
        "waive GG-POD-001",
        "waive GG-POD-001 until tomorrow because so",
        "waive GG-POD-001 until 20270131 because so",
        "waive GG-POD-001 until 2027-W05-1 because so",
        "waive GG-POD-001 until 2027-02-30 because so",
        "waive GG-POD-001 until \uff12\uff10\uff12\uff17-01-31 because so",
        "waive GG-POD-001 until 2027-01-31 because",
        "waive GG-POD-001 until 2027-01-31 because " + "x" * 301,
        "waive GG-POD-001;x until 2027-01-31 because so",
        "waive GG-POD-001 in /etc/passwd until 2027-01-31 because so",
        "waive GG-POD-001 in ../other until 2027-01-31 because so",
        "waive GG-POD-001 in apps/../../x until 2027-01-31 because so",
        "waive GG-POD-001 in ~root until 2027-01-31 because so",
        "waive GG-POD-001 in -x until 2027-01-31 because so",
        "waive GG-POD-001 in a\\b until 2027-01-31 because so",
        "waive GG-POD-001 in * until 2027-01-31 because so",
        "waive GG-POD-001 in **/* until 2027-01-31 because so",
        "waive GG-POD-001 in . until 2027-01-31 because so",
        "x" * 65_000,
    ],
)
def test_what_is_none_of_them_is_a_mistake(arguments: str) -> None:
    (found,) = commands("/gitops-guard " + arguments)
    assert isinstance(found, Mistake)
    assert len(found.why) < 120
    assert not any(c in found.why for c in "@<$|")
    assert len(found.text) <= 80


def test_a_reason_cannot_bring_further_lines() -> None:
    body = WAIVER + "\n  expires: 2099-01-01\n- rule: GG-POD-002"
    assert commands(body) == commands(WAIVER)


def test_many_commands_are_cut_and_it_is_said() -> None:
    found = commands("/gitops-guard recheck\n" * 2000)
    assert len(found) == MOST + 1
    assert isinstance(found[-1], Mistake)


def test_a_comment_of_the_longest_kind_is_read_quickly() -> None:
    body = ("/gitops-guard waive " + "a " * 280 + "\n") * 110
    assert all(isinstance(one, Mistake) for one in commands(body[:65_536]))
    assert commands("`" * 65_536) == ()
