"""VEX takes out what a statement names for this image or package, and nothing else."""

from typing import Any

import pytest

from gitops_guard.facts.scan import Counts, Scan
from gitops_guard.scanners import cyclonedx, vex
from gitops_guard.scanners.json_reading import MalformedReportError
from gitops_guard.scanners.vex import Statement
from unit.scanners import scan_report_samples as samples
from unit.scanners.scan_report_samples import DIGEST, IMAGE, OTHER, Json, only

PURL = "pkg:deb/debian/libexample@1.0-1"
FOUND = only(samples.trivy(samples.trivy_vulnerability(), samples.trivy_vulnerability(VulnerabilityID="CVE-2026-0002")))


def filtered(*statements: Json, scan: Scan = FOUND, known_as: tuple[str, ...] = (), **document: Any) -> Scan:
    return vex.apply(scan, vex.read_openvex(samples.openvex(*statements, **document)), known_as)


@pytest.mark.parametrize(
    "product",
    [
        f"pkg:oci/api@{DIGEST}?repository_url=registry.example.com/team/api",
        f"pkg:oci/api@sha256%3A{'a' * 64}",
        f"pkg:docker/team/api@{DIGEST}",
        DIGEST,
        f"registry.example.com/team/api@{DIGEST}",
        IMAGE,
        PURL,
        "pkg:deb/debian/libexample@1.0-1?arch=amd64",
        "pkg:deb/debian/libexample",
        {"@id": PURL},
        {"@id": "urn:api", "identifiers": {"purl": f"pkg:oci/api@{DIGEST}"}},
        {"hashes": {"sha-256": "a" * 64}},
        {"@id": DIGEST, "subcomponents": [{"@id": PURL}]},
        {"@id": f"pkg:oci/api@{DIGEST}", "subcomponents": [{"@id": "pkg:npm/other"}, {"identifiers": {"purl": PURL}}]},
    ],
    ids=str,
)
@pytest.mark.parametrize("status", ["not_affected", "fixed"])
def test_a_statement_for_this_image_or_package_takes_the_vulnerability_out(product: object, status: str) -> None:
    scan = filtered(samples.vex_statement(product, status=status))
    assert [one.id for one in scan.vulnerabilities] == ["CVE-2026-0002"]
    assert scan.reason == "1 of 2 vulnerabilities are not counted: VEX says that they do not apply"


@pytest.mark.parametrize(
    "statement",
    [
        samples.vex_statement(PURL, status="affected"),
        samples.vex_statement(PURL, status="under_investigation"),
        samples.vex_statement(),
        samples.vex_statement(f"pkg:oci/api@{OTHER}"),
        samples.vex_statement("pkg:oci/api"),
        samples.vex_statement(OTHER),
        samples.vex_statement("registry.example.com/team/api:1.4.1"),
        samples.vex_statement("registry.example.com/team/api"),
        samples.vex_statement("registry.example.com.evil.example/team/api:1.4.2"),
        samples.vex_statement("pkg:deb/debian/libexample@1.0-2"),
        samples.vex_statement("pkg:deb/ubuntu/libexample@1.0-1"),
        samples.vex_statement("pkg:deb/debian/libexample@1.0-1?arch=arm64"),
        samples.vex_statement("libexample"),
        samples.vex_statement({"@id": DIGEST, "subcomponents": [{"@id": "pkg:npm/other"}]}),
        samples.vex_statement({"@id": OTHER, "subcomponents": [{"@id": PURL}]}),
        samples.vex_statement({"hashes": {"md5": "a" * 64}}),
        samples.vex_statement(PURL, name="CVE-2026-0003"),
        samples.vex_statement(PURL, name=""),
        samples.vex_statement(7),
    ],
    ids=lambda statement: f"{statement['status']} {statement['vulnerability']['name']} {statement['products']}",
)
def test_any_other_statement_changes_nothing(statement: Json) -> None:
    assert filtered(statement) == FOUND


def test_a_statement_may_use_another_id_of_the_vulnerability() -> None:
    scan = only(samples.grype(samples.grype_match()))
    assert filtered(samples.vex_statement("pkg:npm/example@2.0"), scan=scan).state == "clean"
    aliased = samples.vex_statement("pkg:npm/example") | {"vulnerability": {"name": "X", "aliases": ["CVE-2026-0001"]}}
    assert filtered(aliased, scan=scan).state == "clean"


def test_the_first_version_of_the_specification_has_texts() -> None:
    statement = {"vulnerability": "CVE-2026-0001", "products": [DIGEST], "subcomponents": [PURL], "status": "fixed"}
    assert filtered(statement).counts == Counts(high=1)


def test_an_image_may_be_known_by_further_digests() -> None:
    statement = samples.vex_statement(OTHER)
    assert filtered(statement, known_as=(OTHER,)).counts == Counts(high=1)


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        (("not_affected", "2026-01-01T00:00:00Z"), ("affected", "2026-02-01T00:00:00Z"), 2),
        (("affected", "2026-01-01T00:00:00Z"), ("not_affected", "2026-02-01T00:00:00Z"), 1),
        (("not_affected", "2026-01-01T00:00:00Z"), ("affected", "2026-01-01T00:00:00Z"), 2),
        (("affected", "2026-01-01T00:00:00Z"), ("not_affected", "2026-01-01T00:00:00Z"), 2),
        (("not_affected", ""), ("affected", "2026-01-01T00:00:00Z"), 2),
    ],
)
def test_the_newest_statement_counts_and_a_tie_takes_nothing_out(
    first: tuple[str, str], second: tuple[str, str], left: int
) -> None:
    said = [samples.vex_statement(PURL, status=status, timestamp=when) for status, when in (first, second)]
    assert len(filtered(*said, timestamp="").vulnerabilities) == left


@pytest.mark.parametrize("state", ["missing", "failed", "unsupported", "in-progress", "unavailable", "stale"])
def test_vex_makes_no_clean_scan_of_one_that_is_not_finished(state: Any) -> None:
    scan = FOUND._replace(state=state)
    assert filtered(samples.vex_statement(DIGEST), scan=scan) == scan


def test_a_statement_with_an_unknown_status_makes_the_document_malformed() -> None:
    with pytest.raises(MalformedReportError, match="status"):
        vex.read_openvex(samples.openvex(samples.vex_statement(PURL, status="fine")))


def bom(state: str | None, ref: str, **component: Any) -> Json:
    analysis = {} if state is None else {"analysis": {"state": state}}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "metadata": {"timestamp": samples.WHEN, "component": component},
        "components": [{"bom-ref": "p1", "purl": PURL, "name": "libexample"}],
        "vulnerabilities": [{"id": "CVE-2026-0001", "affects": [{"ref": ref}], **analysis}],
    }


CONTAINER = {"type": "container", "bom-ref": "root", "name": "api", "purl": f"pkg:oci/api@{DIGEST}"}
ELSEWHERE = CONTAINER | {"purl": f"pkg:oci/api@{OTHER}"}


@pytest.mark.parametrize(
    ("document", "left"),
    [
        (bom("not_affected", "p1"), 1),
        (bom("false_positive", PURL), 1),
        (bom("resolved", "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Adeb%2Fdebian%2Flibexample%401.0-1"), 1),
        (bom("resolved", "p1", **CONTAINER), 1),
        (bom("not_affected", "root", **CONTAINER), 1),
        (bom("not_affected", "p1", **ELSEWHERE), 2),
        (bom("not_affected", "root", **ELSEWHERE), 2),
        (bom("exploitable", "p1"), 2),
        (bom("in_triage", "p1"), 2),
        (bom(None, "p1"), 2),
        (bom("not_affected", "p2"), 2),
        (bom("fine", "p1"), 2),
    ],
)
def test_cyclonedx_analyses_are_statements(document: Json, left: int) -> None:
    statements: tuple[Statement, ...] = cyclonedx.read_vex(document)
    assert len(vex.apply(FOUND, statements).vulnerabilities) == left
