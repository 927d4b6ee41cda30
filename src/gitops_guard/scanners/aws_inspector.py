"""Findings of Amazon Inspector and of Amazon ECR's image scans, as the AWS command line and API give them.

Read are `aws inspector2 list-findings` and `aws ecr describe-image-scan-findings`, the latter with basic and with
enhanced findings. Inspector lists findings and not scans: an empty list says nothing.

Source: the service models of botocore (inspector2: ListFindings; ecr: DescribeImageScanFindings).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from gitops_guard.facts.scan import Scan, ScanState, Vulnerability, distinct, finished, grade
from gitops_guard.scanners.json_reading import (
    MalformedReportError,
    Object,
    digest,
    entries,
    guarded,
    mapping,
    member,
    moment,
    probability,
    required,
    section,
    text,
    texts,
)

_IMAGE = "AWS_ECR_CONTAINER_IMAGE"
_ACTIVE = frozenset(("", "ACTIVE"))
_NO_FIX = frozenset(("", "NotAvailable"))
_STATES: dict[str, ScanState] = {
    "COMPLETE": "clean",
    "ACTIVE": "clean",
    "IN_PROGRESS": "in-progress",
    "PENDING": "in-progress",
    "FAILED": "failed",
    "UNSUPPORTED_IMAGE": "unsupported",
    "IMAGE_SIZE_EXCEEDED": "unsupported",
    "IMAGE_ARCHIVED": "unsupported",
    "SCAN_ELIGIBILITY_EXPIRED": "stale",
    "FINDINGS_UNAVAILABLE": "missing",
    "LIMIT_EXCEEDED": "failed",
}
"""What `imageScanStatus.status` says; `clean` stands for finished (basic: COMPLETE, enhanced: ACTIVE)."""


def read(document: object) -> tuple[Scan, ...]:
    """The scans of a document: one for each image that has findings, or the one that ECR describes."""
    return guarded(scans, document)


def is_report(document: Object) -> bool:
    """Whether it is one of them."""
    described = "imageScanStatus" in document or "imageScanFindings" in document
    return described or ("findings" in document and document.keys() <= {"findings", "nextToken"})


def scans(document: object) -> Iterator[Scan]:
    """The same one by one.

    Raises:
        MalformedReportError: the document is no such report.
    """
    report = mapping(document)
    if "imageScanStatus" in report or "imageScanFindings" in report:
        yield _described(report)
        return
    groups: dict[str, list[tuple[Object, Object]]] = {}
    for finding in entries(report, "findings"):
        for resource in entries(finding, "resources"):
            groups.setdefault(text(resource.get("id")), []).append((finding, resource))
    if not groups:
        yield Scan("missing", scanner="Amazon Inspector", reason="no findings: that does not say what was scanned")
    for pairs in groups.values():
        yield _resource([finding for finding, _ in pairs], pairs[0][1])


def _resource(findings: Iterable[Object], resource: Object) -> Scan:
    """The findings of one resource; the last time one was seen is when it was last scanned."""
    findings = list(findings)
    image = section(resource, "details", "awsEcrContainerImage")
    kind = text(resource.get("type"))
    seen = (moment(finding.get("lastObservedAt")) or moment(finding.get("updatedAt")) for finding in findings)
    scan = Scan(
        "missing",
        subject=_subject(resource, image),
        digest=digest(image.get("imageHash")),
        platform=_platform(image),
        scanner="Amazon Inspector",
        scanned_at=_latest(seen),
        vulnerabilities=distinct(_enhanced(findings)),
        distribution=text(image.get("platform")).replace("_", " ").lower(),
    )
    if kind != _IMAGE:
        return scan._replace(state="unsupported", reason=f"findings of {kind or 'something unnamed'}, not of an image")
    if not scan.vulnerabilities:
        return scan._replace(reason="all its findings are closed: that does not say that it was scanned again")
    return finished(scan)


def _subject(resource: Object, image: Object) -> str:
    name, account = text(image.get("repositoryName")), text(image.get("registry"))
    if not name:
        return text(resource.get("id"))
    region = text(resource.get("region"))
    host = f"{account}.dkr.ecr.{region}.amazonaws.com/" if account and region else ""
    tag = next(iter(texts(image.get("imageTags"))), "")
    return f"{host}{name}:{tag}" if tag else f"{host}{name}"


def _platform(image: Object) -> str:
    processor = text(image.get("architecture")).lower()
    return f"linux/{processor}" if processor and "WINDOWS" not in text(image.get("platform")).upper() else ""


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


def _enhanced(findings: Iterable[Object]) -> Iterator[Vulnerability]:
    """One vulnerability for each package of a finding that is open and about a package."""
    for finding in findings:
        details = member(finding, "packageVulnerabilityDetails")
        if not details or text(finding.get("status")) not in _ACTIVE:
            continue
        for package in entries(details, "vulnerablePackages") or [{}]:
            yield _of_package(finding, details, package)


def _of_package(finding: Object, details: Object, package: Object) -> Vulnerability:
    fixed = text(package.get("fixedInVersion"))
    related = texts(details.get("relatedVulnerabilities"))
    return Vulnerability(
        id=required(details, "vulnerabilityId"),
        grade=grade(finding.get("severity")),
        package=text(package.get("name")),
        version=text(package.get("version")),
        fixed="" if fixed in _NO_FIX else fixed,
        target=text(package.get("filePath")),
        aliases=related,
        epss=probability(section(finding, "epss").get("score")),
    )


def _described(answer: Object) -> Scan:
    """The answer of ECR about one image."""
    body, status = member(answer, "imageScanFindings"), text(section(answer, "imageScanStatus").get("status"))
    enhanced = entries(body, "enhancedFindings")
    found = list(_enhanced(enhanced)) + [_basic(finding) for finding in entries(body, "findings")]
    scan = Scan(
        _STATES.get(status, "failed"),
        subject=text(answer.get("repositoryName")),
        digest=digest(section(answer, "imageId").get("imageDigest")),
        scanner="Amazon Inspector" if enhanced else "Amazon ECR",
        scanned_at=moment(body.get("imageScanCompletedAt")),
        vulnerabilities=distinct(found),
        reason=f"its scan is {status or 'not mentioned'}",
    )
    if scan.state != "clean":
        return scan
    if answer.get("imageScanFindings") is None:
        return scan._replace(state="missing", reason="the answer holds no findings, not even an empty list")
    return finished(scan._replace(reason=""))


def _basic(finding: Object) -> Vulnerability:
    attributes: Mapping[str, str] = {
        text(one.get("key")): text(one.get("value")) for one in entries(finding, "attributes")
    }
    if not finding:
        raise MalformedReportError("a finding is empty")
    return Vulnerability(
        id=required(finding, "name"),
        grade=grade(finding.get("severity")),
        package=attributes.get("package_name", ""),
        version=attributes.get("package_version", ""),
    )
