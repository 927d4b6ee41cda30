"""The hunks of a pull request, as GitHub shows them: `git diff -U3 -M` from the merge base to the head."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

_HEADER = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_STATES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}


class Hunk(NamedTuple):
    """The lines that a hunk shows, per side."""

    left: range
    right: range
    text: str


class ChangedFile(NamedTuple):
    """One file of a pull request. `hunks` is empty for binary files and pure renames."""

    path: str
    previous: str | None
    state: str
    hunks: tuple[Hunk, ...]

    @property
    def patch(self) -> str | None:
        return "\n".join(hunk.text for hunk in self.hunks) or None

    def hunk(self, side: str, line: int) -> Hunk | None:
        """The hunk that shows this line."""
        return next((hunk for hunk in self.hunks if line in (hunk.right if side == "RIGHT" else hunk.left)), None)


def git(repository: Path, *arguments: str) -> str:
    """What git prints."""
    command = ["git", "-C", str(repository), "-c", "core.quotePath=false", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8", "replace")


@cache
def changed_files(repository: Path, base: str, head: str) -> tuple[ChangedFile, ...]:
    """The files between two commits, given by their names in full, in git's order."""
    root = git(repository, "merge-base", base, head).strip()
    names = git(repository, "diff", "--name-status", "-z", "-M", root, head).split("\0")
    files, at = [], 0
    while at < len(names) - 1:
        state = names[at][0]
        previous = names[at + 1] if state == "R" else None
        path = names[at + 2] if state == "R" else names[at + 1]
        at += 3 if state == "R" else 2
        both = [path] if previous is None else [previous, path]
        text = git(repository, "diff", "-U3", "-M", root, head, "--", *(f":(literal){name}" for name in both))
        files.append(ChangedFile(path, previous, _STATES[state], _hunks(text)))
    return tuple(files)


@cache
def moved_line(repository: Path, path: str, line: int, old: str, new: str) -> int | None:
    """Where a line of `old` is in `new`; None when it was changed or is gone."""
    if old == new:
        return line
    moved = line
    for hunk in _hunks(git(repository, "diff", "-U0", "--no-renames", old, new, "--", f":(literal){path}")):
        if line in hunk.left:
            return None
        if hunk.left.stop <= line:
            moved += len(hunk.right) - len(hunk.left)
    return moved


def _hunks(text: str) -> tuple[Hunk, ...]:
    hunks = []
    # Only a line feed ends a line: content may hold other line separators.
    for piece in re.split(r"(?m)^(?=@@ -\d)", text)[1:]:
        match = _HEADER.match(piece)
        assert match is not None
        old, old_count, new, new_count = (1 if group is None else int(group) for group in match.groups())
        # git names the line before for an empty side.
        left = range(old, old + old_count) if old_count else range(old + 1, old + 1)
        hunks.append(Hunk(left, range(new, new + new_count), piece.removesuffix("\n")))
    return tuple(hunks)
