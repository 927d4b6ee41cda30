"""Places in a text, and edits of it.

Offsets count code points from 0; lines and columns count from 1, and only a line feed ends a line, as in git and on
GitHub (libyaml also breaks lines at a lone CR, U+0085, U+2028 and U+2029, so its own line numbers are not used).
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """The half-open range of offsets from `start` to `end`."""

    start: int
    end: int


class Position(NamedTuple):
    """A line and a column, both counted from 1."""

    line: int
    column: int


class LineIndex:
    """Translates offsets of one text into positions, and lines into offsets."""

    __slots__ = ("_length", "_starts")

    def __init__(self, text: str) -> None:
        starts = [0]
        at = text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = text.find("\n", at + 1)
        self._starts = starts
        self._length = len(text)

    def position(self, offset: int) -> Position:
        """The position of an offset; one past the end gives the end."""
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def line_start(self, line: int) -> int:
        """The offset at which a line begins; the length of the text for the line after the last."""
        return self._starts[line - 1] if line <= len(self._starts) else self._length

    def __len__(self) -> int:
        return len(self._starts)


class Edit(NamedTuple):
    """Replaces the text of a span; an empty span inserts, an empty text deletes."""

    start: int
    end: int
    text: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text after all edits, whose offsets all refer to the text before.

    Raises:
        ValueError: two edits overlap, so their result would depend on their order.
    """
    pieces: list[str] = []
    done = 0
    for edit in sorted(edits):
        if edit.start < done:
            raise ValueError(f"edits overlap at offset {edit.start}")
        pieces += (text[done : edit.start], edit.text)
        done = edit.end
    pieces.append(text[done:])
    return "".join(pieces)
