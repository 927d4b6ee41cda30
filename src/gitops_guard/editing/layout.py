"""Where things stand in a text: lines, columns, comments, dashes, and the true end of a value."""

import re

from gitops_guard.syntax.nodes import Alias, Anchored, Mapping, Node, Scalar, Sequence
from gitops_guard.text import Edit

_BLANKS = " \t\r\n"
_HEADER = re.compile(r"([|>])([1-9]?)([+-]?)([1-9]?)")


class RefusedError(Exception):
    """An edit that cannot be made with certainty; the message is the reason, for people."""


def line_start(text: str, at: int) -> int:
    """The offset at which the line of an offset begins."""
    return text.rfind("\n", 0, at) + 1


def next_line(text: str, at: int) -> int:
    """The offset at which the line after that of an offset begins; the end of the text if it is the last."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def line_stop(text: str, at: int) -> int:
    """The offset at which the line of an offset ends, before its line end."""
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1 : end] == "\r" else end


def column(text: str, at: int) -> int:
    """The column of an offset, counted from 0."""
    return at - line_start(text, at)


def is_unterminated(text: str) -> bool:
    """Whether the last line lacks its line end."""
    return bool(text) and text[-1] != "\n"


def skip_gap(text: str, at: int) -> int:
    """The first offset that is neither white space nor within a comment."""
    size = len(text)
    while at < size:
        char = text[at]
        if char in _BLANKS:
            at += 1
        elif char == "#":
            at = next_line(text, at)
        else:
            return at
    return size


def content_start(text: str, node: Anchored) -> int:
    """Where a node begins behind its anchor and tag."""
    at = node.start
    for _ in range((node.anchor is not None) + (node.tag is not None)):
        while at < node.end and text[at] not in _BLANKS:
            at += 1
        at = skip_gap(text, at)
    return at


def last_leaf(node: Node) -> Node:
    """The node that is written last within a node: a scalar, an alias or a flow collection."""
    while isinstance(node, Mapping | Sequence) and not node.flow:
        if isinstance(node, Sequence):
            node = node.items[-1]
        else:
            values = [value for _, value in node.entries.values()]
            node = max((*values[-1:], *node.merges[-1:]), key=lambda value: value.end)
    return node


def is_block_scalar(node: Node) -> bool:
    """Whether a node is a literal or folded block."""
    return isinstance(node, Scalar) and node.style in {"|", ">"}


def is_inline(node: Node) -> bool:
    """Whether a value can stand behind its key on one line and ends where it ends."""
    if isinstance(node, Alias):
        return True
    return not is_block_scalar(node) if isinstance(node, Scalar) else node.flow


def chomping(text: str, node: Node) -> str:
    """The chomping indicator of a block scalar: `+`, `-` or nothing; nothing for any other node."""
    if not isinstance(node, Scalar) or not is_block_scalar(node):
        return ""
    header = _HEADER.match(text, content_start(text, node))
    return header[3] if header else ""


def strip_chomping(text: str, node: Scalar) -> Edit:
    """Makes a block scalar without a final line end keep its value when a line end is added."""
    header = _HEADER.match(text, content_start(text, node))
    if header is None:
        raise RefusedError("the header of a block scalar is not understood")
    return Edit(header.start(), header.end(), header[1] + header[2] + header[4] + "-")


def grows_with_line_end(text: str, node: Node) -> bool:
    """Whether a value ends with an unterminated block scalar, which a line end at the end of the file would change."""
    leaf = last_leaf(node)
    return is_unterminated(text) and is_block_scalar(leaf) and leaf.end >= len(text) and chomping(text, leaf) != "-"


def after(text: str, node: Node) -> int:
    """The start of the line after a value, not counting blank lines that are no part of it."""
    leaf = last_leaf(node)
    if not is_block_scalar(leaf):
        return next_line(text, leaf.end)
    if chomping(text, leaf) == "+":
        return leaf.end
    first = next_line(text, leaf.start)
    end = leaf.end
    while end > first and not text[line_start(text, end - 1) : end].strip():
        end = line_start(text, end - 1)
    return max(end, first)


def indent_of(line: str) -> int:
    """The number of blanks that a line begins with."""
    return len(line) - len(line.lstrip(" "))


def after_deeper_comments(text: str, at: int, indent: int) -> int:
    """Behind the comments from a line start on that are indented deeper than a column: they go with what is above."""
    result = at
    size = len(text)
    while at < size:
        end = next_line(text, at)
        line = text[at:end]
        if line.strip():
            if not line.lstrip().startswith("#") or indent_of(line) <= indent:
                break
            result = end
        at = end
    return result


def own_comments(text: str, start: int, floor: int) -> int:
    """The start of the line of a key or dash, or of the comments directly above that belong to it.

    A comment belongs if it has the same column and no blank line follows it; nothing before `floor` does.
    """
    top = line_start(text, start)
    indent = start - top
    while top > floor:
        above = line_start(text, top - 1)
        line = text[above:top]
        if above < floor or not line.lstrip().startswith("#") or indent_of(line) != indent:
            break
        top = above
    return top


def require_indentation(text: str, start: int) -> int:
    """The column of a key or dash, whose line may begin with blanks and dashes only.

    Raises:
        RefusedError: a tab or a `?` is part of the indentation.
    """
    prefix = text[line_start(text, start) : start]
    if "\t" in prefix:
        raise RefusedError("tabs are used as indentation")
    if prefix.strip(" -"):
        raise RefusedError("a key is written with an explicit `?`" if "?" in prefix else "the layout is unusual")
    return len(prefix)


def dashes(text: str, sequence: Sequence) -> list[int]:
    """The offsets of the dashes of a block sequence."""
    at = content_start(text, sequence)
    found: list[int] = []
    for item in sequence.items:
        at = skip_gap(text, at)
        if text[at : at + 1] != "-":
            raise RefusedError("the layout of a list is not understood")
        found.append(at)
        at = max(item.end, at + 1)
    return found


def key_starts(text: str, mapping: Mapping) -> list[int]:
    """The offsets at which the keys of a mapping begin, `<<` included, in the order of the text."""
    found = [key.start for key, _ in mapping.entries.values()]
    found += [text.rfind("<<", 0, merge.start) for merge in mapping.merges]
    return sorted(found)


def after_colon(text: str, key: Scalar) -> int:
    """The offset behind the colon of a key."""
    at = key.end
    while text[at : at + 1] in {" ", "\t"}:
        at += 1
    if text[at : at + 1] != ":":
        raise RefusedError("a key is written with an explicit `?` or without a colon")
    return at + 1
