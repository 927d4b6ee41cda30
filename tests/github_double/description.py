"""GitHub's published OpenAPI description, as validators of requests and answers."""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

FILE = Path(__file__).parent / "openapi.json.gz"
_ROOT = "urn:github"


class Operation(NamedTuple):
    """A path of the description with its verb, and the values of its parameters."""

    path: str
    verb: str
    parameters: dict[str, str]


@cache
def description() -> dict[str, Any]:
    return _nullable(json.loads(gzip.decompress(FILE.read_bytes())))


@cache
def _registry() -> Any:
    return Registry().with_resource(_ROOT, DRAFT202012.create_resource(description()))


def find(verb: str, path: str) -> Operation | None:
    for template, verbs in description()["paths"].items():
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        match = re.fullmatch(pattern, path)
        if match and verb.lower() in verbs:
            return Operation(template, verb.lower(), match.groupdict())
    return None


def request_errors(operation: Operation, body: object) -> list[str]:
    spec = description()["paths"][operation.path][operation.verb].get("requestBody")
    if spec is None:
        return [] if body is None else ["this operation takes no body"]
    return _errors(_pointer(operation, "requestBody", "content", "application/json", "schema"), body)


def answer_errors(operation: Operation, status: int, body: object) -> list[str]:
    answers = description()["paths"][operation.path][operation.verb]["responses"]
    if str(status) not in answers:
        return [f"{operation.verb} {operation.path} is not described to answer {status}"]
    answer = answers[str(status)]
    if "$ref" in answer:
        answer = description()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    return [] if schema is None else _errors_of(schema, body)


def _pointer(operation: Operation, *keys: str) -> dict[str, str]:
    parts = ("paths", operation.path, operation.verb, *keys)
    escaped = "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)
    return {"$ref": f"{_ROOT}#/{escaped}"}


def _errors(schema: dict[str, Any], body: object) -> list[str]:
    validator = Draft202012Validator(schema, registry=_registry())
    return [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in validator.iter_errors(body)
    ]


def _errors_of(schema: dict[str, Any], body: object) -> list[str]:
    return _errors(_absolute(schema), body)


def _absolute(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _ROOT + inner if key == "$ref" and str(inner).startswith("#") else _absolute(inner)
            for key, inner in value.items()
        }
    return [_absolute(inner) for inner in value] if isinstance(value, list) else value


def _nullable(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema."""
    if isinstance(value, list):
        return [_nullable(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    found = {key: _nullable(inner) for key, inner in value.items() if key != "nullable"}
    if value.get("nullable") is True:
        return {"anyOf": [found, {"type": "null"}]}
    return found
