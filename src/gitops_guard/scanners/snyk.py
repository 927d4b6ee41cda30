"""Reports of `snyk container test IMAGE --json`.

They have no time and no digest, so they count by the image's name only.

Source: the JSON results of the Snyk command line, with `applications` for lock files inside the image.
"""

from collections.abc import Iterator

from gitops_guard.facts.scan import Scan, Vulnerability, distinct, finished, grade
from gitops_guard.scanners.json_reading import (
    Object,
    entries,
    flag,
    guarded,
    mapping,
    objects,
    probability,
    required,
    section,
    text,
    texts,
)

_SYSTEMS = frozenset(("deb", "apk", "rpm", "linux"))


def read(document: object) -> tuple[Scan, ...]:
    """The scans of a report: one, or one for each image of a list."""
    return guarded(scans, document)


def is_report(document: Object) -> bool:
    """Whether it looks like one."""
    return isinstance(document.get("ok"), bool) and ("error" in document or "dependencyCount" in document)


def scans(document: object) -> Iterator[Scan]:
    """The same one by one.

    Raises:
        MalformedReportError: the document is no such report.
    """
    for report in objects(document, "results") if isinstance(document, list) else [mapping(document)]:
        yield _scan(report)


def _scan(report: Object) -> Scan:
    scan = Scan("failed", subject=text(report.get("path")), scanner="Snyk", reason=text(report.get("error")))
    if "error" in report:
        return scan
    applications = entries(report, "applications")
    found = [one for part in (report, *applications) for one in _vulnerabilities(part)]
    scan = scan._replace(
        subject=_subject(report, applications), platform=text(report.get("platform")), vulnerabilities=distinct(found)
    )
    if "docker" not in report:
        return scan._replace(state="unsupported", reason="a scan of a project, not an image")
    if not found and not _compared(report):
        return scan._replace(state="missing", reason="the report does not say that packages were compared")
    return finished(scan)


def _compared(report: Object) -> bool:
    count = report.get("dependencyCount")
    return flag(report.get("ok")) is True and isinstance(count, int) and count > 0


def _subject(report: Object, applications: list[Object]) -> str:
    """The image's name: Snyk appends the last part of the name to the path once more."""
    path = next((text(one.get("path")) for one in applications if one.get("path")), "") or text(report.get("path"))
    image, _, last = path.rpartition("/")
    return image if image.rpartition("/")[2].partition(":")[0] == last else path


def _vulnerabilities(part: Object) -> Iterator[Vulnerability]:
    place = "" if text(part.get("packageManager")) in _SYSTEMS else text(part.get("targetFile"))
    for entry in entries(part, "vulnerabilities"):
        identifiers = section(entry, "identifiers")
        yield Vulnerability(
            id=required(entry, "id"),
            grade=grade(entry.get("severityWithCritical") or entry.get("severity")),
            package=text(entry.get("name")) or text(entry.get("packageName")),
            version=text(entry.get("version")),
            fixed=text(entry.get("nearestFixedInVersion")) or ", ".join(texts(entry.get("fixedIn"))),
            target=place,
            aliases=texts(identifiers.get("CVE")) + texts(identifiers.get("GHSA")),
            epss=probability(section(entry, "epssDetails").get("probability")),
        )
