import json
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import gitops_guard
from gitops_guard.finding import Resource
from gitops_guard.publishers import json_report
from gitops_guard.report import Coverage, Report
from gitops_guard.source_file import Skipped
from unit.publishers.sample_report import (
    SECRET,
    finding,
    large_report,
    sample_report,
    secret_finding,
    tree_report,
)

SCHEMA = json.loads((Path(gitops_guard.__file__).parent / "schemas" / "report.schema.json").read_text("utf-8"))


def strict(schema: Any) -> Any:
    """The schema without room for fields that it does not name: readers must bear new ones, this writer may not."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    return closed | {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else closed


def written(report: Report) -> dict[str, Any]:
    text = json_report.render(report)
    text.encode()
    value: dict[str, Any] = json.loads(text)
    Draft202012Validator(strict(SCHEMA)).validate(value)
    return value


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "terrible"},
        {"fingerprint": "x"},
        {"start_line": "3"},
        {"status": "open"},
        {"controls": ["no framework"]},
        {"fix": {"title": "t"}},
    ],
)
def test_the_schema_refuses(change: dict[str, object]) -> None:
    value = written(sample_report())
    value["findings"][0] |= change
    assert not Draft202012Validator(SCHEMA).is_valid(value)


def test_a_finding_has_every_field() -> None:
    found = next(f for f in written(sample_report())["findings"] if f["rule_id"] == "GG-POD-001")
    patch = found["fix"].pop("patch")
    assert found | {"fingerprint": ""} == {
        "rule_id": "GG-POD-001",
        "rule_name": "privileged-container",
        "severity": "high",
        "message": "api runs privileged",
        "path": "apps/checkout/deployment.yaml",
        "start_line": 13,
        "end_line": 13,
        "start_column": 13,
        "end_column": 29,
        "keypath": "spec.containers[0].securityContext.privileged",
        "resource": {
            "api_version": "apps/v1",
            "kind": "Deployment",
            "namespace": "shop",
            "name": "checkout",
            "container": "api",
        },
        "origin": "file",
        "fingerprint": "",
        "status": "new",
        "controls": ["pss:baseline:privileged", "cis_k8s:5.2.2"],
        "fix": {
            "title": "set `privileged` to false",
            "safety": "safe",
            "note": "",
            "proof": ["two parsers read it alike", "the finding is gone, and no new one appeared"],
            "refused": "",
        },
    }
    assert patch.startswith("diff --git a/apps/checkout/deployment.yaml b/apps/checkout/deployment.yaml\n")


def test_the_rest_of_the_report() -> None:
    value = written(sample_report())
    assert value["coverage"] == {
        "scanned": ["Dockerfile", "apps/checkout/deployment.yaml"],
        "rendered": [],
        "skipped": [{"path": "charts/web/templates/deployment.yaml", "reason": "a Helm template"}],
        "failed": [{"path": "apps/bad.yaml", "reason": "not UTF-8: byte 0xff in line 3"}],
    }
    assert value["comparison"]["existing"] == {"info": 0, "low": 9, "medium": 37, "high": 14, "critical": 0}
    assert value["skipped_rules"] == [{"rule_id": "GG-NET-001", "reason": "switched off in .gitops-guard.yaml"}]
    assert [waiver["state"] for waiver in value["waivers"]] == ["used", "unused", "void"]
    assert [found["message"] for found in value["fixed"]] == ["worker ran privileged"]
    assert value["fail_level"] == "high"
    assert value["timing"] == {"seconds": 0.912}
    assert value["images"] == []


def test_only_what_is_waived_says_by_whom() -> None:
    found = {f["status"]: f.get("suppressed_by") for f in written(sample_report())["findings"]}
    assert found == {"new": None, "waived": "waiver in .gitops-guard.yaml:3 (platform: rebuilt every night)"}


def test_a_scan_of_a_tree_has_no_comparison() -> None:
    value = written(tree_report(finding()))
    assert value["comparison"] is None
    assert value["findings"][0]["status"] == "existing"


def test_the_secret_is_nowhere() -> None:
    assert SECRET not in json_report.render(sample_report())


def test_names_that_are_not_utf8_stay_readable() -> None:
    name = "caf\udce9\ud800"
    found = finding(message=f"{name} \x1b", resource=Resource("v1", "Pod", name, name, name))
    found = found._replace(place=found.place._replace(path=name, keypath=(name, "ok")))
    report = Report((found,), Coverage(scanned=(name,), skipped=(Skipped(name, name),)))
    value = written(report)
    shown = r"caf\xe9\ud800"
    assert value["findings"][0]["path"] == shown
    assert value["findings"][0]["keypath"] == f"{shown}.ok"
    assert value["coverage"]["scanned"] == [shown]
    assert value["coverage"]["skipped"] == [{"path": shown, "reason": shown}]


def test_a_sweep_is_written_within_its_budget() -> None:
    report = large_report(15_000)
    times = []
    for _ in range(3):
        start = time.process_time()
        json_report.render(report)
        times.append(time.process_time() - start)
    assert min(times) / 15_000 < 25e-6, "a sweep has 12 µs for each; twice that on a slow machine"


def test_masked_and_unmasked_findings_differ_in_nothing_else() -> None:
    masked = written(tree_report(secret_finding()))["findings"]
    unmasked = written(tree_report(secret_finding()._replace(masked=())))["findings"]
    assert masked == unmasked
