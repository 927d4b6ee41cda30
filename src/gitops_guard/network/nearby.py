"""Chooses among things of one name by how near their files are: a repository may hold several clusters and variants."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Nearby(Generic[T]):
    """Things with the paths of their files."""

    __slots__ = ("_below", "_files", "_folders", "_shallow")

    def __init__(self, items: Iterable[tuple[str, T]]) -> None:
        self._files: dict[str, list[T]] = {}
        self._folders: dict[str, list[T]] = {}
        self._below: dict[str, list[tuple[int, T]]] = {}
        self._shallow: dict[str, tuple[T, ...]] = {}
        for path, item in items:
            self._files.setdefault(path, []).append(item)
            self._folders.setdefault(_folder(path), []).append(item)
            for ancestor in _ancestors(path):
                self._below.setdefault(ancestor, []).append((path.count("/"), item))

    def closest(self, path: str) -> tuple[T, ...]:
        """Those in the same file; else, below the nearest folder that holds any, those that lie least deep."""
        if path in self._files:
            return tuple(self._files[path])
        for ancestor in _ancestors(path):
            if ancestor in self._below:
                return self._least_deep(ancestor)
        return ()

    def around(self, path: str) -> tuple[T, ...]:
        """Those in the same folder; else all below the nearest folder that holds any."""
        if _folder(path) in self._folders:
            return tuple(self._folders[_folder(path)])
        found = next((self._below[ancestor] for ancestor in _ancestors(path) if ancestor in self._below), ())
        return tuple(item for _, item in found)

    def _least_deep(self, folder: str) -> tuple[T, ...]:
        known = self._shallow.get(folder)
        if known is None:
            found = self._below[folder]
            depth = min(depth for depth, _ in found)
            known = self._shallow[folder] = tuple(item for one, item in found if one == depth)
        return known


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _ancestors(path: str) -> Iterator[str]:
    """The folders that a path lies in, the nearest first; the last is the root."""
    folder = _folder(path)
    while folder:
        yield folder
        folder = _folder(folder)
    yield ""
