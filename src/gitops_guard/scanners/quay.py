"""Asks Quay for its security scan of a manifest (Quay's API v1, `secscan`); Clair made it, and Quay tells no time."""

from collections.abc import Iterator
from urllib.parse import quote

from gitops_guard.facts.scan import Grade, Scan, ScanState, Vulnerability, distinct, finished, grade
from gitops_guard.scanners.json_reading import Object, entries, section, text
from gitops_guard.scanners.scan_answers import MOST_FINDINGS, NoResultError, too_many, word
from gitops_guard.scanners.scan_service import ScanService
from gitops_guard.syntax.image_reference import ImageReference

_UNFINISHED: dict[str, tuple[ScanState, str]] = {
    "queued": ("in-progress", "the scan waits for its turn"),
    "failed": ("failed", "the scan failed"),
    "unsupported": ("unsupported", "Quay cannot scan this image"),
    "manifest_layer_too_large": ("unsupported", "a layer of the image is too large for Quay's scanner"),
}


def scan_of(service: ScanService, reference: ImageReference, digest: str) -> Scan:
    """Asks for the result of a manifest.

    Raises:
        NoResultError: there is no finished scan.
    """
    name = quote(reference.repository, safe="/")
    answer = service.get(f"/api/v1/repository/{name}/manifest/{digest}/security?vulnerabilities=true")
    status = text(answer.get("status"))
    if status != "scanned":
        other: tuple[ScanState, str] = ("failed", f"Quay calls the scan {word(status)}")
        raise NoResultError(*_UNFINISHED.get(status, other))
    layer = section(answer, "data", "Layer")
    if not isinstance(layer.get("Features"), list):
        raise NoResultError("failed", "Quay calls the image scanned and gives no result")
    return _scan(layer)


def _scan(layer: Object) -> Scan:
    features = entries(layer, "Features")
    if not features:
        raise NoResultError("unsupported", "Quay recognised no package in the image")
    found: list[Vulnerability] = []
    for feature in features:
        found.extend(_of_feature(feature))
        if len(found) > MOST_FINDINGS:
            raise too_many()
    scan = Scan("missing", scanner="Clair", distribution=text(layer.get("NamespaceName")))
    return finished(scan._replace(vulnerabilities=distinct(found), reason="Quay does not tell when it scanned"))


def _of_feature(feature: Object) -> Iterator[Vulnerability]:
    for one in entries(feature, "Vulnerabilities"):
        yield Vulnerability(
            id=text(one.get("Name")) or "unnamed",
            grade=_grade(text(one.get("Severity"))),
            package=text(feature.get("Name")),
            version=text(feature.get("Version")),
            fixed=text(one.get("FixedBy")),
        )


def _grade(severity: str) -> Grade:
    # Clair's word for what is worse than critical.
    return "critical" if severity.lower() == "defcon1" else grade(severity)
