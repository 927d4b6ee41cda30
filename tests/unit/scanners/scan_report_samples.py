"""Small invented reports, one for each format, with one high and fixable vulnerability or none."""

import json
from datetime import UTC, datetime
from typing import Any

from gitops_guard.facts.scan import Scan
from gitops_guard.scanners.report_file import read_report

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
WHEN = "2026-05-19T10:00:00.123456789Z"
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
IMAGE = "registry.example.com/team/api:1.4.2"
HARBOR = "application/vnd.security.vulnerability.report; version=1.1"

Json = dict[str, Any]


def trivy(*vulnerabilities: Json, **changes: Any) -> Json:
    report: Json = {
        "SchemaVersion": 2,
        "CreatedAt": WHEN,
        "ArtifactName": IMAGE,
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "debian", "Name": "12.5"},
            "RepoDigests": [f"registry.example.com/team/api@{DIGEST}"],
            "ImageConfig": {"os": "linux", "architecture": "amd64"},
        },
        "Results": [{"Target": f"{IMAGE} (debian 12.5)", "Class": "os-pkgs", "Type": "debian"}],
    }
    if vulnerabilities:
        report["Results"][0]["Vulnerabilities"] = list(vulnerabilities)
    return report | changes


def trivy_vulnerability(**changes: Any) -> Json:
    return {
        "VulnerabilityID": "CVE-2026-0001",
        "PkgName": "libexample",
        "PkgIdentifier": {"PURL": "pkg:deb/debian/libexample@1.0-1?arch=amd64"},
        "InstalledVersion": "1.0-1",
        "FixedVersion": "1.0-2",
        "Severity": "HIGH",
    } | changes


def grype(*matches: Json, **changes: Any) -> Json:
    target = {
        "userInput": IMAGE,
        "manifestDigest": DIGEST,
        "repoDigests": [f"registry.example.com/team/api@{OTHER}"],
        "architecture": "arm64",
        "os": "linux",
    }
    return {
        "matches": list(matches),
        "source": {"type": "image", "target": target},
        "distro": {"name": "alpine", "version": "3.20"},
        "descriptor": {"name": "grype", "version": "0.94.0", "timestamp": WHEN},
    } | changes


def grype_match(artifact: str = "1f", **changes: Any) -> Json:
    return {
        "vulnerability": {
            "id": "GHSA-aaaa-bbbb-cccc",
            "severity": "High",
            "fix": {"versions": ["2.1"], "state": "fixed"},
        }
        | changes,
        "relatedVulnerabilities": [{"id": "CVE-2026-0001"}],
        "artifact": {
            "id": artifact,
            "name": "example",
            "version": "2.0",
            "locations": [{"path": "/app/package-lock.json"}],
            "purl": "pkg:npm/example@2.0",
        },
    }


def harbor(*vulnerabilities: Json) -> Json:
    scanner = {"name": "Trivy", "vendor": "Example", "version": "v0.60"}
    return {HARBOR: {"generated_at": WHEN, "scanner": scanner, "vulnerabilities": list(vulnerabilities) or None}}


def harbor_vulnerability(**changes: Any) -> Json:
    return {
        "id": "CVE-2026-0001",
        "package": "libexample",
        "version": "1.0-1",
        "fix_version": "1.0-2",
        "severity": "High",
        "artifact_digests": [DIGEST],
    } | changes


def operator(*vulnerabilities: Json, kind: str = "VulnerabilityReport") -> Json:
    return {
        "apiVersion": "aquasecurity.github.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": "replicaset-api"},
        "report": {
            "artifact": {"repository": "team/api", "tag": "1.4.2", "digest": DIGEST},
            "registry": {"server": "registry.example.com"},
            "scanner": {"name": "Trivy", "version": "0.60.0"},
            "os": {"family": "debian", "name": "11", "eosl": True},
            "updateTimestamp": WHEN,
            "vulnerabilities": list(vulnerabilities),
        },
    }


def operator_vulnerability(**changes: Any) -> Json:
    return {
        "vulnerabilityID": "CVE-2026-0001",
        "resource": "libexample",
        "installedVersion": "1.0-1",
        "fixedVersion": "1.0-2",
        "severity": "HIGH",
    } | changes


def sarif(*results: Json, rules: list[Json] | None = None, **changes: Any) -> Json:
    run = {
        "tool": {"driver": {"name": "Trivy", "version": "0.60.0", "rules": rules or []}},
        "results": list(results),
        "properties": {"imageName": IMAGE, "repoDigests": [f"registry.example.com/team/api@{DIGEST}"]},
    }
    return {"version": "2.1.0", "runs": [run | changes]}


def sarif_result(**changes: Any) -> Json:
    lines = ("Package: libexample", "Installed Version: 1.0-1", "Vulnerability CVE-2026-0001", "Severity: HIGH")
    return {
        "ruleId": "CVE-2026-0001",
        "level": "error",
        "message": {"text": "\n".join((*lines, "Fixed Version: 1.0-2", "Link: none"))},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "team/api"}}}],
    } | changes


def openvex(*statements: Json, **changes: Any) -> Json:
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.com/vex/1",
        "author": "Example",
        "timestamp": WHEN,
        "statements": list(statements),
    } | changes


def vex_statement(*products: Any, status: str = "not_affected", name: str = "CVE-2026-0001", **more: Any) -> Json:
    return {"vulnerability": {"name": name}, "products": list(products), "status": status} | more


def read(document: object) -> tuple[Scan, ...]:
    """The scans of a document, as from a file."""
    return read_report("report.json", json.dumps(document).encode()).scans


def only(document: object) -> Scan:
    (scan,) = read(document)
    return scan
