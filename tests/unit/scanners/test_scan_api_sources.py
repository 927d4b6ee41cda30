"""Which service is asked about which image, and through what."""

import pytest

from gitops_guard.scanners.interface import ScanSource
from gitops_guard.scanners.scan_service import matches_host
from gitops_guard.scanners.sources import plain_http_hosts, private_hosts, scan_sources
from gitops_guard.settings import ScanSourceSetting, Settings
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Budget, Web

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def source(setting: ScanSourceSetting) -> ScanSource:
    return scan_sources(Settings(scan_sources=(setting,)), {}, Web(Budget(1)))[0]


@pytest.mark.parametrize(
    ("setting", "host", "asked"),
    [
        (ScanSourceSetting("harbor", "https://harbor.example.com"), "harbor.example.com", True),
        (ScanSourceSetting("harbor", "https://harbor.example.com"), "evil.harbor.example.com", False),
        (ScanSourceSetting("harbor", "https://harbor.example.com"), "harbor.example.com.evil.io", False),
        (ScanSourceSetting("harbor", "https://harbor.example.com:8443"), "harbor.example.com:8443", True),
        (ScanSourceSetting("harbor", "https://harbor.example.com:8443"), "harbor.example.com", False),
        (ScanSourceSetting("quay", "https://quay.io", ("*.example.com",)), "eu.example.com", True),
        (ScanSourceSetting("quay", "https://quay.io", ("*.example.com",)), "a.b.example.com", False),
        (ScanSourceSetting("quay", "https://quay.io", ("*.example.com",)), "quay.io", False),
        (ScanSourceSetting("google"), "europe-docker.pkg.dev", True),
        (ScanSourceSetting("google"), "gcr.io", True),
        (ScanSourceSetting("google"), "eu.gcr.io", True),
        (ScanSourceSetting("google"), "docker.io", False),
        (ScanSourceSetting("ecr"), ECR, True),
        (ScanSourceSetting("ecr"), ECR + ".cn", True),
        (ScanSourceSetting("ecr"), ECR + ".evil.io", False),
        (ScanSourceSetting("ecr"), "public.ecr.aws", False),
        (ScanSourceSetting("xray", "https://user@art.example.com/"), "art.example.com", True),
    ],
)
def test_a_service_is_asked_about_its_own_registries(setting: ScanSourceSetting, host: str, *, asked: bool) -> None:
    assert source(setting).supports(ImageReference(host, "team/api")) is asked


def test_an_empty_label_matches_no_host() -> None:
    assert not matches_host("*.example.com", "example.com")


def test_sources_are_named_by_kind_and_host() -> None:
    settings = (ScanSourceSetting("harbor", "https://h.example.com:8443"), ScanSourceSetting("ecr"))
    assert [source(setting).name for setting in settings] == ["harbor h.example.com:8443", "ecr"]


def test_only_what_is_configured_may_be_private_or_without_tls() -> None:
    settings = Settings(
        scan_sources=(
            ScanSourceSetting("harbor", "https://h.example.com", private=True),
            ScanSourceSetting("quay", "http://q.example.com:8080"),
            ScanSourceSetting("ecr", private=True),
        )
    )
    assert (private_hosts(settings), plain_http_hosts(settings)) == (("h.example.com",), ("q.example.com:8080",))


def test_an_address_without_tls_is_not_asked_unless_allowed() -> None:
    scan = source(ScanSourceSetting("quay", "http://quay.example.com")).fetch(
        ImageReference("quay.example.com", "a/b"), "sha256:" + "0" * 64, "linux/amd64"
    )
    assert (scan.state, "without TLS" in scan.reason) == ("unavailable", True)
