"""Writes src/gitops_guard/model/api_types.json: the JSON types of the fields of workloads.

Made from the Kubernetes schema files of the PyPI package kubernetes-validate (Apache-2.0), newest version. Run it after
an update of that package:  python scripts/extract_api_types.py
"""

import json
from pathlib import Path
from typing import Any

from gitops_guard.schema import _definitions, supported_minors

TARGET = Path(__file__).parent.parent / "src/gitops_guard/model/api_types.json"
KINDS = {
    "Pod": "io.k8s.api.core.v1.Pod",
    "ReplicationController": "io.k8s.api.core.v1.ReplicationController",
    "Deployment": "io.k8s.api.apps.v1.Deployment",
    "StatefulSet": "io.k8s.api.apps.v1.StatefulSet",
    "DaemonSet": "io.k8s.api.apps.v1.DaemonSet",
    "ReplicaSet": "io.k8s.api.apps.v1.ReplicaSet",
    "Job": "io.k8s.api.batch.v1.Job",
    "CronJob": "io.k8s.api.batch.v1.CronJob",
}
SIMPLE = {"string": "s", "boolean": "b", "number": "n"}
INTEGERS = {"int32": "w", "int64": "i"}


def code(schema: dict[str, Any], wanted: dict[str, None]) -> str:  # noqa: PLR0911 - one line a type
    """The code of a type; `?` is anything, `[X` a list, `{X` a map, any other one a name.

    s text, b boolean, n number, i and w integers of 64 and 32 bits, q a quantity, p a port (text or number), t a time.
    """
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name.endswith("Quantity"):
            return "q"
        if name.endswith("IntOrString"):
            return "p"
        if name.endswith(".Time"):
            return "t"
        if name.endswith(("FieldsV1", "RawExtension", "JSON")):
            return "?"
        wanted[name] = None
        return str(name)
    types = [word for word in _listed(schema.get("type")) if word != "null"]
    if types == ["array"]:
        return "[" + code(schema.get("items", {}), wanted)
    if types == ["object"]:
        values = schema.get("additionalProperties")
        return "{" + code(values, wanted) if isinstance(values, dict) else "?"
    if types == ["integer"]:
        return INTEGERS[schema["format"]]
    return SIMPLE.get(types[0], "?") if len(types) == 1 else "?"


def _listed(value: object) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def main() -> None:
    """Writes the table."""
    definitions = _definitions(supported_minors()[-1])
    wanted = dict.fromkeys(KINDS.values())
    table: dict[str, dict[str, str]] = {}
    while len(table) < len(wanted):
        name = next(name for name in wanted if name not in table)
        fields = definitions[name].get("properties", {})
        table[name] = {key: code(schema, wanted) for key, schema in fields.items()}
    numbers = {name: str(number) for number, name in enumerate(table)}
    short = {
        numbers[name]: {key: _short(kind, numbers) for key, kind in sorted(fields.items())}
        for name, fields in table.items()
    }
    value = {"kinds": {kind: numbers[name] for kind, name in KINDS.items()}, "types": short}
    TARGET.write_text(json.dumps(value, separators=(",", ":"), sort_keys=True) + "\n")


def _short(kind: str, numbers: dict[str, str]) -> str:
    prefix = kind[: len(kind) - len(kind.lstrip("[{"))]
    return prefix + numbers.get(kind[len(prefix) :], kind[len(prefix) :])


if __name__ == "__main__":
    main()
