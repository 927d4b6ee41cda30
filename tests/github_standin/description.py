"""GitHub's published OpenAPI description: which operation a request is, and whether body and answer agree with it."""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]
EXTRACT = Path(__file__).with_name("openapi.json.gz")
_BASE = "urn:github"
# Refusals for want of rights or patience are described in general, not at each operation.
_GENERAL = frozenset((401, 403, 404, 422, 429, 502))


class Route(NamedTuple):
    """An operation of the description and the values in the path."""

    method: str
    template: str
    values: dict[str, str]


def operation(route: Route) -> Json:
    """The description of one operation."""
    found: Json = _document()["paths"][route.template][route.method]
    return found


def route(method: str, path: str) -> Route | None:
    """The operation that a request is; None when the extract has none."""
    for template, pattern in _patterns():
        match = pattern.fullmatch(path)
        if match is not None and method.lower() in _document()["paths"][template]:
            return Route(method.lower(), template, match.groupdict())
    return None


def request_errors(route: Route, query: dict[str, str], body: object) -> list[str]:
    """What of a request the description does not allow; a name that it does not know counts as well."""
    known = {_resolved(parameter)["name"]: _resolved(parameter) for parameter in operation(route).get("parameters", [])}
    errors = [f"query parameter {name!r} is unknown" for name in query if name not in known or name in route.values]
    errors += [
        f"query parameter {name} must be a number"
        for name, value in query.items()
        if name in known and known[name]["schema"]["type"] == "integer" and not value.isdigit()
    ]
    errors += [
        f"{name} must be a number in the path"
        for name, value in route.values.items()
        if _resolved(known[name]["schema"])["type"] == "integer" and not value.isdigit()
    ]
    declared = operation(route).get("requestBody")
    if declared is None:
        return errors + ([] if body is None else ["a body where none is described"])
    if body is None:
        return errors + (["the body is missing"] if declared.get("required", True) else [])
    # What GitHub silently ignores is a mistake of ours: sealed objects know no further names.
    return errors + _errors(_sealed(declared["content"]["application/json"]["schema"]), body)


def answer_errors(route: Route, status: int, body: object) -> list[str]:
    """What of an answer the description does not allow."""
    responses = operation(route)["responses"]
    if str(status) not in responses:
        return [] if status in _GENERAL else [f"status {status} is not described"]
    content = _resolved(responses[str(status)]).get("content", {})
    if "application/json" not in content:
        return [] if body is None or status in _GENERAL else ["a body where none is described"]
    return _errors(content["application/json"]["schema"], body)


def filled(name: str, values: Json) -> Json:
    """The component `name` with these values; whatever else it requires gets the plainest value that is allowed."""
    return _as_object({"$ref": f"{_BASE}#/components/schemas/{name}"}) | values


@cache
def _document() -> Json:
    document: Json = _mapped(json.loads(gzip.decompress(EXTRACT.read_bytes())))
    return document


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    paths = _document()["paths"]
    return [(path, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", _with_slashes(path)))) for path in paths]


def _with_slashes(path: str) -> str:
    """The name of a ref at the end of a path has slashes of its own."""
    return re.sub(r"\{(ref|basehead|branch)\}$", r"(?P<\1>.+)", path)


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry().with_resource(_BASE, DRAFT202012.create_resource(_document()))
    return registry


def _mapped(node: Any) -> Any:
    """OpenAPI 3.0 in the words of JSON Schema: `nullable` becomes a union, references get the document's name."""
    if isinstance(node, list):
        return [_mapped(value) for value in node]
    if not isinstance(node, dict):
        return node
    mapped = {key: _mapped(value) for key, value in node.items() if key not in {"nullable", "discriminator"}}
    if isinstance(node.get("$ref"), str):
        mapped["$ref"] = _BASE + node["$ref"]
    return {"anyOf": [mapped, {"type": "null"}]} if node.get("nullable") is True else mapped


def _resolved(node: Json) -> Json:
    while "$ref" in node:
        target: Json = _registry().resolver().lookup(node["$ref"]).contents
        node = target
    return node


def _sealed(schema: Json) -> Json:
    sealed = dict(schema)
    if "items" in sealed:
        sealed["items"] = _sealed(sealed["items"])
    if "properties" in sealed:
        sealed["properties"] = {name: _sealed(value) for name, value in sealed["properties"].items()}
        if not any(word in sealed for word in ("anyOf", "oneOf", "allOf", "additionalProperties")):
            sealed["additionalProperties"] = False
    return sealed


def _errors(schema: Json, value: object) -> list[str]:
    found = Draft202012Validator(schema, registry=_registry()).iter_errors(value)
    return [f"{error.json_path}: {error.message[:300]}" for error in found]


def _plainest(schema: Json) -> object:
    schema = _resolved(schema)
    choices = schema.get("oneOf", []) + schema.get("anyOf", [])
    if {"type": "null"} in choices:
        return None
    if choices:
        return _plainest(choices[0])
    if "enum" in schema:
        return schema["enum"][0]
    if "allOf" in schema or "properties" in schema or schema.get("type") == "object":
        return _as_object(schema)
    plain = {"array": [], "boolean": False, "integer": 0, "number": 0, "string": "2026-01-01T00:00:00Z"}
    return plain[schema.get("type", "string")]


def _as_object(schema: Json) -> Json:
    schema = _resolved(schema)
    parts = [_as_object(part) for part in schema.get("allOf", [])]
    own = {name: _plainest(schema["properties"][name]) for name in schema.get("required", [])}
    return {name: value for part in [*parts, own] for name, value in part.items()}
