"""Leads fields of a rendered Kustomize root back to objects, patches, generators and entries of kustomizations."""

from collections.abc import Iterator, Mapping

from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity, objects
from gitops_guard.rendering.asking import asking_place
from gitops_guard.rendering.build import AROUND
from gitops_guard.rendering.decision import decided
from gitops_guard.rendering.kustomize_generators import generated_name, generator_layers
from gitops_guard.rendering.kustomize_origins import Origin, reached
from gitops_guard.rendering.kustomize_patches import early_patches, late_patches
from gitops_guard.rendering.kustomize_transformers import (
    count_and_image_layers,
    label_layers,
    name_layers,
    replacement_layers,
)
from gitops_guard.rendering.layer import Layer, object_layer
from gitops_guard.rendering.roots import Root
from gitops_guard.rendering.source_place import RESOURCE, Sheet, SourcePlace, whole_file
from gitops_guard.rendering.source_tree import SourceTree, folder_of, is_kustomization_path, resolved_path, sheets_of
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.yaml import Document

MOST_LAYERS = 400
"""Layers of one object that are asked; of more, the object as written and the outermost."""


class KustomizeSources:
    """The sources of one root; `origins` are those of the annotated build."""

    def __init__(self, tree: SourceTree, root: Root, origins: Mapping[ObjectIdentity, Origin]) -> None:
        self._tree = tree
        self._root = root
        self._origins = origins
        self._layers: dict[ObjectIdentity, tuple[Layer, ...]] = {}
        self._folders = tuple(reached(tree, root.path))
        self._around = next(iter(sheets_of(AROUND, root.around)), None) if root.around else None

    def trace(self, obj: KubernetesObject, keypath: KeyPath) -> SourcePlace | None:
        """See `SourceMap`."""
        origin = self._origin(obj)
        place = decided(obj, keypath, self.layers(obj))
        if place is not None and place.path == AROUND and self._around is not None:
            return asking_place(self._tree, self._root, self._around, place)
        if place is not None:
            return place
        nearest = origin.path or origin.generated_by
        if nearest in self._tree:
            return whole_file(nearest)
        sheet = self._tree.kustomization(self._root.path)
        return None if sheet is None else whole_file(sheet.path)

    def layers(self, obj: KubernetesObject) -> tuple[Layer, ...]:
        """The layers of an object, the innermost first."""
        known = self._layers.get(obj.identity)
        if known is None:
            known = tuple(self._found(obj, self._origin(obj)))
            known = (*known[:1], *known[1:][-MOST_LAYERS:])
            self._layers[obj.identity] = known
        return known

    def _origin(self, obj: KubernetesObject) -> Origin:
        return self._origins.get(obj.identity, Origin())

    def _found(self, obj: KubernetesObject, origin: Origin) -> Iterator[Layer]:
        name = ""
        if origin.path:
            source = self._written(obj, origin.path)
            if source is not None:
                sheet, root = source
                name = root["metadata"]["name"].text
                yield object_layer(sheet, root, RESOURCE)
        for sheet in self._kustomizations():
            yield from generator_layers(self._tree, sheet, obj)
            name = name or generated_name(sheet, obj)
        for path in origin.visits:
            visited = self._visited(path)
            if visited is not None:
                yield from self._of_kustomization(visited, obj, name or obj.identity.name)

    def _visited(self, path: str) -> Sheet | None:
        if path == AROUND:
            return self._around
        return next(iter(self._tree.sheets(path)), None) if is_kustomization_path(path) else None

    def _kustomizations(self) -> Iterator[Sheet]:
        for folder in self._folders:
            sheet = self._tree.kustomization(folder)
            if sheet is not None:
                yield sheet

    def _of_kustomization(self, sheet: Sheet, obj: KubernetesObject, name: str) -> Iterator[Layer]:
        """In the order in which Kustomize runs its transformers, whatever that of the file."""
        yield from early_patches(self._tree, sheet, obj, name)
        yield from name_layers(sheet)
        yield from label_layers(sheet)
        yield from late_patches(self._tree, sheet, obj, name)
        yield from count_and_image_layers(sheet)
        yield from replacement_layers(sheet, sheet.root["replacements"])
        for item in sheet.root["replacements"].items():
            if item["path"].string:
                path = resolved_path(folder_of(sheet.path), item["path"].text)
                for one in self._tree.sheets(path):
                    yield from replacement_layers(one, one.root if one.root.is_sequence else one.root["replacements"])

    def _written(self, obj: KubernetesObject, path: str) -> tuple[Sheet, Field] | None:
        """The object as written in a file: of its kind, with the longest name that its rendered name holds."""
        best: tuple[Sheet, Field] | None = None
        length = -1
        of_kind: list[tuple[Sheet, Field]] = []
        for sheet in self._tree.sheets(path):
            for found in _objects_of(sheet):
                if found["kind"].text != obj.kind:
                    continue
                of_kind.append((sheet, found))
                name = found["metadata"]["name"].text
                if name in obj.identity.name and len(name) > length:
                    best, length = (sheet, found), len(name)
        return best or (of_kind[0] if len(of_kind) == 1 else None)


def _objects_of(sheet: Sheet) -> Iterator[Field]:
    node = sheet.root.node
    if node is not None:
        document = Document(sheet.document, node, node.start, node.end)
        yield from (obj.field for obj in objects(document))
