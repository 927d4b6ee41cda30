"""The generators of a kustomization as layers: ConfigMaps and Secrets of literals, files and env files."""

import base64
import binascii
import posixpath
from collections.abc import Iterator

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rendering.layer import PART, SETS, SPEAKS, Layer, Said
from gitops_guard.rendering.rendered_objects import Sought
from gitops_guard.rendering.source_place import FILE, GENERATOR, Sheet, whole_file
from gitops_guard.rendering.source_tree import SourceTree, folder_of, resolved_path
from gitops_guard.syntax.field import Field
from gitops_guard.text import LineIndex, Span

_LISTS = {"ConfigMap": "configMapGenerator", "Secret": "secretGenerator"}
_DATA = frozenset(("data", "binaryData", "stringData"))
_PAIR = 2


def generator_layers(tree: SourceTree, sheet: Sheet, obj: KubernetesObject) -> Iterator[Layer]:
    """The entries of a kustomization that made a ConfigMap or Secret, if it has such."""
    for entry in sheet.root[_LISTS.get(obj.kind, "")].items():
        name = entry["name"].text
        if name and name in obj.identity.name:
            yield Layer(GENERATOR, _Entry(tree, sheet, entry).look)


def generated_name(sheet: Sheet, obj: KubernetesObject) -> str:
    """The name that a generator gives an object before prefixes, suffixes and the hash; the longest that fits."""
    names = (entry["name"].text for entry in sheet.root[_LISTS.get(obj.kind, "")].items())
    return max((name for name in names if name and name in obj.identity.name), key=len, default="")


def generator_paths(sheet: Sheet) -> Iterator[str]:
    """The files that the generators of a kustomization read."""
    for name in _LISTS.values():
        for entry in sheet.root[name].items():
            for item in entry["files"].items():
                yield _file_path(sheet, item)
            yield from (resolved_path(folder_of(sheet.path), item.text) for item in _env_files(entry))


class _Entry:
    def __init__(self, tree: SourceTree, sheet: Sheet, entry: Field) -> None:
        self._tree = tree
        self._sheet = sheet
        self._entry = entry

    def look(self, wanted: Sought) -> Said | None:
        keys = wanted.keys
        if keys == ("metadata", "name"):
            return Said(self._sheet, self._entry["name"], GENERATOR, PART)
        if len(keys) != _PAIR or keys[0] not in _DATA:
            return self._other(wanted)
        value = _decoded(wanted) if wanted.object.kind == "Secret" else wanted.field.text
        key = str(keys[1])
        return self._literal(key, value) or self._file(key, value) or self._env_line(key, value)

    def _other(self, wanted: Sought) -> Said | None:
        keys = wanted.keys
        if not keys or keys[0] in _DATA | {"kind", "apiVersion"}:
            return Said(self._sheet, self._entry, GENERATOR, SETS)
        if keys == ("type",):
            return Said(self._sheet, self._entry["type"], GENERATOR, SETS)
        if len(keys) > _PAIR and keys[0] == "metadata":
            field = self._entry["options"].at(*keys[1:])
            return Said(self._sheet, field, GENERATOR, SETS) if field.exists else None
        return None

    def _literal(self, key: str, value: str) -> Said | None:
        for item in self._entry["literals"].items():
            name, equals, text = item.text.partition("=")
            if equals and name.strip() == key:
                is_same = text.strip("\"'") == value.strip("\"'")
                return Said(self._sheet, item, GENERATOR, SETS if is_same else SPEAKS)
        return None

    def _file(self, key: str, value: str) -> Said | None:
        for item in self._entry["files"].items():
            name, equals, _ = item.text.partition("=")
            path = _file_path(self._sheet, item)
            if key != (name if equals else posixpath.basename(item.text)):
                continue
            text = self._tree.text(path)
            is_same = text is not None and text.rstrip("\n") == value.rstrip("\n")
            how = SETS if is_same or text is None else SPEAKS
            return Said(self._sheet, item, FILE, how, whole_file(path))
        return None

    def _env_line(self, key: str, value: str) -> Said | None:
        for item in _env_files(self._entry):
            path = resolved_path(folder_of(self._sheet.path), item.text)
            text, at = self._tree.text(path) or "", 0
            for line in text.split("\n"):
                name, equals, said = line.strip().partition("=")
                if equals and name == key:
                    file = Sheet(path, 0, Field(None, "", None), text, LineIndex(text))
                    place = file.place_of(Span(at, at + len(line)), (), GENERATOR)
                    how = SETS if said.strip() == value.strip() else SPEAKS
                    return Said(self._sheet, item, GENERATOR, how, place)
                at += len(line) + 1
        return None


def _env_files(entry: Field) -> Iterator[Field]:
    yield from entry["envs"].items()
    if entry["env"].string:
        yield entry["env"]


def _file_path(sheet: Sheet, item: Field) -> str:
    return resolved_path(folder_of(sheet.path), item.text.rpartition("=")[2])


def _decoded(wanted: Sought) -> str:
    try:
        return base64.b64decode(wanted.field.text).decode()
    except (binascii.Error, UnicodeDecodeError):
        return wanted.field.text
