"""Writes plain data as lines of block YAML or as flow YAML and JSON, in the style of the file."""

from typing import NamedTuple

from gitops_guard.editing.quoting import UnwritableError, is_literal, scalar_text, string_text
from gitops_guard.editing.style import Style
from gitops_guard.syntax.nodes import Data

_LONGEST_KEY = 1000


class FlowLayout(NamedTuple):
    """How flow collections are laid out.

    `forced` is the quote around every key and string (JSON's `"`), or nothing. `colon` and `comma` separate on one
    line. `unit` is the indentation step of a layout over several lines, or nothing for one line; `eol` its line end.
    """

    forced: str = ""
    quote: str = '"'
    colon: str = ": "
    comma: str = ", "
    unit: str = ""
    eol: str = "\n"
    quoted_keys: bool = False


def is_nested(value: Data) -> bool:
    """Whether a value is a collection that is not empty."""
    return isinstance(value, dict | list) and bool(value)


def is_block_text(value: Data, style: Style) -> bool:
    """Whether a value is written as a literal block."""
    return style.literal and isinstance(value, str) and "\n" in value and is_literal(value)


def key_text(key: str, quote: str, *, forced: str = "", flow: bool = False) -> str:
    """A key, quoted where it would not be read as this text or `forced`.

    Raises:
        UnwritableError: YAML 1.1 reads a key of one line only up to 1024 characters.
    """
    written = string_text(key, quote, forced=forced, flow=flow)
    if len(written) > _LONGEST_KEY:
        raise UnwritableError("the key is too long to be written on one line")
    return written


def entry_lines(key: str, value: Data, indent: int, style: Style) -> list[str]:
    """The lines of a key and its value in a block mapping at a column."""
    head = " " * indent + key_text(key, style.quote) + ":"
    if is_nested(value):
        offset = style.step if isinstance(value, dict) else style.list_offset
        return [head, *block_lines(value, indent + offset, style)]
    if isinstance(value, str) and is_block_text(value, style):
        return [head + " " + literal_header(value), *literal_lines(value, indent + style.step)]
    return [head + " " + scalar_text(value, style.quote, key=key)]


def item_lines(value: Data, indent: int, style: Style, forced: str = "") -> list[str]:
    """The lines of an item of a block sequence whose dash stands at a column."""
    lead = " " * indent + "-"
    if is_nested(value):
        inner = indent + style.item_offset
        lines = block_lines(value, inner, style)
        return [lead + " " * (style.item_offset - 1) + lines[0][inner:], *lines[1:]]
    if isinstance(value, str) and is_block_text(value, style):
        return [lead + " " + literal_header(value), *literal_lines(value, indent + style.step)]
    return [lead + " " * (style.item_offset - 1) + scalar_text(value, style.quote, forced=forced)]


def block_lines(value: Data, indent: int, style: Style) -> list[str]:
    """The lines of a collection that is not empty, in block style at a column."""
    lines: list[str] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            lines += entry_lines(key, inner, indent, style)
    elif isinstance(value, list):
        for item in value:
            lines += item_lines(item, indent, style)
    return lines


def literal_header(text: str) -> str:
    """The header of a literal block with this text."""
    return "|" if text.endswith("\n") else "|-"


def literal_lines(text: str, indent: int) -> list[str]:
    """The lines of a literal block below its header."""
    return [" " * indent + line if line else "" for line in text.removesuffix("\n").split("\n")]


def flow_entry(key: str, value: Data, layout: FlowLayout, indent: str = "") -> str:
    """A key and its value within braces; `indent` is the white space before the key on its line."""
    forced = '"' if layout.quoted_keys else ""
    written = key_text(key, layout.quote, forced=forced, flow=True)
    colon = layout.colon
    text = flow_text(value, layout, indent, key)
    # Without white space, `a:1` would be one plain scalar.
    return written + (colon if forced or not colon.endswith(":") else ": ") + text


def flow_text(value: Data, layout: FlowLayout, indent: str = "", key: str = "") -> str:
    """A value within braces or brackets, or as the value of a block key."""
    if not is_nested(value):
        return scalar_text(value, layout.quote, forced=layout.forced, flow=True, key=key)
    inner = indent + layout.unit
    if isinstance(value, dict):
        opening, closing = "{", "}"
        parts = [flow_entry(name, below, layout, inner) for name, below in value.items()]
    else:
        assert isinstance(value, list)  # noqa: S101 - is_nested says so
        opening, closing = "[", "]"
        parts = [flow_text(item, layout, inner) for item in value]
    if not layout.unit:
        return opening + layout.comma.join(parts) + closing
    return opening + layout.eol + inner + ("," + layout.eol + inner).join(parts) + layout.eol + indent + closing
