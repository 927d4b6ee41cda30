"""Judges an object by the Kubernetes schema of a version, as strict field validation does.

The schemas are the data files of the PyPI package kubernetes-validate, made from Kubernetes' own OpenAPI description;
the package itself is not imported, since only its files are needed.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from gitops_guard.errors import ConfigurationError

_DEFINITIONS = "_definitions.json"
_WANTED = 5


class Verdict(NamedTuple):
    """`state` is `valid`, `invalid` (then `messages` say where and what) or `unknown` (then `reason` says why)."""

    state: str
    messages: tuple[str, ...] = ()
    reason: str = ""


def validate(value: Mapping[str, object], kubernetes_version: str) -> Verdict:
    """Judges one object given as plain JSON data.

    Custom kinds, and versions of a kind that this Kubernetes does not serve, are `unknown`: they are not judged.

    Raises:
        ConfigurationError: there is no schema for that Kubernetes version.
    """
    api_version, kind = str(value.get("apiVersion")), str(value.get("kind"))
    schema = _schema_of(api_version, kind, kubernetes_version)
    if schema is None:
        return Verdict("unknown", reason=f"Kubernetes {kubernetes_version} has no {kind} in {api_version}")
    errors = _validator(schema, kubernetes_version).iter_errors(value)
    messages = tuple(_describe(error) for _, error in zip(range(_WANTED), errors, strict=False))
    return Verdict("invalid", messages) if messages else Verdict("valid")


@cache
def supported_versions() -> tuple[str, ...]:
    """The Kubernetes versions with a schema, oldest first, as `1.36`."""
    names = (path.name for path in _root().glob("v1.*-local-strict"))
    minors = sorted({int(name.split(".")[1]) for name in names})
    return tuple(f"1.{minor}" for minor in minors)


def require_supported(kubernetes_version: str) -> None:
    """Checks that there is a schema for a version.

    Raises:
        ConfigurationError: there is none; the hint names the nearest.
    """
    known = supported_versions()
    if kubernetes_version in known:
        return
    wanted = int(kubernetes_version.partition(".")[2])
    nearest = min(known, key=lambda version: abs(int(version.partition(".")[2]) - wanted))
    raise ConfigurationError(f"no schema for Kubernetes {kubernetes_version}", hint=f"the nearest one is {nearest}")


@cache
def _root() -> Path:
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise ConfigurationError("the package kubernetes-validate is missing", hint="pip install kubernetes-validate")
    return Path(spec.origin).parent / "kubernetes-json-schema"


@cache
def _folder(kubernetes_version: str) -> Path:
    require_supported(kubernetes_version)
    return max(_root().glob(f"v{kubernetes_version}.*-local-strict"))


@cache
def _schema_of(api_version: str, kind: str, kubernetes_version: str) -> str | None:
    """The name of the definition of a kind."""
    group, _, version = api_version.rpartition("/")
    wanted = {"group": group, "version": version, "kind": kind}
    for name, definition in _definitions(kubernetes_version).items():
        if wanted in definition.get("x-kubernetes-group-version-kind", ()):
            return name
    return None


@cache
def _definitions(kubernetes_version: str) -> dict[str, Any]:
    text = (_folder(kubernetes_version) / _DEFINITIONS).read_text(encoding="utf-8")
    definitions: dict[str, Any] = json.loads(text)["$defs"]
    return definitions


@cache
def _validator(name: str, kubernetes_version: str) -> Any:  # noqa: ANN401 - jsonschema's validators are made at run time
    from jsonschema.validators import Draft7Validator  # noqa: PLC0415 - costs as much as two interpreter starts
    from referencing import Registry  # noqa: PLC0415
    from referencing.jsonschema import DRAFT7  # noqa: PLC0415

    document = {"$defs": _definitions(kubernetes_version)}
    registry = Registry().with_resource(f"/api/{_DEFINITIONS}", DRAFT7.create_resource(document))
    schema = {"$ref": f"/api/{_DEFINITIONS}#/$defs/{name}"}
    return Draft7Validator(schema, registry=registry)


def _describe(error: Any) -> str:  # noqa: ANN401 - jsonschema's ValidationError is untyped
    """Where and what, without the value itself: it may be a secret."""
    where = ".".join(str(part) for part in error.absolute_path)
    if error.validator in {"additionalProperties", "required"}:
        what = str(error.message)
    elif error.validator == "type":
        what = f"must be {error.validator_value}"
    else:
        what = f"breaks {error.validator}"
    return f"{where}: {what[:160]}" if where else what[:160]
