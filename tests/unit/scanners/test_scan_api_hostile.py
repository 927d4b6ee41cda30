"""Answers of scan services with one value changed, or made up altogether: no traceback, and never clean by mistake."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, get_args
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scan_services as services
from gitops_guard.facts.scan import Scan, ScanState
from gitops_guard.scanners import ecr, google, harbor, quay, xray
from gitops_guard.scanners.scan_service import Ask, ScanService, ServiceSource
from gitops_guard.scanners.service_credentials import ServiceCredentials
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Answer, Budget, Web
from scan_services import DIGEST, PASSWORD, TOKEN, USER, Question

HOST = "registry.example.com"
NAMES = {
    "harbor": ImageReference(HOST, "shop/back/api", "1"),
    "quay": ImageReference(HOST, "shop/api", "1"),
    "google": ImageReference("europe-docker.pkg.dev", "shop-prod/images/api", "1"),
    "xray": ImageReference(HOST, "docker-local/shop/api", "1.2.3"),
}
ANSWERS = {
    "harbor": services.harbor(services.harbor_overview(), services.harbor_report(services.harbor_vulnerability())),
    "quay": services.quay(
        "scanned", services.quay_layer(services.quay_feature("openssl", services.quay_vulnerability()))
    ),
    "google": services.google(services.google_discovery(), services.google_vulnerability()),
    "xray": services.xray(services.xray_artifact(services.xray_issue()), services.xray_status()),
}
WRONG: tuple[Any, ...] = (None, True, -1, 1.5, 10**30, "word", "\ud800", [], ["word"], [None], [[]], {}, {"a": None})
EMPTY: tuple[Any, ...] = (None, [])
KINDLESS = "issue_type"
"""An issue of Xray that is not about security is no vulnerability."""


class Canned(Web):
    """Gives documents one after another instead of asking; without any, what the documented service answers."""

    def __init__(self, kind: str, documents: Mapping[int, Any]) -> None:
        super().__init__(Budget(None))
        self.kind = kind
        self.documents = documents
        self.given: list[Any] = []

    def request(  # noqa: PLR0913 - the interface
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = 0,
        follow: bool = True,
    ) -> Answer:
        assert limit > 0
        assert follow
        parts = urlsplit(url)
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        reply = ANSWERS[self.kind](Question(method, parts.path, dict(parse_qsl(parts.query)), lowered, body or b""))
        number = len(self.given)
        document = self.documents.get(number, json.loads(reply.body))
        self.given.append(document)
        return Answer(reply.status, {}, json.dumps(document).encode(), url)


def asked(web: Canned) -> Scan:
    credentials = ServiceCredentials(USER, PASSWORD) if web.kind == "harbor" else ServiceCredentials(token=TOKEN)
    service = ScanService(web, "https://scans.example.com", credentials)
    asks: dict[str, Ask] = {
        "harbor": partial(harbor.scan_of, service),
        "quay": partial(quay.scan_of, service),
        "google": partial(google.scan_of, google.Place(service)),
        "xray": partial(xray.scan_of, xray.Place(service)),
    }
    return ServiceSource(web.kind, (HOST,), asks[web.kind]).fetch(NAMES[web.kind], DIGEST, "linux/amd64")


def changed(document: Any, wrong: Any) -> Iterator[tuple[str, Any]]:
    """The document with each of its values in turn replaced, and the name of that value."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield key, {**document, key: wrong}
            for name, one in changed(value, wrong):
                yield name, {**document, key: one}
    elif isinstance(document, list):
        for number, value in enumerate(document):
            for name, one in changed(value, wrong):
                yield name, [*document[:number], one, *document[number + 1 :]]


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_changed_value_never_makes_a_vulnerable_image_clean(kind: str) -> None:
    original = Canned(kind, {})
    assert asked(original).state == "findings"
    tried = 0
    for number, document in enumerate(original.given):
        for wrong in WRONG:
            for name, one in changed(document, wrong):
                scan = asked(Canned(kind, {number: one}))
                assert scan.state in get_args(ScanState), (name, wrong)
                assert scan.state != "clean" or wrong in EMPTY or name == KINDLESS, (name, wrong)
                assert scan.state == "findings" or scan.reason or scan.state == "clean", (name, wrong)
                tried += 1
    assert tried > 100


def told_by_ecr(answer: Any) -> Scan:
    return ServiceSource("ecr", (HOST,), lambda _, digest: ecr.scan_in([answer], digest)).fetch(
        NAMES["quay"], DIGEST, ""
    )


@pytest.mark.parametrize("wrong", WRONG)
def test_a_changed_value_never_makes_an_image_in_ecr_clean(wrong: Any) -> None:
    findings = {"imageScanCompletedAt": None, "findingSeverityCounts": {"HIGH": 1}, "findings": [services.ecr_basic()]}
    original = services.ecr_answer(findings=findings)
    assert told_by_ecr(original).state == "findings"
    for name, answer in changed(original, wrong):
        scan = told_by_ecr(answer)
        assert scan.state != "clean", name
        assert scan.state == "findings" or scan.reason, name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", ANSWERS)
@given(document=JSON)
def test_no_made_up_answer_is_a_scan(kind: str, document: Any) -> None:
    scan = asked(Canned(kind, dict.fromkeys(range(10), document)))
    assert not scan.tells
    assert scan.reason
