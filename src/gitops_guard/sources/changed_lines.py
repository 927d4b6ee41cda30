"""Which lines of a file a change touches, and on which lines GitHub accepts a review comment."""

import re
from typing import NamedTuple

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class Hunk(NamedTuple):
    """The lines of the new side that a hunk shows, context included, and those among them that are new or changed.

    `deleted_before` are the lines of the new side before which lines were deleted.
    """

    first: int
    last: int
    added: frozenset[int]
    deleted_before: frozenset[int]


class ChangedLines(NamedTuple):
    """The hunks of one file, as `git diff -U3` and GitHub compute them."""

    hunks: tuple[Hunk, ...] = ()

    def commentable(self, first: int, last: int) -> bool:
        """Whether GitHub accepts a comment on these lines: all of them in one hunk (GitHub REST API, reviews)."""
        return any(hunk.first <= first <= last <= hunk.last for hunk in self.hunks)

    def touches(self, first: int, last: int) -> bool:
        """Whether the change adds, changes or deletes one of these lines."""
        lines = range(first, last + 1)
        return any(line in hunk.added or line in hunk.deleted_before for hunk in self.hunks for line in lines)


def parse_patches(patch: bytes) -> list[ChangedLines]:
    """The hunks of each `diff --git` section of git's output, in its order.

    Lines are consumed by the counts of their hunk's header, so that no content can pass for a header.
    """
    sections: list[list[Hunk]] = []
    lines = patch.split(b"\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(b"diff --git "):
            sections.append([])
            continue
        header = _HUNK.match(line)
        if header and sections:
            hunk, at = _hunk(lines, at, header)
            sections[-1].append(hunk)
    return [ChangedLines(tuple(hunks)) for hunks in sections]


def _hunk(lines: list[bytes], at: int, header: re.Match[bytes]) -> tuple[Hunk, int]:
    old, new = int(header[2] or 1), int(header[4] or 1)
    first = line = int(header[3])
    added: set[int] = set()
    deleted: set[int] = set()
    while (old > 0 or new > 0) and at < len(lines):
        kind = lines[at][:1]
        at += 1
        if kind == b"+":
            added.add(line)
            line, new = line + 1, new - 1
        elif kind == b"-":
            deleted.add(line)
            old -= 1
        elif kind != b"\\":
            line, old, new = line + 1, old - 1, new - 1
    return Hunk(first, line - 1, frozenset(added), frozenset(deleted)), at
