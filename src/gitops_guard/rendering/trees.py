"""The files of a working tree or of a commit, without anything that a link leads to."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from gitops_guard.source_file import SIZE_LIMIT

_NEVER = frozenset((".git", ".terraform", ".tox", ".venv", "node_modules", "__pycache__"))
_MANIFESTS = (".yaml", ".yml", ".json")
MOST_FILES = 200_000
"""A listing of the disk stops behind so many; nothing is rendered of a repository that has more."""


class DiskTree:
    """The files below a folder, as they are on disk. Links are listed and never followed."""

    def __init__(self, root: str) -> None:
        self._root = root

    @cached_property
    def _listed(self) -> tuple[frozenset[str], frozenset[str]]:
        paths, links = set[str](), set[str]()
        for path, is_link in _entries(self._root, ""):
            (links if is_link else paths).add(path)
            if len(paths) > MOST_FILES:
                break
        return frozenset(paths), frozenset(links)

    @property
    def paths(self) -> frozenset[str]:
        """Every regular file."""
        return self._listed[0]

    @property
    def links(self) -> frozenset[str]:
        """Every symbolic link."""
        return self._listed[1]

    def read(self, path: str) -> bytes | None:
        """The content of a file; one that is larger than any that is read is cut behind that size."""
        if path not in self.paths:
            return None
        try:
            descriptor = os.open(os.path.join(self._root, path), os.O_RDONLY | os.O_NOFOLLOW)  # noqa: PTH118
            with os.fdopen(descriptor, "rb") as file:
                return file.read(SIZE_LIMIT + 1)
        except OSError:
            return None

    def find(self, words: tuple[str, ...]) -> frozenset[str]:
        """The YAML and JSON files that hold any of these texts."""
        wanted = [word.encode() for word in words]
        return frozenset(
            path
            for path in self.paths
            if path.endswith(_MANIFESTS) and any(word in (self.read(path) or b"") for word in wanted)
        )


def _entries(root: str, prefix: str) -> Iterator[tuple[str, bool]]:
    """The files and links below a folder; a folder that cannot be listed has none."""
    try:
        with os.scandir(os.path.join(root, prefix)) as found:  # noqa: PTH118
            entries = list(found)
    except OSError:
        return
    for entry in entries:
        path = prefix + entry.name
        if entry.is_symlink():
            yield path, True
        elif entry.is_dir(follow_symlinks=False):
            if entry.name not in _NEVER:
                yield from _entries(root, path + "/")
        elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield path, False


class ListedTree:
    """A tree whose files and links are known, read one by one: a commit, or a test's."""

    def __init__(
        self,
        paths: Iterable[str],
        links: Iterable[str],
        read: Callable[[str], bytes | None],
        find: Callable[[tuple[str, ...]], frozenset[str]] | None = None,
    ) -> None:
        self.paths = frozenset(paths)
        self.links = frozenset(links)
        self._read = read
        self._find = find

    def read(self, path: str) -> bytes | None:
        """The content of a file."""
        return self._read(path) if path in self.paths else None

    def find(self, words: tuple[str, ...]) -> frozenset[str]:
        """The YAML and JSON files that hold any of these texts."""
        if self._find is not None:
            return self._find(words) & self.paths
        wanted = [word.encode() for word in words]
        manifests = (path for path in self.paths if path.endswith(_MANIFESTS))
        return frozenset(path for path in manifests if any(word in (self.read(path) or b"") for word in wanted))
