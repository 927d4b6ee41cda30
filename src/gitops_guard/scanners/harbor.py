"""Asks Harbor for the scan of an artifact (Harbor's API v2.0)."""

from urllib.parse import quote

from gitops_guard.facts.scan import Scan, ScanState
from gitops_guard.scanners import harbor_report
from gitops_guard.scanners.json_reading import Object, mapping, moment, section, text
from gitops_guard.scanners.scan_answers import NoResultError, whole, word
from gitops_guard.scanners.scan_service import ScanService
from gitops_guard.syntax.image_reference import ImageReference

_FORMATS = (
    "application/vnd.security.vulnerability.report; version=1.1",
    "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0",
)
_HEADERS = {"X-Accept-Vulnerabilities": ", ".join(_FORMATS)}
_UNFINISHED: dict[str, tuple[ScanState, str]] = {
    "Pending": ("in-progress", "the scan waits for its turn"),
    "Scheduled": ("in-progress", "the scan waits for its turn"),
    "Running": ("in-progress", "the scan is running"),
    "Error": ("failed", "the scan ended in an error"),
    "Stopped": ("failed", "the scan was stopped"),
}
_ALL = 100


def scan_of(service: ScanService, reference: ImageReference, digest: str) -> Scan:
    """Asks whether a digest was scanned, then for the report.

    Raises:
        NoResultError: there is no finished scan.
    """
    path = _path(reference, digest)
    artifact = service.get(f"{path}?with_scan_overview=true", _HEADERS)
    if text(artifact.get("digest")) != digest:
        raise NoResultError("missing", "Harbor speaks of another image")
    overview = _finished(artifact)
    return _scan(service.get(f"{path}/additions/vulnerabilities", _HEADERS), overview)


def _path(reference: ImageReference, digest: str) -> str:
    project, slash, repository = reference.repository.partition("/")
    if not slash:
        raise NoResultError("missing", "the name of an image in Harbor begins with its project")
    # Harbor unescapes the name twice, so that a slash in it survives its router.
    name = quote(quote(repository, safe=""), safe="")
    return f"/api/v2.0/projects/{quote(project, safe='')}/repositories/{name}/artifacts/{digest}"


def _finished(artifact: Object) -> Object:
    """The overview of a scan that ended well."""
    overviews = section(artifact, "scan_overview")
    overview = next((mapping(overviews[name]) for name in (*_FORMATS, *overviews) if name in overviews), {})
    if not overview:
        raise NoResultError("missing", "the image was never scanned")
    status = text(overview.get("scan_status"))
    if status != "Success":
        other: tuple[ScanState, str] = ("failed", f"Harbor calls the scan {word(status)}")
        raise NoResultError(*_UNFINISHED.get(status, other))
    # Absent in older versions; of an index it counts the images that were scanned.
    covered = whole(overview.get("complete_percent"))
    if 0 < covered < _ALL:
        raise NoResultError("failed", f"the scan covers {covered} % of the image")
    return overview


def _scan(report: Object, overview: Object) -> Scan:
    scan = max(harbor_report.read(report), key=lambda one: len(one.vulnerabilities), default=Scan("missing"))
    if not scan.tells:
        raise NoResultError("failed", f"Harbor calls the scan finished, but its report is unusable: {scan.reason}")
    total = whole(section(overview, "summary").get("total"))
    if total and not scan.vulnerabilities:
        raise NoResultError("failed", f"Harbor counts {total} vulnerabilities and lists none")
    return scan._replace(scanned_at=moment(overview.get("end_time")) or scan.scanned_at)
