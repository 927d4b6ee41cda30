"""Scalars are written so that every reader takes them for what they are."""

import pytest

from gitops_guard.editing.quoting import UnwritableError, is_literal, scalar_text
from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.scalars import Value

QUOTED = (
    "", "y", "N", "yes", "off", "true", "null", "~", "0400", "1", "1.25", "1e3", "0x1F", "0o17", "1_000",
    ".5", ".inf", "+1",
    "12:30:45", "2026-01-02", "=", "<<", " a", "a ", "a: b", "a:", "a #b", "#a", "- a", "-", "---", "...",
    "*a", "&a", "!a",
    "%a", "@a", "`a", "|", ">", "'a", '"a', "{a", "[a", ",a", "?a", ":a", "a\tb", "a\nb", "a\x07", "a\x85",
    "\u2028", "\ufeff",
    "\u00a0",
)  # fmt: skip
PLAIN = (
    "a",
    "a b",
    "a-b",
    "-a",
    "--flag=x",
    "a:b",
    "nginx:1.25@sha256:00",
    "1.2.3",
    "10.0.0.0/8",
    "a#b",
    "ä",
    "\U0001f600",
    "a'b",
    "/x",
)
VALUES: tuple[tuple[Value, str], ...] = (
    (True, "true"), (False, "false"), (None, "null"), (0, "0"), (-1, "-1"), (1.5, "1.5"), (float("inf"), ".inf"),
    (float("-inf"), "-.inf"), (float("nan"), ".nan"), (1e300, "1e+300"),
)  # fmt: skip


@pytest.mark.parametrize("text", QUOTED)
def test_quoted(text: str) -> None:
    assert scalar_text(text, '"')[0] == '"'
    assert scalar_text(text, "'")[0] in "'\""


@pytest.mark.parametrize("text", PLAIN)
def test_plain(text: str) -> None:
    assert scalar_text(text, '"') == text
    assert scalar_text(text, '"', forced="'") == "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("text", ["a,b", "a]", "a:b", "{a"])
def test_quoted_between_brackets(text: str) -> None:
    assert scalar_text(text, '"', flow=True) == f'"{text}"'


@pytest.mark.parametrize(("value", "written"), VALUES)
def test_other_types(value: Data, written: str) -> None:
    assert scalar_text(value, '"') == written


def test_escapes() -> None:
    assert scalar_text('\x00\x07\t\n"\\\x85\u2028\ufeffä', "'") == '"\\u0000\\u0007\\t\\n\\"\\\\\\u0085\\u2028\\ufeffä"'


def test_half_a_character_cannot_be_written() -> None:
    with pytest.raises(UnwritableError):
        scalar_text("\udc00", '"')


@pytest.mark.parametrize("key", ["defaultMode", "mode"])
def test_file_modes(key: str) -> None:
    assert scalar_text(288, '"', key=key) == "0440"
    assert scalar_text(288, '"', key=key, forced='"') == "288"
    assert scalar_text(0, '"', key=key) == "0"


@pytest.mark.parametrize("text", ["a\nb", "a\nb\n", "a\n\n b\n", "- a\n- b"])
def test_literal(text: str) -> None:
    assert is_literal(text)


@pytest.mark.parametrize(
    "text", ["a", "a\n", " a\nb", "\na\nb", "a\nb\n\n", "a\n \nb", "a\r\nb", "a\x07\nb", "\n", "a\n\tb\x85"]
)
def test_not_literal(text: str) -> None:
    assert not is_literal(text)
