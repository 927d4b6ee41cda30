"""Asks Google's Artifact Analysis for what it found in an image (Container Analysis API v1)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from gitops_guard.facts.scan import Scan
from gitops_guard.scanners import google_occurrences
from gitops_guard.scanners.json_reading import Object, entries, text
from gitops_guard.scanners.scan_answers import MOST_FINDINGS, MOST_PAGES, NoResultError, too_many
from gitops_guard.scanners.scan_service import ScanService
from gitops_guard.syntax.image_reference import ImageReference

ADDRESS = "https://containeranalysis.googleapis.com"
REGISTRIES = ("*.pkg.dev", "gcr.io", "*.gcr.io")

_PAGE = 1000


class Place(NamedTuple):
    """A service with the project that keeps its occurrences; without one, the project is the first part of a name."""

    service: ScanService
    project: str = ""


def scan_of(place: Place, reference: ImageReference, digest: str) -> Scan:
    """Asks whether and when an image was analysed, then for its vulnerabilities.

    Google re-analyses an image for 30 days after its last use: the date of an older one tells that it is stale.

    Raises:
        NoResultError: there is no usable answer.
    """
    project = place.project or reference.repository.partition("/")[0]
    resource = f"https://{reference.name}@{digest}"
    discoveries = _occurrences(place.service, project, "DISCOVERY", resource)
    analysis = _scan(discoveries)
    if not analysis.tells:
        return analysis
    found = _occurrences(place.service, project, "VULNERABILITY", resource)
    scan = _scan([*discoveries, *found])
    if found and not scan.vulnerabilities:
        raise NoResultError("failed", f"none of {len(found)} occurrences names a vulnerability")
    return scan


def _scan(occurrences: Sequence[Object]) -> Scan:
    return google_occurrences.read({"occurrences": list(occurrences)})[0]


def _occurrences(service: ScanService, project: str, kind: str, resource: str) -> list[Object]:
    found: list[Object] = []
    for page in _pages(service, project, f'kind="{kind}" AND resourceUrl="{resource}"'):
        found.extend(page)
        if len(found) > MOST_FINDINGS:
            raise too_many()
    # A service that forgets the filter would speak of all images of the project.
    if any(text(one.get("resourceUri")) != resource or text(one.get("kind")) != kind for one in found):
        raise NoResultError("missing", "Artifact Analysis speaks of another image")
    return found


def _pages(service: ScanService, project: str, condition: str) -> Iterator[list[Object]]:
    query = {"filter": condition, "pageSize": str(_PAGE)}
    for _ in range(MOST_PAGES):
        answer = service.get(f"/v1/projects/{project}/occurrences?{urlencode(query)}")
        yield entries(answer, "occurrences")
        token = answer.get("nextPageToken")
        if token is None or token == "":
            return
        if not isinstance(token, str):
            raise NoResultError("failed", "the token of the next page is no text")
        query["pageToken"] = token
    raise NoResultError("failed", f"the list of occurrences has more than {MOST_PAGES} pages")
