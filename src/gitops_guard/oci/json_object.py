"""JSON objects that somebody else wrote: bounded, and read by type, with no traceback for any bytes."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

from gitops_guard.oci.content import RegistryError

DEEPEST = 64
"""Levels of nesting that are read; manifests have about six, configurations about five."""

_NESTING = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def json_object(body: bytes, what: str) -> Mapping[str, object]:
    """Reads a JSON object.

    Args:
        body: UTF-8.
        what: names it in the error.

    Raises:
        RegistryError: it is no JSON object, nested too deeply, or holds what is no Unicode text ("content").
    """
    try:
        text = body.decode()
        _require_shallow(text, what)
        value: object = json.loads(text, parse_constant=_no_constant)
    except ValueError:
        raise RegistryError("content", f"{what} is not JSON, or was cut off") from None
    if not isinstance(value, dict):
        raise RegistryError("content", f"{what} is JSON, but no object")
    if _SURROGATE.search(text):  # the only way to write what is no Unicode in decoded text
        _require_unicode(value, what)
    return value


def text_of(value: Mapping[str, object], key: str) -> str:
    """The text at a key; empty where there is none or something else."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def object_of(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    """The object at a key; empty where there is none or something else."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def objects_of(value: Mapping[str, object], key: str) -> tuple[Mapping[str, object], ...]:
    """The objects of a list at a key; what is no object is left out."""
    found = value.get(key)
    return tuple(item for item in found if isinstance(item, dict)) if isinstance(found, list) else ()


def texts_of(value: Mapping[str, object], key: str) -> tuple[tuple[str, str], ...]:
    """The texts of an object at a key (annotations, labels), in its order; what is no text is left out."""
    return tuple((name, text) for name, text in object_of(value, key).items() if isinstance(text, str))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _require_shallow(text: str, what: str) -> None:
    """Before parsing: the parser recurses, and at the interpreter's limit other things fail too."""
    depth = 0
    if text.count("{") + text.count("[") <= DEEPEST:
        return
    for found in _NESTING.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > DEEPEST:
            raise RegistryError("content", f"{what} is nested more than {DEEPEST} levels deep")


def _require_unicode(value: object, what: str) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str) and not _is_unicode(item):
            raise RegistryError("content", f"{what} holds text that is not Unicode")
        waiting.extend(_children(item))


def _children(item: object) -> Iterator[object]:
    if isinstance(item, dict):
        yield from item.keys()
        yield from item.values()
    elif isinstance(item, list):
        yield from item


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
