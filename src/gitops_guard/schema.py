"""Judges an object by the Kubernetes schema of a version, as strict field validation does. Reads installed files only.

The schemas are the data files of the PyPI package kubernetes-validate, made from Kubernetes' own OpenAPI description. They
use nine asserting keywords of JSON Schema (2020-12), and those are judged here: importing jsonschema costs four times as
much as the whole judgement. Two deviations, both because the API server decides so: a null is fine for every value that
is a union of types, and the ranges and encodings that `format` names are asserted.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from itertools import islice
from typing import NamedTuple, TypedDict, cast

from gitops_guard.errors import ConfigurationError
from gitops_guard.settings import DEFAULT_KUBERNETES
from gitops_guard.syntax.field import KeyPath, format_keypath

_MOST_MESSAGES = 5
_LONGEST_NAME = 80
_ASSERTING = frozenset(
    {"$ref", "type", "properties", "required", "items", "enum", "additionalProperties", "oneOf", "format"}
)
_SILENT = frozenset({"description", "title", "default", "$schema", "$id"})

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
        "oneOf": list["_Schema"],
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

    Custom kinds, and versions of a kind that this Kubernetes does not serve, are `unknown`: they are not judged. At most
    five messages are given; they name keypaths, never values, since a value may be a secret.

    Raises:
        ConfigurationError: there is no schema for that minor version of Kubernetes, or the package of schemas is absent.
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
    minors = (name.split(".")[1] for name in os.listdir(_root()) if name.startswith("v1.") and name.endswith("-strict"))
    return tuple(f"1.{minor}" for minor in sorted({int(minor) for minor in minors}))


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
        raise ConfigurationError(f"{_short(minor)!r} is no minor version of Kubernetes", hint=f"for example {known[-2]}")
    nearest = min(known, key=lambda version: abs(int(version.partition(".")[2]) - int(number)))
    raise ConfigurationError(f"there is no schema for Kubernetes {minor}", hint=f"the nearest one is {nearest}")


@cache
def _root() -> str:
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise ConfigurationError("the package kubernetes-validate is missing", hint="pip install kubernetes-validate")
    return os.path.join(os.path.dirname(spec.origin), "kubernetes-json-schema")


@cache
def _definitions(minor: str) -> _Definitions:
    """The definitions of a minor version by name; the one file holds them all and is read faster than sixty small ones."""
    require_supported(minor)
    folder = max(n for n in os.listdir(_root()) if n.startswith(f"v{minor}.") and n.endswith("-strict"))
    with open(os.path.join(_root(), folder, "_definitions.json"), "rb") as file:
        return cast("_Definitions", json.load(file)["$defs"])


@cache
def _schema_of(api_version: str, kind: str, minor: str) -> _Schema | None:
    group, _, version = api_version.rpartition("/")
    wanted = {"group": group, "version": version, "kind": kind}
    for schema in _definitions(minor).values():
        if wanted in schema.get("x-kubernetes-group-version-kind", ()):
            return schema
    return None


def _problems(value: object, schema: _Schema, definitions: _Definitions) -> Iterator[str]:
    """What is wrong with a value, in the order of the document. A stack, not a recursion: nesting is the writer's choice."""
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
    if "type" in schema and not _has_type(value, schema["type"]):
        return f"must be {_types(schema)}"
    if "oneOf" in schema and not any(_has_type(value, choice.get("type", ())) for choice in schema["oneOf"]):
        return f"must be {' or '.join(_types(choice) for choice in schema['oneOf'])}"
    if "enum" in schema and value not in schema["enum"]:
        return "must be one of " + ", ".join(map(str, schema["enum"]))
    known = _FORMATS.get(schema.get("format", ""))
    return known.what if known and value is not None and not known.fits(value) else ""
