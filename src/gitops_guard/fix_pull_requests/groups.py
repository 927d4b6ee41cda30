"""Groups of proved fixes as values: what one fix pull request changes, what it is called, what it says of itself."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gitops_guard.finding import SAFE
from gitops_guard.publishers.escape import cut, printable_unicode
from gitops_guard.publishers.escape import markdown_code as code
from gitops_guard.publishers.escape import markdown_text as plain

PREFIX = "gitops-guard/fix/"
"""All branches of fix pull requests begin so."""
NEXT = "gitops-guard/next/"
"""Here a new content of an open fix pull request is written before its branch is made to end there."""
REGULAR = "100644"
TRAILER = "Gitops-Guard-Fix"
_MARKER = re.compile(r"<!-- gitops-guard:fix=([0-9a-f]{64}) state=(\w+) -->")
_LONGEST_SLUG = 60
_ROOM = 14_000
"""Characters that each list of a text may have: four of them stay below what GitHub takes, 65,536."""
_NOTE = 1500
_OWNERS = 20
_TITLE, _HEADLINE = 200, 72


class FileChange(NamedTuple):
    """A file before and after, as bytes; None where there is no file. `mode` is git's."""

    path: str
    before: bytes | None
    after: bytes | None
    mode: str = REGULAR


class FixedProblem(NamedTuple):
    """A problem that a group solves, as its pull request names it."""

    rule_id: str
    path: str
    line: int
    message: str


class FixGroup(NamedTuple):
    """The proved fixes of one pull request.

    `key` identifies the group from run to run (`GG-POD-009`, `POD`, `apps/shop`, `@acme/shop`), `safety` is the worst
    of its fixes, `note` what a reviewer must know, `proof` what was proved, in sentences. `owners` are as CODEOWNERS
    names them. `requested`: somebody asked for this very group, so an earlier refusal counts no more.
    """

    key: str
    title: str
    files: tuple[FileChange, ...]
    safety: str = SAFE
    findings: tuple[FixedProblem, ...] = ()
    proof: tuple[str, ...] = ()
    note: str = ""
    owners: tuple[str, ...] = ()
    requested: bool = False

    @property
    def branch(self) -> str:
        """The branch of the pull request: the same in every run."""
        return PREFIX + slug(self.key)

    @property
    def content(self) -> str:
        """A digest of what the group changes: equal exactly when before and after are equal."""
        digest = hashlib.sha256()
        for file in sorted(self.files):
            for part in (file.path.encode(errors="surrogateescape"), file.before, file.after):
                digest.update(b"-" if part is None else b"%d:" % len(part) + part)
        return digest.hexdigest()


class Mark(NamedTuple):
    """What the hidden line of a fix pull request says: its content, and `new`, `done` or `obsolete`."""

    content: str
    state: str


def mark(body: str) -> Mark | None:
    """The mark of a pull request's text; None where there is none."""
    found = _MARKER.search(body)
    return None if found is None else Mark(found[1], found[2])


def marked(body: str, state: str) -> str:
    """The text of a fix pull request with another state."""
    return _MARKER.sub(lambda found: _marker(found[1], state), body, count=1)


def slug(key: str) -> str:
    """A part of a branch's name that git and every file system take; two keys never share one."""
    plainest = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    is_exact = bool(plainest) and plainest.upper() == key
    return (
        plainest
        if is_exact
        else f"{plainest or 'group'}-{hashlib.sha256(key.encode(errors='surrogateescape')).hexdigest()[:8]}"
    )


def title(group: FixGroup) -> str:
    """The title of the pull request."""
    return cut(printable_unicode(" ".join(group.title.split())), _TITLE)


def message(group: FixGroup, part: int, parts: int) -> tuple[str, str]:
    """Headline and body of a commit; the trailer says what it belongs to, and whether it is the last."""
    return cut(title(group), _HEADLINE), f"{TRAILER}: {group.content} {part}/{parts}"


def is_last(text: str, content: str) -> bool:
    """Whether a commit's message is that of the last commit of this content."""
    found = re.search(rf"^{TRAILER}: ([0-9a-f]{{64}}) (\d+)/(\d+)$", text, re.MULTILINE)
    return found is not None and found[1] == content and found[2] == found[3]


def has_trailer(text: str) -> bool:
    """Whether a commit's message has the trailer at all."""
    return re.search(rf"^{TRAILER}: [0-9a-f]{{64}} \d+/\d+$", text, re.MULTILINE) is not None


def body(group: FixGroup, state: str, *, left_out: Sequence[tuple[str, str]] = ()) -> str:
    """The text of the pull request: what, why, safety, proof, and what nobody would guess.

    Args:
        group: what it is about.
        state: of the hidden mark.
        left_out: paths that could not be changed over the API, and why.
    """
    lines = [_marker(group.content, state), f"**{plain(group.title)}.**", "", *_what(group), *_why(group)]
    lines += ["", "## Safety", "", _safety(group), "", "## What was proved", ""]
    lines += _fitting(plain(step, _NOTE) for step in group.proof) or ["- nothing is said of it"]
    lines += _fitting(f"not part of this: {code(path)}: {plain(reason)}" for path, reason in left_out)
    if group.owners:
        lines += ["", "Owners: " + ", ".join(code(owner) for owner in group.owners[:_OWNERS])]
    lines += ["", "---", "", _AFTERWORD]
    return "\n".join(lines) + "\n"


_AFTERWORD = (
    "Checks do not start by themselves where a workflow's own token opened this: close and open it again, or push an "
    "empty commit. Later runs bring this text and the branch up to date until somebody else commits to it. Close it "
    "and it stays closed until its content changes."
)


def _what(group: FixGroup) -> list[str]:
    paths = sorted(file.path for file in group.files)
    noun = "file" if len(paths) == 1 else "files"
    return [f"## What changes ({len(paths)} {noun})", "", *_fitting(map(code, paths))]


def _why(group: FixGroup) -> list[str]:
    found = group.findings
    lines = ["", f"## Why ({len(found)} problem{'' if len(found) == 1 else 's'})", ""]
    lines += _fitting(f"{p.rule_id} {code(f'{p.path}:{p.line}')}: {plain(p.message)}" for p in found)
    rules = list(dict.fromkeys(problem.rule_id for problem in found))
    return [*lines, "", "Explain: " + ", ".join(f"`gitops-guard explain {rule}`" for rule in rules[:10])]


def _fitting(rows: Iterable[str]) -> list[str]:
    """A list of as many rows as fit, and how many do not."""
    shown: list[str] = []
    room, more = _ROOM, 0
    for row in rows:
        if more or len(row) > room:
            more += 1
            continue
        room -= len(row) + 3
        shown.append(f"- {row}")
    return [*shown, f"- and {more:,} more"] if more else shown


def _safety(group: FixGroup) -> str:
    if group.safety == SAFE:
        return "Safe: it cannot change what an application sees."
    note = f" {plain(group.note, _NOTE)}." if group.note else ""
    return f"**Needs review**: it may change what an application sees.{note}"


def _marker(content: str, state: str) -> str:
    return f"<!-- gitops-guard:fix={content} state={state} -->"


def committable(files: Iterable[FileChange]) -> tuple[tuple[FileChange, ...], tuple[tuple[str, str], ...]]:
    """The files that a commit over the API can change, and the others with the reason.

    `createCommitOnBranch` knows no file modes: an executable file would lose its bit, a link become a file.
    """
    kept, left_out = [], []
    for file in files:
        reason = _reason(file)
        if reason:
            left_out.append((file.path, reason))
        else:
            kept.append(file)
    return tuple(kept), tuple(left_out)


def _reason(file: FileChange) -> str:
    if file.mode == "100755":
        return "an executable file: a commit over the API would take its mode away"
    if file.mode != REGULAR:
        return "a link or a submodule: the API commits plain files only"
    try:
        file.path.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    return "it does not change" if file.before == file.after else ""
