"""Turns what should change of a rendered object into edits of the sources that own it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_guard.editing.claim import ImpossibleIntentError, expected, same_data
from gitops_guard.editing.intent import AppendItem, DeleteKey, Intent, SetValue
from gitops_guard.editing.second_parser import Unreadable, our_tree, ruamel_tree
from gitops_guard.editing.yaml import Refused, apply
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rendering.inline_text import inline_text, with_inline_text
from gitops_guard.rendering.rendered_objects import sought
from gitops_guard.rendering.source_map import SourceMap
from gitops_guard.rendering.source_place import (
    FILE,
    GENERATOR,
    IMAGES,
    INLINE_VALUES,
    REPLACEMENT,
    TEMPLATE,
    VALUES,
    SourcePlace,
)
from gitops_guard.rendering.source_values import image_intents, value_intent
from gitops_guard.source_file import Skipped, SourceFile, decode
from gitops_guard.syntax.nodes import Data, data
from gitops_guard.syntax.yaml import parse


class CannotEditError(Exception):
    """No source can be edited for a change; the message says why, and what a person can do."""


class _Target(NamedTuple):
    """The document, or the text inside one, that edits go to."""

    path: str
    document: int
    holder: tuple[str | int, ...]


def direct_edit(
    obj: KubernetesObject, intents: Sequence[Intent], sources: SourceMap, files: Mapping[str, bytes]
) -> dict[str, str]:
    """The texts of the files after the change has been made where each field is decided.

    Args:
        obj: the rendered object.
        intents: with keypaths below it.
        sources: of its root.
        files: of the repository.

    Raises:
        CannotEditError: a field belongs to nothing that can be edited.
    """
    wanted: dict[_Target, list[Intent]] = {}
    for intent in intents:
        if not isinstance(intent, SetValue | AppendItem | DeleteKey):
            raise CannotEditError("it adds a document: add it to the sources by hand")
        place = sources.locate(obj.identity, intent.path)
        if place is None:
            raise CannotEditError("where it comes from is not known")
        _require_editable(place)
        holder = place.keypath if place.inner else ()
        target = _Target(place.path, place.document, holder)
        wanted.setdefault(target, []).extend(_translated(obj, intent, place, files))
    texts: dict[str, str] = {}
    for target, given in wanted.items():
        before = texts.get(target.path)
        file = readable(target.path, files)
        texts[target.path] = _edited(file.text if before is None else before, target, given)
    return texts


def _require_editable(place: SourcePlace) -> None:
    where = place.path if place.start is None else f"{place.path}:{place.start.line}"
    if place.kind == TEMPLATE:
        raise CannotEditError(
            f"{where} is a template, and no value reaches this: add one to the chart, or ask who maintains it"
        )
    if "/charts/" in f"/{place.path}":
        raise CannotEditError(f"{where} belongs to a chart within a chart: set its value in the chart that uses it")
    if place.kind in {FILE, GENERATOR, REPLACEMENT}:
        raise CannotEditError(f"{where} decides it, but not in a way that can be edited for certain")


def _translated(
    obj: KubernetesObject, intent: SetValue | AppendItem | DeleteKey, place: SourcePlace, files: Mapping[str, bytes]
) -> list[Intent]:
    path = place.inner or place.keypath
    if isinstance(intent, DeleteKey):
        return [DeleteKey(path)]
    if isinstance(intent, AppendItem):
        return [AppendItem(path, intent.value)]
    written = _data_at(place, files)
    if place.kind == IMAGES:
        return image_intents(path, written, str(intent.value))
    if place.kind in {VALUES, INLINE_VALUES}:
        rendered = sought(obj, intent.path).field
        return [value_intent(path, written, rendered, intent.value)]
    return [SetValue(path, intent.value)]


def _data_at(place: SourcePlace, files: Mapping[str, bytes]) -> Data:
    """What is written at a place now; of `images`, the whole entry."""
    file = readable(place.path, files)
    text = inline_text(file.text, place.document, place.keypath) if place.inner else file.text
    keys = place.inner or place.keypath
    document = 0 if place.inner else place.document
    found = [one for one in parse(text).documents if one.number == document]
    value: Data = data(found[0].root) if found else None
    for key in keys[:2] if place.kind == IMAGES else keys:
        if isinstance(value, dict):
            value = value.get(str(key))
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def readable(path: str, files: Mapping[str, bytes]) -> SourceFile:
    """A file as text.

    Raises:
        CannotEditError: it is not there, or not UTF-8.
    """
    file = decode(path, files[path]) if path in files else Skipped(path, "it is not in the repository")
    if isinstance(file, Skipped):
        raise CannotEditError(f"{path}: {file.reason}")
    return file


def _edited(text: str, target: _Target, intents: Sequence[Intent]) -> str:
    if not target.holder:
        return edited_text(text, target.document, intents)
    inner = inline_text(text, target.document, target.holder)
    if len(parse(inner).documents) != 1:
        raise CannotEditError(f"{target.path} holds several documents in one text")
    after = with_inline_text(text, target.document, target.holder, edited_text(inner, 0, intents))
    if after is None:
        raise CannotEditError(f"the text inside {target.path} is not a literal block")
    return after


def edited_text(text: str, document: int, intents: Sequence[Intent]) -> str:
    """A text after intents, checked: it says what was claimed, to two parsers that share no code.

    Raises:
        CannotEditError: the edit cannot be made with certainty.
    """
    edited = apply(text, document, list(intents))
    if isinstance(edited, Refused):
        raise CannotEditError(edited.reason)
    try:
        wanted = expected([data(one.root) for one in parse(text).documents], document, intents)
    except ImpossibleIntentError as error:
        raise CannotEditError(str(error)) from None
    found = [data(one.root) for one in parse(edited.text).documents]
    if len(found) != len(wanted) or not all(map(same_data, found, wanted)):
        raise CannotEditError("the edited text does not say what the fix claims")
    ours, theirs = our_tree(edited.text), ruamel_tree(edited.text)
    if isinstance(ours, Unreadable) or isinstance(theirs, Unreadable) or ours != theirs:
        raise CannotEditError("two parsers do not read the edited text alike")
    return edited.text
