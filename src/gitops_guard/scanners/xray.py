"""Asks JFrog Xray for its summary of an image's manifest in Artifactory (Xray's API v1)."""

from datetime import datetime
from typing import NamedTuple

from gitops_guard.facts.scan import Scan, ScanState, finished
from gitops_guard.scanners import xray_report
from gitops_guard.scanners.json_reading import Object, entries, moment, section, text
from gitops_guard.scanners.scan_answers import NoResultError, word
from gitops_guard.scanners.scan_service import ScanService
from gitops_guard.syntax.image_reference import ImageReference

_UNFINISHED: dict[str, tuple[ScanState, str]] = {
    "PENDING": ("in-progress", "the scan waits for its turn"),
    "IN_PROGRESS": ("in-progress", "the scan is running"),
    "NOT_SCANNED": ("missing", "the image was never scanned"),
    "NOT_SUPPORTED": ("unsupported", "Xray cannot scan this image"),
    "FAILED": ("failed", "the scan failed"),
    "PARTIAL": ("failed", "the scan covers a part of the image"),
}
_FINISHED = frozenset(("DONE", "SCANNED"))


class Place(NamedTuple):
    """A service with the repository of Artifactory; without one, that is the first part of an image's name."""

    service: ScanService
    repository: str = ""


def scan_of(place: Place, reference: ImageReference, digest: str) -> Scan:
    """Asks for the summary of the manifest that has a digest, then when it was scanned.

    Xray knows files by their paths: that of the tag, or of the digest for an image of an index. Its answer counts only
    if its checksum is the digest that was asked for.

    Raises:
        NoResultError: there is no finished scan.
    """
    repository, paths = _paths(place, reference, digest)
    for path in paths:
        summary = place.service.post("/xray/api/v1/summary/artifact", {"paths": [f"default/{repository}/{path}"]})
        artifact = _artifact(summary, digest)
        if artifact is not None:
            return _scan(artifact, place.service, repository, path)
    raise NoResultError("missing", "Xray knows no image with this digest under this name")


def _paths(place: Place, reference: ImageReference, digest: str) -> tuple[str, tuple[str, ...]]:
    first, _, rest = reference.repository.partition("/")
    repository = place.repository or first
    image = rest if first == repository and rest else reference.repository
    names = (reference.tag, digest) if reference.tag else (digest,)
    return repository, tuple(f"{image}/{name}/manifest.json" for name in names)


def _artifact(summary: Object, digest: str) -> Object | None:
    """The artifact whose checksum is the digest."""
    checksum = digest.removeprefix("sha256:")
    found = (one for one in entries(summary, "artifacts") if section(one, "general").get("sha256") == checksum)
    return next(found, None)


def _scan(artifact: Object, service: ScanService, repository: str, path: str) -> Scan:
    if not isinstance(artifact.get("issues"), list):
        raise NoResultError("failed", "Xray knows the image and lists no issues of it")
    scan = xray_report.read({"artifacts": [artifact]})[0]
    if scan.state not in {"findings", "missing"}:
        return scan
    try:
        # A summary without issues is `missing` to its reader: that the scan is done is what makes it clean.
        return finished(scan._replace(scanned_at=_scanned_at(service, repository, path), reason=""))
    except NoResultError as undated:
        # Versions before 3.80.9 have no such question; what was found counts all the same.
        if not scan.vulnerabilities:
            raise
        return scan._replace(reason=undated.message)


def _scanned_at(service: ScanService, repository: str, path: str) -> datetime | None:
    """When the scan ended, which is also what proves that there was one."""
    answer = service.post("/xray/api/v1/artifact/status", {"repo": repository, "path": path})
    part = section(answer, "details", "sca") or section(answer, "overall")
    status = text(part.get("status")).upper().replace(" ", "_")
    if status not in _FINISHED:
        other: tuple[ScanState, str] = ("failed", f"Xray calls the scan {word(status)}")
        raise NoResultError(*_UNFINISHED.get(status, other))
    return moment(part.get("time"))
