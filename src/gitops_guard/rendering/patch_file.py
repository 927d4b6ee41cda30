"""Adds a strategic merge patch to a kustomization, where no source of a field can be edited."""

import posixpath
import re
from collections.abc import Mapping, Sequence

from gitops_guard.editing.claim import ImpossibleIntentError, expected
from gitops_guard.editing.emit import block_lines
from gitops_guard.editing.intent import AppendItem, DeleteKey, Intent, SetValue
from gitops_guard.editing.quoting import UnwritableError
from gitops_guard.editing.style import Style
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rendering.list_items import key_names
from gitops_guard.rendering.object_changes import HASHED
from gitops_guard.rendering.source_edit import CannotEditError, edited_text, readable
from gitops_guard.rendering.source_place import Sheet
from gitops_guard.rendering.source_tree import SourceTree
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.nodes import Data

_MOST_PATCHES = 9
_UNFIT = re.compile(r"[^a-z0-9.-]+")


def added_patch(
    obj: KubernetesObject, intents: Sequence[Intent], folder: str, files: Mapping[str, bytes]
) -> dict[str, str]:
    """The texts of the files after a patch was added to the kustomization of a folder.

    The patch is for one object; its name follows from the object, a number from those that are there already.

    Raises:
        CannotEditError: the folder's kustomization cannot be edited, or a change cannot be written as a patch.
    """
    sheet = SourceTree(files).kustomization(folder)
    if sheet is None:
        raise CannotEditError(f"{folder or 'the top folder'} has no kustomization to add a patch to")
    kustomization = readable(sheet.path, files)
    named = _name_within(obj, sheet)
    stem = f"patch-{_UNFIT.sub('-', f'{obj.kind}-{named}'.lower())}"
    names = (f"{stem}.yaml", *(f"{stem}-{number}.yaml" for number in range(2, _MOST_PATCHES + 1)))
    name = next((one for one in names if posixpath.join(folder, one) not in files), None)
    if name is None:
        raise CannotEditError(f"{folder} has {_MOST_PATCHES} patches for it already: join them first")
    path = posixpath.join(folder, name)
    entry: Data = {"path": name, "target": {"kind": obj.kind, "name": named}}
    return {
        path: _patch_text(obj, named, intents),
        sheet.path: edited_text(kustomization.text, sheet.document, [AppendItem(("patches",), entry)]),
    }


def _name_within(obj: KubernetesObject, sheet: Sheet) -> str:
    """The name that an object has where patches of a kustomization run: before its prefix, suffix and hash."""
    name = HASHED.sub("", obj.identity.name) if obj.kind in {"ConfigMap", "Secret"} else obj.identity.name
    return name.removeprefix(sheet.root["namePrefix"].text).removesuffix(sheet.root["nameSuffix"].text)


def _patch_text(obj: KubernetesObject, name: str, intents: Sequence[Intent]) -> str:
    head: dict[str, Data] = {
        "apiVersion": obj.identity.api_version,
        "kind": obj.kind,
        "metadata": {"name": name},
    }
    for intent in intents:
        if not isinstance(intent, SetValue | AppendItem | DeleteKey):
            raise CannotEditError("it adds a document: add it to the sources by hand")
        _write(head, obj.field, intent)
    try:
        lines = block_lines(head, 0, Style())
    except UnwritableError as error:
        raise CannotEditError(str(error)) from None
    return "\n".join((*lines, ""))


def _write(head: Data, rendered: Field, intent: SetValue | AppendItem | DeleteKey) -> None:
    """Writes an intent into a patch: lists by the merge key of their items, whole ones where they have none."""
    target, field = head, rendered
    path = intent.path
    for depth, key in enumerate(path[:-1]):
        following = path[depth + 1]
        field = field[key]
        if isinstance(following, int) and not _is_keyed(field, following):
            _put(target, key, _whole(rendered, path[: depth + 1], intent))
            return
        if isinstance(key, int):
            target = _item(target, field)
        elif isinstance(target, dict):
            fresh: Data = [] if isinstance(following, int) else {}
            target = target.setdefault(str(key), fresh)
    last = path[-1]
    if isinstance(intent, DeleteKey):
        _put(target, last, None)
    elif isinstance(intent, AppendItem):
        _put(target, last, _whole(rendered, path, intent))
    else:
        _put(target, last, intent.value)


def _put(target: Data, key: str | int, value: Data) -> None:
    if isinstance(target, dict) and isinstance(key, str):
        target[key] = value
        return
    raise CannotEditError("an item of a list cannot be patched by itself")


def _is_keyed(items: Field, index: int) -> bool:
    return any(items[index][key].exists for key in key_names(str(items.key)))


def _item(target: Data, field: Field) -> Data:
    """The item of a list, with all before it by their keys only: Kustomize puts what a patch names first."""
    if not isinstance(target, list) or not isinstance(field.key, int) or field.parent is None:
        raise CannotEditError("an item of a list cannot be patched by itself")
    for index in range(len(target), field.key + 1):
        target.append(_keys(field.parent[index]))
    return target[field.key]


def _keys(item: Field) -> dict[str, Data]:
    name = "" if item.parent is None else str(item.parent.key)
    key = next((key for key in key_names(name) if item[key].exists), None)
    if key is None:
        raise CannotEditError("an item of a list has no name, so it cannot be patched by itself")
    found = {key: item[key].data}
    return found | {"protocol": item["protocol"].data} if item["protocol"].exists else found


def _whole(rendered: Field, path: KeyPath, intent: Intent) -> Data:
    """The value at a path after an intent."""
    try:
        (value,) = expected([rendered.data], 0, [intent])
    except ImpossibleIntentError as error:
        raise CannotEditError(str(error)) from None
    for key in path:
        value = value[key]  # type: ignore[index]
    return value
