"""Which folders of a tree Kustomize builds by themselves: those that no other folder includes."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.rendering.kustomize_files import Blocked, is_kustomization, is_remote, kustomization_in, read_mapping
from gitops_guard.rendering.roots import Tree

_INCLUDING = ("resources", "bases", "components", "generators", "transformers", "validators")


class Folder(NamedTuple):
    """A folder with a kustomization: what it includes of the same tree, and what it names that is remote."""

    path: str
    is_component: bool
    includes: tuple[str, ...]
    remote: tuple[str, ...]


class Folders(NamedTuple):
    """All such folders of a tree by path; `roots` are those that are built by themselves."""

    known: dict[str, Folder]
    roots: tuple[str, ...]


def folders(tree: Tree) -> Folders:
    """Finds every folder with a kustomization, and those that nothing else includes."""
    names = sorted({path.rpartition("/")[0] for path in tree.paths if is_kustomization(path)})
    known = {name: _folder(name, tree) for name in names}
    included = {inner for folder in known.values() for inner in folder.includes if inner != folder.path}
    chosen = [name for name in names if name not in included]
    covered = set(_covered(chosen, known))
    for name in names:
        if name not in covered:  # part of a circle that nothing outside leads to
            chosen.append(name)
            covered |= set(_covered([name], known))
    return Folders(known, tuple(sorted(name for name in chosen if not known[name].is_component)))


def _folder(folder: str, tree: Tree) -> Folder:
    path = kustomization_in(folder, tree) or ""
    root = read_mapping(path, tree)
    if isinstance(root, Blocked):
        return Folder(folder, is_component=False, includes=(), remote=())
    entries = [item.text for name in _INCLUDING for item in root[name].items() if item.text and "\n" not in item.text]
    places = (posixpath.normpath(posixpath.join(folder, entry)) for entry in entries if not is_remote(entry))
    includes = ("" if place == "." else place for place in places)
    there = tuple(place for place in dict.fromkeys(includes) if kustomization_in(place, tree) is not None)
    remote = tuple(entry for entry in entries if is_remote(entry))
    return Folder(folder, root["kind"].text == "Component", there, remote)


def _covered(names: list[str], known: dict[str, Folder]) -> Iterator[str]:
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen and name in known:
            seen.add(name)
            waiting += known[name].includes
            yield name
