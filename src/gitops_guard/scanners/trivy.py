"""Reports of Trivy: `trivy image --format json` (schemas 1 and 2) and `trivy k8s --format json`.

Trivy leaves `Vulnerabilities` out where it found none, and gives no result for the packages of a distribution that it
does not know. So an image counts as scanned only if there is a result for packages, and one for the distribution's.

Source: the report types of Trivy, schema version 2.
"""

from collections.abc import Iterator, Sequence

from gitops_guard.facts.scan import Scan, Vulnerability, distinct, finished, grade
from gitops_guard.scanners.json_reading import (
    Object,
    digests,
    entries,
    flag,
    guarded,
    items,
    mapping,
    moment,
    objects,
    platform,
    required,
    section,
    text,
    texts,
    titled,
)

_IMAGE = frozenset(("container_image", "image"))
_PACKAGES = frozenset(("os-pkgs", "lang-pkgs"))
_OTHERS = {
    "filesystem": "a file system",
    "repository": "a repository",
    "cyclonedx": "a bill of materials",
    "spdx": "a bill of materials",
    "vm": "a virtual machine",
}
_ARCHIVES = (".tar", ".tar.gz", ".tgz")


def read(document: object) -> tuple[Scan, ...]:
    """The scans of a report: one, or one for each resource of a cluster's."""
    return guarded(scans, document)


def image_digests(document: object) -> tuple[str, ...]:
    """All digests under which registries know the image of a report; some may name an index."""
    return digests(items(section(mapping(document), "Metadata").get("RepoDigests")))


def is_report(document: Object) -> bool:
    """Whether it is a report, or a result, of which the first schema has a list."""
    keys = document.keys()
    image = "SchemaVersion" in keys and not keys.isdisjoint(("ArtifactType", "ArtifactName", "Results"))
    cluster = "ClusterName" in keys and not keys.isdisjoint(("Resources", "Findings", "Vulnerabilities"))
    return image or cluster or ("Target" in keys and not keys.isdisjoint(("Type", "Vulnerabilities")))


def scans(document: object) -> Iterator[Scan]:
    """The same one by one.

    Raises:
        MalformedReportError: the document is no such report.
    """
    if isinstance(document, list):
        yield _first_schema(objects(document, "results"))
        return
    report = mapping(document)
    if "Resources" in report or "Findings" in report:
        yield from _cluster(report)
    elif "ClusterName" in report:
        yield _unsupported("an old report of a cluster, which does not say what images it scanned")
    else:
        yield _report(report)


def _unsupported(reason: str) -> Scan:
    return Scan("unsupported", scanner="Trivy", reason=reason)


def _report(report: Object) -> Scan:
    results = entries(report, "Results")
    scan = _scan(section(report, "Metadata"), results)._replace(
        scanner=titled("Trivy", section(report, "Trivy").get("Version")), scanned_at=moment(report.get("CreatedAt"))
    )
    scan = scan._replace(subject=_subject(text(report.get("ArtifactName")), scan.subject))
    kind = text(report.get("ArtifactType"))
    if kind in _IMAGE:
        return scan
    what = f"a scan of {_OTHERS.get(kind, kind)}" if kind else "it does not say what was scanned"
    return scan._replace(state="unsupported", reason=f"{what}, not an image")


def _scan(metadata: Object, results: Sequence[Object]) -> Scan:
    """What the results say of the image that the metadata describe."""
    system = section(metadata, "OS")
    found = digests(items(metadata.get("RepoDigests")))
    scan = Scan(
        "missing",
        subject=next(iter(texts(metadata.get("RepoTags"))), ""),
        digest=found[0] if found else "",
        platform=platform(section(metadata, "ImageConfig")),
        scanner="Trivy",
        vulnerabilities=distinct(_vulnerabilities(results)),
        distribution=f"{text(system.get('Family'))} {text(system.get('Name'))}".strip(),
        end_of_life=flag(system.get("EOSL")),
    )
    if not results and not metadata:
        return scan._replace(reason="the report holds no result")
    return _judged(scan, text(system.get("Family")), results)


def _judged(scan: Scan, family: str, results: Sequence[Object]) -> Scan:
    """The state of a scan: finished only if packages were compared, those of the distribution among them."""
    unread = family not in {"", "none"} and not any(_is_of_distribution(result, family) for result in results)
    reason = f"the packages of {scan.distribution} were not compared" if unread else ""
    if scan.vulnerabilities:
        return finished(scan)._replace(reason=reason)
    if not reason and not any(_is_of_packages(result) for result in results):
        reason = "the scanner recognised no packages in it"
    return scan._replace(state="unsupported", reason=reason) if reason else finished(scan)


def _is_of_packages(result: Object) -> bool:
    kind = text(result.get("Class"))
    return kind in _PACKAGES or (not kind and bool(text(result.get("Type"))))


def _is_of_distribution(result: Object, family: str) -> bool:
    kind = text(result.get("Class"))
    return kind == "os-pkgs" or (not kind and text(result.get("Type")) == family)


def _vulnerabilities(results: Sequence[Object]) -> Iterator[Vulnerability]:
    for result in results:
        target = text(result.get("Target"))
        for found in entries(result, "Vulnerabilities"):
            path = text(found.get("PkgPath"))
            yield Vulnerability(
                id=required(found, "VulnerabilityID"),
                grade=grade(found.get("Severity")),
                package=text(found.get("PkgName")),
                version=text(found.get("InstalledVersion")),
                fixed=text(found.get("FixedVersion")),
                target=f"{target}: {path}" if path else target,
                purl=text(section(found, "PkgIdentifier").get("PURL")),
            )


def _subject(artifact: str, tag: str) -> str:
    """The image's name: an archive has one in its tags only."""
    return tag if tag and (not artifact or artifact.endswith(_ARCHIVES)) else artifact


def _first_schema(results: Sequence[Object]) -> Scan:
    """A list of results, as Trivy wrote it before version 0.20: only the distribution's result names the image."""
    scan = Scan("missing", scanner="Trivy", vulnerabilities=distinct(_vulnerabilities(results)))
    if not results:
        return scan._replace(reason="an empty list does not say that anything was scanned")
    named = [text(result.get("Target")).partition(" (") for result in results]
    subject, _, distribution = next((parts for parts in named if parts[1]), ("", "", ""))
    if not subject:
        return scan._replace(state="unsupported", reason="it does not say what was scanned, not an image")
    return finished(scan._replace(subject=subject, distribution=distribution.rstrip(")")))


def _cluster(report: Object) -> Iterator[Scan]:
    """The resources of a cluster: those with results of packages stand for images."""
    found = False
    for resource in entries(report, "Resources") + entries(report, "Findings"):
        results = entries(resource, "Results")
        if text(resource.get("Error")) or any(_is_of_packages(result) for result in results):
            found = True
            yield _resource(resource, results)
    if not found:
        yield _unsupported("a report of a cluster without results of images")


def _resource(resource: Object, results: Sequence[Object]) -> Scan:
    name = "/".join(filter(None, (text(resource.get(key)) for key in ("Namespace", "Kind", "Name"))))
    metadata = resource.get("Metadata")
    images = [mapping(one) for one in (metadata if isinstance(metadata, list) else [metadata]) if mapping(one)]
    scan = _scan(images[0] if len(images) == 1 else {}, results)
    error = text(resource.get("Error"))
    if error:
        return scan._replace(state="failed", reason=f"{name}: {error}")
    if len(images) != 1:
        why = "several images" if images else "no image"
        return scan._replace(state="unsupported", subject=name, reason=f"the results of this resource name {why}")
    return scan if scan.subject or scan.digest else scan._replace(subject=name)
