"""Vulnerability reports of Harbor: the answer of an artifact's `additions/vulnerabilities`, or the artifact itself.

Source: Harbor's API 2.0 (swagger.yaml: NativeReportSummary, scan overview) and the pluggable scanner specification
1.1 (report `application/vnd.security.vulnerability.report`).
"""

from collections.abc import Iterator

from gitops_guard.facts.scan import Scan, ScanState, Vulnerability, distinct, finished, grade
from gitops_guard.scanners.json_reading import (
    Object,
    digest,
    digests,
    entries,
    guarded,
    items,
    mapping,
    moment,
    required,
    section,
    text,
    titled,
)

_STATES: dict[str, ScanState] = {
    "success": "clean",
    "pending": "in-progress",
    "running": "in-progress",
    "scheduled": "in-progress",
    "error": "failed",
    "stopped": "failed",
    "unsupported": "unsupported",
    "not scanned": "missing",
}
"""Words of `scan_status`; `clean` stands for finished."""


def read(document: object) -> tuple[Scan, ...]:
    """The scans of a document: a report, reports by media type, or an artifact with its `scan_overview`."""
    return guarded(scans, document)


def is_report(document: Object) -> bool:
    """Whether it is one of these."""
    if "scan_overview" in document or any(_is_media_type(name) for name in document):
        return True
    listed = items(document.get("vulnerabilities"))
    return "vulnerabilities" in document and (not listed or "package" in mapping(listed[0]))


def _is_media_type(name: str) -> bool:
    return name.startswith("application/vnd.") and "vuln" in name


def scans(document: object) -> Iterator[Scan]:
    """The same one by one.

    Raises:
        MalformedReportError: the document is no such report.
    """
    given = mapping(document)
    if "scan_overview" in given:
        yield _overview(given)
        return
    bodies = [mapping(body) for name, body in given.items() if _is_media_type(name)]
    yield _report(next((body for body in bodies if "vulnerabilities" in body), bodies[0] if bodies else given))


def _report(body: Object) -> Scan:
    scanner = section(body, "scanner")
    found = entries(body, "vulnerabilities")
    of = digests(
        one for entry in found for one in (*items(entry.get("artifact_digests")), entry.get("artifact_digest"))
    )
    scan = Scan(
        "missing",
        digest=of[0] if len(of) == 1 else "",
        scanner=titled(text(scanner.get("name")), scanner.get("version")),
        scanned_at=moment(body.get("generated_at")),
        vulnerabilities=distinct(_vulnerability(entry) for entry in found),
    )
    if not scan.vulnerabilities and not (scan.scanner and "generated_at" in body and "vulnerabilities" in body):
        return scan._replace(reason="the report does not say which scanner made it, and when")
    return finished(scan)


def _vulnerability(entry: Object) -> Vulnerability:
    return Vulnerability(
        id=required(entry, "id"),
        grade=grade(entry.get("severity")),
        package=text(entry.get("package")),
        version=text(entry.get("version")),
        fixed=text(entry.get("fix_version")),
    )


def _overview(artifact: Object) -> Scan:
    """An artifact says whether and when it was scanned and how many vulnerabilities there are, but names none."""
    overview = next((mapping(one) for one in section(artifact, "scan_overview").values()), {})
    status, scanner = text(overview.get("scan_status")), section(overview, "scanner")
    state = _STATES.get(status.lower(), "failed" if status else "missing")
    scan = Scan(
        state,
        digest=digest(artifact.get("digest")),
        scanner=titled(text(scanner.get("name")), scanner.get("version")),
        scanned_at=moment(overview.get("end_time")),
        reason=f"its scan is {status.lower()}" if status else "it was not scanned",
    )
    if state != "clean":
        return scan
    total = section(overview, "summary").get("total")
    if total == 0 and not isinstance(total, bool):
        return scan._replace(reason="")
    return scan._replace(state="unsupported", reason="only counts: ask for additions/vulnerabilities")
