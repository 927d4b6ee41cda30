"""SARIF of image scanners, whose packages and versions stand in lines of text."""

import pytest

from gitops_guard.facts.scan import Counts
from unit.scanners import scan_report_samples as samples
from unit.scanners.scan_report_samples import DIGEST, IMAGE, Json, only


def test_trivys_lines_give_package_versions_and_fix() -> None:
    scan = only(samples.sarif(samples.sarif_result()))
    (one,) = scan.vulnerabilities
    assert (one.id, one.package, one.version, one.fixed) == ("CVE-2026-0001", "libexample", "1.0-1", "1.0-2")
    assert (scan.subject, scan.digest, scan.scanner) == (IMAGE, DIGEST, "Trivy 0.60.0")
    assert scan.scanned_at is None


def test_an_empty_fixed_version_is_no_fix() -> None:
    message = {"text": "Package: libexample\nInstalled Version: 1.0\nFixed Version: \nSeverity: LOW"}
    (one,) = only(samples.sarif(samples.sarif_result(message=message))).vulnerabilities
    assert (one.fixed, one.grade) == ("", "low")


@pytest.mark.parametrize("tag", ["secret", "misconfiguration", "license"])
def test_what_is_no_vulnerability_is_not_counted(tag: str) -> None:
    rule = {"id": "aws-key", "properties": {"tags": [tag, "security", "CRITICAL"]}}
    scan = only(samples.sarif(samples.sarif_result(ruleId="aws-key"), rules=[rule]))
    assert (scan.state, scan.counts) == ("clean", Counts())


@pytest.mark.parametrize(
    ("properties", "level", "expected"),
    [
        ({"tags": ["vulnerability", "CRITICAL"]}, "note", "critical"),
        ({"cvssV3_severity": "MEDIUM", "security-severity": "9.8"}, "error", "medium"),
        ({"security-severity": "9.8"}, "note", "critical"),
        ({"security-severity": "7.0"}, "note", "high"),
        ({"security-severity": "0.0"}, "error", "unknown"),
        ({}, "error", "high"),
        ({}, "warning", "medium"),
        ({}, "none", "unknown"),
    ],
)
def test_severity_is_the_scanners_word_then_its_number_then_the_level(
    properties: Json, level: str, expected: str
) -> None:
    result = samples.sarif_result(level=level, message={"text": "An issue"})
    scan = only(samples.sarif(result, rules=[{"id": "CVE-2026-0001", "properties": properties}]))
    assert [one.grade for one in scan.vulnerabilities] == [expected]


def grype_run(*results: Json) -> Json:
    lines = ("Vulnerability CVE-2026-0001", "Severity: high", "Package: libexample", "Version: 1.0", "Fix Version: 1.1")
    properties = {"purls": ["pkg:deb/debian/libexample@1.0"]}
    rule = {"id": "CVE-2026-0001-libexample", "help": {"text": "\n".join(lines)}, "properties": properties}
    driver = {"name": "grype", "version": "0.94.0", "rules": [rule]}
    return samples.sarif(*results, tool={"driver": driver}, properties={})


def grype_result(image: str, version: str = "1.0") -> Json:
    name = f"{image}@{samples.OTHER}:/var/lib/dpkg/status"
    text = f"A high vulnerability in deb package: libexample, version {version} was found at: /var/lib/dpkg/status"
    return {
        "ruleId": "CVE-2026-0001-libexample",
        "message": {"text": text},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": name}]}],
    }


def test_grype_names_the_image_in_its_places_and_a_layers_digest_is_not_the_images() -> None:
    scan = only(grype_run(grype_result("localhost:5000/team/api:1.4.2")))
    assert (scan.state, scan.subject, scan.digest) == ("findings", "localhost:5000/team/api:1.4.2", "")
    (one,) = scan.vulnerabilities
    assert (one.id, one.package, one.version, one.fixed) == ("CVE-2026-0001", "libexample", "1.0", "1.1")
    assert only(grype_run(grype_result(f"registry.example.com/api@{DIGEST}"))).digest == DIGEST


def test_the_message_speaks_of_the_version_at_hand_and_the_rule_of_the_first() -> None:
    scan = only(grype_run(grype_result(IMAGE), grype_result(IMAGE, "1.0-rc1")))
    assert [one.version for one in scan.vulnerabilities] == ["1.0", "1.0-rc1"]
    assert [one.purl for one in scan.vulnerabilities] == ["pkg:deb/debian/libexample@1.0", ""]


def test_grype_without_results_names_no_image_and_is_not_clean() -> None:
    scan = only(grype_run())
    assert (scan.state, scan.reason) == ("unsupported", "the run names no image")


@pytest.mark.parametrize("successful", [{"executionSuccessful": True}, {}])
def test_a_run_that_ended_gives_its_date(successful: Json) -> None:
    scan = only(samples.sarif(invocations=[{"endTimeUtc": samples.WHEN} | successful]))
    assert scan.state == "clean"
    assert scan.scanned_at is not None
