"""The fields of a kustomization that change objects of many kinds, as layers: images, replicas, names, labels."""

import re
from collections.abc import Callable, Iterator

from gitops_guard.editing.claim import same_data
from gitops_guard.rendering.layer import PART, SETS, Layer, Said
from gitops_guard.rendering.rendered_objects import Sought
from gitops_guard.rendering.source_place import IMAGES, KUSTOMIZATION, REPLACEMENT, Sheet
from gitops_guard.syntax.field import Field

Concerns = Callable[[Sought], bool]

_LABELS = frozenset(("labels", "matchLabels", "selector"))
_NAME = ("metadata", "name")


def name_layers(sheet: Sheet) -> Iterator[Layer]:
    """`namespace`, `namePrefix` and `nameSuffix`."""
    root = sheet.root
    if root["namespace"].exists:
        yield _layer(sheet, root["namespace"], _is_namespace)
    for key in ("namePrefix", "nameSuffix"):
        if root[key].exists:
            yield _name_part(sheet, root[key])


def label_layers(sheet: Sheet) -> Iterator[Layer]:
    """`commonLabels`, `labels` and `commonAnnotations`."""
    root = sheet.root
    for item in root["labels"].items():
        yield from (_keyed(sheet, pair, _LABELS) for pair in item["pairs"].entries())
    yield from (_keyed(sheet, pair, _LABELS) for pair in root["commonLabels"].entries())
    yield from (_keyed(sheet, pair, frozenset(("annotations",))) for pair in root["commonAnnotations"].entries())


def count_and_image_layers(sheet: Sheet) -> Iterator[Layer]:
    """`replicas` and `images`."""
    for item in sheet.root["replicas"].items():
        yield _replicas(sheet, item)
    for item in sheet.root["images"].items():
        yield _image(sheet, item)


def _layer(sheet: Sheet, field: Field, concerns: Concerns) -> Layer:
    def look(wanted: Sought) -> Said | None:
        if not concerns(wanted) or not same_data(field.data, wanted.field.data):
            return None
        return Said(sheet, field, KUSTOMIZATION, SETS)

    return Layer(KUSTOMIZATION, look)


def _is_namespace(wanted: Sought) -> bool:
    keys = wanted.keys
    return keys == ("metadata", "namespace") or (keys[:1] == ("subjects",) and keys[-1:] == ("namespace",))


def _name_part(sheet: Sheet, field: Field) -> Layer:
    part, is_prefix = field.text, field.key == "namePrefix"

    def look(wanted: Sought) -> Said | None:
        text = wanted.field.text
        if wanted.keys != _NAME or not part or not (text.startswith(part) if is_prefix else part in text):
            return None
        return Said(sheet, field, KUSTOMIZATION, PART)

    return Layer(KUSTOMIZATION, look)


def _keyed(sheet: Sheet, pair: Field, below: frozenset[str]) -> Layer:
    def concerns(wanted: Sought) -> bool:
        keys = wanted.keys
        return len(keys) > 1 and keys[-1] == pair.key and keys[-2] in below

    return _layer(sheet, pair, concerns)


def _replicas(sheet: Sheet, item: Field) -> Layer:
    def look(wanted: Sought) -> Said | None:
        count = item["count"]
        if wanted.keys != ("spec", "replicas") or not same_data(count.data, wanted.field.data):
            return None
        named = item["name"].text in wanted.object.identity.name
        return Said(sheet, count, KUSTOMIZATION, SETS) if named else None

    return Layer(KUSTOMIZATION, look)


def _image(sheet: Sheet, item: Field) -> Layer:
    def look(wanted: Sought) -> Said | None:
        if wanted.keys[-1:] != ("image",) or not wanted.field.text:
            return None
        field = _decisive(item, wanted.field.text)
        return None if field is None else Said(sheet, field, IMAGES, SETS)

    return Layer(IMAGES, look)


def _decisive(item: Field, image: str) -> Field | None:
    """The part of an entry of `images:` that decides an image as rendered; None where the entry did not make it."""
    name, tag, digest = split_image(image)
    new_name = item["newName"]
    if (new_name if new_name.exists else item["name"]).text != name:
        return None
    written, given = item["digest"], digest
    if not written.exists:
        written, given = item["newTag"], tag
    if written.exists:
        return written if written.text == given else _suffixed(item, tag)
    return new_name if new_name.exists else _suffixed(item, tag)


def _suffixed(item: Field, tag: str) -> Field | None:
    suffix = item["tagSuffix"]
    return suffix if suffix.text and tag.endswith(suffix.text) else None


def split_image(image: str) -> tuple[str, str, str]:
    """Name, tag and digest of an image as Kustomize splits them."""
    rest, _, digest = image.partition("@")
    slash = rest.rfind("/")
    colon = rest.find(":", slash + 1)
    return (rest, "", digest) if colon < 0 else (rest[:colon], rest[colon + 1 :], digest)


def replacement_layers(sheet: Sheet, replacements: Field) -> Iterator[Layer]:
    """The targets of replacements, which `sheet` holds."""
    for replacement in replacements.items():
        for target in replacement["targets"].items():
            for path in target["fieldPaths"].items():
                yield _replacement(sheet, target, path)


def _replacement(sheet: Sheet, target: Field, path: Field) -> Layer:
    keys = _path_keys(path.text)

    def look(wanted: Sought) -> Said | None:
        select = target["select"]
        if select["kind"].exists and select["kind"].text != wanted.object.kind:
            return None
        if select["name"].exists and select["name"].text not in wanted.object.identity.name:
            return None
        return Said(sheet, path, REPLACEMENT, SETS) if _follows(keys, wanted.steps) else None

    return Layer(REPLACEMENT, look)


def _path_keys(path: str) -> tuple[str, ...]:
    """The keys of a field path: dots part them unless a backslash or brackets keep them together."""
    found = re.findall(r"\[[^\]]*\]|(?:[^.\[\\]|\\.)+", path)
    return tuple(re.sub(r"\\(.)", r"\1", key) for key in found)


def _follows(keys: tuple[str, ...], steps: tuple[Field, ...]) -> bool:
    return len(keys) == len(steps) and all(map(_is_step, keys, steps))


def _is_step(key: str, step: Field) -> bool:
    if key == "*":
        return True
    if key.startswith("["):
        name, _, value = key[1:-1].partition("=")
        return step[name].text == value
    return str(step.key) == key
