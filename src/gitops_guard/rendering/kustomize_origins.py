"""What Kustomize says of where objects come from: a build with its origin and transformer annotations.

Facts: kubectl.docs.kubernetes.io, "buildMetadata". Origins are paths relative to what is built; transformations
list, in the order in which they ran, the kustomization of each transformer that an object went through.
"""

import json
import posixpath
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rendering.build import AROUND, REPOSITORY
from gitops_guard.rendering.roots import Root
from gitops_guard.rendering.source_tree import SourceTree, resolved_path
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse

_ORIGIN = "config.kubernetes.io/origin"
_TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"
_WANTED = ("originAnnotations", "transformerAnnotations")


class Origin(NamedTuple):
    """Where an object comes from.

    `path` is the file that it was read from; `generated_by` the kustomization (or generator's file) that made it
    instead. `visits` are the kustomizations that it went through, from the innermost to the outermost; `AROUND` stands
    for the one that an Application or a Flux Kustomization puts around the root.
    """

    path: str = ""
    generated_by: str = ""
    visits: tuple[str, ...] = ()


def with_origins(root: Root) -> Root:
    """The root with the annotations asked for, in a kustomization around it: no file of the repository is edited."""
    fields = root.fields_around
    present = fields.get("buildMetadata")
    wanted = [*(present if isinstance(present, list) else ()), *_WANTED]
    return root._replace(around=json.dumps(fields | {"buildMetadata": wanted}))


def origin_of(obj: KubernetesObject) -> Origin:
    """What the annotations of an object say, with paths of the repository."""
    annotations = obj.metadata["annotations"]
    origin = _read(annotations[_ORIGIN])
    visits: list[str] = []
    for step in _read(annotations[_TRANSFORMATIONS]).items():
        path = _resolved(step["configuredIn"])
        if path and visits[-1:] != [path]:
            visits.append(path)
    return Origin(_resolved(origin["path"]), _resolved(origin["configuredIn"]), tuple(visits))


def _resolved(path: Field) -> str:
    """A path relative to the folder around as one of the repository; `AROUND` for the kustomization there."""
    if not path.string:
        return ""
    placed = posixpath.normpath(posixpath.join(AROUND, path.text))
    return placed.removeprefix(f"{REPOSITORY}/") if placed.startswith(f"{REPOSITORY}/") else AROUND


def _read(annotation: Field) -> Field:
    return _parsed(annotation.string or "")


@lru_cache(maxsize=512)
def _parsed(text: str) -> Field:
    """Many objects of a root went the same way."""
    documents = parse(text).documents
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
