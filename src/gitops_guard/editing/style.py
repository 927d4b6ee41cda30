"""How a file is written: what an edit copies from its surroundings."""

from collections import Counter
from typing import NamedTuple

from gitops_guard.editing.layout import column, content_start
from gitops_guard.syntax.nodes import Mapping, Node, Scalar, Sequence

_SAMPLES = 200


class Style(NamedTuple):
    """The habits of a document.

    `step` is the indentation of a mapping in a mapping, `list_offset` that of a dash below its key, `item_offset` the
    distance from a dash to what follows it; all in columns. `quote` is the preferred quote, `eol` the end of a line.
    `is_json` says that keys and strings are double-quoted throughout. `literal` allows literal blocks.
    """

    step: int = 2
    list_offset: int = 0
    item_offset: int = 2
    quote: str = '"'
    eol: str = "\n"
    is_json: bool = False
    literal: bool = True


def detect(text: str, root: Node, eol: str = "\n") -> Style:
    """The style of a document whose lines end with `eol`; what it shows no example of is as `kubectl` writes it."""
    steps: Counter[int] = Counter()
    list_offsets: Counter[int] = Counter()
    item_offsets: Counter[int] = Counter()
    pending: list[Node] = [root]
    seen = 0
    while pending and seen < _SAMPLES:
        node = pending.pop()
        if isinstance(node, Mapping) and not node.flow:
            for key, value in node.entries.values():
                if isinstance(value, Mapping | Sequence) and not value.flow:
                    distance = column(text, content_start(text, value)) - column(text, key.start)
                    (steps if isinstance(value, Mapping) else list_offsets)[distance] += 1
                    seen += 1
                    pending.append(value)
        elif isinstance(node, Sequence) and not node.flow and node.items:
            first = node.items[0]
            if isinstance(first, Mapping) and not first.flow:
                inner = content_start(text, first)
                dash = content_start(text, node)
                if "\n" not in text[dash:inner]:
                    item_offsets[inner - dash] += 1
                    seen += 1
            pending += node.items
    step = _common(steps, 2)
    return Style(
        step if step > 0 else 2,
        max(_common(list_offsets, 0), 0),
        _common(item_offsets, 2),
        _preferred_quote(text),
        eol,
        is_json(root),
    )


def line_end_of(text: str) -> str:
    """How the lines of a file end."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def is_json(root: Node) -> bool:
    """Whether a document is written as JSON: braces or brackets around keys in double quotes."""
    if isinstance(root, Mapping) and root.flow:
        first = next(iter(root.entries.values()), None)
        return first is None or first[0].style == '"'
    if isinstance(root, Sequence) and root.flow:
        return not root.items or is_json(root.items[0]) or (isinstance(root.items[0], Scalar))
    return False


def _common(counts: Counter[int], default: int) -> int:
    return counts.most_common(1)[0][0] if counts else default


def _preferred_quote(text: str) -> str:
    single = text.count(": '") + text.count("- '")
    return "'" if single > text.count(': "') + text.count('- "') else '"'
