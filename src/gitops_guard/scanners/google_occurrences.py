"""Occurrences of Google's Artifact Analysis, as its API and `gcloud artifacts docker images describe` give them.

Whether an image was scanned, and when, says its DISCOVERY occurrence alone: a list of vulnerabilities, empty or not,
proves nothing about the rest.

Source: Grafeas v1 (Occurrence, VulnerabilityOccurrence, DiscoveryOccurrence).
"""

from collections.abc import Iterator, Sequence

from gitops_guard.facts.scan import Scan, ScanState, Vulnerability, distinct, finished, grade
from gitops_guard.scanners.json_reading import (
    MalformedReportError,
    Object,
    digest,
    entries,
    guarded,
    items,
    mapping,
    member,
    moment,
    objects,
    section,
    text,
)

_SCANNER = "Google Artifact Analysis"
_STATES: dict[str, ScanState] = {
    "FINISHED_SUCCESS": "clean",
    "COMPLETE": "clean",
    "PENDING": "in-progress",
    "SCANNING": "in-progress",
    "FINISHED_FAILED": "failed",
    "FINISHED_UNSUPPORTED": "unsupported",
}
"""What `analysisStatus` says; `clean` stands for finished."""


def read(document: object) -> tuple[Scan, ...]:
    """The scans of a document, one for each image.

    Args:
        document: what `gcloud` describes, an answer `{"occurrences": [...]}`, or a list of occurrences.
    """
    return guarded(scans, document)


def is_report(document: Object) -> bool:
    """Whether it is one of them, or an occurrence itself."""
    return not document.keys().isdisjoint(("image_summary", "occurrences", "noteName"))


def scans(document: object) -> Iterator[Scan]:
    """The same one by one.

    Raises:
        MalformedReportError: the document is no such report.
    """
    if isinstance(document, dict) and "image_summary" in document:
        yield _described(document)
        return
    occurrences = (
        objects(document, "occurrences") if isinstance(document, list) else entries(mapping(document), "occurrences")
    )
    groups: dict[str, list[Object]] = {}
    for occurrence in occurrences:
        groups.setdefault(text(occurrence.get("resourceUri")), []).append(occurrence)
    if not groups:
        yield Scan("missing", scanner=_SCANNER, reason="no occurrences: nothing says that the image was scanned")
    for resource, found in groups.items():
        yield _scan(resource.removeprefix("https://"), found)


def _described(document: Object) -> Scan:
    image = section(document, "image_summary")
    found = entries(section(document, "discovery_summary"), "discovery")
    by_severity = member(member(document, "package_vulnerability_summary"), "vulnerabilities")
    found = found + [one for severity in by_severity for one in entries(by_severity, severity)]
    scan = _scan(text(image.get("fully_qualified_digest")), found)
    return scan._replace(digest=digest(image.get("digest")) or scan.digest)


def _scan(resource: str, occurrences: Sequence[Object]) -> Scan:
    """The occurrences of one image; of several discoveries the newest counts."""
    discoveries = [mapping(one["discovery"]) for one in occurrences if "discovery" in one]
    found = (one for occurrence in occurrences for one in _vulnerabilities(occurrence))
    scan = Scan(
        "missing",
        subject=resource.partition("@")[0],
        digest=digest(resource),
        scanner=_SCANNER,
        vulnerabilities=distinct(found),
    )
    if not discoveries:
        return scan._replace(reason="no DISCOVERY occurrence says that its scan is finished")
    return _judged(scan, max(discoveries, key=_age))


def _age(discovery: Object) -> float:
    when = moment(discovery.get("lastScanTime"))
    return when.timestamp() if when else 0.0


def _judged(scan: Scan, discovery: Object) -> Scan:
    status = text(discovery.get("analysisStatus"))
    scan = scan._replace(state=_STATES.get(status, "failed"), scanned_at=moment(discovery.get("lastScanTime")))
    if scan.state != "clean":
        details = text(section(discovery, "analysisStatusError").get("message"))
        return scan._replace(
            reason=f"its analysis is {status or 'without a status'}{f': {details}' if details else ''}"
        )
    return finished(scan)


def _vulnerabilities(occurrence: Object) -> Iterator[Vulnerability]:
    said = member(occurrence, "vulnerability")
    if not said and text(occurrence.get("kind")) == "VULNERABILITY":
        raise MalformedReportError("an occurrence has no `vulnerability`")
    if not said:
        return
    name = text(occurrence.get("noteName")).rpartition("/")[2] or text(said.get("shortDescription"))
    short = text(said.get("shortDescription"))
    for issue in entries(said, "packageIssue") or [{}]:
        place = next((mapping(item) for item in items(issue.get("fileLocation"))), {})
        yield Vulnerability(
            id=name or "unnamed",
            grade=grade(issue.get("effectiveSeverity") or said.get("effectiveSeverity") or said.get("severity")),
            package=text(issue.get("affectedPackage")),
            version=_version(section(issue, "affectedVersion")),
            fixed=_version(section(issue, "fixedVersion")),
            target=text(place.get("filePath")),
            aliases=(short,) if short.startswith("CVE-") and short != name else (),
        )


def _version(said: Object) -> str:
    """A version; none if it is MAXIMUM, which stands for no fix."""
    if text(said.get("kind")) in {"MAXIMUM", "MINIMUM"}:
        return ""
    full = text(said.get("fullName"))
    if full:
        return full
    name, revision = text(said.get("name")), text(said.get("revision"))
    return f"{name}-{revision}" if name and revision else name
