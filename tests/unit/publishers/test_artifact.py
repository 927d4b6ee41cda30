"""What is handed over: it fits its schema and the limit of the reader, and says what it leaves out."""

import json

import pytest
from jsonschema import Draft202012Validator

from gitops_guard.errors import UsageError
from gitops_guard.finding import NEW, SAFE, FixOffer, Patch, PatchedFile
from gitops_guard.publishers import artifact
from gitops_guard.report import Coverage, Report
from gitops_guard.schemas import schema_text
from gitops_guard.source_file import Skipped
from unit.publishers.sample_report import SECRET, large_report, sample_report

HEAD = "a" * 40
SCHEMA = Draft202012Validator(json.loads(schema_text("artifact")))


def compared(report: Report) -> Report:
    return report._replace(
        findings=tuple(finding._replace(status=NEW, rule_id="GG-POD-001") for finding in report.findings),
        comparison=sample_report().comparison,
    )


def test_it_fits_its_schema_and_shows_no_secret() -> None:
    text = artifact.render(sample_report(), HEAD)
    SCHEMA.validate(json.loads(text))
    assert SECRET not in text


def test_only_a_comparison_is_handed_over() -> None:
    with pytest.raises(UsageError, match="comparison"):
        artifact.render(sample_report()._replace(comparison=None), HEAD)


def test_the_most_severe_are_in_it_and_the_others_are_counted() -> None:
    value = json.loads(artifact.render(compared(large_report(5000)), HEAD))
    SCHEMA.validate(value)
    assert len(value["findings"]) == 2000
    assert value["findings_left_out"] == 3000
    assert {finding["severity"] for finding in value["findings"][:1000]} == {"critical"}


def test_long_texts_make_it_shorter_not_larger() -> None:
    report = compared(large_report(3000))
    patches = [
        Patch("t", SAFE, "n" * 5000, "d" * 70_000, (PatchedFile("p" * 4000, "a\n", "b\n"),), ()) for _ in range(3000)
    ]
    found = tuple(
        finding._replace(
            place=finding.place._replace(path="p" * 4000),
            fix=FixOffer(patch.title, patch.safety, patch.note, patch),
        )
        for finding, patch in zip(report.findings, patches, strict=True)
    )
    skipped = tuple(Skipped(f"{number}/" + "s" * 4000, "a template") for number in range(6000))
    text = artifact.render(report._replace(findings=found, coverage=Coverage((), skipped)), HEAD)
    value = json.loads(text)
    SCHEMA.validate(value)
    assert len(text.encode()) <= artifact.LIMIT
    assert value["findings_left_out"] + len(value["findings"]) == 3000
    assert value["files_left_out"] + len(value["coverage"]["skipped"]) == 6000
    assert value["findings"]


def test_the_first_roots_of_a_finding_are_handed_over() -> None:
    report = sample_report()
    roots = tuple(f"kustomize:envs/{number}" for number in range(30))
    found = tuple(finding._replace(rendered_in=roots) for finding in report.findings)
    value = json.loads(artifact.render(report._replace(findings=found), HEAD))
    SCHEMA.validate(value)
    assert {tuple(finding["rendered_in"]) for finding in value["findings"]} == {roots[:20]}
