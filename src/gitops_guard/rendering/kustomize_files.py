"""Every file that Kustomize would read for a folder, or why it must not be asked to.

What is not in the tree is found here, before any program runs: a remote base never gets as far as a network. Fields are
those of Kustomize 5 (api/types/kustomization.go).
"""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.model.file_names import is_kustomization_name
from gitops_guard.rendering.roots import Tree
from gitops_guard.source_file import Skipped, decode
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.yaml import parse

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_DEEPEST = 40
_ENTRIES = 5000
_FOLDERS = ("resources", "bases", "components")
_CONFIGURED = ("generators", "transformers", "validators")
_PLAIN_FILES = ("crds", "configurations")
_READS = frozenset(("files", "envs", "env", "path", "paths"))
_REMOTE = re.compile(
    r"(?i)(git::|gh:|file:|[a-z0-9+.-]+://|[^/@]+@[^/]+[:/]|(www\.)?github\.com[/:]|[^/]+\.git(/|$)|[^/.]+\.[^/]+//)|.*[?&]ref="
)
"""What Kustomize takes for a place in a network, also where a folder of that name exists (api/internal/git)."""


class Blocked(NamedTuple):
    """Why a folder cannot be built, and what helps."""

    reason: str
    hint: str = ""


class Reach(NamedTuple):
    """What a folder is made of: its files, and the folders with a kustomization that it includes, itself first."""

    files: frozenset[str]
    folders: tuple[str, ...]


def kustomization_in(folder: str, tree: Tree) -> str | None:
    """The path of the kustomization of a folder; None where there is none."""
    return next((path for path in (below(folder, name) for name in NAMES) if path in tree.paths), None)


def below(folder: str, name: str) -> str:
    """A path in a folder; the top is empty."""
    return f"{folder}/{name}" if folder else name


def reach(folder: str, tree: Tree) -> Reach | Blocked:
    """Everything that building a folder reads."""
    walk = _Walk(tree)
    walk.folder(folder, ())
    return walk.blocked or Reach(frozenset(walk.files), tuple(walk.folders))


def reach_of(fields: Data, folder: str, tree: Tree) -> Reach | Blocked:
    """As `reach`, for a Kustomization that stands in no file."""
    walk = _Walk(tree)
    walk.fields(fields, folder, f"what is put around {folder or 'the top'}", ())
    return walk.blocked or Reach(frozenset(walk.files), tuple(walk.folders))


def is_remote(entry: str) -> bool:
    """Whether Kustomize would fetch an entry."""
    return _REMOTE.match(entry) is not None


def read_mapping(path: str, tree: Tree) -> Field | Blocked:
    """The first document of a YAML file, with the guards of the parser."""
    raw = tree.read(path)
    file = Skipped(path, "it cannot be read") if raw is None else decode(path, raw)
    if isinstance(file, Skipped):
        return Blocked(f"{path}: {file.reason}")
    stream = parse(file.text)
    unread = next((problem for problem in stream.problems if problem.skipped), None)
    if unread is not None:
        return Blocked(f"{path}: {unread.message}")
    return Field(None, "", stream.documents[0].root if stream.documents else None)


class _Walk:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.files: dict[str, None] = {}
        self.folders: dict[str, None] = {}
        self.blocked: Blocked | None = None

    def folder(self, folder: str, above: tuple[str, ...]) -> None:
        if folder in above:
            chain = " -> ".join(name or "." for name in (*above[above.index(folder) :], folder))
            self._block(f"its bases go in a circle: {chain}")
        elif len(above) > _DEEPEST:
            self._block(f"its bases are nested deeper than {_DEEPEST} levels")
        if self.blocked is not None or folder in self.folders:
            return
        path = kustomization_in(folder, self._tree)
        if path is None:
            self._block(f"there is no kustomization in {folder or 'the top folder'}")
            return
        self.folders[folder] = None
        self.files |= dict.fromkeys(p for p in (below(folder, name) for name in NAMES) if p in self._tree.paths)
        root = read_mapping(path, self._tree)
        if isinstance(root, Blocked):
            self.blocked = root
        else:
            self.fields(root.data, folder, path, (*above, folder))

    def fields(self, fields: Data, folder: str, path: str, above: tuple[str, ...]) -> None:
        if not isinstance(fields, dict):
            return
        for name in ("helmCharts", "helmChartInflationGenerator"):
            if fields.get(name):
                self._block(
                    f"{path} has {name}: Kustomize would fetch charts and run Helm", "render the chart by itself"
                )
        for name in (*_FOLDERS, *_CONFIGURED):
            for entry in _texts(fields.get(name)):
                self._entry(entry, folder, path, above, configured=name in _CONFIGURED)
        for entry in _file_entries(fields):
            self._file(entry, folder, path)

    def _entry(self, entry: str, folder: str, path: str, above: tuple[str, ...], *, configured: bool) -> None:
        """A file or folder; of a generator or transformer also the text of it."""
        if configured and "\n" in entry:
            self._configured(entry, path)
            return
        place = self._place(entry, folder, path)
        if place is None:
            return
        if place in self._tree.paths:
            self.files[place] = None
            if configured:
                self._configured((self._tree.read(place) or b"").decode("utf-8", "replace"), place)
        elif kustomization_in(place, self._tree) is not None:
            self.folder(place, above)
        else:
            self._missing(entry, place, path)

    def _configured(self, text: str, path: str) -> None:
        """Looks for what a built-in generator or transformer would read by itself."""
        stream = parse(text)
        if any(problem.skipped for problem in stream.problems):
            self._block(f"{path}: {stream.problems[0].message}")
        for document in stream.documents:
            for entry in _read_by(Field(None, "", document.root).data):
                if is_remote(entry):
                    self._block(f"{path} names something remote: {entry}")

    def _file(self, entry: str, folder: str, path: str) -> None:
        place = self._place(entry, folder, path)
        if place is None:
            return
        if place in self._tree.paths:
            self.files[place] = None
        else:
            self._missing(entry, place, path)

    def _place(self, entry: str, folder: str, path: str) -> str | None:
        """Where an entry lies in the tree; None if it lies elsewhere."""
        if is_remote(entry):
            self._block(f"{path} names something remote: {entry}", "vendor it into the repository")
            return None
        place = posixpath.normpath(posixpath.join(folder, entry)) if entry else ""
        if not entry or entry.startswith("/") or place.split("/")[0] == "..":
            self._block(f"{path} names something outside the repository: {entry}")
            return None
        if len(self.files) + len(self.folders) > _ENTRIES:
            self._block(f"it needs more than {_ENTRIES} files")
            return None
        return "" if place == "." else place

    def _missing(self, entry: str, place: str, path: str) -> None:
        parts = place.split("/")
        link = next((p for p in ("/".join(parts[:n]) for n in range(1, len(parts) + 1)) if p in self._tree.links), None)
        if link is not None:
            self._block(f"{path} names {entry}, and {link} is a symbolic link", "links are not followed: name the file")
        else:
            self._block(f"{path} names {entry}, which is not here")

    def _block(self, reason: str, hint: str = "") -> None:
        if self.blocked is None:
            self.blocked = Blocked(reason, hint)


def _texts(value: Data) -> Iterator[str]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str):
            yield item


def _mappings(value: Data) -> Iterator[dict[str, Data]]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield item


def _file_entries(fields: dict[str, Data]) -> Iterator[str]:
    """The paths of single files that a Kustomization names."""
    for name in _PLAIN_FILES:
        yield from _texts(fields.get(name))
    yield from (entry for entry in _texts(fields.get("patchesStrategicMerge")) if "\n" not in entry)
    for name in ("patches", "patchesJson6902", "replacements"):
        yield from (item["path"] for item in _mappings(fields.get(name)) if isinstance(item.get("path"), str))  # type: ignore[misc]
    openapi = fields.get("openapi")
    if isinstance(openapi, dict) and isinstance(openapi.get("path"), str):
        yield openapi["path"]  # type: ignore[misc]
    for name in ("configMapGenerator", "secretGenerator"):
        for item in _mappings(fields.get(name)):
            yield from (entry.rpartition("=")[2] for entry in _texts(item.get("files")))
            yield from _texts(item.get("envs"))
            if isinstance(item.get("env"), str):
                yield item["env"]  # type: ignore[misc]


def _read_by(value: Data, key: str = "") -> Iterator[str]:
    """The texts below keys under which generators and transformers name files."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _read_by(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _read_by(inner, key)
    elif isinstance(value, str) and key in _READS:
        yield value.rpartition("=")[2] if key == "files" else value


def is_kustomization(path: str) -> bool:
    """Whether a path is that of a kustomization."""
    return is_kustomization_name(path.rpartition("/")[2])
