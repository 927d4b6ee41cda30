"""Scans that are attached to images: those of a real cosign, and odd ones."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from gitops_guard.facts.scan import Grade, Scan, ScanState
from gitops_guard.oci.content import RegistryError
from gitops_guard.oci.cosign import DSSE_ENVELOPE
from gitops_guard.scanners.attested import AttestedScans
from gitops_guard.settings import Signer
from gitops_guard.syntax.image_reference import ImageReference
from oci_layout import SIGNED, LayoutRegistry
from oci_signing import DIGEST, P256, envelope, raw, statement

APP = ImageReference("registry.example.com", "team/app", "1.0")
TEAM = Signer("release-team", key=(SIGNED / "team.pub").read_text())
COSIGN = "https://cosign.sigstore.dev/attestation/vuln/v1"
IN_TOTO = "https://in-toto.io/attestation/vulns/v0.2"
ENDED = "2026-11-20T08:00:09Z"
TIMES = {"scanStartedOn": ENDED, "scanFinishedOn": ENDED}
GRYPE = {
    "matches": [
        {
            "vulnerability": {
                "id": "CVE-2026-00001",
                "severity": "Critical",
                "fix": {"versions": [], "state": "unknown"},
            },
            "artifact": {"id": "1", "name": "openssl", "version": "3.0.11"},
        }
    ],
    "source": {"type": "image", "target": {"userInput": "registry.example.com/team/app:1.0"}},
    "descriptor": {"name": "grype", "version": "0.90.0", "timestamp": "2026-11-19T00:00:00Z"},
}


def told(*statements: tuple[str, Any], signers: tuple[Signer, ...] = ()) -> Scan:
    registry = LayoutRegistry({}, {})
    layers = [registry.layer(DSSE_ENVELOPE, raw(envelope(P256, statement(DIGEST, *one)))) for one in statements]
    registry.attach(DIGEST, layers, "att")
    return AttestedScans(registry, signers).fetch(APP, DIGEST, "linux/amd64")


@pytest.mark.parametrize("tag", ["signed", "bundled", "attested"])
def test_a_scan_that_cosign_attested_is_verified(tag: str) -> None:
    registry = LayoutRegistry.read(SIGNED / "layout")
    scan = AttestedScans(registry, (TEAM,)).fetch(APP, registry.tags[tag], "linux/amd64")
    assert (scan.state, scan.verified, scan.reason, scan.counts.high) == ("findings", True, "", 1)
    assert scan.scanned_at == datetime(2025, 1, 2, 3, 4, 6, tzinfo=UTC)
    assert (scan.source, scan.digest, scan.scanner) == ("attestation", registry.tags[tag], "Trivy")


def test_a_scan_that_nobody_verified_is_marked() -> None:
    registry = LayoutRegistry.read(SIGNED / "layout")
    scan = AttestedScans(registry, ()).fetch(APP, registry.tags["signed"], "linux/amd64")
    assert (scan.state, scan.verified) == ("findings", False)
    assert "no signers" in scan.reason


def test_an_image_without_attestations_is_missing() -> None:
    registry = LayoutRegistry.read(SIGNED / "layout")
    assert AttestedScans(registry, (TEAM,)).fetch(APP, registry.tags["plain"], "").state == "missing"


def test_a_result_of_grype_is_read() -> None:
    scan = told((COSIGN, {"scanner": {"uri": "", "result": GRYPE}, "metadata": TIMES}))
    assert (scan.state, scan.scanner, scan.counts.critical) == ("findings", "Grype 0.90.0", 1)
    assert scan.scanned_at == datetime(2026, 11, 20, 8, 0, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("score", "grade"),
    [
        ("9.8", "critical"),
        (7.0, "high"),
        ("6.9", "medium"),
        ("0.1", "low"),
        ("0.0", "unknown"),
        ("HIGH", "high"),
        ("nan", "unknown"),
        ("1e400", "unknown"),
        (None, "unknown"),
        ([], "unknown"),
    ],
)
def test_severities_of_in_toto_are_words_or_scores(score: object, grade: Grade) -> None:
    result = [{"id": "CVE-2026-00001", "severity": [{"method": "nvd", "score": score}]}]
    scan = told((IN_TOTO, {"scanner": {"uri": "pkg:a", "result": result}, "metadata": TIMES}))
    assert [one.grade for one in scan.vulnerabilities] == [grade]


def test_the_worst_of_several_severities_counts() -> None:
    severities = [{"method": "a", "score": "low"}, {"method": "b", "score": "9.1"}]
    result = [{"id": "CVE-2026-00001", "severity": severities}]
    scan = told((IN_TOTO, {"scanner": {"uri": "pkg:a", "result": result}, "metadata": TIMES}))
    assert scan.counts.critical == 1


def test_a_scanner_that_found_nothing_is_clean_only_if_it_is_named_and_dated() -> None:
    complete = {"scanner": {"uri": "pkg:a", "result": []}, "metadata": TIMES}
    assert told((IN_TOTO, complete)).state == "clean"
    assert told((IN_TOTO, {**complete, "metadata": {}})).state == "missing"
    assert told((IN_TOTO, {**complete, "scanner": {"result": []}})).state == "missing"
    assert told((IN_TOTO, {**complete, "scanner": {"uri": "pkg:a"}})).state == "missing"


PREDICATES: tuple[tuple[str, Mapping[str, Any], ScanState], ...] = (
    (COSIGN, {}, "unsupported"),
    (COSIGN, {"scanner": []}, "unsupported"),
    (COSIGN, {"scanner": {"result": None}}, "unsupported"),
    (COSIGN, {"scanner": {"result": []}}, "unsupported"),
    (COSIGN, {"scanner": {"result": {"vulnerabilities": []}}}, "unsupported"),
    (COSIGN, {"scanner": {"result": {"matches": None}}}, "missing"),
    (COSIGN, {"scanner": {"result": {"matches": {}}}}, "failed"),
    (COSIGN, {"scanner": {"result": {"SchemaVersion": 2}}}, "missing"),
    (
        COSIGN,
        {"scanner": {"result": {"SchemaVersion": 2, "ArtifactType": "filesystem", "Results": [{}]}}},
        "unsupported",
    ),
    (COSIGN, {"scanner": {"result": {"SchemaVersion": 2, "Results": "none"}}}, "failed"),
    (IN_TOTO, {}, "missing"),
    (IN_TOTO, {"scanner": {"uri": "pkg:a", "result": {}}, "metadata": TIMES}, "failed"),
    (IN_TOTO, {"scanner": {"uri": "pkg:a", "result": ["CVE"]}, "metadata": TIMES}, "failed"),
    (IN_TOTO, {"scanner": {"uri": "pkg:a", "result": [{}]}, "metadata": TIMES}, "failed"),
    ("https://openvex.dev/ns/v0.2.0", {"statements": []}, "missing"),
)


@pytest.mark.parametrize(("predicate_type", "predicate", "state"), PREDICATES)
def test_a_statement_without_a_finished_scan_says_why(
    predicate_type: str, predicate: Mapping[str, Any], state: ScanState
) -> None:
    scan = told((predicate_type, predicate))
    assert (scan.state, bool(scan.reason)) == (state, True)


OLD = {"scanner": {"uri": "pkg:a", "result": [{"id": "CVE-2026-00001"}]}, "metadata": TIMES}
NEW = {"scanner": {"uri": "pkg:a", "result": []}, "metadata": {"scanFinishedOn": "2026-11-21T00:00:00Z"}}


def test_the_newest_verified_scan_counts() -> None:
    for statements in ((OLD, NEW), (NEW, OLD)):
        scan = told(*((IN_TOTO, one) for one in statements), signers=(P256.signer(),))
        assert (scan.state, scan.verified) == ("clean", True)


def test_a_newer_unverified_scan_hides_no_finding() -> None:
    for statements in ((OLD, NEW), (NEW, OLD)):
        scan = told(*((IN_TOTO, one) for one in statements))
        assert (scan.state, scan.verified) == ("findings", False)


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        ("unauthorised", "unauthorised"),
        ("forbidden", "unauthorised"),
        ("rate-limited", "unavailable"),
        ("timeout", "unavailable"),
        ("budget", "unavailable"),
        ("not-allowed", "unavailable"),
        ("content", "failed"),
    ],
)
def test_a_registry_that_does_not_answer_is_no_missing_scan(trouble: Any, state: ScanState) -> None:
    registry = LayoutRegistry.read(SIGNED / "layout")
    registry.troubles["referrers"] = RegistryError(trouble, "the registry said no")
    scan = AttestedScans(registry, ()).fetch(APP, registry.tags["plain"], "linux/amd64")
    assert (scan.state, scan.reason) == (state, "the registry said no")
