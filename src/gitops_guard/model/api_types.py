"""Whether Kubernetes can decode a workload at all: every field has the JSON type that its Go type takes.

An object that cannot be decoded is refused before Pod Security looks at it, so nothing is claimed of it. The table is
made by scripts/extract_api_types.py; fields that it does not know are ignored, as the decoder does.
"""

import json
import os
import re
from functools import cache
from typing import Any

from gitops_guard.syntax.field import Field


def undecodable(kind: str, field: Field) -> Field | None:
    """The first field below an object of a kind that has the wrong type; None if there is none, or for other kinds."""
    table = _table()
    root = table["kinds"].get(kind)
    return None if root is None else _wrong(field, root, table["types"])


@cache
def _table() -> Any:  # noqa: ANN401 - JSON, read by the two functions here
    path = os.path.join(os.path.dirname(__file__), "api_types.json")  # noqa: PTH118, PTH120 - start-up without pathlib
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        return json.load(file)


def _wrong(field: Field, code: str, types: dict[str, dict[str, str]]) -> Field | None:
    if not field.exists or code == "?":
        return None
    mark = code[0]
    if mark in "[{":
        if not (field.is_sequence if mark == "[" else field.is_mapping):
            return field
        inside = field.items() if mark == "[" else field.entries()
        return next((found for one in inside if (found := _wrong(one, code[1:], types))), None)
    if code not in types:
        return None if _is(field, code) else field
    if not field.is_mapping:
        return field
    fields = types[code]
    known = ((entry, fields[str(entry.key)]) for entry in field.entries() if entry.key in fields)
    return next((found for entry, kind in known if (found := _wrong(entry, kind, types))), None)


_BITS = {"i": 63, "w": 31, "p": 31}
_QUANTITY = r" *[+-]?[0-9]*(?:\.[0-9]*)?(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)? *"
_TIME = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:[.,][0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-4]):[0-5][0-9])"
)


def _is(field: Field, code: str) -> bool:
    if field.is_mapping or field.is_sequence:
        return False
    value = field.value
    if isinstance(value, bool):
        return code == "b"
    if isinstance(value, str):
        return code in "sp" or (code == "q" and _is_quantity(value)) or (code == "t" and _is_time(value))
    if code in _BITS:
        limit = 1 << _BITS[code]
        return value is not None and value == value // 1 and -limit <= value < limit
    return code in "nq"


def _is_quantity(text: str) -> bool:
    """As apimachinery parses it, which takes `.` and `Mi` for zero, but no empty text."""
    return bool(text.strip(" ")) and re.fullmatch(_QUANTITY, text) is not None


def _is_time(text: str) -> bool:
    """RFC 3339, with a day that exists."""
    found = re.fullmatch(_TIME, text)
    if found is None:
        return False
    from datetime import datetime  # noqa: PLC0415 - hardly any manifest has a time

    try:
        datetime.fromisoformat(found[1])
    except ValueError:
        return False
    return True
