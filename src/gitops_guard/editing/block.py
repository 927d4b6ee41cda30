"""Edits of block mappings and lists: whole lines, with the comments that belong to them."""

import re
from typing import NamedTuple

from gitops_guard.editing.emit import (
    block_lines,
    entry_lines,
    flow_text,
    is_block_text,
    is_nested,
    item_lines,
    literal_header,
    literal_lines,
)
from gitops_guard.editing.flow import inline_layout
from gitops_guard.editing.layout import (
    RefusedError,
    after,
    after_colon,
    after_deeper_comments,
    chomping,
    content_start,
    dashes,
    grows_with_line_end,
    is_block_scalar,
    is_inline,
    is_unterminated,
    key_starts,
    last_leaf,
    line_start,
    line_stop,
    next_line,
    own_comments,
    require_indentation,
    strip_chomping,
)
from gitops_guard.editing.quoting import scalar_text
from gitops_guard.editing.style import Style
from gitops_guard.syntax.nodes import Data, Mapping, Node, Scalar, Sequence
from gitops_guard.text import Edit

_COMMENT = re.compile(r"(?:^|[ \t])(#[^\r\n]*)")


def add_entry(text: str, mapping: Mapping, key: str, value: Data, style: Style) -> list[Edit]:
    """Adds a key behind the last one of a block mapping, or before it where only that keeps its value."""
    starts = key_starts(text, mapping)
    indent = {require_indentation(text, start) for start in starts}
    if len(indent) != 1:
        raise RefusedError("the keys of a mapping stand in different columns")
    at_column = indent.pop()
    if grows_with_line_end(text, mapping):
        lines = entry_lines(key, value, at_column, style)
        return [_before(text, starts[-1], lines, at_column, style)]
    at = after_deeper_comments(text, after(text, mapping), at_column)
    lines = entry_lines(key, value, at_column, _fitting(text, at, at_column, style))
    return [_lines_at(text, at, lines, style)]


def add_item(text: str, sequence: Sequence, value: Data, style: Style) -> list[Edit]:
    """Adds an item behind the last one of a block list."""
    last_dash = dashes(text, sequence)[-1]
    indent = require_indentation(text, last_dash)
    leaf = last_leaf(sequence)
    edits: list[Edit] = []
    if grows_with_line_end(text, sequence) and isinstance(leaf, Scalar):
        edits.append(strip_chomping(text, leaf))
    at = after_deeper_comments(text, after(text, sequence), indent)
    last = sequence.items[-1]
    quote = last.style if isinstance(last, Scalar) and last.style in {"'", '"'} else ""
    fitting = _fitting(text, at, indent, style)._replace(item_offset=_item_offset(text, last_dash, last, style))
    return [*edits, _lines_at(text, at, item_lines(value, indent, fitting, quote), style)]


def replace(text: str, holder: Mapping | Sequence, node: Node, value: Data, style: Style) -> list[Edit]:
    """Writes another value in the place of one in a block mapping or list."""
    site = _site(text, holder, node)
    on_one_line = _one_line(value, node, site, style)
    if on_one_line is not None and is_inline(node):
        if node.start == node.end:
            return [Edit(site.head_end, site.head_end, " " + on_one_line)]
        return [Edit(node.start, node.end, on_one_line)]
    return [_rewritten(text, site, node, value, on_one_line, style)]


def delete(text: str, holder: Mapping | Sequence, node: Node, *, is_root: bool) -> list[Edit]:
    """Deletes a key or item of a block collection that holds another one too, with the comments that belong to it."""
    starts = dashes(text, holder) if isinstance(holder, Sequence) else key_starts(text, holder)
    start = _site(text, holder, node).start
    index = starts.index(start)
    indent = require_indentation(text, start)
    previous = _previous(holder, start)
    end = after_deeper_comments(text, after(text, node), indent)
    if text[line_start(text, start) : start].strip():
        if index or len(starts) == 1:
            raise RefusedError("the layout is unusual")
        return _moved_dash(text, start, end, starts[1], indent)
    keeps_blank_lines = previous is not None and chomping(text, last_leaf(previous)) == "+"
    floor = previous.end if previous is not None else 0
    top = line_start(text, start) if is_root and not index else own_comments(text, start, floor)
    above = line_start(text, top - 1) if top else 0
    blank_above = top > 0 and not text[above:top].strip()
    if keeps_blank_lines or blank_above or top == 0:
        end = _after_blank_lines(text, end)
    if end == len(text) and not keeps_blank_lines:
        top = _before_blank_lines(text, top, floor)
    return [Edit(top, end, "")]


class _Site(NamedTuple):
    """The place of a value: its key or dash at `start` in column `indent`, and the offset behind colon or dash."""

    start: int
    indent: int
    head_end: int
    key: str
    is_item: bool


def _site(text: str, holder: Mapping | Sequence, node: Node) -> _Site:
    if isinstance(holder, Sequence):
        index = next(index for index, item in enumerate(holder.items) if item is node)
        dash = dashes(text, holder)[index]
        return _Site(dash, require_indentation(text, dash), dash + 1, "", is_item=True)
    key = next(key for key, value in holder.entries.values() if value is node)
    return _Site(key.start, require_indentation(text, key.start), after_colon(text, key), key.text, is_item=False)


def _one_line(value: Data, node: Node, site: _Site, style: Style) -> str | None:
    """The value on one line, or None where it takes several."""
    if is_nested(value):
        stays_flow = isinstance(node, Mapping | Sequence) and node.flow and node.start + 2 < node.end
        return flow_text(value, inline_layout(node, style)) if stays_flow else None
    if is_block_text(value, style):
        return None
    quote = node.style if isinstance(node, Scalar) and node.style in {"'", '"'} and isinstance(value, str) else ""
    return scalar_text(value, style.quote, forced=quote, key=site.key)


def _rewritten(text: str, site: _Site, node: Node, value: Data, on_one_line: str | None, style: Style) -> Edit:  # noqa: PLR0913, PLR0917 - one place
    """Writes everything behind a colon or dash anew, except for the comment on its line."""
    end = after(text, node)
    stop = line_stop(text, end - 1) if end > site.head_end and text[end - 1] == "\n" else end
    comment = _kept_comment(text, site, node)
    behind = f" {comment}" if comment else ""
    if on_one_line is None and isinstance(value, str) and not _fitting(text, end, site.indent, style).literal:
        on_one_line = scalar_text(value, '"')
    if on_one_line is not None:
        return Edit(site.head_end, stop, f" {on_one_line}{behind}")
    inner_style = _fitting(text, end, site.indent, style)
    if isinstance(value, str):
        lines = literal_lines(value, site.indent + style.step)
        return Edit(site.head_end, stop, style.eol.join([f" {literal_header(value)}{behind}", *lines]))
    if site.is_item:
        lines = item_lines(value, site.indent, inner_style)
        if not comment:
            lines[0] = lines[0][site.indent + 1 :]
            return Edit(site.head_end, stop, style.eol.join(lines))
        lines[0] = " " * (site.indent + style.item_offset) + lines[0][site.indent + style.item_offset :]
    else:
        offset = style.step if isinstance(value, dict) else style.list_offset
        lines = block_lines(value, site.indent + offset, inner_style)
    return Edit(site.head_end, stop, style.eol.join([behind, *lines]))


def _kept_comment(text: str, site: _Site, node: Node) -> str:
    """The comment on the line of the key or dash, or behind a value that ends on a later line."""
    head = text[site.head_end : line_stop(text, site.head_end)]
    if is_inline(node):
        tail = text[node.end : line_stop(text, node.end)]
        found = _COMMENT.search(tail) or (_COMMENT.search(head) if "\n" in text[site.head_end : node.start] else None)
    elif is_block_scalar(node) or (
        isinstance(node, Mapping | Sequence) and "\n" in text[site.head_end : content_start(text, node)]
    ):
        found = _COMMENT.search(head)
    else:
        found = None
    return found[1] if found else ""


def _item_offset(text: str, dash: int, item: Node, style: Style) -> int:
    if item.start == item.end or "\n" in text[dash : item.start]:
        return style.item_offset
    return max(item.start - dash, 2)


def _fitting(text: str, at: int, indent: int, style: Style) -> Style:
    """The style for lines written at an offset: without literal blocks where what follows would become part of them."""
    follows_comment = after_deeper_comments(text, at, indent) != at
    if follows_comment or (at == len(text) and is_unterminated(text)):
        return style._replace(literal=False)
    return style


def _lines_at(text: str, at: int, lines: list[str], style: Style) -> Edit:
    joined = style.eol.join(lines)
    if at == len(text) and is_unterminated(text):
        return Edit(at, at, style.eol + joined)
    return Edit(at, at, joined + style.eol)


def _before(text: str, start: int, lines: list[str], indent: int, style: Style) -> Edit:
    """Writes lines before a key, and before its comments if it does not share its line with a dash."""
    joined = style.eol.join(lines) + style.eol
    if text[line_start(text, start) : start].strip():
        return Edit(start, start, joined[indent:] + " " * indent)
    top = own_comments(text, start, 0)
    return Edit(top, top, joined)


def _previous(holder: Mapping | Sequence, start: int) -> Node | None:
    """The value of the key or item that ends last before an offset."""
    values = holder.items if isinstance(holder, Sequence) else [value for _, value in holder.entries.values()]
    merges = () if isinstance(holder, Sequence) else holder.merges
    return max((value for value in (*values, *merges) if value.end <= start), key=lambda value: value.end, default=None)


def _moved_dash(text: str, start: int, end: int, following: int, indent: int) -> list[Edit]:
    """Deletes the first key of an item, or the first item of an item: its dash goes to the next one.

    Comments between the two move above the dash, where they stay with the line that they describe.
    """
    top = line_start(text, start)
    prefix = text[top:start]
    comments = [line for line in text[end : line_start(text, following)].splitlines(keepends=True) if line.strip()]
    if not comments:
        return [Edit(start, following, "")]
    dash_indent = len(prefix) - len(prefix.lstrip(" "))
    if prefix.count("-") > 1:
        return [Edit(start - (indent - len(prefix.rstrip())), line_stop(text, end - 1), "")]
    moved = "".join(" " * dash_indent + line.lstrip(" ") for line in comments)
    return [Edit(top, top, moved), Edit(start, following, "")]


def _after_blank_lines(text: str, at: int) -> int:
    while at < len(text):
        end = next_line(text, at)
        if text[at:end].strip():
            break
        at = end
    return at


def _before_blank_lines(text: str, at: int, floor: int) -> int:
    while at > floor:
        above = line_start(text, at - 1)
        if above < floor or text[above:at].strip():
            break
        at = above
    return at
