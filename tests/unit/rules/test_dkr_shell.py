"""Commands of shell texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.rules.dkr.shell import commands


def programs(text: str) -> list[tuple[str, bool]]:
    return [(command.program, command.piped) for command in commands(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a | b", [("a", False), ("b", True)]),
        ("a || b && c; d & e", [("a", False), ("b", False), ("c", False), ("d", False), ("e", False)]),
        ("a |\nb", [("a", False), ("b", True)]),
        ("a 'x | y' \"z; w\" x\\|y", [("a", False)]),
        ("X=1 sudo -E /usr/bin/a b", [("a", False)]),
        ("if a; then b; fi", [("a", False), ("b", False), ("fi", False)]),
        ('sh -c "$(curl x | y)"', [("sh", False)]),
        ("a # b | c\nd", [("a", False), ("d", False)]),
        ("a 2>&1 | b", [("a", False), ("b", True)]),
        ("(a; b) | c", [("a", False), ("b", False), ("c", True)]),
        ("", []),
    ],
)
def test_splits_commands(text: str, expected: list[tuple[str, bool]]) -> None:
    assert programs(text) == expected


@given(st.text("ab |;&\n\"'\\$()#<>", max_size=40))
def test_words_lie_in_the_text_in_order(text: str) -> None:
    at = 0
    for command in commands(text):
        assert command.words
        for word in command.words:
            assert at <= word.start < word.end <= len(text)
            at = word.end
