"""Both sides of a change, read by git.

Nothing that a repository brings is run: no hooks, no external diff, no text conversion, no file system monitor, no
pager, no fetch of missing objects. Revisions never begin with a dash.
"""

import os
import re
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import IO, NamedTuple, Self

from gitops_guard.errors import UsageError
from gitops_guard.source_file import SIZE_LIMIT, Skipped, SourceFile, decode
from gitops_guard.sources.changed_lines import ChangedLines, parse_patches
from gitops_guard.sources.tree import is_candidate, read_file

_SAFE = (
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=true",
    "-c", "diff.external=", "-c", "core.pager=cat", "-c", "protocol.allow=never",
)  # fmt: skip
_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--ignore-submodules=all")
_TIMEOUT = 120
_ANSWERS = 4
_TREE_FIELDS = 3
_LINK, _SUBMODULE = "120000", "160000"
_MANIFEST_GLOBS = ("*.yaml", "*.yml", "*.json")
_POLICY_FILES = frozenset({
    ".gitops-guard.yaml", ".gitops-guard.yml", "CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS",
})  # fmt: skip
_POLICY_FOLDERS = (".github/workflows/", ".github/actions/")


class ChangedFile(NamedTuple):
    """A file that differs. `status` is git's letter; `old_path` the path on the base, None for an added file."""

    path: str
    old_path: str | None
    status: str
    old_blob: str
    new_blob: str
    old_mode: str
    new_mode: str


Files = tuple[ChangedFile, ...]


class Change:
    """A change from the merge-base to the head; the head is the working tree where no revision is named.

    Paths are relative to `root`, the top of the repository. `policy_files` are the changed files that decide how, or
    by whom, changes are judged: configuration, workflows, CODEOWNERS. A context manager: it may hold a git process.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - both ends, and what lies between
        self,
        root: str,
        base: str,
        commits: tuple[str, str],
        head: str | None,
        files: Files,
        paths: frozenset[str],
        policy_files: tuple[str, ...] = (),
    ) -> None:
        self.root = root
        self.paths = paths
        """All paths that the change adds, changes, renames or deletes, whatever their files hold."""
        self.base = base
        self.merge_base, self.tip = commits
        self.head = head
        self.files = files
        self.policy_files = policy_files
        self._objects: _Objects | None = None
        self._lines: Mapping[str, ChangedLines] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._objects is not None:
            self._objects.close()

    def read_base(self, file: ChangedFile) -> SourceFile | Skipped | None:
        """A changed file as it was; None where it did not exist."""
        if file.old_path is None:
            return None
        return self._blob(file.old_path, file.old_blob, file.old_mode)

    def read_head(self, file: ChangedFile) -> SourceFile | Skipped | None:
        """A changed file as it is; None where it is deleted."""
        if file.status == "D":
            return None
        if self.head is None:
            return read_file(os.path.join(self.root, file.path), file.path)  # noqa: PTH118
        return self._blob(file.path, file.new_blob, file.new_mode)

    def read_at_base(self, path: str) -> SourceFile | Skipped | None:
        """Any file of the merge-base."""
        raw = self._store().read(f"{self.merge_base}:{path}")
        return None if raw is None else decode(path, raw)

    def read_at_head(self, path: str) -> SourceFile | Skipped | None:
        """Any file of the head."""
        if self.head is None:
            full = os.path.join(self.root, path)  # noqa: PTH118
            return read_file(full, path) if os.path.lexists(full) else None
        raw = self._store().read(f"{self.head}:{path}")
        return None if raw is None else decode(path, raw)

    def listing(self, *, of_base: bool) -> tuple[frozenset[str], frozenset[str]]:
        """The files and the symbolic links of one side's commit; submodules are neither."""
        found = _git(self.root, "ls-tree", "-r", "-z", "--full-tree", self.merge_base if of_base else self.tip)
        files, links = set[str](), set[str]()
        for entry in found.split(b"\0"):
            head, _, name = entry.partition(b"\t")
            mode = head.partition(b" ")[0].decode()
            if mode == _LINK:
                links.add(_text(name))
            elif name and mode != _SUBMODULE:
                files.add(_text(name))
        return frozenset(files), frozenset(links)

    def holds_any(self, names: Collection[str]) -> bool:
        """Whether the head's commit has a file of one of these base names; what only the base has is in `paths`."""
        found = _git(self.root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", self.tip)
        wanted = b"|".join(re.escape(name.encode()) for name in sorted(names))
        return re.search(rb"(?:^|[/\0])(?:" + wanted + rb")\0", found) is not None

    def content(self, path: str, *, of_base: bool) -> bytes | None:
        """The bytes of a file of one side's commit."""
        return self._store().read(f"{self.merge_base if of_base else self.tip}:{path}")

    def changed_lines(self, path: str) -> ChangedLines:
        """The hunks of a file, with three lines of context."""
        if self._lines is None:
            patch = _git(self.root, *_DIFF, "-U3", "--patch", *self._sides())
            wanted = [f.path for f in self.files if f.status != "?" for _ in range(2 if f.status == "T" else 1)]
            sections = parse_patches(patch)
            self._lines = dict(zip(wanted, sections, strict=False)) if len(wanted) == len(sections) else {}
        return self._lines.get(path, ChangedLines())

    def find(self, words: Sequence[str], *, of_base: bool = False) -> tuple[str, ...]:
        """The manifests of a side's commit that hold any of these texts: the cheap index of a repository."""
        commit = self.merge_base if of_base else self.tip
        patterns = [argument for word in words for argument in ("-e", word)]
        arguments = ("grep", "--threads=1", "-lzF", "--no-textconv", *patterns, commit, "--", *_MANIFEST_GLOBS)
        found = _git(self.root, *arguments, allowed=(0, 1))
        return tuple(_text(name).removeprefix(f"{commit}:") for name in found.split(b"\0") if name)

    def beside(self, folder: str) -> tuple[str, ...]:
        """The manifests of the head's commit that lie directly in a folder."""
        tree = f"{self.tip}:{folder}"
        done = _run(self.root, "ls-tree", "-z", "--name-only", "--end-of-options", tree)
        names = (_text(name) for name in done.stdout.split(b"\0") if name)
        prefix = folder + "/" if folder else ""
        return tuple(prefix + name for name in names if name.endswith((".yaml", ".yml", ".json")))

    def _sides(self) -> tuple[str, ...]:
        return (self.merge_base,) if self.head is None else (self.merge_base, self.head)

    def _blob(self, path: str, blob: str, mode: str) -> SourceFile | Skipped:
        if mode == _LINK:
            return Skipped(path, "a symbolic link: what it points to is scanned where it lies, if it is in the tree")
        if mode == _SUBMODULE:
            return Skipped(path, "a submodule")
        raw = self._store().read(blob)
        return Skipped(path, "git has no such object here") if raw is None else decode(path, raw)

    def _store(self) -> "_Objects":
        if self._objects is None:
            self._objects = _Objects(self.root)
        return self._objects


def open_change(folder: str, base: str, head: str | None, merge_base: str | None = None) -> Change:
    """Compares the merge-base of two revisions with the head.

    Args:
        folder: somewhere in the working tree.
        base: what the change is meant for, a branch for example.
        head: a revision; None for the working tree, files that git does not know yet included.
        merge_base: where the change left the base, if somebody else knows it: a shallow clone does not.

    Raises:
        UsageError: with what helps: no repository, an unknown revision, a shallow clone, unrelated histories.
    """
    for revision in (base, head or ""):
        if revision.startswith("-") or "\0" in revision:
            raise UsageError(f"{revision!r} is no revision")
    root, tip, commit = _resolved(folder, head or "HEAD", base)
    merge_base = merge_base or common_commit(root, base, commit, tip)
    sides = (merge_base,) if head is None else (merge_base, tip)
    files = list(_raw(_git(root, *_DIFF, "--raw", "-z", "--no-abbrev", *sides)))
    if head is None:
        others = _git(root, "ls-files", "-z", "--others", "--exclude-standard")
        names = (_text(name) for name in others.split(b"\0") if name)
        files += (ChangedFile(name, None, "?", "", "", "", "100644") for name in names)
    paths = frozenset(path for file in files for path in (file.path, file.old_path) if path)
    kept = (file for file in files if is_candidate(file.path.rpartition("/")[2]) or _was_candidate(file))
    policy = tuple(sorted(path for path in paths if _decides(path)))
    return Change(root, base, (merge_base, tip), None if head is None else tip, tuple(kept), paths, policy)


def _decides(path: str) -> bool:
    return path in _POLICY_FILES or path.startswith(_POLICY_FOLDERS)


def _was_candidate(file: ChangedFile) -> bool:
    return file.old_path is not None and is_candidate(file.old_path.rpartition("/")[2])


def _resolved(folder: str, head: str, base: str) -> tuple[str, str, str]:
    """The top of the repository and both commits, by one process; where that fails each is asked for by itself."""
    done = _run(folder, "rev-parse", "--show-toplevel", f"{head}^{{commit}}", f"{base}^{{commit}}")
    found = _text(done.stdout).split("\n")
    if done.returncode == 0 and len(found) == _ANSWERS:
        return found[0], found[1], found[2]
    root = _text(_git(folder, "rev-parse", "--show-toplevel").removesuffix(b"\n"))
    return root, _commit(root, head), _commit(root, base)


def _commit(root: str, revision: str) -> str:
    done = _run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if done.returncode == 0:
        return done.stdout.decode().strip()
    raise UsageError(f"git knows no revision {revision!r} here", hint=_advice(root, revision))


def _advice(root: str, revision: str) -> str:
    names = _text(_git(root, "for-each-ref", "--format=%(refname:short)", "--count=500")).split()
    if f"origin/{revision}" in names:
        return f"there is origin/{revision}: use --base origin/{revision}"
    from difflib import get_close_matches  # noqa: PLC0415 - only for an error

    near = get_close_matches(revision, names, 1)
    fetch = f"git fetch origin {revision}" if revision.replace("/", "").replace("-", "").isalnum() else "git fetch"
    return (f"did you mean {near[0]}? Otherwise: " if near else "") + f"{fetch} (actions/checkout: fetch-depth: 0)"


def common_commit(root: str, base: str, commit: str, tip: str) -> str:
    """Where the history that ends in `tip` left `commit`, which the user calls `base`.

    Raises:
        UsageError: the clone is too shallow to know, or there is none.
    """
    done = _run(root, "merge-base", "--end-of-options", commit, tip)
    if done.returncode == 0:
        return done.stdout.decode().split()[0]
    if _git(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
        raise UsageError(
            f"this clone is too shallow to know where the change left {base}",
            hint="git fetch --unshallow (actions/checkout: fetch-depth: 0)",
        )
    raise UsageError(f"{base} and the head have no common history", hint="name the branch that the change is for")


def _raw(output: bytes) -> Iterable[ChangedFile]:
    fields = output.split(b"\0")
    at = 0
    while at + 1 < len(fields):
        old_mode, new_mode, old_blob, new_blob, status = fields[at].decode().lstrip(":").split(" ")
        paths = 2 if status[0] in "RC" else 1
        names = [_text(name) for name in fields[at + 1 : at + 1 + paths]]
        at += 1 + paths
        old = None if status[0] in "AC" else names[0]
        yield ChangedFile(names[-1], old, status[0], old_blob, new_blob, old_mode, new_mode)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _git(folder: str, *arguments: str, allowed: tuple[int, ...] = (0,)) -> bytes:
    done = _run(folder, *arguments)
    if done.returncode not in allowed:
        raise _explained(folder, done.stderr.decode("utf-8", "replace"))
    return done.stdout


def _run(folder: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    command = [os.fsencode(part) for part in ("git", *_SAFE, *arguments)]
    try:
        return subprocess.run(
            command, cwd=folder, env=os.environ | _ENVIRONMENT, capture_output=True, check=False, timeout=_TIMEOUT
        )
    except FileNotFoundError:
        raise UsageError("git is not on the PATH", hint="install git, or check files without --base") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git did not answer within {_TIMEOUT} s") from None


def _explained(folder: str, message: str) -> UsageError:
    if "dubious ownership" in message:
        hint = f"git config --global --add safe.directory {folder}"
        return UsageError("git refuses this repository because another user owns it", hint=hint)
    if "not a git repository" in message:
        return UsageError("not a git repository", path=folder, hint="check files without --base")
    first = next((line for line in message.splitlines() if line.strip()), "no message")
    return UsageError(f"git failed: {first.removeprefix('fatal: ')}")


class _Objects:
    """Reads objects through one `git cat-file --batch`."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._process = subprocess.Popen(
            ["git", *_SAFE, "cat-file", "--batch"],
            cwd=root,
            env=os.environ | _ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def read(self, name: str) -> bytes | None:
        """The content of a blob; None if there is none. A too large one is cut, so that `decode` refuses it."""
        if "\n" in name:
            done = _run(self._root, "cat-file", "blob", name)
            return done.stdout if done.returncode == 0 else None
        to, source = self._pipes()
        to.write(os.fsencode(name) + b"\n")
        to.flush()
        header = source.readline().split(b" ")
        if header[-1].strip() in {b"missing", b"ambiguous"} or not header[-1].strip().isdigit():
            return None
        size = int(header[-1])
        content = source.read(size)
        source.read(1)
        return content[: SIZE_LIMIT + 1] if header[-2] == b"blob" else None

    def close(self) -> None:
        """Ends the process."""
        to, source = self._pipes()
        to.close()
        source.close()
        self._process.wait()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        to, source = self._process.stdin, self._process.stdout
        if to is None or source is None:
            raise UsageError("git gave no pipes")
        return to, source


def knows(folder: str, revision: str) -> bool:
    """Whether a revision names a commit of this clone."""
    if not revision or revision.startswith("-"):
        return False
    return (
        _run(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").returncode == 0
    )


def parents(folder: str, revision: str) -> list[str]:
    """The parents of a commit; none where it is not known."""
    done = _run(folder, "rev-list", "--parents", "-n", "1", "--end-of-options", revision)
    return done.stdout.decode().split()[1:] if done.returncode == 0 else []


def current_commit(folder: str) -> str:
    """The commit that is checked out; empty outside git, and before the first commit."""
    try:
        done = _run(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except UsageError:
        return ""
    return done.stdout.decode().strip() if done.returncode == 0 else ""


class Made(NamedTuple):
    """When a commit was made, by its committer's clock in seconds since 1970 (0: not known), and its message."""

    at: int
    message: str


def made(folder: str, commit: str) -> Made:
    """When and with what words a commit was made."""
    done = _run(folder, "log", "-1", "--format=%ct%n%B", "--end-of-options", commit)
    when, _, message = done.stdout.decode("utf-8", "replace").partition("\n")
    return Made(int(when), message) if done.returncode == 0 and when.isdigit() else Made(0, "")


def file_at(folder: str, commit: str, path: str) -> SourceFile | Skipped | None:
    """A file of any commit; None where there is none."""
    done = _run(folder, "ls-tree", "-z", commit, "--", f":(top,literal){path}")
    fields = done.stdout.split(b"\t")[0].split()
    if done.returncode or len(fields) < _TREE_FIELDS:
        return None
    if fields[0].decode() == _LINK:
        return Skipped(path, "a symbolic link")
    return decode(path, _git(folder, "cat-file", "blob", fields[2].decode()))
