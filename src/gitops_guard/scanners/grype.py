"""Reports of Grype, `grype IMAGE --output json`.

Source: the JSON models of Grype (matches, source, descriptor), versions 0.7 to 0.94.
"""

from collections.abc import Iterator, Sequence

from gitops_guard.facts.scan import Scan, Vulnerability, finished, grade
from gitops_guard.scanners.json_reading import (
    MalformedReportError,
    Object,
    digest,
    digests,
    entries,
    guarded,
    items,
    mapping,
    moment,
    platform,
    probability,
    required,
    section,
    text,
    texts,
    titled,
)


def read(document: object) -> tuple[Scan, ...]:
    """The scan of a report."""
    return guarded(scans, document)


def image_digests(document: object) -> tuple[str, ...]:
    """All digests under which the image of a report is known; some may name an index, or only a local copy."""
    target = section(mapping(document), "source", "target")
    return digests((target.get("manifestDigest"), *items(target.get("repoDigests"))))


def is_report(document: Object) -> bool:
    """Whether it is one."""
    return "matches" in document and "descriptor" in document


def scans(document: object) -> Iterator[Scan]:
    """The same one by one.

    Raises:
        MalformedReportError: the document is no such report.
    """
    report = mapping(document)
    source, descriptor = section(report, "source"), section(report, "descriptor")
    target, distribution = section(source, "target"), section(report, "distro")
    scan = Scan(
        "missing",
        subject=text(target.get("userInput"))
        or next(iter(texts(target.get("tags"))), "")
        or text(source.get("target")),
        digest=digest(target.get("manifestDigest")) or next(iter(image_digests(document)), ""),
        platform=platform(target),
        scanner=titled("Grype", descriptor.get("version")),
        scanned_at=moment(descriptor.get("timestamp")),
        vulnerabilities=_vulnerabilities(entries(report, "matches"), knows_kev=_knows_kev(descriptor)),
        distribution=f"{text(distribution.get('name'))} {text(distribution.get('version'))}".strip(),
    )
    yield _judged(scan, report, text(source.get("type")))


def _judged(scan: Scan, report: Object, kind: str) -> Scan:
    if "matches" not in report or report["matches"] is None or not section(report, "descriptor"):
        return scan._replace(reason="the report does not say that a scan took place")
    if kind != "image":
        what = f"a scan of a {kind}" if kind else "it does not say what was scanned"
        return scan._replace(state="unsupported", reason=f"{what}, not an image")
    return finished(scan)


def _knows_kev(descriptor: Object) -> bool:
    """Whether the database of the scan held the catalogue of exploited vulnerabilities."""
    return "kev" in section(descriptor, "db", "providers")


def _vulnerabilities(matches: Sequence[Object], *, knows_kev: bool) -> tuple[Vulnerability, ...]:
    """Each match of a package once: packages are told apart by their `id`, without one by name and version."""
    found: dict[tuple[str, str, str], Vulnerability] = {}
    taken: set[tuple[str, str, str, str]] = set()
    for match in matches:
        artifact = section(match, "artifact")
        one = _vulnerability(match, artifact, knows_kev=knows_kev)
        key = (text(artifact.get("id")) or one.package, one.version, one.id)
        place = (one.target, one.package, one.version, one.id)
        if key not in found and place in taken:
            one = one._replace(target=f"{one.target} ({key[0]})")
        taken.add(place)
        found[key] = one
    return tuple(found.values())


def _vulnerability(match: Object, artifact: Object, *, knows_kev: bool) -> Vulnerability:
    said = section(match, "vulnerability")
    if not said:
        raise MalformedReportError("a match has no `vulnerability`")
    own = required(said, "id")
    related = (text(one.get("id")) for one in entries(match, "relatedVulnerabilities"))
    exploited = bool(items(said.get("knownExploited")))
    return Vulnerability(
        id=own,
        grade=grade(said.get("severity")),
        package=text(artifact.get("name")),
        version=text(artifact.get("version")),
        fixed=", ".join(texts(section(said, "fix").get("versions"))),
        target=next((text(place.get("path")) for place in entries(artifact, "locations")), ""),
        purl=text(artifact.get("purl")),
        aliases=tuple(dict.fromkeys(name for name in related if name and name != own)),
        kev=exploited if exploited or knows_kev else None,
        epss=_epss(said),
    )


def _epss(said: Object) -> float | None:
    found = [probability(one.get("epss")) for one in entries(said, "epss")]
    return max((value for value in found if value is not None), default=None)
