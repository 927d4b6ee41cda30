"""How a scalar is written so that every reader of YAML takes it for what it is."""

import json
import re

from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.scalars import resolve

_NEVER_FIRST = frozenset("?:,[]{}#&*!|>'\"%@`")
_FLOW_INDICATORS = frozenset(",[]{}")
_OTHER_TYPES = frozenset(("=", "<<"))
_MODE_KEYS = frozenset(("defaultMode", "mode"))
_SPECIAL = (0x7F, 0xA0)  # DEL and the C1 controls
_LINE_BREAKS = frozenset("\u2028\u2029\ufeff\ufffe\uffff")

# Kubernetes reads these as text, but other readers of YAML 1.1 as dates, times or numbers.
_AMBIGUOUS = re.compile(r"\d{4}-\d\d?-\d\d?|[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?\Z|[-+]?0[oOxXbB][\d_a-fA-F]+\Z")


class UnwritableError(ValueError):
    """A value that YAML has no notation for; the message is for people."""


def scalar_text(value: Data, quote: str, *, forced: str = "", flow: bool = False, key: str = "") -> str:
    """One line of YAML for a scalar, an empty mapping or an empty list.

    Args:
        value: the value; a collection must be empty.
        quote: the quote that the file prefers where one is needed.
        forced: quote every string, with this quote.
        flow: it will stand between brackets or braces.
        key: the key that it stands under: file modes are written in octal, as people read them.

    Raises:
        UnwritableError: the text holds half of a surrogate pair.
    """
    if isinstance(value, str):
        return string_text(value, quote, forced=forced, flow=flow)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"0{value:o}" if key in _MODE_KEYS and value > 0 and forced != '"' else str(value)
    if isinstance(value, float):
        return _float_text(value)
    return "{}" if isinstance(value, dict) else "[]"


def string_text(text: str, quote: str, *, forced: str = "", flow: bool = False) -> str:
    """A string on one line, quoted where that is needed or `forced`."""
    printable = is_printable(text)
    if not forced and printable and is_plain(text, flow=flow):
        return text
    if (forced or quote) == "'" and printable:
        return "'" + text.replace("'", "''") + "'"
    return double_quoted(text)


def is_plain(text: str, *, flow: bool = False) -> bool:
    """Whether printable text can be written without quotes and still is text."""
    first = text[:1]
    if not first or text != text.strip() or first in _NEVER_FIRST or text in _OTHER_TYPES:
        return False
    if first in "-." and (text[1:2] in {"", " "} or text.startswith(("---", "..."))):
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    if flow and (not _FLOW_INDICATORS.isdisjoint(text) or ":" in text):
        return False
    return resolve(text, "", None).__class__ is str and not _AMBIGUOUS.match(text)


def is_printable(text: str) -> bool:
    """Whether text needs no escapes: no controls, line breaks or byte order marks."""
    if text.isascii():
        return text.isprintable()
    return not any(
        char < " " or _SPECIAL[0] <= ord(char) < _SPECIAL[1] or char in _LINE_BREAKS or "\ud800" <= char <= "\udfff"
        for char in text
    )


def is_literal(text: str) -> bool:
    """Whether text of several lines can be written as a literal block without an indentation indicator."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    if len(lines) == 1 or not lines[0] or not lines[-1]:
        return False
    return all(is_printable(line) and (not line or bool(line.strip())) for line in lines) and lines[0][0] != " "


def double_quoted(text: str) -> str:
    """The JSON notation, which is YAML's too; whatever is not printable is escaped."""
    written = json.dumps(text, ensure_ascii=False)
    if is_printable(written):
        return written
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise UnwritableError("the text holds half of a surrogate pair")
    return "".join(char if is_printable(char) else f"\\u{ord(char):04x}" for char in written)


def _float_text(value: float) -> str:
    if value != value:  # noqa: PLR0124 - only NaN differs from itself
        return ".nan"
    if value in {float("inf"), float("-inf")}:
        return ".inf" if value > 0 else "-.inf"
    return repr(value)
