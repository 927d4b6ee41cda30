"""Asks Amazon ECR for its scan of an image, basic or enhanced (DescribeImageScanFindings), through boto3, an extra."""

import re
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.facts.scan import Scan
from gitops_guard.scanners import aws_inspector
from gitops_guard.scanners.json_reading import Object, entries, section, text
from gitops_guard.scanners.scan_answers import MOST_FINDINGS, MOST_PAGES, NoResultError, too_many, whole
from gitops_guard.scanners.service_credentials import ANONYMOUS, ServiceCredentials
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Budget

if TYPE_CHECKING:
    from gitops_guard.scanners.ecr_client import Client

REGISTRIES = ("*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com.cn")

_PAGE = 1000
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]+")
_HOST = re.compile(rf"([0-9]{{12}})\.dkr\.ecr\.({_REGION.pattern})\.amazonaws\.com(?:\.cn)?")
_SIGNS = frozenset(("imageScanCompletedAt", "vulnerabilitySourceUpdatedAt", "findingSeverityCounts"))


class Registry(NamedTuple):
    """A registry of ECR as its host names it; `account` is empty where the host is not one of AWS."""

    region: str
    account: str = ""


class Ecr:
    """ECR's scans; called with a reference and a digest. Safe for use by several threads.

    The credentials are those given, else what boto3 finds in the environment, its files or the machine's role.

    Args:
        region: for a registry whose host does not name one.
        endpoint: another address of the service; empty for that of AWS.
        credentials: `username` is the access key's id, `password` the secret key, `token` the session's.
        budget: nothing is asked after it is spent.
    """

    def __init__(
        self,
        region: str = "",
        endpoint: str = "",
        credentials: ServiceCredentials = ANONYMOUS,
        budget: Budget | None = None,
    ) -> None:
        self._region = region
        self._endpoint = endpoint
        self._credentials = credentials
        self._budget = budget
        self._clients: dict[str, Client] = {}
        self._lock = Lock()

    def __call__(self, reference: ImageReference, digest: str) -> Scan:
        """Asks for the findings of a digest.

        Raises:
            NoResultError: there is no finished scan.
        """
        if self._credentials.missing:
            raise NoResultError("unauthorised", self._credentials.missing)
        registry = registry_of(reference.registry, self._region)
        question: dict[str, object] = {"repositoryName": reference.repository, "imageId": {"imageDigest": digest}}
        if registry.account:
            question["registryId"] = registry.account
        return scan_in(self._pages(self._client(registry.region), question), digest)

    def _client(self, region: str) -> "Client":
        try:
            from gitops_guard.scanners.ecr_client import new_client  # noqa: PLC0415 - an extra, and slow to load
        except ImportError:
            raise NoResultError("unavailable", "needs the extra: pip install gitops-guard[ecr]") from None
        with self._lock:
            if region not in self._clients:
                self._clients[region] = new_client(region, self._endpoint, self._credentials)
            return self._clients[region]

    def _pages(self, client: "Client", question: dict[str, object]) -> Iterator[Object]:
        from gitops_guard.scanners.ecr_client import one_page  # noqa: PLC0415 - an extra, and slow to load

        parameters = {**question, "maxResults": _PAGE}
        for _ in range(MOST_PAGES):
            self._check_budget()
            answer = one_page(client, parameters)
            yield answer
            if not answer.get("nextToken"):
                return
            parameters["nextToken"] = answer["nextToken"]
        raise NoResultError("failed", f"the list of findings has more than {MOST_PAGES} pages")

    def _check_budget(self) -> None:
        if self._budget is not None:
            self._budget.start()
            if not self._budget.left():
                raise NoResultError("unavailable", self._budget.spent().message)


def registry_of(host: str, region: str = "") -> Registry:
    """The region and account that a host such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com` names.

    Raises:
        NoResultError: it names none, and none is given.
    """
    match = _HOST.fullmatch(host)
    if match:
        return Registry(match[2], match[1])
    if not _REGION.fullmatch(region):
        raise NoResultError("unsupported", f"{host} names no region of AWS: set `region` of the scan source")
    return Registry(region)


def scan_in(pages: Iterable[Object], digest: str) -> Scan:
    """The scan that the pages of an answer hold.

    Args:
        pages: as boto3 decodes them.
        digest: the image that was asked for.

    Raises:
        NoResultError: they are of another image, or contradict themselves.
    """
    answer = _together(pages, digest)
    scan = aws_inspector.read(answer)[0]
    if scan.state != "clean":
        return scan
    findings = section(answer, "imageScanFindings")
    if not _SIGNS & findings.keys():
        raise NoResultError("failed", "ECR calls the scan finished and gives no findings")
    counts = sum(map(whole, section(findings, "findingSeverityCounts").values()))
    if counts:
        raise NoResultError("failed", f"ECR counts {counts} findings and lists none")
    return scan


def _together(pages: Iterable[Object], digest: str) -> Object:
    """The last page with the findings of all."""
    answer: Object = {}
    lists: dict[str, list[Object]] = {"findings": [], "enhancedFindings": []}
    for answer in pages:
        if text(section(answer, "imageId").get("imageDigest")) != digest:
            raise NoResultError("missing", "ECR speaks of another image")
        for name, found in lists.items():
            found.extend(entries(section(answer, "imageScanFindings"), name))
            if len(found) > MOST_FINDINGS:
                raise too_many()
    findings = section(answer, "imageScanFindings")
    return {**answer, "imageScanFindings": {**findings, **lists}} if findings else answer
