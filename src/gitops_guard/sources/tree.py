"""Files and folders as they are on disk."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence

from gitops_guard.errors import UsageError
from gitops_guard.source_file import SIZE_LIMIT, Skipped, SourceFile, decode
from gitops_guard.syntax.dockerfile_name import is_dockerfile_name, skip_reason

_MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")
_NEVER = frozenset((".git",))
_NOT_OURS = frozenset((".terraform", ".tox", ".venv", "node_modules", "vendor", "__pycache__"))
_NO_MANIFESTS = frozenset(("composer.lock", "package-lock.json", "package.json", "pnpm-lock.yaml", "tsconfig.json"))
HELM_TEMPLATE = "Helm template: not rendered here"


Read = Callable[[str, str], SourceFile | Skipped]
"""Reads a file: where it lies, and how it is reported."""


def walk(paths: Sequence[str], root: str, read: Read | None = None) -> Iterator[SourceFile | Skipped]:
    """Yields every candidate file below the paths once, in order, or why it is not looked at.

    Args:
        paths: files and folders; none means the root. Links are never followed out of a folder.
        root: the folder that reported paths are relative to.
        read: reads the files, by default `read_file`.

    Raises:
        UsageError: a path does not exist.
    """
    seen: set[str] = set()
    read = read or read_file
    for path in paths or (root,):
        full = os.path.join(root, path)  # noqa: PTH118 - pathlib doubles the cost of a sweep
        if not os.path.lexists(full):
            raise UsageError("no such file or folder", path=path, hint="name files or folders that exist")
        if os.path.isdir(full) and not os.path.islink(full):  # noqa: PTH112, PTH114
            found = _folder(full, _shown(full, root), read, is_chart=False, templates=False)
        else:
            found = iter((read(full, _shown(full, root)),))
        for item in found:
            if item.path not in seen:
                seen.add(item.path)
                yield item


def count(paths: Sequence[str], root: str) -> int:
    """About how many files `walk` will yield, for a progress bar: names are counted, nothing is read."""
    total = 0
    for path in paths or (root,):
        for folder, folders, names in os.walk(os.path.join(root, path)):  # noqa: PTH118 - as above
            folders[:] = [name for name in folders if name not in _NEVER and name not in _NOT_OURS]
            total += sum(1 for name in names if is_candidate(name)) if folder else 0
    return total


def names(paths: Sequence[str], root: str) -> Iterator[str]:
    """The names of all candidate files below the paths; nothing is read."""
    for path in paths or (root,):
        full = os.path.join(root, path)  # noqa: PTH118 - as above
        if not os.path.isdir(full):  # noqa: PTH112
            yield os.path.basename(full)  # noqa: PTH119
        for _, folders, found in os.walk(full):
            folders[:] = [name for name in folders if name not in _NEVER and name not in _NOT_OURS]
            yield from filter(is_candidate, found)


def is_candidate(name: str) -> bool:
    """Whether a file of this name may hold something to scan."""
    lowered = name.lower()
    if lowered.endswith(_MANIFEST_SUFFIXES):
        return lowered not in _NO_MANIFESTS
    return is_dockerfile_name(name) or skip_reason(name) is not None


def is_helm_template(path: str, has_chart: "frozenset[str] | set[str]") -> bool:
    """Whether a path lies in the `templates` folder of a chart; `has_chart` holds the folders with a Chart.yaml."""
    parts = path.split("/")
    return any(part == "templates" and "/".join(parts[:i]) in has_chart for i, part in enumerate(parts[:-1]))


def _shown(full: str, root: str) -> str:
    relative = os.path.relpath(full, root)
    shown = full if relative.startswith("..") else relative
    return "" if shown == "." else shown.replace(os.sep, "/")


def _folder(folder: str, shown: str, read: Read, *, is_chart: bool, templates: bool) -> Iterator[SourceFile | Skipped]:
    prefix = shown + "/" if shown else ""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        yield Skipped(prefix, f"cannot be listed: {error.strerror}")
        return
    is_chart = is_chart or any(entry.name == "Chart.yaml" for entry in entries)
    for entry in entries:
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name in _NEVER:
                continue
            if entry.name in _NOT_OURS:
                yield Skipped(path + "/", "a folder of dependencies or caches")
                continue
            inside = templates or (is_chart and entry.name == "templates")
            yield from _folder(entry.path, path, read, is_chart=is_chart, templates=inside)
        elif is_candidate(entry.name):
            yield Skipped(path, HELM_TEMPLATE) if templates else read(entry.path, path)


def read_file(full: str, path: str) -> SourceFile | Skipped:
    """Reads one file of the disk; links and everything that is no regular file are skipped with a reason.

    Args:
        full: where it lies.
        path: how it is reported.
    """
    reason = skip_reason(path.rpartition("/")[2])
    if reason is not None:
        return Skipped(path, reason)
    try:
        status = os.lstat(full)
        if stat.S_ISLNK(status.st_mode):
            return Skipped(path, "a symbolic link: what it points to is scanned where it lies, if it is in the tree")
        if not stat.S_ISREG(status.st_mode):
            return Skipped(path, "not a regular file")
        if status.st_size > SIZE_LIMIT:
            return Skipped(path, f"larger than {SIZE_LIMIT // 1024 // 1024} MiB")
        with open(full, "rb") as file:  # noqa: PTH123 - pathlib doubles the cost of a sweep
            raw = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        return Skipped(path, f"cannot be read: {error.strerror}")
    return decode(path, raw)
