"""Who owns a path, by a CODEOWNERS file as GitHub reads it.

Source: GitHub's documentation, "About code owners": places, size limit, pattern syntax and its exceptions.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

FILES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks; the first that exists counts."""
SIZE_LIMIT = 3 * 1024 * 1024
"""Bytes; GitHub does not load a larger file."""
_OWNER = re.compile(r"@[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9_.-]+)?|[^\s@]+@[^\s@]+\.[^\s@]+")
_LINE = re.compile(r"(?P<pattern>(?:\\.|[^\s\\])+)(?P<rest>.*)")


class Ownership(NamedTuple):
    """One line: the segments of its pattern and whom it names, nobody included.

    `is_anchored`: it is matched from the root only. `shallow`: it names what lies directly in a folder (`docs/*`).
    `is_folder`: it names what lies below a folder.
    """

    segments: tuple[str, ...]
    owners: tuple[str, ...]
    is_anchored: bool
    shallow: bool
    is_folder: bool


class CodeOwners(NamedTuple):
    """The lines of a file, and the numbers of those that GitHub ignores because it cannot read them."""

    lines: tuple[Ownership, ...] = ()
    unread: tuple[int, ...] = ()

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a file; none where nobody is named. The last line that matches counts."""
        parts = tuple(path.split("/"))
        return next((line.owners for line in reversed(self.lines) if _matches(line, parts)), ())


def read_codeowners(text: str) -> CodeOwners:
    """Reads a file; one above GitHub's size limit owns nothing."""
    if len(text.encode(errors="surrogateescape")) > SIZE_LIMIT:
        return CodeOwners(unread=(1,))
    lines: list[Ownership] = []
    unread: list[int] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _ownership(line)
        if found is None:
            unread.append(number)
        else:
            lines.append(found)
    return CodeOwners(tuple(lines), tuple(unread))


def people(owners: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The logins and the slugs of teams among owners, in order, once each; an address of mail is neither."""
    names = [owner[1:] for owner in dict.fromkeys(owners) if owner.startswith("@")]
    return tuple(n for n in names if "/" not in n), tuple(n.partition("/")[2] for n in names if "/" in n)


def _ownership(line: str) -> Ownership | None:
    """None for what GitHub does not support: negation, character ranges, an escaped `#`, an owner of no known form."""
    found = _LINE.fullmatch(line)
    if found is None or line.startswith("!") or "[" in found["pattern"] or found["pattern"].startswith("\\#"):
        return None
    owners = tuple(found["rest"].split("#", maxsplit=1)[0].split())
    if not all(_OWNER.fullmatch(owner) for owner in owners):
        return None
    pattern = re.sub(r"\\(.)", r"\1", found["pattern"])
    segments = tuple(part for part in pattern.split("/") if part)
    if not segments:
        return Ownership(("**",), owners, is_anchored=True, shallow=False, is_folder=False)
    is_anchored = "/" in pattern.rstrip("/")
    shallow = is_anchored and segments[-1] == "*" and not pattern.endswith("/")
    return Ownership(segments, owners, is_anchored, shallow, pattern.endswith("/"))


def _matches(line: Ownership, parts: Sequence[str]) -> bool:
    segments = line.segments if line.is_anchored else ("**", *line.segments)
    ends = _ends(segments, parts)
    if line.shallow:
        return len(parts) in ends
    whole = len(parts) in ends and not line.is_folder
    return whole or any(0 < end < len(parts) for end in ends)


def _ends(segments: Sequence[str], parts: Sequence[str]) -> set[int]:
    """How many leading parts of a path the whole pattern can take; the cost is the product of both lengths."""
    reached = {0}
    for segment in segments:
        if segment == "**":
            reached = set(range(min(reached), len(parts) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(parts) and fnmatchcase(parts[at], segment)}
    return reached
