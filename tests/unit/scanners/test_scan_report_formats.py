"""What is read from a report of each format, and what proves that a scan took place."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gitops_guard.facts.scan import Counts
from unit.scanners import scan_report_samples as samples
from unit.scanners.scan_report_samples import DIGEST, IMAGE, OTHER, Json, only, read

WHEN = datetime(2026, 5, 19, 10, 0, 0, 123456, tzinfo=UTC)


def aws(*findings: Json) -> Json:
    return {"findings": list(findings)}


def aws_finding(**changes: Any) -> Json:
    package = {"name": "libexample", "version": "1.0", "fixedInVersion": "1.1", "filePath": "usr/lib/libexample.so"}
    image = {
        "architecture": "amd64",
        "imageHash": DIGEST,
        "imageTags": ["1.4.2"],
        "registry": "111122223333",
        "repositoryName": "team/api",
        "platform": "DEBIAN_12",
    }
    return {
        "severity": "HIGH",
        "status": "ACTIVE",
        "exploitAvailable": "YES",
        "epss": {"score": 0.25},
        "lastObservedAt": "2026-05-19T10:00:00.123456+00:00",
        "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2026-0001", "vulnerablePackages": [package]},
        "resources": [
            {
                "id": "arn:aws:ecr:eu-west-1:111122223333:repository/team/api",
                "type": "AWS_ECR_CONTAINER_IMAGE",
                "region": "eu-west-1",
                "details": {"awsEcrContainerImage": image},
            }
        ],
    } | changes


def ecr(status: str | None = "COMPLETE", **findings: Any) -> Json:
    answer: Json = {"repositoryName": "team/api", "imageId": {"imageDigest": DIGEST}}
    if status is not None:
        answer["imageScanStatus"] = {"status": status}
    return answer | {"imageScanFindings": {"imageScanCompletedAt": samples.WHEN} | findings}


ECR_BASIC = {
    "name": "CVE-2026-0001",
    "severity": "HIGH",
    "attributes": [{"key": "package_name", "value": "libexample"}, {"key": "package_version", "value": "1.0"}],
}


def google(status: str | None, *issues: Json) -> Json:
    resource = f"https://europe-docker.pkg.dev/acme/team/api@{DIGEST}"
    found: list[Json] = []
    if status is not None:
        discovery = {"analysisStatus": status, "lastScanTime": samples.WHEN}
        found.append({"kind": "DISCOVERY", "noteName": "n", "resourceUri": resource, "discovery": discovery})
    found += [
        {
            "kind": "VULNERABILITY",
            "noteName": "projects/goog-vulnz/notes/CVE-2026-0001",
            "resourceUri": resource,
            "vulnerability": {"effectiveSeverity": "HIGH", "packageIssue": [issue]},
        }
        for issue in issues
    ]
    return {"occurrences": found}


GOOGLE_ISSUE = {
    "affectedPackage": "libexample",
    "affectedVersion": {"name": "1.0", "revision": "1", "kind": "NORMAL"},
    "fixedVersion": {"fullName": "1.0-2", "kind": "NORMAL"},
}


def xray(*issues: Json, kind: str = "Docker") -> Json:
    general = {"name": "api:1.4.2", "pkg_type": kind, "sha256": DIGEST.removeprefix("sha256:")}
    return {"artifacts": [{"general": general, "issues": list(issues)}]}


XRAY_ISSUE = {
    "issue_id": "XRAY-1",
    "severity": "High",
    "cves": [{"cve": "CVE-2026-0001"}],
    "components": [{"component_id": "deb://debian:libexample:1.0", "fixed_versions": ["1.1"]}],
}
CLAIR_ENTRY = {
    "featurename": "libexample",
    "featureversion": "1.0",
    "vulnerability": "CVE-2026-0001",
    "severity": "High",
    "fixedby": "1.1",
}


def clair(*entries: Json) -> Json:
    return {"image": IMAGE, "unapproved": [], "vulnerabilities": list(entries)}


def clair4(matches: Json, packages: Json | None = None) -> Json:
    return {
        "manifest_hash": DIGEST,
        "packages": {"7": {"name": "libexample", "version": "1.0"}} if packages is None else packages,
        "vulnerabilities": {
            "9": {"name": "CVE-2026-0001 on x", "normalized_severity": "High", "fixed_in_version": "1.1"}
        },
        "package_vulnerabilities": matches,
    }


def snyk(*vulnerabilities: Json, **changes: Any) -> Json:
    return {
        "ok": not vulnerabilities,
        "dependencyCount": 9,
        "docker": {},
        "path": "registry.example.com/team/api:1.4.2/api",
        "platform": "linux/amd64",
        "packageManager": "deb",
        "vulnerabilities": list(vulnerabilities),
    } | changes


SNYK_ENTRY = {
    "id": "SNYK-1",
    "severity": "high",
    "name": "libexample",
    "version": "1.0",
    "nearestFixedInVersion": "1.1",
    "identifiers": {"CVE": ["CVE-2026-0001"]},
    "epssDetails": {"probability": "0.25"},
}
WITH_ONE = {
    "trivy": samples.trivy(samples.trivy_vulnerability()),
    "grype": samples.grype(samples.grype_match()),
    "harbor": samples.harbor(samples.harbor_vulnerability()),
    "trivy-operator": samples.operator(samples.operator_vulnerability()),
    "sarif": samples.sarif(samples.sarif_result()),
    "aws": aws(aws_finding()),
    "ecr": ecr(findings=[], enhancedFindings=[aws_finding()]),
    "google": google("FINISHED_SUCCESS", GOOGLE_ISSUE),
    "xray": xray(XRAY_ISSUE),
    "clair": clair(CLAIR_ENTRY),
    "clair 4": clair4({"7": ["9"]}),
    "snyk": snyk(SNYK_ENTRY),
}
CLEAN = {
    "trivy": samples.trivy(),
    "trivy with a null list": samples.trivy(
        Results=[{"Target": "a", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": None}]
    ),
    "trivy without a distribution": samples.trivy(
        Metadata={"ImageID": DIGEST}, Results=[{"Target": "app", "Class": "lang-pkgs", "Type": "gobinary"}]
    ),
    "trivy, first schema": [{"Target": f"{IMAGE} (debian 12.5)", "Type": "debian", "Vulnerabilities": None}],
    "grype": samples.grype(),
    "harbor": samples.harbor(),
    "harbor overview": {"digest": DIGEST, "scan_overview": {"x": {"scan_status": "Success", "summary": {"total": 0}}}},
    "trivy-operator": samples.operator(),
    "sarif": samples.sarif(),
    "ecr": ecr(findings=[]),
    "ecr, enhanced": ecr("ACTIVE", enhancedFindings=[]),
    "google": google("FINISHED_SUCCESS"),
    "clair 4": clair4({}),
    "snyk": snyk(),
}
NOT_CLEAN: dict[str, tuple[object, str]] = {
    "null": (None, "missing"),
    "an empty object": ({}, "missing"),
    "an empty list": ([], "missing"),
    "a list of words": (["trivy"], "failed"),
    "a number": (7, "failed"),
    "an empty list of vulnerabilities": ({"vulnerabilities": []}, "missing"),
    "trivy without results": (samples.trivy(Results=[], Metadata={}), "missing"),
    "trivy, unknown distribution": (samples.trivy(Results=[]), "unsupported"),
    "trivy, unknown distribution beside other packages": (
        samples.trivy(Results=[{"Target": "app", "Class": "lang-pkgs", "Type": "jar"}]),
        "unsupported",
    ),
    "trivy for secrets only": (
        samples.trivy(Metadata={"ImageID": DIGEST}, Results=[{"Target": "x", "Class": "secret"}]),
        "unsupported",
    ),
    "trivy of a file system": (samples.trivy(ArtifactType="filesystem"), "unsupported"),
    "trivy of nothing named": (samples.trivy(ArtifactType=None), "unsupported"),
    "trivy, first schema, of lock files": ([{"Target": "go.sum", "Type": "gomod"}], "unsupported"),
    "grype without a list": (samples.grype(matches=None), "missing"),
    "grype without a descriptor": (samples.grype(descriptor={}), "missing"),
    "grype of a folder": (samples.grype(source={"type": "directory", "target": "."}), "unsupported"),
    "harbor without a date": (
        {samples.HARBOR: {"scanner": {"name": "Trivy"}, "vulnerabilities": []}},
        "missing",
    ),
    "harbor without a scanner": ({samples.HARBOR: {"generated_at": samples.WHEN, "vulnerabilities": []}}, "missing"),
    "harbor without a list": ({samples.HARBOR: {"generated_at": samples.WHEN, "scanner": {"name": "T"}}}, "missing"),
    "harbor overview, running": ({"scan_overview": {"x": {"scan_status": "Running"}}}, "in-progress"),
    "harbor overview, failed": ({"scan_overview": {"x": {"scan_status": "Error"}}}, "failed"),
    "harbor overview, only counts": (
        {"scan_overview": {"x": {"scan_status": "Success", "summary": {"total": 3}}}},
        "unsupported",
    ),
    "harbor overview, not scanned": ({"scan_overview": {}}, "missing"),
    "operator without a scanner": ({**samples.operator(), "report": {"vulnerabilities": []}}, "missing"),
    "operator, configuration audit": (samples.operator(kind="ConfigAuditReport"), "unsupported"),
    "operator, exposed secrets": (samples.operator(kind="ExposedSecretReport"), "unsupported"),
    "sarif of another tool": (samples.sarif(tool={"driver": {"name": "CodeQL"}}), "unsupported"),
    "sarif of no image": (samples.sarif(properties={}), "unsupported"),
    "sarif that failed": (samples.sarif(invocations=[{"executionSuccessful": False}]), "failed"),
    "sarif without results": (samples.sarif(results=None), "failed"),
    "sarif without runs": ({"version": "2.1.0", "runs": []}, "missing"),
    "aws without findings": (aws(), "missing"),
    "aws, all closed": (aws(aws_finding(status="CLOSED")), "missing"),
    "ecr, in progress": (ecr("IN_PROGRESS", findings=[]), "in-progress"),
    "ecr, failed": (ecr("FAILED", findings=[]), "failed"),
    "ecr, no status": (ecr(None, findings=[]), "failed"),
    "ecr, expired": (ecr("SCAN_ELIGIBILITY_EXPIRED", findings=[]), "stale"),
    "ecr without findings": ({"imageScanStatus": {"status": "COMPLETE"}}, "missing"),
    "google, no discovery": (google(None, GOOGLE_ISSUE), "missing"),
    "google, scanning": (google("SCANNING"), "in-progress"),
    "google, unsupported": (google("FINISHED_UNSUPPORTED"), "unsupported"),
    "google, no occurrence": ({"occurrences": []}, "missing"),
    "xray without issues": (xray(), "missing"),
    "xray of a jar": (xray(XRAY_ISSUE, kind="Maven"), "unsupported"),
    "xray of nothing": ({"artifacts": [], "errors": [{"identifier": "a", "error": "not indexed"}]}, "missing"),
    "clair": (clair(), "missing"),
    "clair 4 without packages": (clair4({}, {}), "unsupported"),
    "snyk of a project": ({"ok": True, "dependencyCount": 3, "vulnerabilities": []}, "unsupported"),
    "snyk that failed": ({"ok": False, "error": "no such image", "path": IMAGE}, "failed"),
    "snyk of nothing": (snyk(dependencyCount=0), "missing"),
    "a bill of materials": ({"bomFormat": "CycloneDX", "components": []}, "unsupported"),
    "an openvex document": (samples.openvex(), "unsupported"),
    "an old report of a cluster": ({"ClusterName": "c", "Vulnerabilities": []}, "unsupported"),
    "a report of a cluster without images": ({"ClusterName": "c", "Resources": []}, "unsupported"),
}


@pytest.mark.parametrize("name", WITH_ONE)
def test_a_vulnerability_is_read_with_package_versions_and_fix(name: str) -> None:
    scan = only(WITH_ONE[name])
    assert (scan.state, scan.counts) == ("findings", Counts(high=1))
    (one,) = scan.vulnerabilities
    assert "CVE-2026-0001" in (one.id, *one.aliases)
    assert one.package in {"libexample", "example"}
    assert one.version.startswith(("1.0", "2.0"))
    assert one.fixed
    assert scan.fixable == 1
    assert scan.source == "report report.json"


@pytest.mark.parametrize("name", sorted(WITH_ONE.keys() - {"clair", "snyk", "xray", "sarif", "clair 4"}))
def test_digest_and_date_are_read(name: str) -> None:
    scan = only(WITH_ONE[name])
    assert (scan.digest, scan.scanned_at) == (DIGEST, WHEN)


@pytest.mark.parametrize("name", CLEAN)
def test_a_finished_scan_without_vulnerabilities_is_clean(name: str) -> None:
    scan = only(CLEAN[name])
    assert (scan.state, scan.counts, scan.reason) == ("clean", Counts(), "")
    assert scan.scanner or "overview" in name


@pytest.mark.parametrize("name", NOT_CLEAN)
def test_what_proves_no_scan_is_never_clean_and_says_why(name: str) -> None:
    document, state = NOT_CLEAN[name]
    scan = only(document)
    assert scan.state == state
    assert scan.reason


def test_images_and_platforms_are_named() -> None:
    assert (only(samples.trivy()).subject, only(samples.trivy()).platform) == (IMAGE, "linux/amd64")
    assert (only(samples.grype()).subject, only(samples.grype()).platform) == (IMAGE, "linux/arm64")
    assert only(samples.operator()).subject == IMAGE
    assert only(snyk()).subject == IMAGE
    assert only(snyk(path="localhost:5000/api")).subject == "localhost:5000/api"
    assert only(aws(aws_finding())).subject == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/api:1.4.2"
    assert only(google("COMPLETE")).subject == "europe-docker.pkg.dev/acme/team/api"


def test_trivy_names_an_archive_by_its_tag() -> None:
    metadata = {"OS": {"Family": "debian"}, "RepoTags": [IMAGE]}
    assert only(samples.trivy(ArtifactName="images/api.tar.gz", Metadata=metadata)).subject == IMAGE


def test_end_of_life_is_the_scanners_own_flag() -> None:
    ended = {"OS": {"Family": "debian", "Name": "9", "EOSL": True}}
    assert only(samples.trivy(Metadata=ended)).end_of_life is True
    assert only(samples.trivy()).end_of_life is None
    assert only(samples.operator()).end_of_life is True


def test_the_same_package_in_two_places_is_two_instances() -> None:
    places = [samples.trivy_vulnerability(PkgPath=path) for path in ("a.jar", "b.jar", "a.jar")]
    assert only(samples.trivy(*places)).counts == Counts(high=2)
    matches = [samples.grype_match("1f"), samples.grype_match("2e"), samples.grype_match("1f")]
    assert only(samples.grype(*matches)).counts == Counts(high=2)


def test_findings_beside_an_unknown_distribution_count_and_the_gap_is_said() -> None:
    results = [{"Target": "app", "Class": "lang-pkgs", "Vulnerabilities": [samples.trivy_vulnerability()]}]
    scan = only(samples.trivy(Results=results))
    assert scan.state == "findings"
    assert "debian 12.5 were not compared" in scan.reason


def test_kev_and_epss_are_none_where_the_source_does_not_say() -> None:
    (one,) = only(aws(aws_finding())).vulnerabilities
    assert (one.kev, one.epss) == (None, 0.25)
    (one,) = only(samples.trivy(samples.trivy_vulnerability())).vulnerabilities
    assert (one.kev, one.epss) == (None, None)
    (one,) = only(snyk(SNYK_ENTRY)).vulnerabilities
    assert (one.kev, one.epss) == (None, 0.25)


def test_grype_says_what_is_exploited_only_if_its_database_knows() -> None:
    exploited = samples.grype_match(knownExploited=[{"cve": "CVE-2026-0001"}], epss=[{"epss": 0.9}, {"epss": 0.1}])
    (one,) = only(samples.grype(exploited)).vulnerabilities
    assert (one.kev, one.epss) == (True, 0.9)
    (one,) = only(samples.grype(samples.grype_match())).vulnerabilities
    assert one.kev is None
    descriptor = {"version": "0.94.0", "db": {"providers": {"kev": {}}}}
    (one,) = only(samples.grype(samples.grype_match(), descriptor=descriptor)).vulnerabilities
    assert one.kev is False


@pytest.mark.parametrize(("status", "fixed"), [("NotAvailable", 0), ("", 0), ("1.1", 1)])
def test_inspectors_words_for_no_fix_are_no_versions(status: str, fixed: int) -> None:
    package = {"name": "a", "version": "1", "fixedInVersion": status}
    details = {"vulnerabilityId": "CVE-2026-0001", "vulnerablePackages": [package]}
    assert only(aws(aws_finding(packageVulnerabilityDetails=details))).fixable == fixed


def test_basic_findings_of_ecr_name_the_package_in_attributes() -> None:
    (one,) = only(ecr(findings=[ECR_BASIC])).vulnerabilities
    assert (one.id, one.grade, one.package, one.version, one.fixed) == (
        "CVE-2026-0001",
        "high",
        "libexample",
        "1.0",
        "",
    )


def test_xray_names_packages_in_impact_paths_and_issues_by_summary_at_need() -> None:
    paths = [f"default/api/1.4.2/sha256__{'c' * 64}.tar.gz/3.20:libexample:1.0", "default/api/1.4.2"]
    issue = {"summary": "An issue", "severity": "High", "cves": [{"cvss_v2": "1"}], "impact_path": paths}
    license_issue = {"issue_type": "license", "severity": "High"}
    found = only(xray(issue, license_issue)).vulnerabilities
    assert [(one.id, one.package, one.version) for one in found] == [("An issue", "libexample", "1.0")]
    (nameless,) = only(xray(issue | {"impact_path": paths[1:]})).vulnerabilities
    assert nameless.package == ""


def test_clairs_defcon_is_critical_and_other_words_are_unknown() -> None:
    entries = (CLAIR_ENTRY | {"severity": word, "vulnerability": word} for word in ("Defcon1", "Negligible"))
    assert only(clair(*entries)).counts == Counts(critical=1, unknown=1)


def test_packages_with_different_ids_at_one_path_are_told_apart() -> None:
    found = only(samples.grype(samples.grype_match("1f"), samples.grype_match("2e"))).vulnerabilities
    assert [one.target for one in found] == ["/app/package-lock.json", "/app/package-lock.json (2e)"]


def test_several_images_in_one_snyk_report_are_several_scans() -> None:
    assert [scan.state for scan in read([snyk(SNYK_ENTRY), snyk()])] == ["findings", "clean"]


def test_google_calls_no_fix_maximum() -> None:
    issue = GOOGLE_ISSUE | {"fixedVersion": {"kind": "MAXIMUM"}}
    assert only(google("FINISHED_SUCCESS", issue)).fixable == 0


def test_gcloud_describes_one_image() -> None:
    occurrences = google("FINISHED_SUCCESS", GOOGLE_ISSUE)["occurrences"]
    described = {
        "image_summary": {"digest": DIGEST, "fully_qualified_digest": f"europe-docker.pkg.dev/acme/team/api@{DIGEST}"},
        "discovery_summary": {"discovery": occurrences[:1]},
        "package_vulnerability_summary": {"vulnerabilities": {"HIGH": occurrences[1:]}},
    }
    scan = only(described)
    assert (scan.state, scan.digest, scan.scanned_at, scan.counts) == ("findings", DIGEST, WHEN, Counts(high=1))


def test_findings_of_several_images_are_several_scans() -> None:
    second = aws_finding()
    second["resources"][0] = {"id": "i-1", "type": "AWS_EC2_INSTANCE"}
    first, other = read(aws(aws_finding(), second))
    assert (first.state, other.state) == ("findings", "unsupported")
    assert "not of an image" in other.reason


def test_a_list_of_the_operators_reports_is_read_one_by_one() -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [samples.operator(), samples.operator(kind="SbomReport")]}
    assert [scan.state for scan in read(listed)] == ["clean", "unsupported"]


def test_a_harbor_report_on_several_images_names_none_of_them() -> None:
    one, two = samples.harbor_vulnerability(), samples.harbor_vulnerability(id="CVE-2", artifact_digests=[OTHER])
    assert only(samples.harbor(one, two)).digest == ""


def resource(**changes: Any) -> Json:
    report = samples.trivy(samples.trivy_vulnerability())
    return {
        "Namespace": "shop",
        "Kind": "Deployment",
        "Name": "api",
        "Metadata": report["Metadata"],
        "Results": report["Results"],
    } | changes


def test_resources_of_a_cluster_are_images_where_they_name_one() -> None:
    cases: tuple[tuple[Json, str, str], ...] = (
        (resource(), "findings", DIGEST),
        (resource(Metadata=[resource()["Metadata"]]), "findings", DIGEST),
        (resource(Metadata=[resource()["Metadata"]] * 2), "unsupported", ""),
        (resource(Metadata={}), "unsupported", ""),
        (resource(Error="pull refused"), "failed", DIGEST),
    )
    scans = read({"ClusterName": "c", "Resources": [case[0] for case in cases]})
    assert [(scan.state, scan.digest) for scan in scans] == [case[1:] for case in cases]


@pytest.mark.parametrize(
    "results",
    ["x", {}, [7], [{"Vulnerabilities": "none"}], [{"Vulnerabilities": [None]}], [{"Vulnerabilities": [{}]}]],
    ids=str,
)
def test_a_list_of_the_wrong_type_fails_and_is_never_clean(results: object) -> None:
    scan = only(samples.trivy(Results=results))
    assert scan.state == "failed"
    assert scan.reason


def test_a_detail_of_the_wrong_type_counts_as_not_said() -> None:
    scan = only(samples.trivy(CreatedAt=True, Metadata={"OS": [], "RepoDigests": {}, "ImageConfig": 7}))
    assert (scan.state, scan.scanned_at, scan.digest, scan.platform) == ("clean", None, "", "")


def test_other_parsers_give_failed_scans_for_malformed_lists_and_never_raise() -> None:
    broken = (
        samples.grype({"artifact": {}}),
        samples.grype(matches={}),
        samples.harbor({"package": "x"}),
        samples.operator({}),
        samples.sarif({"message": {"text": "x"}}),
        aws({"resources": "x"}),
        ecr(findings="none"),
        {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": "none"},
        {"occurrences": [{"kind": "VULNERABILITY", "noteName": "n"}]},
        xray({"cves": [{}]}),
        clair({}),
        clair4({"7": "9"}),
        clair4({"7": ["8"]}),
        snyk({}),
    )
    for document in broken:
        scan = only(document)
        assert scan.state == "failed", document
        assert scan.reason
