"""What Kustomize says of where objects come from: a build with its origin and transformer annotations.

Facts: kubectl.docs.kubernetes.io, "buildMetadata". Origins are paths relative to the root; transformations list, in the
order in which they ran, the kustomization of each transformer that an object went through.
"""

import posixpath
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gitops_guard.editing.intent import SetValue
from gitops_guard.editing.yaml import Refused, apply
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rendering.source_tree import SourceTree, resolved_path
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.yaml import parse

_ORIGIN = "config.kubernetes.io/origin"
_TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"
_WANTED: tuple[Data, ...] = ("originAnnotations", "transformerAnnotations")


class Origin(NamedTuple):
    """Where an object comes from.

    `path` is the file that it was read from; `generated_by` the kustomization (or generator's file) that made it
    instead. `visits` are the kustomizations that it went through, from the innermost to the outermost.
    """

    path: str = ""
    generated_by: str = ""
    visits: tuple[str, ...] = ()


def annotated(tree: SourceTree, folder: str, files: Mapping[str, bytes]) -> Mapping[str, bytes] | None:
    """The files with a kustomization that asks for the annotations; None where it cannot be written so."""
    sheet = tree.kustomization(folder)
    text = None if sheet is None else tree.text(sheet.path)
    if sheet is None or text is None:
        return None
    present = sheet.root["buildMetadata"].data
    wanted = [*(present if isinstance(present, list) else ()), *_WANTED]
    edited = apply(text, sheet.document, [SetValue(("buildMetadata",), list(dict.fromkeys(map(str, wanted))))])
    if isinstance(edited, Refused):
        return None
    return {**files, sheet.path: edited.text.encode()}


def origin_of(obj: KubernetesObject, folder: str) -> Origin:
    """What the annotations of an object say, with paths of the repository."""
    annotations = obj.metadata["annotations"]
    origin = _read(annotations[_ORIGIN])
    visits: list[str] = []
    for step in _read(annotations[_TRANSFORMATIONS]).items():
        path = _resolved(folder, step["configuredIn"])
        if path and visits[-1:] != [path]:
            visits.append(path)
    return Origin(_resolved(folder, origin["path"]), _resolved(folder, origin["configuredIn"]), tuple(visits))


def _resolved(folder: str, path: Field) -> str:
    return resolved_path(folder, path.text) if path.string else ""


def _read(annotation: Field) -> Field:
    documents = parse(annotation.string or "").documents
    return Field(None, "", documents[0].root if documents else None)


def reached(tree: SourceTree, folder: str) -> Iterator[str]:
    """The folders of all kustomizations that a root reads, the innermost first; each once, loops are cut."""
    seen: set[str] = set()
    yield from _reached(tree, folder, seen)


def _reached(tree: SourceTree, folder: str, seen: set[str]) -> Iterator[str]:
    sheet = tree.kustomization(folder)
    if sheet is None or folder in seen:
        return
    seen.add(folder)
    for key in ("resources", "bases", "components"):
        for item in sheet.root[key].items():
            if item.string:
                yield from _reached(tree, resolved_path(posixpath.dirname(sheet.path), item.text), seen)
    yield folder
