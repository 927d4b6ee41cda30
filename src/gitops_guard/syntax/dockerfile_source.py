"""The lines of a Dockerfile, and the one line that an instruction is after its continuations are joined.

Follows BuildKit's reader: comment lines and blank lines inside a continuation vanish, the escape character before the
end of a line joins it to the next, and only a line feed (with or without carriage returns before it) ends a line.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gitops_guard.errors import SourceError
from gitops_guard.text import LineIndex, Span

SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Go calls white space; Python's `str.strip` takes away more."""

BLANK = "\t\v\f\r "
"""What separates the words of an instruction."""

SIZE_LIMIT = 5 * 1024 * 1024
COST_LIMIT = 8_000_000_000
"""Sum of the squares of the instructions' lengths: the parser appends to a word character by character. About 2 s."""

HEREDOC_LIMIT = 4_000_000_000
"""Lines times characters of a file with a here-document, to whose body the parser appends line by line."""

LINE_LIMIT = 65_535
"""Bytes of one line that BuildKit's scanner takes."""


class DockerfileError(SourceError):
    """A text that cannot be read as a Dockerfile.

    `kind` is `syntax`, `template` (of another tool: Jinja, Go templates) or `limit` (a guard refused it).
    """

    def __init__(self, message: str, line: int | None = None, kind: str = "syntax") -> None:
        super().__init__(message, line=line)
        self.kind = kind


class LogicalText(NamedTuple):
    """A text that was put together from pieces of a file, and where each piece begins in both."""

    text: str
    starts: tuple[int, ...]
    sources: tuple[int, ...]

    def source(self, offset: int) -> int:
        """The offset in the file of a character of this text."""
        piece = max(bisect_right(self.starts, offset) - 1, 0)
        return self.sources[piece] + offset - self.starts[piece]

    def exact_span(self, start: int, end: int) -> Span | None:
        """The place in the file of a part of this text; None if the part is not written in one piece."""
        piece = max(bisect_right(self.starts, start) - 1, 0)
        limit = self.starts[piece + 1] if piece + 1 < len(self.starts) else len(self.text)
        return Span(self.source(start), self.source(start) + end - start) if end <= limit else None

    def covering_span(self, start: int, end: int) -> Span:
        """The smallest place in the file that holds a part of this text."""
        return Span(self.source(start), self.source(end - 1) + 1 if end > start else self.source(start))


def logical(pieces: Sequence[tuple[str, int]]) -> LogicalText:
    """Joins pieces, each with its offset in the file."""
    starts: list[int] = []
    at = 0
    for piece, _ in pieces:
        starts.append(at)
        at += len(piece)
    return LogicalText("".join(piece for piece, _ in pieces), tuple(starts), tuple(source for _, source in pieces))


class Lines:
    """The physical lines of a text, counted from 1."""

    __slots__ = ("_index", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._index = LineIndex(text)

    def start(self, line: int) -> int:
        """The offset at which a line begins."""
        return self._index.line_start(line)

    def end(self, line: int) -> int:
        """The offset at which the content of a line ends: before its carriage returns and line feed."""
        start = self._index.line_start(line)
        return start + len(self.text[start : self._index.line_start(line + 1)].rstrip("\r\n"))

    def content(self, line: int) -> str:
        """A line without what ends it."""
        return self.text[self.start(line) : self.start(line + 1)].rstrip("\r\n")

    def __len__(self) -> int:
        return len(self._index)


class Joined(NamedTuple):
    """An instruction as one line, and the last physical line that it takes, heredocs apart."""

    logical: LogicalText
    last_line: int


def join(lines: Lines, first: int, last: int, escape: str) -> Joined:
    """Joins the continuations of the instruction between two lines, inclusive."""
    pieces: list[tuple[str, int]] = []
    used = first
    for line in range(first, min(last, len(lines)) + 1):
        raw, start = lines.content(line), lines.start(line)
        stripped = raw.lstrip(SPACE)
        if line > first and (not stripped or stripped.startswith("#")):
            continue
        if line == first:
            start, raw = start + len(raw) - len(stripped), stripped
        content, continued = continuation(raw, escape)
        used = line
        if content:
            pieces.append((content, start))
        if not continued:
            break
    return Joined(logical(pieces or [("", lines.start(first))]), used)


def continuation(line: str, escape: str) -> tuple[str, bool]:
    """A line without the escape character that joins it to the next, and whether there is one."""
    stripped = line.rstrip(" \t")
    if stripped.endswith(escape) and stripped[-2:-1] != escape:
        return stripped[:-1], True
    return line, False


def guard(text: str) -> None:
    """Refuses what would hurt the parser, whose time grows with the square of an instruction.

    Raises:
        DockerfileError: with the line, where one is to blame.
    """
    if "\0" in text:
        raise DockerfileError("binary: it holds a NUL character", text.count("\n", 0, text.index("\0")) + 1)
    if text.startswith("\ufeff"):
        raise DockerfileError("a second byte order mark", 1)
    if len(text) > SIZE_LIMIT:
        raise DockerfileError(f"larger than {SIZE_LIMIT // 1024 // 1024} MiB", kind="limit")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            line = text.count("\n", 0, error.start) + 1
            raise DockerfileError("not valid Unicode: a lone surrogate", line) from None
    if "<<" in text and len(text) * text.count("\n") > HEREDOC_LIMIT:
        raise DockerfileError("too many lines for a file with here-documents", kind="limit")
    cost = 0
    for line, size in _runs(text):
        cost += size * size
        if cost > COST_LIMIT:
            raise DockerfileError("too long an instruction, or too many of them", line, "limit")


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """First line and size of each instruction, rather too large: both escape characters join lines here."""
    first = size = 0
    for line, raw in enumerate(text.split("\n"), 1):
        if len(raw) > LINE_LIMIT // 4 and len(raw.encode()) > LINE_LIMIT:
            raise DockerfileError(f"a line of more than {LINE_LIMIT} bytes", line, "limit")
        stripped = raw.strip()
        size += len(stripped)
        if stripped.endswith(("\\", "`")):
            first = first or line
        elif not first or (stripped and not stripped.startswith("#")):
            yield first or line, size
            first = size = 0
    yield first, size
