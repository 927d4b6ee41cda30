"""Reports that the Trivy operator keeps in a cluster: `kubectl get vulnerabilityreports --output json`.

Source: the custom resources of `aquasecurity.github.io/v1alpha1`.
"""

from collections.abc import Iterator

from gitops_guard.facts.scan import Scan, Vulnerability, finished, grade
from gitops_guard.scanners.json_reading import (
    Object,
    digest,
    entries,
    flag,
    guarded,
    mapping,
    moment,
    objects,
    required,
    section,
    text,
    titled,
)

GROUP = "aquasecurity.github.io/"
_VULNERABILITIES = frozenset(("VulnerabilityReport", "ClusterVulnerabilityReport"))


def read(document: object) -> tuple[Scan, ...]:
    """The scans of one resource, of a list of them, or of a `List`."""
    return guarded(scans, document)


def is_report(document: Object) -> bool:
    """Whether it is a resource of the operator, or a list of such."""
    listed = next(iter(entries(document, "items")), {}) if "items" in document else document
    return text(listed.get("apiVersion")).startswith(GROUP)


def scans(document: object) -> Iterator[Scan]:
    """The same one by one.

    Raises:
        MalformedReportError: the document is no such report.
    """
    given = mapping(document)
    if isinstance(document, list):
        resources = objects(document, "reports")
    else:
        resources = entries(given, "items") if "items" in given else [given]
    for resource in resources:
        yield _scan(resource)
    if not resources:
        yield Scan("missing", scanner="Trivy", reason="an empty list of reports")


def _scan(resource: Object) -> Scan:
    kind = text(resource.get("kind"))
    if kind not in _VULNERABILITIES:
        name = text(section(resource, "metadata").get("name"))
        reason = f"{kind or 'a resource without a kind'} says nothing of an image's vulnerabilities"
        return Scan("unsupported", subject=name, scanner="Trivy", reason=reason)
    report = section(resource, "report")
    artifact, scanner, system = (section(report, name) for name in ("artifact", "scanner", "os"))
    scan = Scan(
        "missing",
        subject=_subject(artifact, text(section(report, "registry").get("server"))),
        digest=digest(artifact.get("digest")),
        scanner=titled(text(scanner.get("name")), scanner.get("version")),
        scanned_at=moment(report.get("updateTimestamp")),
        vulnerabilities=_vulnerabilities(report),
        distribution=f"{text(system.get('family'))} {text(system.get('name'))}".strip(),
        end_of_life=flag(system.get("eosl")),
    )
    if not scan.scanner or not text(report.get("updateTimestamp")) or "vulnerabilities" not in report:
        return scan._replace(reason="the report does not say which scanner made it, and when")
    return finished(scan)


def _subject(artifact: Object, server: str) -> str:
    name = "/".join(filter(None, (server, text(artifact.get("repository")))))
    tag = text(artifact.get("tag"))
    return f"{name}:{tag}" if tag else name


def _vulnerabilities(report: Object) -> tuple[Vulnerability, ...]:
    """Each vulnerability of a package once, whatever files hold that package."""
    found: dict[tuple[str, str, str], Vulnerability] = {}
    for entry in entries(report, "vulnerabilities"):
        path = text(entry.get("packagePath"))
        target = text(entry.get("target"))
        one = Vulnerability(
            id=required(entry, "vulnerabilityID"),
            grade=grade(entry.get("severity")),
            package=text(entry.get("resource")),
            version=text(entry.get("installedVersion")),
            fixed=text(entry.get("fixedVersion")),
            target=f"{target}: {path}" if target and path else target or path,
            purl=text(entry.get("packagePURL")),
        )
        found[one.package, one.version, one.id] = one
    return tuple(found.values())
