"""Marks in the values of a chart: distinct texts and numbers that are found again in what is rendered of them."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.syntax.field import KeyPath
from gitops_guard.syntax.nodes import Data

TRUTHY = "truthy"
FALSY = "falsy"
OFF = "off"
MAPPING = "mapping"
_FIRST_NUMBER = 20_011
_MOST = 4000
_TOKEN = re.compile(r"gtq(\d{4})q")
_NUMBER = re.compile(r"(?<!\d)2\d{4}(?!\d)")
_VALUE_PATH = re.compile(r"\.Values\.([A-Za-z0-9_.]{1,200})")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,4096}={0,2}")


class Mark(NamedTuple):
    """A mark on the value at `path`; `group` says what its value is like, which decides on what is marked together."""

    number: int
    path: KeyPath
    group: str
    is_number: bool = False

    @property
    def text(self) -> str:
        """The text to look for."""
        return f"gtq{self.number:04d}q"

    @property
    def value(self) -> Data:
        """What to write in the value's place."""
        return _FIRST_NUMBER + self.number if self.is_number else self.text


def marks_of(values: dict[str, Data]) -> tuple[Mark, ...]:
    """A mark for every value, and one for every mapping (a further key of it)."""
    found: list[Mark] = []
    for path, value in _walk(values, ()):
        if len(found) == _MOST:
            break
        if isinstance(value, dict):
            group, number = MAPPING, False
        elif isinstance(value, list):
            group, number = FALSY, False
        else:
            group = TRUTHY if value else OFF if value is False else FALSY
            number = isinstance(value, int | float) and not isinstance(value, bool)
        found.append(Mark(len(found), path, group, number))
    return tuple(found)


def _walk(value: Data, path: KeyPath) -> Iterator[tuple[KeyPath, Data]]:
    if isinstance(value, dict):
        if path:
            yield path, value
        for key, inner in value.items():
            yield from _walk(inner, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))
    else:
        yield path, value


def marked_values(values: dict[str, Data], marks: tuple[Mark, ...]) -> dict[str, Data]:
    """What to give over the values: only what is marked, whole lists where an item is."""
    result: dict[str, Data] = {}
    for mark in marks:
        _place(result, values, mark)
    return result


def _place(result: dict[str, Data], values: dict[str, Data], mark: Mark) -> None:
    target: Data = result
    given: Data = values
    path: KeyPath = (*mark.path, mark.text) if mark.group == MAPPING else mark.path
    for key in path[:-1]:
        given = _below(given, key)
        if isinstance(target, dict) and isinstance(key, str):
            target = target.setdefault(key, _copied(given) if isinstance(given, list) else {})
        elif isinstance(target, list) and isinstance(key, int):
            target = target[key]
    last = path[-1]
    value: Data = [mark.value] if isinstance(_below(given, last), list) else mark.value
    if isinstance(target, dict):
        target[str(last)] = value
    elif isinstance(target, list) and isinstance(last, int):
        target[last] = value


def named_in(reason: str, marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """The marks that the reason of a failure names: by their text, or by the path of the value."""
    numbers = {int(found) for found in _TOKEN.findall(reason)}
    paths = [tuple(found.split(".")) for found in _VALUE_PATH.findall(reason)]
    return tuple(
        mark
        for mark in marks
        if mark.number in numbers or any(mark.path[: len(path)] == path for path in paths if path != ("",))
    )


def _below(value: Data, key: str | int) -> Data:
    if isinstance(value, dict):
        return value.get(str(key))
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    return None


def _copied(value: Data) -> Data:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def numbers_in(text: str) -> Iterator[int]:
    """The numbers of the marks in a rendered text, also where it is base64."""
    lowered = text.lower()
    if "gtq" in lowered:
        yield from (int(found) for found in _TOKEN.findall(lowered))
    for found in _NUMBER.findall(text):
        yield int(found) - _FIRST_NUMBER
    if _BASE64.fullmatch(text):
        try:
            decoded = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
        if "gtq" in decoded:
            yield from (int(found) for found in _TOKEN.findall(decoded))
