"""Reports of Clair: `clairctl report --out json` (Clair 4) and clair-scanner.

Source: Clair's VulnerabilityReport (`/matcher/api/v1/vulnerability_report`), and clair-scanner's report.
"""

from collections.abc import Iterator

from gitops_guard.facts.scan import Grade, Scan, Vulnerability, distinct, finished, grade
from gitops_guard.scanners.json_reading import (
    MalformedReportError,
    Object,
    digest,
    entries,
    guarded,
    mapping,
    member,
    required,
    section,
    text,
)


def read(document: object) -> tuple[Scan, ...]:
    """The scan of a report; neither kind says when it was made."""
    return guarded(scans, document)


def is_report(document: Object) -> bool:
    """Whether it looks like one of them."""
    return "manifest_hash" in document or ("unapproved" in document and "vulnerabilities" in document)


def scans(document: object) -> Iterator[Scan]:
    """The same one by one.

    Raises:
        MalformedReportError: the document is no such report.
    """
    report = mapping(document)
    yield _indexed(report) if "manifest_hash" in report else _scanned(report)


def _scanned(report: Object) -> Scan:
    scan = Scan(
        "missing",
        subject=text(report.get("image")),
        scanner="Clair",
        vulnerabilities=distinct(_listed(entry) for entry in entries(report, "vulnerabilities")),
    )
    if not scan.vulnerabilities:
        return scan._replace(reason="an empty list does not say that a scan took place")
    return finished(scan)


def _listed(entry: Object) -> Vulnerability:
    return Vulnerability(
        id=required(entry, "vulnerability"),
        grade=_grade(entry.get("severity")),
        package=text(entry.get("featurename")),
        version=text(entry.get("featureversion")),
        fixed=text(entry.get("fixedby")),
    )


def _grade(word: object) -> Grade:
    """Clair 2 calls what is worse than critical `Defcon1`."""
    return "critical" if text(word).lower() == "defcon1" else grade(word)


def _indexed(report: Object) -> Scan:
    distributions = section(report, "distributions").values()
    names = (text(mapping(one).get("pretty_name")) or text(mapping(one).get("did")) for one in distributions)
    scan = Scan(
        "missing",
        digest=digest(report.get("manifest_hash")),
        scanner="Clair",
        vulnerabilities=distinct(_matched(report)),
        distribution=next(names, ""),
    )
    if scan.vulnerabilities or section(report, "packages"):
        return finished(scan)
    return scan._replace(state="unsupported", reason="the scanner recognised no packages in it")


def _matched(report: Object) -> Iterator[Vulnerability]:
    matches, packages = member(report, "package_vulnerabilities"), member(report, "packages")
    known = member(report, "vulnerabilities")
    for package_id, found in matches.items():
        if not isinstance(found, list):
            raise MalformedReportError("`package_vulnerabilities` holds something else than lists")
        package = section(packages, package_id)
        for vulnerability_id in found:
            yield _of_package(section(known, text(vulnerability_id)), package)


def _of_package(said: Object, package: Object) -> Vulnerability:
    return Vulnerability(
        id=required(said, "name").partition(" ")[0],
        grade=_grade(said.get("normalized_severity")),
        package=text(package.get("name")),
        version=text(package.get("version")),
        fixed=text(said.get("fixed_in_version")),
        target=text(package.get("package_db")),
    )
