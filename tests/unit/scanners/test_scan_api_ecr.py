"""ECR through boto3: wiring by moto, enhanced findings by botocore's Stubber, and boto3 that is not there."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.session import Session  # type: ignore[import-untyped]
from botocore.stub import Stubber  # type: ignore[import-untyped]
from moto import mock_aws

from gitops_guard.scanners import ecr_client
from gitops_guard.scanners.ecr import Ecr, registry_of, scan_in
from gitops_guard.scanners.scan_answers import NoResultError
from gitops_guard.scanners.scan_service import ServiceSource
from gitops_guard.scanners.service_credentials import ANONYMOUS, ServiceCredentials
from gitops_guard.syntax.image_reference import ImageReference

REGION = "eu-west-1"
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
API = ImageReference(HOST, "shop/api", "1.2.3")
DIGEST = "sha256:" + "0123456789abcdef" * 4
KEYS = ServiceCredentials("AKIAEXAMPLE", "invented-secret-key")
MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {}, "layers": []}'


@pytest.mark.parametrize(
    ("host", "region", "account"),
    [
        (HOST, "eu-west-1", "123456789012"),
        ("123456789012.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", "123456789012"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "123456789012"),
        ("mirror.example.com", "ap-south-1", ""),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.io", "ap-south-1", ""),
    ],
)
def test_region_and_account_are_those_of_the_host(host: str, region: str, account: str) -> None:
    assert registry_of(host, "ap-south-1") == (region, account)


@pytest.mark.parametrize("region", ["", "nowhere", "eu-west-1.evil.io/"])
def test_a_host_without_a_region_is_not_asked(region: str) -> None:
    with pytest.raises(NoResultError, match="names no region"):
        registry_of("mirror.example.com", region)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with mock_aws():
        yield Session("AKIAEXAMPLE", "invented-secret-key", region_name=REGION).client("ecr")


def pushed(client: Any) -> str:
    client.create_repository(repositoryName="shop/api")
    image = client.put_image(repositoryName="shop/api", imageManifest=MANIFEST, imageTag="1.2.3")["image"]
    return str(image["imageId"]["imageDigest"])


def source(registry: ImageReference) -> ServiceSource:
    return ServiceSource("ecr", (registry.registry,), Ecr(credentials=KEYS))


def test_moto_gives_the_findings_of_a_scanned_image(aws: Any) -> None:
    digest = pushed(aws)
    aws.start_image_scan(repositoryName="shop/api", imageId={"imageDigest": digest})
    scan = source(API).fetch(API, digest, "linux/amd64")
    assert scan.state == "findings"
    assert {one.id for one in scan.vulnerabilities} == {"CVE-9999-9999"}
    assert scan.scanned_at is not None
    assert scan.scanned_at.tzinfo is not None


def test_moto_gives_no_scan_of_an_image_that_was_never_scanned(aws: Any) -> None:
    digest = pushed(aws)
    scan = source(API).fetch(API, digest, "linux/amd64")
    assert (scan.state, scan.reason) == ("missing", "the image was never scanned")


def test_moto_knows_no_other_image_and_no_other_repository(aws: Any) -> None:
    pushed(aws)
    assert source(API).fetch(API, DIGEST, "").reason == "ECR knows no such image"
    other = API._replace(repository="shop/other")
    assert source(other).fetch(other, DIGEST, "").reason == "ECR knows no such repository"


def enhanced(number: int, **more: Any) -> dict[str, Any]:
    return {
        "severity": "HIGH",
        "status": "ACTIVE",
        "type": "PACKAGE_VULNERABILITY",
        "score": 7.5,
        "fixAvailable": "YES",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": f"CVE-2026-{number:05}",
            "vulnerablePackages": [{"name": "openssl", "version": "3.0.11", "fixedInVersion": "3.0.15"}],
        },
        **more,
    }


def page(*findings: Any, status: str = "ACTIVE") -> dict[str, Any]:
    return {
        "registryId": "123456789012",
        "repositoryName": "shop/api",
        "imageId": {"imageDigest": DIGEST},
        "imageScanStatus": {"status": status},
        "imageScanFindings": {
            "imageScanCompletedAt": datetime(2026, 11, 20, 8, tzinfo=UTC),
            "enhancedFindings": list(findings),
        },
    }


def test_enhanced_findings_come_in_pages_and_are_put_together() -> None:
    client = ecr_client.new_client(REGION, "", KEYS)
    question = {"repositoryName": "shop/api", "imageId": {"imageDigest": DIGEST}}
    with Stubber(client) as stubber:
        first, last = page(enhanced(1), enhanced(2, status="CLOSED")), page(enhanced(3))
        stubber.add_response("describe_image_scan_findings", first, question)
        stubber.add_response("describe_image_scan_findings", last, question)
        scan = scan_in([ecr_client.one_page(client, question) for _ in range(2)], DIGEST)
    assert [one.id for one in scan.vulnerabilities] == ["CVE-2026-00001", "CVE-2026-00003"]
    assert (scan.state, scan.fixable, scan.scanned_at) == ("findings", 2, datetime(2026, 11, 20, 8, tzinfo=UTC))


def test_a_hundred_thousand_findings_are_read() -> None:
    pages = (page(*(enhanced(start + number) for number in range(1000))) for start in range(0, 100_000, 1000))
    assert len(scan_in(pages, DIGEST).vulnerabilities) == 100_000


def test_more_findings_than_are_read_are_no_scan() -> None:
    one = page(*([enhanced(1)] * 1000))
    with pytest.raises(NoResultError, match="more than 200000"):
        scan_in([one] * 201, DIGEST)


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [
        ("ScanNotFoundException", 400, "missing"),
        ("ImageNotFoundException", 400, "missing"),
        ("RepositoryNotFoundException", 400, "missing"),
        ("AccessDeniedException", 400, "unauthorised"),
        ("UnrecognizedClientException", 400, "unauthorised"),
        ("ExpiredTokenException", 400, "unauthorised"),
        ("SomethingNew", 403, "unauthorised"),
        ("ThrottlingException", 400, "unavailable"),
        ("SomethingNew", 429, "unavailable"),
        ("ServerException", 500, "unavailable"),
        ("ValidationException", 400, "failed"),
        ("InvalidParameterException", 400, "failed"),
    ],
)
def test_each_refusal_of_aws_is_a_state(code: str, status: int, state: str) -> None:
    client = ecr_client.new_client(REGION, "", KEYS)
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_image_scan_findings", code, "no", status)
        with pytest.raises(NoResultError) as caught:
            ecr_client.one_page(client, {"repositoryName": "shop/api", "imageId": {"imageDigest": DIGEST}})
    assert caught.value.state == state


def test_without_credentials_nobody_is_asked_and_nothing_hangs(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    scan = ServiceSource("ecr", (HOST,), Ecr(credentials=ANONYMOUS)).fetch(API, DIGEST, "")
    assert (scan.state, "no usable credentials" in scan.reason) == ("unauthorised", True)


def test_a_wrong_profile_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this-profile")
    scan = source(API).fetch(API, DIGEST, "")
    assert (scan.state, scan.reason) == ("unavailable", "boto3 cannot be set up: ProfileNotFound")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gitops_guard.scanners.ecr_client", raising=False)
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    scan = source(API).fetch(API, DIGEST, "")
    assert (scan.state, scan.reason) == ("unavailable", "needs the extra: pip install gitops-guard[ecr]")
