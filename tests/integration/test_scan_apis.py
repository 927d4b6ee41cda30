"""Scan services asked over real connections: what each answer becomes, and that no odd answer passes for clean."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

import scan_services as services
from gitops_guard.facts.scan import Scan, ScanState
from gitops_guard.scanners.interface import ScanSource
from gitops_guard.scanners.scan_answers import MOST_PAGES
from gitops_guard.scanners.sources import plain_http_hosts, private_hosts, scan_sources
from gitops_guard.settings import ScanSourceKind, ScanSourceSetting, Settings
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Budget, Limits, Web
from scan_services import DIGEST, OTHER_DIGEST, PASSWORD, TOKEN, USER, Question, Reply, Service, said

SCANNED = datetime(2026, 11, 20, 8, 0, 9, tzinfo=UTC)
ENVIRONMENT = {"SCAN_USER": USER, "SCAN_PASSWORD": PASSWORD, "SCAN_TOKEN": TOKEN}
AWS = {"SCAN_USER": "AKIAEXAMPLE", "SCAN_PASSWORD": "invented-secret-key"}
PLATFORM = "linux/amd64"
HOST = "registry.example.com"

Answer = Callable[[Question], Reply]

REFERENCES: Mapping[ScanSourceKind, ImageReference] = {
    "harbor": ImageReference(HOST, "shop/back/api", "1.2.3"),
    "quay": ImageReference(HOST, "shop/api", "1.2.3"),
    "google": ImageReference("europe-docker.pkg.dev", "shop-prod/images/api", "1.2.3"),
    "xray": ImageReference(HOST, "docker-local/shop/api", "1.2.3"),
    "ecr": ImageReference(services.ECR_HOST, "shop/api", "1.2.3"),
}
CREDENTIALS: Mapping[ScanSourceKind, Mapping[str, str]] = {
    "harbor": {"username_from": "SCAN_USER", "password_from": "SCAN_PASSWORD"},
    "quay": {"token_from": "SCAN_TOKEN"},
    "google": {"token_from": "SCAN_TOKEN"},
    "xray": {"token_from": "SCAN_TOKEN"},
    "ecr": {"username_from": "SCAN_USER", "password_from": "SCAN_PASSWORD"},
}
CLEAN: Mapping[ScanSourceKind, Answer] = {
    "harbor": services.harbor(services.harbor_overview(total=0), services.harbor_report()),
    "quay": services.quay("scanned", services.quay_layer(services.quay_feature())),
    "google": services.google(services.google_discovery()),
    "xray": services.xray(services.xray_artifact(), services.xray_status()),
    "ecr": services.ecr(services.ecr_answer()),
}
FOUND: Mapping[ScanSourceKind, Answer] = {
    "harbor": services.harbor(services.harbor_overview(), services.harbor_report(services.harbor_vulnerability())),
    "quay": services.quay(
        "scanned", services.quay_layer(services.quay_feature("openssl", services.quay_vulnerability()))
    ),
    "google": services.google(services.google_discovery(), services.google_vulnerability()),
    "xray": services.xray(services.xray_artifact(services.xray_issue()), services.xray_status()),
    "ecr": services.ecr(
        services.ecr_answer(
            findings={
                "imageScanCompletedAt": SCANNED.timestamp(),
                "findingSeverityCounts": {"HIGH": 1},
                "findings": [services.ecr_basic()],
            }
        )
    ),
}
KINDS = tuple(REFERENCES)


def source_of(
    kind: ScanSourceKind,
    service: Service,
    environment: Mapping[str, str] | None = None,
    *,
    budget: float = 300,
    idle: float = 10,
    **more: Any,
) -> ScanSource:
    setting = ScanSourceSetting(kind, service.url, (REFERENCES[kind].registry,), private=True, **CREDENTIALS[kind])
    settings = Settings(scan_sources=(setting._replace(**more),))
    allowed = Budget(budget)
    web = Web(
        allowed,
        private=private_hosts(settings),
        plain_http=plain_http_hosts(settings),
        retries=0,
        limits=Limits(idle=idle, answer=120),
    )
    given = (AWS if kind == "ecr" else ENVIRONMENT) if environment is None else environment
    return scan_sources(settings, given, web, allowed)[0]


def told(kind: ScanSourceKind, answer: Answer, reference: ImageReference | None = None, digest: str = DIGEST) -> Scan:
    with services.running(answer) as service:
        return source_of(kind, service).fetch(reference or REFERENCES[kind], digest, PLATFORM)


@pytest.mark.parametrize("kind", KINDS)
def test_a_finished_scan_with_a_vulnerability_has_findings(kind: ScanSourceKind) -> None:
    scan = told(kind, FOUND[kind])
    one = scan.vulnerabilities[0]
    assert (scan.state, scan.digest, scan.platform, len(scan.vulnerabilities)) == ("findings", DIGEST, PLATFORM, 1)
    assert (one.id, one.grade, one.package) == ("CVE-2026-00001", "high", "openssl")
    assert one.version == ("3.1.4-r0" if kind == "xray" else "3.0.11-1")
    assert scan.source.startswith(kind)
    assert scan.subject == REFERENCES[kind].name


@pytest.mark.parametrize("kind", KINDS)
def test_a_finished_scan_without_a_vulnerability_is_clean(kind: ScanSourceKind) -> None:
    assert told(kind, CLEAN[kind]).state == "clean"


@pytest.mark.parametrize("kind", ["harbor", "google", "xray", "ecr"])
def test_the_time_is_that_of_the_scan(kind: ScanSourceKind) -> None:
    scanned = told(kind, FOUND[kind]).scanned_at
    assert scanned is not None
    assert scanned.replace(microsecond=0) == SCANNED


def test_quay_tells_no_time_so_its_scan_is_never_fresh() -> None:
    scan = told("quay", FOUND["quay"])
    assert (scan.scanned_at, scan.reason) == (None, "Quay does not tell when it scanned")


@pytest.mark.parametrize("kind", ["harbor", "quay", "google", "ecr"])
def test_an_image_of_another_digest_is_missing(kind: ScanSourceKind) -> None:
    assert told(kind, FOUND[kind], digest=OTHER_DIGEST).state == "missing"


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_digest_nothing_is_asked(kind: ScanSourceKind) -> None:
    with services.running(FOUND[kind]) as service:
        assert source_of(kind, service).fetch(REFERENCES[kind], "", PLATFORM).state == "missing"
        assert not service.questions


STATES: tuple[tuple[ScanSourceKind, Answer, ScanState], ...] = (
    ("harbor", services.harbor(None, None), "missing"),
    ("harbor", services.harbor({}, None), "missing"),
    ("harbor", services.harbor(services.harbor_overview("Pending"), None), "in-progress"),
    ("harbor", services.harbor(services.harbor_overview("Scheduled"), None), "in-progress"),
    ("harbor", services.harbor(services.harbor_overview("Running"), None), "in-progress"),
    ("harbor", services.harbor(services.harbor_overview("Error"), None), "failed"),
    ("harbor", services.harbor(services.harbor_overview("Stopped"), services.harbor_report()), "failed"),
    ("harbor", services.harbor(services.harbor_overview("Paused"), None), "failed"),
    ("harbor", services.harbor(services.harbor_overview(complete_percent=50), services.harbor_report()), "failed"),
    ("harbor", services.harbor(services.harbor_overview(total=3), services.harbor_report()), "failed"),
    ("harbor", services.harbor(services.harbor_overview(), {}), "failed"),
    ("harbor", services.harbor(services.harbor_overview(), {"vulnerabilities": []}), "failed"),
    ("harbor", services.harbor(services.harbor_overview(), {"vulnerabilities": {"a": 1}}), "failed"),
    ("harbor", services.harbor(services.harbor_overview(), None), "missing"),
    ("quay", services.quay("queued", None), "in-progress"),
    ("quay", services.quay("failed", None), "failed"),
    ("quay", services.quay("unsupported", None), "unsupported"),
    ("quay", services.quay("manifest_layer_too_large", None), "unsupported"),
    ("quay", services.quay("dreaming", None), "failed"),
    ("quay", services.quay("scanned", None), "failed"),
    ("quay", services.quay("scanned", {"Layer": None}), "failed"),
    ("quay", services.quay("scanned", services.quay_layer()), "unsupported"),
    ("quay", services.quay("scanned", services.quay_layer("openssl")), "failed"),
    ("google", services.google(), "missing"),
    ("google", services.google(services.google_vulnerability()), "missing"),
    ("google", services.google(services.google_discovery("PENDING")), "in-progress"),
    ("google", services.google(services.google_discovery("SCANNING")), "in-progress"),
    ("google", services.google(services.google_discovery("FINISHED_FAILED")), "failed"),
    ("google", services.google(services.google_discovery("FINISHED_UNSUPPORTED")), "unsupported"),
    ("google", services.google(services.google_discovery("")), "failed"),
    ("google", lambda _: said({"occurrences": [services.google_discovery() | {"kind": "NOTE"}]}), "missing"),
    ("xray", services.xray(services.xray_artifact(), services.xray_status("PENDING")), "in-progress"),
    ("xray", services.xray(services.xray_artifact(), services.xray_status("Not Scanned")), "missing"),
    ("xray", services.xray(services.xray_artifact(), services.xray_status("NOT_SUPPORTED")), "unsupported"),
    ("xray", services.xray(services.xray_artifact(), services.xray_status("FAILED")), "failed"),
    ("xray", services.xray(services.xray_artifact(), {}), "failed"),
    ("xray", services.xray(services.xray_artifact(), None), "missing"),
    ("xray", services.xray({"general": services.xray_artifact()["general"]}, services.xray_status()), "failed"),
    ("xray", services.xray(services.xray_artifact(digest=OTHER_DIGEST), services.xray_status()), "missing"),
    (
        "xray",
        services.xray(services.xray_artifact(), services.xray_status(), path="shop/api/2/manifest.json"),
        "missing",
    ),
    ("ecr", services.ecr(services.ecr_answer("IN_PROGRESS")), "in-progress"),
    ("ecr", services.ecr(services.ecr_answer("PENDING")), "in-progress"),
    ("ecr", services.ecr(services.ecr_answer("FAILED")), "failed"),
    ("ecr", services.ecr(services.ecr_answer("LIMIT_EXCEEDED")), "failed"),
    ("ecr", services.ecr(services.ecr_answer("UNSUPPORTED_IMAGE")), "unsupported"),
    ("ecr", services.ecr(services.ecr_answer("IMAGE_SIZE_EXCEEDED")), "unsupported"),
    ("ecr", services.ecr(services.ecr_answer("IMAGE_ARCHIVED")), "unsupported"),
    ("ecr", services.ecr(services.ecr_answer("FINDINGS_UNAVAILABLE")), "missing"),
    ("ecr", services.ecr(services.ecr_answer("SCAN_ELIGIBILITY_EXPIRED")), "stale"),
    ("ecr", services.ecr(services.ecr_answer("DREAMING")), "failed"),
    ("ecr", services.ecr(services.ecr_answer(findings={})), "failed"),
    ("ecr", services.ecr(services.ecr_answer(findings={"findingSeverityCounts": {"HIGH": 2}})), "failed"),
    ("ecr", services.ecr(services.ecr_answer(imageScanFindings=None)), "missing"),
    ("ecr", services.ecr(services.ecr_answer(imageId={"imageDigest": OTHER_DIGEST})), "missing"),
)


@pytest.mark.parametrize(("kind", "answer", "state"), STATES)
def test_what_is_no_finished_scan_says_why(kind: ScanSourceKind, answer: Answer, state: ScanState) -> None:
    scan = told(kind, answer)
    assert scan.state == state
    assert scan.reason
    assert not scan.vulnerabilities


def test_an_old_analysis_that_google_no_longer_continues_keeps_its_date() -> None:
    discovery = services.google_discovery(continuousAnalysis="INACTIVE", lastScanTime="2025-01-02T03:04:05Z")
    scan = told("google", services.google(discovery))
    assert (scan.state, scan.scanned_at) == ("clean", datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))


def test_xray_before_it_told_the_status_still_gives_what_it_found() -> None:
    scan = told("xray", services.xray(services.xray_artifact(services.xray_issue()), None))
    assert (scan.state, scan.scanned_at) == ("findings", None)
    assert "404" in scan.reason


def test_xray_knows_an_image_of_an_index_by_its_digest() -> None:
    path = f"shop/api/{DIGEST}/manifest.json"
    answer = services.xray(services.xray_artifact(services.xray_issue()), services.xray_status(), path=path)
    assert told("xray", answer).state == "findings"
    assert told("xray", answer, REFERENCES["xray"]._replace(tag=None)).state == "findings"


def test_xray_is_asked_about_a_repository_that_the_name_does_not_hold() -> None:
    with services.running(FOUND["xray"]) as service:
        source = source_of("xray", service, repository="docker-local")
        assert source.fetch(ImageReference(HOST, "shop/api", "1.2.3"), DIGEST, PLATFORM).state == "findings"


def test_quay_calls_worse_than_critical_defcon1() -> None:
    feature = services.quay_feature("openssl", services.quay_vulnerability(severity="Defcon1"))
    assert told("quay", services.quay("scanned", services.quay_layer(feature))).counts.critical == 1


def test_enhanced_findings_of_ecr_are_read() -> None:
    enhanced = {
        "severity": "CRITICAL",
        "score": 9.8,
        "status": "ACTIVE",
        "type": "PACKAGE_VULNERABILITY",
        "fixAvailable": "YES",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2026-00009",
            "vulnerablePackages": [
                {"name": "openssl", "version": "3.0.11", "fixedInVersion": "3.0.15", "packageManager": "OS"},
                {"name": "libssl3", "version": "3.0.11", "fixedInVersion": "3.0.15", "packageManager": "OS"},
            ],
        },
    }
    findings = {
        "imageScanCompletedAt": SCANNED.timestamp(),
        "enhancedFindings": [enhanced],
        "findingSeverityCounts": {},
    }
    scan = told("ecr", services.ecr(services.ecr_answer("ACTIVE", findings)))
    assert (scan.state, scan.scanned_at, scan.counts.critical, scan.fixable) == ("findings", SCANNED, 2, 2)


# Refusals and faults


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (400, "failed"),
        (401, "unauthorised"),
        (403, "unauthorised"),
        (404, "missing"),
        (429, "unavailable"),
        (500, "unavailable"),
        (503, "unavailable"),
    ],
)
@pytest.mark.parametrize("kind", ["harbor", "quay", "google", "xray"])
def test_each_refusal_is_a_state_with_a_reason(kind: ScanSourceKind, status: int, state: ScanState) -> None:
    scan = told(kind, lambda _: said({"errors": []}, status))
    assert scan.state == state
    assert "127.0.0.1" in scan.reason


ODD: tuple[tuple[str, Reply], ...] = (
    ("a page in HTML", Reply(200, b"<!DOCTYPE html><html><title>Sign in</title></html>", "text/html")),
    ("nothing", Reply(200, b"")),
    ("truncated JSON", Reply(200, b'{"occurrences": [{"kind": "DISCOV')),
    ("nested too deeply", Reply(200, b"[" * 100_000)),
    ("not UTF-8", Reply(200, b'{"status": "\xff\xfe"}')),
    ("null", Reply(200, b"null")),
    ("a list", Reply(200, b"[]")),
    ("a number", Reply(200, b"1e999")),
    ("an empty object", Reply(200, b"{}")),
    ("an accepted question", Reply(202, b"{}")),
)


@pytest.mark.parametrize(("name", "reply"), ODD)
@pytest.mark.parametrize("kind", KINDS)
def test_no_odd_answer_passes_for_a_scan(kind: ScanSourceKind, name: str, reply: Reply) -> None:
    scan = told(kind, lambda _: reply)
    assert scan.state in {"failed", "missing"}, name
    assert scan.reason


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_body_is_no_scan(kind: ScanSourceKind) -> None:
    def truncated(question: Question) -> Reply:
        return Reply(200, FOUND[kind](question).body[:-20])

    assert told(kind, truncated).state in {"failed", "missing"}


@pytest.mark.parametrize("kind", ["harbor", "quay", "google", "xray"])
def test_a_service_that_is_not_there_is_unavailable(kind: ScanSourceKind) -> None:
    with services.running(FOUND[kind]) as service:
        pass
    assert source_of(kind, service).fetch(REFERENCES[kind], DIGEST, PLATFORM).state == "unavailable"


def test_ecr_that_is_not_there_is_unavailable() -> None:
    with services.running(FOUND["ecr"]) as service:
        pass
    assert source_of("ecr", service).fetch(REFERENCES["ecr"], DIGEST, PLATFORM).state == "unavailable"


def test_a_service_that_hangs_is_unavailable_within_its_time() -> None:
    release = threading.Event()

    def hanging(_: Question) -> Reply:
        release.wait(5)
        return said({})

    started = time.monotonic()
    with services.running(hanging) as service:
        scan = source_of("quay", service, idle=0.5).fetch(REFERENCES["quay"], DIGEST, PLATFORM)
        release.set()
    assert scan.state == "unavailable"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("kind", KINDS)
def test_after_the_budget_nothing_is_asked(kind: ScanSourceKind) -> None:
    with services.running(FOUND[kind]) as service:
        scan = source_of(kind, service, budget=0).fetch(REFERENCES[kind], DIGEST, PLATFORM)
        assert not service.questions
    assert scan.state == "unavailable"
    assert "budget" in scan.reason


# Credentials


@pytest.mark.parametrize("kind", KINDS)
def test_a_variable_that_is_not_set_is_named_and_nothing_is_asked(kind: ScanSourceKind) -> None:
    with services.running(FOUND[kind]) as service:
        scan = source_of(kind, service, {}).fetch(REFERENCES[kind], DIGEST, PLATFORM)
        assert not service.questions
    variable = next(iter(CREDENTIALS[kind].values()))
    assert (scan.state, scan.reason) == ("unauthorised", f"the environment variable {variable} is not set")


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_credentials_are_unauthorised_and_never_shown(kind: ScanSourceKind) -> None:
    wrong = dict.fromkeys(("SCAN_USER", "SCAN_PASSWORD", "SCAN_TOKEN"), "wr0ng-secret")
    with services.running(FOUND[kind]) as service:
        source = source_of(kind, service, wrong)
        scan = source.fetch(REFERENCES[kind], DIGEST, PLATFORM)
    assert scan.state == "unauthorised"
    assert "wr0ng" not in f"{scan!r} {source!r} {vars(source)!r}"


def test_a_service_may_be_asked_without_credentials() -> None:
    with services.running(FOUND["quay"]) as service:
        scan = source_of("quay", service, token_from="").fetch(REFERENCES["quay"], DIGEST, PLATFORM)
        assert "authorization" not in service.questions[0].headers
    assert (scan.state, "asks for credentials" in scan.reason) == ("unauthorised", True)


@pytest.mark.parametrize(
    ("kind", "name"), [("harbor", "private/api"), ("quay", "private/api"), ("google", "other-project/images/api")]
)
def test_an_image_that_the_credentials_do_not_reach_is_unauthorised(kind: ScanSourceKind, name: str) -> None:
    reference = REFERENCES[kind]._replace(repository=name)
    assert told(kind, FOUND[kind], reference).state == "unauthorised"


def test_credentials_do_not_follow_a_redirect_to_another_host() -> None:
    with services.running(FOUND["quay"]) as other, services.running(FOUND["quay"]) as service:
        service.fault = lambda question: Reply(302, b"", "text/plain", (("Location", other.url + question.path),))
        scan = source_of("quay", service).fetch(REFERENCES["quay"], DIGEST, PLATFORM)
        assert service.questions[0].headers["authorization"].endswith(TOKEN)
        assert all("authorization" not in question.headers for question in other.questions)
    assert not scan.tells


# Long lists


def test_all_pages_of_google_are_read() -> None:
    found = [services.google_vulnerability(number) for number in range(7)]
    answer = services.google(services.google_discovery(), *found, page=3)
    assert len(told("google", answer).vulnerabilities) == 7


def test_all_pages_of_ecr_are_read() -> None:
    pages = [
        services.ecr_answer(
            findings={"imageScanCompletedAt": SCANNED.timestamp(), "findings": [services.ecr_basic(number)]}
        )
        for number in range(4)
    ]
    assert len(told("ecr", services.ecr(*pages)).vulnerabilities) == 4


def test_pages_of_google_that_never_end_are_no_scan() -> None:
    def endless(question: Question) -> Reply:
        kind = "DISCOVERY" if "DISCOVERY" in question.query["filter"] else "VULNERABILITY"
        one = services.google_discovery() if kind == "DISCOVERY" else services.google_vulnerability()
        return said({"occurrences": [one], "nextPageToken": "again"})

    with services.running(endless) as service:
        scan = source_of("google", service).fetch(REFERENCES["google"], DIGEST, PLATFORM)
        assert len(service.questions) == MOST_PAGES
    assert (scan.state, f"{MOST_PAGES} pages" in scan.reason) == ("failed", True)


@pytest.mark.parametrize("token", [{}, [], 0, 7, True])
def test_a_next_page_of_google_that_cannot_be_asked_for_is_no_scan(token: object) -> None:
    answer = {"occurrences": [services.google_discovery()], "nextPageToken": token}
    assert told("google", lambda _: said(answer)).state == "failed"


def test_pages_of_ecr_that_never_end_are_no_scan() -> None:
    answer = services.ecr_answer(nextToken="again")
    with services.running(lambda _: said(answer)) as service:
        scan = source_of("ecr", service).fetch(REFERENCES["ecr"], DIGEST, PLATFORM)
        assert len(service.questions) == MOST_PAGES
    assert (scan.state, f"{MOST_PAGES} pages" in scan.reason) == ("failed", True)


MANY: Mapping[ScanSourceKind, Callable[[int], Answer]] = {
    "harbor": lambda count: services.harbor(
        services.harbor_overview(total=count), services.harbor_report(*map(services.harbor_vulnerability, range(count)))
    ),
    "quay": lambda count: services.quay(
        "scanned",
        services.quay_layer(services.quay_feature("openssl", *map(services.quay_vulnerability, range(count)))),
    ),
    "google": lambda count: services.google(
        services.google_discovery(), *map(services.google_vulnerability, range(count))
    ),
    "xray": lambda count: services.xray(
        services.xray_artifact(*map(services.xray_issue, range(count))), services.xray_status()
    ),
}


@pytest.mark.parametrize("kind", MANY)
def test_a_hundred_thousand_vulnerabilities_are_read(kind: ScanSourceKind) -> None:
    with services.running(MANY[kind](100_000)) as service:
        scan = source_of(kind, service, idle=60).fetch(REFERENCES[kind], DIGEST, PLATFORM)
    assert (scan.state, scan.counts.high) == ("findings", 100_000)
