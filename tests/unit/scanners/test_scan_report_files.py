"""Report files as a source: by digest and platform, by name only to make things worse."""

import json
from typing import Any

import pytest

from gitops_guard.facts.scan import Counts
from gitops_guard.scanners.interface import ScanSource
from gitops_guard.scanners.report_files import ReportFiles
from gitops_guard.syntax.image_reference import ImageReference, parse
from unit.scanners import scan_report_samples as samples
from unit.scanners.scan_report_samples import DIGEST, IMAGE, NOW, OTHER

AMD, ARM = "linux/amd64", "linux/arm64"
ELSE = "sha256:" + "e" * 64


def named(text: str = IMAGE) -> ImageReference:
    reference = parse(text)
    assert isinstance(reference, ImageReference)
    return reference


def source(*documents: object) -> ReportFiles:
    return ReportFiles(((f"{n}.json", json.dumps(one).encode()) for n, one in enumerate(documents)), NOW)


def unpinned(*vulnerabilities: Any, **metadata: Any) -> samples.Json:
    return samples.trivy(*vulnerabilities, Metadata={"OS": {"Family": "debian"}, **metadata})


def test_it_is_a_scan_source() -> None:
    given: ScanSource = source(samples.trivy())
    assert given.name == "scan reports"
    assert given.supports(named())
    assert not source().supports(named())


def test_a_report_is_found_by_digest_whatever_its_name() -> None:
    scan = source(samples.trivy(samples.trivy_vulnerability())).fetch(named("mirror.example.com/x:9"), DIGEST, AMD)
    assert (scan.state, scan.counts, scan.source) == ("findings", Counts(high=1), "report 0.json")


@pytest.mark.parametrize(("digest", "platform"), [(OTHER, AMD), (DIGEST, ARM), (DIGEST, "linux/arm/v7"), ("", AMD)])
def test_a_report_of_another_digest_or_platform_does_not_speak_of_the_image(digest: str, platform: str) -> None:
    scan = source(samples.trivy()).fetch(named(), digest, platform)
    assert (scan.state, scan.reason) == ("missing", "no report speaks of this image")


def test_a_digest_of_the_index_counts_with_the_platform() -> None:
    given = source(samples.trivy())
    assert given.fetch(named(f"{IMAGE}@{DIGEST}"), OTHER, AMD).state == "clean"
    assert given.fetch(named(f"{IMAGE}@{DIGEST}"), OTHER, ARM).state == "missing"
    without = source(unpinned(RepoDigests=[f"registry.example.com/team/api@{DIGEST}"]))
    scan = without.fetch(named(f"{IMAGE}@{DIGEST}"), OTHER, AMD)
    assert (scan.state, "names no digest" in scan.reason) == ("missing", True)


def test_all_digests_of_a_report_are_the_images() -> None:
    scan = source(samples.grype()).fetch(named(), OTHER, ARM)
    assert (scan.state, scan.digest) == ("clean", OTHER)


def test_a_report_without_a_digest_can_only_make_things_worse() -> None:
    assert source(unpinned()).fetch(named(), ELSE, AMD).state == "missing"
    found = source(unpinned(samples.trivy_vulnerability())).fetch(named(), ELSE, AMD)
    assert (found.state, found.counts, found.scanned_at) == ("stale", Counts(high=1), None)
    both = source(samples.trivy(), unpinned(samples.trivy_vulnerability())).fetch(named(), DIGEST, AMD)
    assert (both.state, both.counts) == ("findings", Counts(high=1))


@pytest.mark.parametrize(
    "name",
    ["registry.example.com/team/api:1.4.1", "registry.example.com/team/api", "docker.io/team/api:1.4.2", "api:1.4.2"],
)
def test_a_report_without_a_digest_speaks_of_its_own_name_only(name: str) -> None:
    scan = source(unpinned(samples.trivy_vulnerability())).fetch(named(name), ELSE, AMD)
    assert scan.reason == "no report speaks of this image"


def test_no_tag_is_latest() -> None:
    given = source(samples.trivy(samples.trivy_vulnerability(), ArtifactName="nginx", Metadata={}))
    assert given.fetch(named("nginx:latest"), ELSE, AMD).counts == Counts(high=1)
    assert given.fetch(named("docker.io/library/nginx"), ELSE, AMD).counts == Counts(high=1)


def test_of_one_scanner_the_newest_report_counts_and_of_several_the_worst() -> None:
    old = samples.trivy(samples.trivy_vulnerability(), CreatedAt="2026-01-01T00:00:00Z")
    assert source(old, samples.trivy()).fetch(named(), DIGEST, AMD).state == "clean"
    assert source(samples.trivy(), old).fetch(named(), DIGEST, AMD).state == "clean"
    undated = samples.trivy(samples.trivy_vulnerability(), CreatedAt=None)
    assert source(undated, samples.trivy()).fetch(named(), DIGEST, AMD).counts == Counts(high=1)
    worse = samples.harbor(samples.harbor_vulnerability(severity="Critical"))
    worse[samples.HARBOR]["scanner"]["name"] = "Clair"
    both = source(samples.trivy(samples.trivy_vulnerability()), worse).fetch(named(), DIGEST, AMD)
    assert (both.counts, both.scanner) == (Counts(critical=1), "Clair v0.60")


def test_vex_documents_filter_the_reports_beside_them() -> None:
    vex = samples.openvex(samples.vex_statement(DIGEST))
    given = source(vex, samples.trivy(samples.trivy_vulnerability()))
    assert given.fetch(named(), DIGEST, AMD).state == "clean"
    assert len(given.statements) == 1
    assert source(vex).fetch(named(), DIGEST, AMD).state == "missing"


def test_files_that_cannot_be_read_are_said_where_nothing_else_is_known() -> None:
    given = ReportFiles((("a.json", None), ("b.json", b"{")), NOW)
    scan = given.fetch(named(), DIGEST, AMD)
    assert scan.state == "missing"
    assert scan.reason == "no report speaks of this image; 2 could not be read, a.json among them"


def test_a_date_in_the_future_is_dropped() -> None:
    scan = source(samples.trivy(CreatedAt="2027-01-01T00:00:00Z")).fetch(named(), DIGEST, AMD)
    assert scan.scanned_at is None
    assert "lies in the future" in scan.reason
