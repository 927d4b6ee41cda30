"""Judges an object by the Kubernetes schema of a version, as strict field validation does. Reads installed files only.

The schemas are the data files of the PyPI package kubernetes-validate, made from Kubernetes' own OpenAPI description.
They use eight asserting keywords of JSON Schema (2020-12), which are judged here: importing jsonschema alone costs more
than the whole judgement. Where the description is stricter or looser than the API server, the server is followed.
"""

import binascii
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import islice
from typing import NamedTuple, TypedDict, cast

from gitops_guard.errors import ConfigurationError
from gitops_guard.settings import DEFAULT_KUBERNETES
from gitops_guard.syntax.field import KeyPath, format_keypath

_MOST_MESSAGES = 5
_LONGEST_NAME = 80
_ASSERTING = frozenset({"$ref", "type", "properties", "required", "items", "enum", "additionalProperties", "format"})
_ZERO_IS_ACCEPTED = {
    "ClusterTrustBundleProjection": ("path",),
    "CSIDriver": ("spec",),
    "CustomResourceDefinitionVersion": ("served", "storage"),
    "Event": ("involvedObject",),
    "ForZone": ("name",),
    "HTTPHeader": ("value",),
    "ISCSIPersistentVolumeSource": ("lun",),
    "ISCSIVolumeSource": ("lun",),
    "LimitRangeSpec": ("limits",),
    "PodFailurePolicy": ("rules",),
    "PreferredSchedulingTerm": ("preference",),
    "ScaleIOVolumeSource": ("secretRef",),
    "SleepAction": ("seconds",),
    "Sysctl": ("value",),
    "TokenRequest": ("audience",),
}
"""Fields described as required that a server (1.36) accepts an object without: it takes the zero value, or null."""
_SILENT = frozenset({"description", "title", "default", "$schema", "$id"})

_QUANTITY = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?"
"""Kubernetes' resource.Quantity: a decimal number with a binary, decimal or exponential suffix."""

_Schema = TypedDict(
    "_Schema",
    {
        "$ref": str,
        "type": str | list[str],
        "properties": dict[str, "_Schema"],
        "required": list[str],
        "items": "_Schema",
        "enum": list[object],
        "additionalProperties": "bool | _Schema",
        "oneOf": list[object],
        "format": str,
        "x-kubernetes-group-version-kind": list[dict[str, str]],
    },
    total=False,
)
_Definitions = dict[str, _Schema]
_Place = tuple[object, _Schema, KeyPath]


class Verdict(NamedTuple):
    """`state` is `valid`, `invalid` (then `messages` say where and what) or `unknown` (then `reason` says why)."""

    state: str
    messages: tuple[str, ...] = ()
    reason: str = ""


class _UnhandledKeywordError(Exception):
    """A schema asserts something that is not judged here."""


def validate(value: Mapping[str, object], minor: str = DEFAULT_KUBERNETES) -> Verdict:
    """Judges one object given as plain JSON data.

    Custom kinds, and versions of a kind that this Kubernetes does not serve, are `unknown`: they are not judged. At
    most five messages are given; they name keypaths, never values, since a value may be a secret.

    Raises:
        ConfigurationError: there is no schema for that minor version of Kubernetes, or no package of schemas.
    """
    definitions = _definitions(minor)
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return Verdict("unknown", reason="it has no apiVersion and kind")
    schema = _schema_of(api_version, kind, minor)
    if schema is None:
        name = f"{_short(kind)} in {_short(api_version)}"
        return Verdict("unknown", reason=f"Kubernetes {minor} does not serve {name}")
    try:
        messages = tuple(islice(_problems(dict(value), schema, definitions), _MOST_MESSAGES))
    except _UnhandledKeywordError as error:
        return Verdict("unknown", reason=f"the schema of Kubernetes {minor} uses {error}, which is not judged")
    return Verdict("invalid", messages) if messages else Verdict("valid")


@cache
def supported_minors() -> tuple[str, ...]:
    """The minor versions of Kubernetes that have a schema, oldest first, as `1.36`.

    Raises:
        ConfigurationError: the package of schemas is absent.
    """
    return tuple(f"1.{minor}" for minor in sorted(int(name.split(".")[1]) for name in _folders()))


def default_minor() -> str:
    """The middle of the three newest minors that have a schema: what most clusters run."""
    return supported_minors()[-3:][1]


def require_supported(minor: str) -> None:
    """Checks that there is a schema for a minor version.

    Raises:
        ConfigurationError: there is none; the hint names the nearest.
    """
    known = supported_minors()
    if minor in known:
        return
    major, _, number = minor.partition(".")
    if major != "1" or not number.isdecimal() or len(number) > len("999"):
        raise ConfigurationError(
            f"{_short(minor)!r} is no minor version of Kubernetes", hint=f"for example {known[-2]}"
        )
    nearest = min(known, key=lambda version: abs(int(version.partition(".")[2]) - int(number)))
    raise ConfigurationError(f"there is no schema for Kubernetes {minor}", hint=f"the nearest one is {nearest}")


@cache
def _root() -> str:
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise ConfigurationError("the package kubernetes-validate is missing", hint="pip install kubernetes-validate")
    return spec.origin.removesuffix("__init__.py") + "kubernetes-json-schema"


def _folders() -> list[str]:
    """The names of the folders of strict schemas, such as `v1.36.0-local-strict`: one for each minor version."""
    with os.scandir(_root()) as entries:
        return [entry.name for entry in entries if entry.name.startswith("v1.") and entry.name.endswith("-strict")]


@cache
def _definitions(minor: str) -> _Definitions:
    """The definitions by name: one file holds them all, and is read as fast as the sixty small ones of a workload."""
    require_supported(minor)
    folder = next(name for name in _folders() if name.startswith(f"v{minor}."))
    with open(f"{_root()}/{folder}/_definitions.json", "rb") as file:  # noqa: PTH123 - pathlib costs 7 ms
        definitions = cast("_Definitions", json.load(file)["$defs"])
    for name, schema in definitions.items():
        _follow_the_server(name.rpartition(".")[2], schema)
    return definitions


def _follow_the_server(name: str, schema: _Schema) -> None:
    """Changes a definition to what the API server does; each difference was seen at a server."""
    if "oneOf" in schema:
        # The alternatives both allow null, so that null would fit two of them and be refused.
        del schema["oneOf"]
        schema["type"] = ["string", "number", "null"] if name == "Quantity" else ["string", "integer", "null"]
        schema["format"] = "quantity" if name == "Quantity" else "int32"
    for field in _ZERO_IS_ACCEPTED.get(name, ()):
        if field in schema.get("required", ()):
            schema["required"] = [other for other in schema["required"] if other != field]
            its_type = schema["properties"][field].get("type")
            if isinstance(its_type, str):
                schema["properties"][field]["type"] = [its_type, "null"]


@cache
def _schema_of(api_version: str, kind: str, minor: str) -> _Schema | None:
    group, _, version = api_version.rpartition("/")
    wanted = {"group": group, "version": version, "kind": kind}
    for schema in _definitions(minor).values():
        if wanted in schema.get("x-kubernetes-group-version-kind", ()):
            return schema
    return None


def _problems(value: object, schema: _Schema, definitions: _Definitions) -> Iterator[str]:
    """What is wrong with a value, in document order. A stack, not a recursion: the nesting is hostile input."""
    places: list[_Place] = [(value, schema, ())]
    while places:
        found, expected, at = places.pop()
        expected = _resolved(expected, definitions)
        what = _own_problem(found, expected)
        if what:
            yield _message(at, what)
        elif isinstance(found, dict):
            yield from (_message(at, what) for what in _key_problems(found, expected))
            places.extend(reversed(list(_values(found, expected, at))))
        elif isinstance(found, list) and "items" in expected:
            places.extend((found[i], expected["items"], (*at, i)) for i in reversed(range(len(found))))


def _resolved(schema: _Schema, definitions: _Definitions) -> _Schema:
    """The schema that is referred to; beside a reference these files have no other assertion."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    unhandled = [key for key in schema.keys() - _ASSERTING - _SILENT if not key.startswith("x-kubernetes-")]
    if unhandled:
        raise _UnhandledKeywordError(min(unhandled))
    return schema


def _own_problem(value: object, schema: _Schema) -> str:
    """What is wrong with a value itself, whatever is below it; empty if nothing is."""
    form = schema.get("format", "")
    if form == "byte" and isinstance(value, list):
        return ""  # the server also reads binary data as a list of numbers
    if "type" in schema and not _has_type(value, schema["type"]):
        return f"must be {_types(schema['type'])}"
    if "enum" in schema and value not in schema["enum"]:
        return "must be one of " + ", ".join(map(str, schema["enum"]))
    return "" if _has_format(value, form) else _FORMATS[form]


def _key_problems(value: dict[str, object], schema: _Schema) -> Iterator[str]:
    properties = schema.get("properties", {})
    for key in schema.get("required", ()):
        if key not in value:
            yield f"the field {key} is required"
    if schema.get("additionalProperties") is False:
        for key in value:
            if key not in properties:
                yield f"there is no field {_short(key)}"


def _values(value: dict[str, object], schema: _Schema, at: KeyPath) -> Iterator[_Place]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for key, below in value.items():
        if key in properties:
            yield below, properties[key], (*at, key)
        elif not isinstance(others, bool):
            yield below, others, (*at, key)


def _types(names: str | Sequence[str]) -> str:
    return names if isinstance(names, str) else " or ".join(name for name in names if name != "null")


def _has_type(value: object, names: str | Sequence[str]) -> bool:
    """Whether a value has one of the types, in the sense of JSON Schema: 3.0 is an integer, true is no number."""
    wanted = (names,) if isinstance(names, str) else names
    if isinstance(value, float) and value.is_integer() and "integer" in wanted:
        return True
    return any(name in wanted for name in _TYPE_NAMES.get(type(value), ()))


def _has_format(value: object, form: str) -> bool:
    """Whether a value has a format. Those that say nothing of its JSON type (`int32` of a string) let it pass."""
    match form, value:
        case "int32" | "int64", int() | float():
            limit = 1 << (31 if form == "int32" else 63)
            return -limit <= value < limit
        case "byte", str():
            return _is_base64(value)
        case "quantity", str():  # the server passes over spaces around it
            return re.fullmatch(_QUANTITY, value.strip(" ")) is not None
    return True


def _is_base64(value: str) -> bool:
    try:
        binascii.a2b_base64(value.replace("\r", "").replace("\n", ""), strict_mode=True)
    except ValueError:
        return False
    return True


def _message(at: KeyPath, what: str) -> str:
    return (
        f"{format_keypath(tuple(_short(key) if isinstance(key, str) else key for key in at))}: {what}" if at else what
    )


def _short(name: str) -> str:
    """A name from the object on one line, and not endless."""
    shown = name if name.isprintable() else repr(name)[1:-1]
    return shown if len(shown) <= _LONGEST_NAME else shown[:_LONGEST_NAME] + "…"


_TYPE_NAMES: dict[type, tuple[str, ...]] = {
    dict: ("object",),
    list: ("array",),
    str: ("string",),
    bool: ("boolean",),
    int: ("integer", "number"),
    float: ("number",),
    type(None): ("null",),
}
_FORMATS = {
    "int32": "does not fit 32 bits",
    "int64": "does not fit 64 bits",
    "byte": "must be base64",
    "quantity": "must be a quantity such as 100m or 64Mi",
}
