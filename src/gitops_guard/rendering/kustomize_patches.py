"""The patches of a kustomization as layers: strategic merge and JSON 6902, in files and written inline."""

import posixpath
from collections.abc import Iterator

from gitops_guard.editing.claim import same_data
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rendering.json_pointer import decoded
from gitops_guard.rendering.layer import Layer, Said, comparison, object_layer
from gitops_guard.rendering.list_items import followed
from gitops_guard.rendering.rendered_objects import Sought
from gitops_guard.rendering.selector import selects
from gitops_guard.rendering.source_place import JSON6902, PATCH, Sheet
from gitops_guard.rendering.source_tree import SourceTree, folder_of, resolved_path
from gitops_guard.syntax.field import Field

_SETTING = frozenset(("add", "replace"))


def early_patches(tree: SourceTree, sheet: Sheet, obj: KubernetesObject, name: str) -> Iterator[Layer]:
    """The patches that run before the other transformers, for an object; `name` is the one it was written with."""
    for item in sheet.root["patchesStrategicMerge"].items():
        for one in _path_or_inline(tree, sheet, item):
            yield from _merged(one, obj, name, targeted=False)
    for item in sheet.root["patches"].items():
        yield from _patch(tree, sheet, item, obj, name)


def late_patches(tree: SourceTree, sheet: Sheet, obj: KubernetesObject, name: str) -> Iterator[Layer]:
    """Those of `patchesJson6902`, which run behind the labels."""
    for item in sheet.root["patchesJson6902"].items():
        yield from _patch(tree, sheet, item, obj, name)


def _patch(tree: SourceTree, sheet: Sheet, item: Field, obj: KubernetesObject, name: str) -> Iterator[Layer]:
    target = item["target"]
    if target.is_mapping and not selects(target, obj, name):
        return
    sheets = tree.inline(sheet, item["patch"]) if item["patch"].exists else _in_file(tree, sheet, item["path"])
    for one in sheets:
        if one.root.is_sequence:
            yield from (_operation(one, operation) for operation in one.root.items())
        else:
            yield from _merged(one, obj, name, targeted=target.is_mapping)


def _path_or_inline(tree: SourceTree, sheet: Sheet, item: Field) -> tuple[Sheet, ...]:
    return tree.inline(sheet, item) if "\n" in item.text else _in_file(tree, sheet, item)


def _in_file(tree: SourceTree, sheet: Sheet, path: Field) -> tuple[Sheet, ...]:
    return tree.sheets(resolved_path(folder_of(sheet.path), path.text)) if path.string else ()


def _merged(one: Sheet, obj: KubernetesObject, name: str, *, targeted: bool) -> Iterator[Layer]:
    root = one.root
    if targeted or (root["kind"].text == obj.kind and root["metadata"]["name"].text in {name, obj.identity.name}):
        yield object_layer(one, root, PATCH)


def _operation(sheet: Sheet, operation: Field) -> Layer:
    """One operation of a JSON patch: it writes what its pointer names, and what is below."""
    keys = decoded(operation["path"].text)
    value = operation["value"]
    writes = operation["op"].text in _SETTING and value.written is not None

    def look(wanted: Sought) -> Said | None:
        depth = len(keys)
        if not writes or len(wanted.steps) < depth or not _leads(keys, wanted, value):
            return None
        found = followed(value, wanted.steps[depth:])
        return None if found is None else Said(sheet, found, JSON6902, comparison(found, wanted.field))

    return Layer(JSON6902, look)


def _leads(keys: tuple[str, ...], wanted: Sought, value: Field) -> bool:
    """Whether a pointer leads to a rendered field or above it; an index may have moved if the item is the same."""
    for depth, (key, step) in enumerate(zip(keys, wanted.steps, strict=False), 1):
        if isinstance(step.key, int):
            if key == str(step.key):
                continue
            if depth != len(keys) or not same_data(value.data, step.data):
                return False
        elif step.key != key:
            return False
    return True


def patch_paths(sheet: Sheet) -> Iterator[str]:
    """The files of the patches of a kustomization."""
    folder = posixpath.dirname(sheet.path)
    for item in sheet.root["patchesStrategicMerge"].items():
        if item.string and "\n" not in item.text:
            yield resolved_path(folder, item.text)
    for name in ("patches", "patchesJson6902"):
        yield from (resolved_path(folder, item["path"].text) for item in sheet.root[name].items() if item["path"].text)
