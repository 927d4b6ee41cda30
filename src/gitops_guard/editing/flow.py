"""Edits within braces and brackets, of YAML's flow style and of JSON."""

from typing import NamedTuple

from gitops_guard.editing.emit import FlowLayout, flow_entry, flow_text
from gitops_guard.editing.layout import (
    RefusedError,
    after_colon,
    column,
    content_start,
    line_start,
    line_stop,
    skip_gap,
)
from gitops_guard.editing.style import Style
from gitops_guard.syntax.nodes import Data, Mapping, Node, Scalar, Sequence
from gitops_guard.text import Edit


class _Child(NamedTuple):
    start: int
    end: int
    key: Scalar | None
    value: Node


def add(text: str, holder: Mapping | Sequence, key: str | int, value: Data, style: Style) -> list[Edit]:
    """Adds an entry or item behind the last one of a flow collection that is not empty."""
    opening = _opening(text, holder)
    children = _children(text, holder)
    last = children[-1]
    layout = layout_of(text, holder, style)
    prefix = text[line_start(text, last.start) : last.start]
    on_own_line = not prefix.strip() and opening < last.start - len(prefix)
    indent = prefix if on_own_line else ""
    written = flow_entry(key, value, layout, indent) if isinstance(key, str) else flow_text(value, layout, indent)
    if not on_own_line:
        return [Edit(last.end, last.end, _comma(text, children, layout) + written)]
    line = style.eol + indent + written
    following = skip_gap(text, last.end)
    has_comma = text[following : following + 1] == ","
    stop = following + 1 if has_comma else last.end
    rest = text[stop : line_stop(text, stop)]
    behind = line_stop(text, stop) if rest.lstrip().startswith("#") else stop
    if has_comma:
        return [Edit(behind, behind, line + ",")]
    if behind == stop:
        return [Edit(stop, stop, "," + line)]
    return [Edit(stop, stop, ","), Edit(behind, behind, line)]


def replace(text: str, holder: Mapping | Sequence, key: str | int, node: Node, value: Data, style: Style) -> list[Edit]:  # noqa: PLR0913, PLR0917 - one place
    """Writes another value in the place of one within a flow collection."""
    _opening(text, holder)
    layout = layout_of(text, holder, style)
    child = next(child for child in _children(text, holder) if child.value is node)
    indent = _indent_at(text, child.start)
    if isinstance(node, Scalar) and node.style in {"'", '"'}:
        layout = layout._replace(
            quote=node.style, forced=layout.forced or (node.style if isinstance(value, str) else "")
        )
    written = flow_text(value, layout, indent, str(key))
    if node.start < node.end:
        return [Edit(node.start, node.end, written)]
    if child.key is None:
        return [Edit(node.start, node.end, written)]
    before = skip_gap(text, child.key.end)
    if text[before : before + 1] != ":":
        return [Edit(child.key.end, child.key.end, ": " + written)]
    colon = after_colon(text, child.key)
    return [Edit(colon, colon, " " + written)]


def delete(text: str, holder: Mapping | Sequence, node: Node) -> list[Edit]:
    """Deletes an entry or item, with its comma, of a flow collection that holds another one too."""
    _opening(text, holder)
    children = _children(text, holder)
    at = next(index for index, child in enumerate(children) if child.value is node)
    if at + 1 < len(children):
        start, end = children[at].start, children[at + 1].start
        between = text[children[at].end : end]
    else:
        start, end = children[at - 1].end, children[at].end
        between = text[start : children[at].start]
    if "#" in between:
        raise RefusedError("a comment stands between the entries of a flow collection")
    return [Edit(start, end, "")]


def layout_of(text: str, holder: Mapping | Sequence, style: Style) -> FlowLayout:
    """How a flow collection is laid out, from its last entries."""
    children = _children(text, holder)
    if not children:
        return FlowLayout('"' if style.is_json else "", style.quote, eol=style.eol, quoted_keys=style.is_json)
    last = children[-1]
    is_json = style.is_json or (last.key is not None and last.key.style == '"')
    colon = _colon(text, last)
    unit = _unit(text, holder, last)
    return FlowLayout(
        forced='"' if is_json else _quote_of(last.value if isinstance(holder, Sequence) else None),
        quote=style.quote,
        colon=colon,
        comma="," if colon == ":" else ", ",
        unit=unit,
        eol=style.eol,
        quoted_keys=is_json,
    )


def inline_layout(node: Node, style: Style) -> FlowLayout:
    """How a flow collection of a block mapping is written anew, on one line."""
    forced = '"' if style.is_json else ""
    if isinstance(node, Sequence) and node.items:
        forced = forced or _quote_of(node.items[-1])
    return FlowLayout(forced, style.quote, eol=style.eol)


def _opening(text: str, holder: Mapping | Sequence) -> int:
    start = content_start(text, holder)
    if text[start : start + 1] not in {"{", "["}:
        raise RefusedError("a mapping is written within brackets without braces of its own")
    return start


def _children(text: str, holder: Mapping | Sequence) -> list[_Child]:
    if isinstance(holder, Sequence):
        return [_Child(item.start, item.end, None, item) for item in holder.items]
    children = [_Child(key.start, value.end, key, value) for key, value in holder.entries.values()]
    children += [_Child(text.rfind("<<", 0, merge.start), merge.end, None, merge) for merge in holder.merges]
    children.sort()
    for child in children:
        before = child.start - 1
        while before > 0 and text[before] in " \t":
            before -= 1
        if text[before] == "?":
            raise RefusedError("a key is written with an explicit `?`")
    return [child._replace(end=max(child.end, child.key.end if child.key else 0)) for child in children]


def _comma(text: str, children: list[_Child], layout: FlowLayout) -> str:
    if len(children) > 1:
        between = text[children[-2].end : children[-1].start]
        if between.strip(" ") == ",":
            return between
    return layout.comma


def _colon(text: str, child: _Child) -> str:
    if child.key is None or child.value.start <= child.key.end:
        return ": "
    between = text[child.key.end : child.value.start]
    return between if between.strip(" ") == ":" else ": "


def _unit(text: str, holder: Mapping | Sequence, last: _Child) -> str:
    """The indentation step if the entries stand on lines of their own, or nothing."""
    prefix = text[line_start(text, last.start) : last.start]
    if prefix.strip() or line_start(text, last.start) <= content_start(text, holder):
        return ""
    outer = _indent_at(text, holder.start)
    return prefix.removeprefix(outer) if prefix.startswith(outer) and prefix != outer else "  "


def _indent_at(text: str, at: int) -> str:
    start = line_start(text, at)
    line = text[start : start + column(text, at) + 1]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _quote_of(node: Node | None) -> str:
    return node.style if isinstance(node, Scalar) and node.style in {"'", '"'} else ""
