"""The JSON Schemas of what this program reads and writes."""

import json
from importlib import resources
from typing import Any


def schema_text(name: str) -> str:
    """The schema `config` (of `.gitops-guard.yaml`), `report` (the JSON report) or `artifact`, as JSON text."""
    schema: dict[str, Any] = json.loads((resources.files(__name__) / f"{name}.schema.json").read_text("utf-8"))
    if name == "config":
        from gitops_guard.pipeline import all_rules  # noqa: PLC0415 - only this schema lists the rules

        schema["$defs"]["rule"]["enum"] = sorted(rule.id for rule in all_rules())
    return json.dumps(schema, indent=2) + "\n"
