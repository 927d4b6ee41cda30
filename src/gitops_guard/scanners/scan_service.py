"""How scan services are asked: one JSON object at a time; every failure becomes the state of a scan."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import NoReturn
from urllib.parse import urlsplit

from gitops_guard.facts.scan import Scan, ScanState
from gitops_guard.scanners.json_reading import MalformedReportError, Object, decoded
from gitops_guard.scanners.scan_answers import NoResultError
from gitops_guard.scanners.service_credentials import ANONYMOUS, ServiceCredentials
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.syntax.tag_pattern import glob
from gitops_guard.web.client import Answer, Web, WebError

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer: 100,000 vulnerabilities with their descriptions."""

_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY, _SERVER_ERROR = 200, 401, 403, 404, 429, 500
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_UNUSABLE = frozenset(("content", "too-large"))

Ask = Callable[[ImageReference, str], Scan]
"""Asks a service about an image by its digest; raises NoResultError."""


class ServiceSource:
    """A `ScanSource` that asks a service.

    Args:
        name: what messages call it.
        registries: the hosts whose images it is asked about; `*` stands within one label of a name.
        ask: gives the scan of a digest, or raises NoResultError.
    """

    def __init__(self, name: str, registries: Collection[str], ask: Ask) -> None:
        self._name = name
        self._registries = tuple(registries)
        self._ask = ask

    @property
    def name(self) -> str:
        """What messages call it."""
        return self._name

    def supports(self, reference: ImageReference) -> bool:
        """Whether the image lies in one of the registries that the service scans."""
        return any(matches_host(pattern, reference.registry) for pattern in self._registries)

    def fetch(self, reference: ImageReference, digest: str, platform: str) -> Scan:
        """The newest result for a digest; never raises."""
        try:
            scan = self._told(reference, digest)
        except NoResultError as nothing:
            scan = Scan(nothing.state, reason=nothing.message)
        except MalformedReportError as malformed:
            scan = Scan("failed", reason=malformed.message)
        return scan._replace(source=self._name, subject=reference.name, digest=digest, platform=platform)

    def _told(self, reference: ImageReference, digest: str) -> Scan:
        if not _DIGEST.fullmatch(digest):
            raise NoResultError("missing", "scans are kept by digest, and that of the image is not known")
        return self._ask(reference, digest)


def matches_host(pattern: str, host: str) -> bool:
    """Whether a host is one that a pattern names, label by label, with the same port."""
    wanted, found = pattern.lower().split("."), host.lower().split(".")
    return len(wanted) == len(found) and all(map(glob, wanted, found))


class ScanService:
    """A service at an address; its credentials are sent to that host only.

    Args:
        web: sends the requests.
        url: the address in front of every path, without a final slash.
        credentials: sent with every request.
    """

    def __init__(self, web: Web, url: str, credentials: ServiceCredentials = ANONYMOUS) -> None:
        self._web = web
        self._url = url.rstrip("/")
        self._credentials = credentials
        self.host = urlsplit(url).netloc.rpartition("@")[2]

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Object:
        """The JSON object at a path.

        Raises:
            NoResultError: there is none, for a reason that its state and message tell.
        """
        return self._object(self._answer("GET", path, headers or {}, None))

    def post(self, path: str, document: Object) -> Object:
        """The JSON object that answers a document.

        Raises:
            NoResultError: there is none, for a reason that its state and message tell.
        """
        headers = {"Content-Type": "application/json"}
        return self._object(self._answer("POST", path, headers, json.dumps(document).encode()))

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if self._credentials.missing:
            raise NoResultError("unauthorised", self._credentials.missing)
        own = {"Accept": "application/json", **headers}
        if self._credentials.header:
            own["Authorization"] = self._credentials.header
        try:
            return self._web.request(method, self._url + path, headers=own, body=body, limit=LARGEST_ANSWER)
        except WebError as error:
            state: ScanState = "failed" if error.trouble in _UNUSABLE else "unavailable"
            raise NoResultError(state, error.message) from None

    def _object(self, answer: Answer) -> Object:
        if answer.status != _OK:
            self._refuse(answer.status)
        try:
            document = decoded(answer.body)
        except MalformedReportError as malformed:
            raise NoResultError("failed", f"the answer of {self.host} cannot be read: {malformed.message}") from None
        if not isinstance(document, dict):
            raise NoResultError("failed", f"the answer of {self.host} is no JSON object")
        return document

    def _refuse(self, status: int) -> NoReturn:
        refused = "refused the credentials" if self._credentials.header else "asks for credentials"
        reasons: dict[int, tuple[ScanState, str]] = {
            _UNAUTHORIZED: ("unauthorised", f"{self.host} {refused} (401)"),
            _FORBIDDEN: ("unauthorised", f"{self.host} does not let these credentials see scans of this image (403)"),
            _NOT_FOUND: ("missing", f"{self.host} knows no such image, or has no scan of it (404)"),
            _TOO_MANY: ("unavailable", f"{self.host} limits the rate of requests (429)"),
        }
        if status >= _SERVER_ERROR:
            raise NoResultError("unavailable", f"{self.host} answered {status}")
        raise NoResultError(*reasons.get(status, ("failed", f"{self.host} answered {status}")))
