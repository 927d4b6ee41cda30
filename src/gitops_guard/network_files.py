"""Where synthesised policies go: files of a tree, and the Kustomizations that list them."""

import os
import posixpath
import tempfile
from collections.abc import Callable, Mapping
from typing import NamedTuple

from gitops_guard.editing.intent import AppendItem
from gitops_guard.editing.yaml import Edited, apply
from gitops_guard.errors import SourceError
from gitops_guard.model.kustomization import KUSTOMIZE_GROUP
from gitops_guard.network.policy_text import MARK
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.tree import read_file
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse

FOLDER = "network-policies"
"""The folder of policies where none is named, and the name of a file of policies beside manifests."""

_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_LISTS = ("resources", "bases", "components")


class Kustomization(NamedTuple):
    """A file of Kustomize; `resources` are its own words for files and folders.

    `labels_selectors`: it adds labels to every selector, also to those that name the peers of a policy.
    """

    path: str
    resources: tuple[str, ...]
    namespace: str
    labels_selectors: bool = False


class Change(NamedTuple):
    """A file to write; `before` is None for a new one."""

    path: str
    before: SourceFile | None
    after: str

    @property
    def before_text(self) -> str | None:
        """The text before."""
        return None if self.before is None else self.before.text


class Unplaced(NamedTuple):
    """Why something cannot be written where it belongs; a sentence."""

    reason: str


def kustomization(file: SourceFile) -> Kustomization | None:
    """Reads a file of Kustomize; None for every other."""
    if file.path.rpartition("/")[2] not in _NAMES:
        return None
    documents = parse(file.text).documents
    if len(documents) != 1:
        return None
    root = Field(None, "", documents[0].root)
    api = root["apiVersion"]
    if not root.is_mapping or (api.exists and api.text.partition("/")[0] != KUSTOMIZE_GROUP):
        return None
    words = tuple(item.text for key in _LISTS for item in root[key].items())
    namespace = root["namespace"]
    labels_selectors = root["commonLabels"].exists or any(
        one["includeSelectors"].is_true for one in root["labels"].items()
    )
    return Kustomization(file.path, words, namespace.text if namespace.exists else "", labels_selectors)


def root_folder(path: str, known: Mapping[str, Kustomization]) -> str:
    """The folder that a file without namespace is deployed with: the highest whose Kustomizations take it in.

    A folder whose Kustomization sets the namespace itself is one, whatever takes it in.
    """
    current, folder = path, path.rpartition("/")[0]
    at: str | None = folder
    while at is not None:
        found = known.get(at)
        if found is not None and current in {posixpath.normpath(posixpath.join(at, word)) for word in found.resources}:
            current = folder = at
            if found.namespace:
                break
        at = at.rpartition("/")[0] if at else None
    return folder


def read_target(path: str, root: str) -> SourceFile | Unplaced | None:
    """A file that policies are to be written to; None where there is none yet."""
    full = os.path.join(root, path)  # noqa: PTH118
    if not os.path.lexists(full):
        return None
    found = read_file(full, path)
    if isinstance(found, Skipped):
        return Unplaced(f"{path} cannot be replaced: {found.reason}")
    if not found.text.startswith(MARK):
        return Unplaced(f"{path} exists and was not written by this command: move it, or name another folder")
    return found


def listed_in(path: str, namespace: str, root: str, changed: Callable[[str], str | None]) -> Change | Unplaced | None:
    """The change of the Kustomization that has to list a file, in its folder or in the one above.

    Args:
        path: the file of policies.
        namespace: that of the policies; empty where Kustomize sets it.
        root: the folder that paths are relative to.
        changed: the text that a file has after earlier changes, None where there is none.
    """
    folder = path.rpartition("/")[0]
    above = [folder.rpartition("/")[0]] if folder and namespace else []
    for place in (folder, *above):
        file = next((found for name in _NAMES if (found := _manifest(place, name, root)) is not None), None)
        if file is None:
            continue
        text = changed(file.path)
        return _with_entry(file, file.text if text is None else text, posixpath.relpath(path, place or "."), namespace)
    return None


def _manifest(folder: str, name: str, root: str) -> SourceFile | None:
    path = f"{folder}/{name}" if folder else name
    full = os.path.join(root, path)  # noqa: PTH118
    found = read_file(full, path) if os.path.isfile(full) else None  # noqa: PTH113
    return found if isinstance(found, SourceFile) else None


def _with_entry(file: SourceFile, text: str, entry: str, namespace: str) -> Change | Unplaced | None:
    read = kustomization(file._replace(text=text))
    if read is None:
        return Unplaced(f"{file.path} is not read as a Kustomization: list {entry} in it")
    if namespace and read.namespace not in {"", namespace}:
        return Unplaced(f"{file.path} sets the namespace {read.namespace}: {entry} is for {namespace} and not listed")
    folders = {entry, entry.partition("/")[0]} if "/" in entry else {entry}
    if folders & {posixpath.normpath(word) for word in read.resources}:
        return None
    if read.labels_selectors:
        what = "adds labels to all selectors, so also to those of DNS and other peers"
        return Unplaced(f"{file.path} {what}: {entry} is not listed there; apply it beside, or use labels without them")
    edited = apply(text, 0, [AppendItem(("resources",), entry)])
    if not isinstance(edited, Edited):
        return Unplaced(f"{file.path} cannot be edited ({edited.reason}): list {entry} in its resources")
    return Change(file.path, file, edited.text)


def replace_file(full: str, change: Change) -> None:
    """Writes a file whole or not at all.

    Raises:
        SourceError: it cannot be written.
    """
    raw = change.after.encode() if change.before is None else change.before.encode(change.after)
    folder = os.path.dirname(full)  # noqa: PTH120
    try:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        mode = 0o644 if change.before is None else os.stat(full).st_mode & 0o7777  # noqa: PTH116
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(raw)
        os.chmod(file.name, mode)  # noqa: PTH101
        os.replace(file.name, full)  # noqa: PTH105
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", path=change.path) from None
