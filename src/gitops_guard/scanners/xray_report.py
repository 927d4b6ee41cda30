"""Summaries of JFrog Xray, `POST /api/v1/summary/artifact`.

A summary has no time, and its empty list of issues looks the same for an artifact that was never scanned: whether it
was scanned says `api/v1/artifact/status` alone.

Source: JFrog's documentation of the artifact summary.
"""

from collections.abc import Iterator

from gitops_guard.facts.scan import Scan, Vulnerability, distinct, finished, grade
from gitops_guard.scanners.json_reading import (
    Object,
    digest,
    entries,
    guarded,
    mapping,
    required,
    section,
    text,
    texts,
)

_IMAGES = frozenset(("docker", "oci"))
_COMPONENT = 2
_LONGEST_SUMMARY = 80


def read(document: object) -> tuple[Scan, ...]:
    """The scans of a summary, one for each artifact. Without issues they are `missing`: see the module."""
    return guarded(scans, document)


def is_report(document: Object) -> bool:
    """Whether it is a summary, and not a bill of materials of Syft, which has `artifacts` too."""
    return "artifacts" in document and "descriptor" not in document


def scans(document: object) -> Iterator[Scan]:
    """The same one by one.

    Raises:
        MalformedReportError: the document is no such report.
    """
    answer = mapping(document)
    artifacts, errors = entries(answer, "artifacts"), entries(answer, "errors")
    for artifact in artifacts:
        yield _scan(artifact)
    for error in errors:
        yield Scan("missing", "", text(error.get("identifier")), scanner="JFrog Xray", reason=text(error.get("error")))
    if not artifacts and not errors:
        yield Scan("missing", scanner="JFrog Xray", reason="no artifacts: nothing says that the image was scanned")


def _scan(artifact: Object) -> Scan:
    general = section(artifact, "general")
    scan = Scan(
        "missing",
        subject=text(general.get("name")) or text(general.get("path")),
        digest=digest(f"sha256:{text(general.get('sha256'))}"),
        scanner="JFrog Xray",
        vulnerabilities=distinct(_vulnerabilities(artifact)),
    )
    kind = text(general.get("pkg_type"))
    if kind.lower() not in _IMAGES:
        return scan._replace(state="unsupported", reason=f"a {kind or 'nameless'} package, not an image")
    if not scan.vulnerabilities:
        return scan._replace(reason="a summary without issues does not say that the image was scanned")
    return finished(scan)


def _vulnerabilities(artifact: Object) -> Iterator[Vulnerability]:
    for issue in entries(artifact, "issues"):
        if text(issue.get("issue_type")) not in {"", "security"}:
            continue
        names = tuple(found for one in entries(issue, "cves") if (found := text(one.get("cve"))))
        own = text(issue.get("issue_id")) or text(issue.get("summary"))[:_LONGEST_SUMMARY]
        first = names[0] if names else own or required(issue, "issue_id")
        others = tuple(name for name in (*names[1:], text(issue.get("issue_id"))) if name and name != first)
        for package, version, fixed in _packages(issue):
            yield Vulnerability(first, grade(issue.get("severity")), package, version, fixed, aliases=others)


def _packages(issue: Object) -> list[tuple[str, str, str]]:
    """Package, version and mended version: from `components` where they are given, else from the impact paths."""
    listed = entries(issue, "components")
    if listed:
        return [(*_named(text(one.get("component_id"))), ", ".join(texts(one.get("fixed_versions")))) for one in listed]
    ends = (path.rpartition("/")[2] for path in texts(issue.get("impact_path")))
    named = dict.fromkeys(_named(end) for end in ends if ":" in end)
    return [(package, version, "") for package, version in named] or [("", "", "")]


def _named(component: str) -> tuple[str, str]:
    """Name and version of `3.12:busybox:1.31.1-r20` or `alpine://3.12:busybox:1.31.1-r20`."""
    parts = component.rpartition("://")[2].split(":")
    return (parts[-2], parts[-1]) if len(parts) >= _COMPONENT else (component, "")
