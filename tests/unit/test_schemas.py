import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from gitops_guard import configuration
from gitops_guard.configuration import file, images, network
from gitops_guard.pipeline import all_rules
from gitops_guard.schemas import schema_text
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.starter import Findings
from gitops_guard.starter import configuration as starter

EXAMPLE = Path(__file__).parents[2] / "examples/repository/.gitops-guard.yaml"
IDS = frozenset(rule.id for rule in all_rules())


def test_the_schema_knows_exactly_the_keys_that_are_read() -> None:
    schema = json.loads(schema_text("config"))
    known = schema["properties"]
    assert set(known) == set(file._TOP)
    lists = {"approved_images": images._ENTRY, "registries": images._REGISTRY, "scan_sources": images._SOURCE,
             "signers": images._SIGNER, "builds": images._BUILD, "waivers": file._WAIVER}  # fmt: skip
    for name, keys in lists.items():
        assert set(known[name]["items"]["properties"]) == set(keys)
    assert set(known["image_policy"]["properties"]) == set(images._POLICY)
    assert set(known["network"]["properties"]) == set(network._NETWORK)
    assert set(known["network"]["properties"]["dns"]["properties"]) == set(network._DNS)
    assert set(schema["$defs"]["pods"]["properties"]) == set(network._PODS)
    assert set(schema["$defs"]["rule"]["enum"]) == IDS


@pytest.mark.parametrize("text", [EXAMPLE.read_text(), starter(Findings(), date(2026, 11, 24))])
def test_the_example_and_the_starter_are_valid_for_both(text: str) -> None:
    value = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - BaseLoader makes nothing but text
    for key in ("exclude", "rules", "digests"):
        value.setdefault(key, {} if key != "exclude" else [])
    Draft202012Validator(json.loads(schema_text("config"))).validate(value)
    found = configuration.read(SourceFile(".gitops-guard.yaml", text), IDS, date(2026, 11, 24))
    assert isinstance(found, Settings)
    assert all(not waiver.defects for waiver in found.waivers)


def test_the_report_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(schema_text("report")))
