"""Lists of tags and of referrers from servers that send them in odd ways, or too much of them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from fault_server import Behaviour, Line, Received, answer, redirect, serving
from gitops_guard.oci.content import RegistryError
from gitops_guard.syntax.image_reference import ImageReference
from integration.registries import OCI_INDEX, OCI_MANIFEST, Asking, asking, reference
from integration.test_registry_faults import BASE, NAME, content, digest_of

LIST = BASE + "tags/list"
DIGEST = "sha256:" + "1" * 64
REFERRERS = BASE + f"referrers/{DIGEST}"
FALLBACK = BASE + "manifests/sha256-" + "1" * 64


@contextmanager
def registry(routes: Mapping[str, Behaviour]) -> Iterator[tuple[Asking, ImageReference]]:
    with serving(routes) as server:
        yield asking(server.authority, seconds=5), reference(server.authority, NAME)


def tags(*names: object, **headers: str) -> Behaviour:
    return answer(200, json.dumps({"name": NAME, "tags": names}).encode(), **headers)


def refused(routes: Mapping[str, Behaviour]) -> str:
    with registry(routes) as (client, image), pytest.raises(RegistryError) as caught:
        client.registry.tags(image)
    assert caught.value.trouble == "content"
    return str(caught.value)


@pytest.mark.parametrize("raw", [b'{"tags": []}', b'{"tags": null}', b"{}"])
def test_a_repository_may_have_no_tags(raw: bytes) -> None:
    with registry({LIST: answer(200, raw)}) as (client, image):
        assert client.registry.tags(image) == ()


def test_ten_thousand_tags_are_read_and_one_more_is_told() -> None:
    names = [f"1.0.{number}" for number in range(10_001)]
    signatures = [f"sha256-{number:064x}.sig" for number in range(10)]
    with registry({LIST: tags(*signatures, *names[1:])}) as (client, image):
        assert client.registry.tags(image) == tuple(names[1:])
    assert "more than 10000" in refused({LIST: tags(*names)})


@pytest.mark.parametrize(
    "raw", [b'{"tags": 7}', b'{"tags": "1"}', b'{"tags": [7]}', b'{"tags": ["a b"]}', b"[]", b'{"tags": ["1"']
)
def test_what_is_no_list_of_tags_is_told(raw: bytes) -> None:
    assert "tags" in refused({LIST: answer(200, raw)})


def paged(size: int, count: int) -> Behaviour:
    """Pages by `last` alone, without Link headers."""

    def behave(line: Line, request: Received) -> bool:
        last = request.path.partition("last=")[2]
        start = int(last) + 1 if last else 0
        return tags(*(f"{number:06}" for number in range(start, min(start + size, count))))(line, request)

    return behave


def test_pages_without_links_follow_the_last_tag() -> None:
    with registry({LIST: paged(1000, 2000)}) as (client, image):
        assert len(client.registry.tags(image)) == 2000
        assert client.web.requests == 3


def linked(address: str, count: int = 10**9) -> Behaviour:
    """Pages of one tag, each with a link; `{}` is the page's number."""
    state = {"page": 0}

    def behave(line: Line, request: Received) -> bool:
        state["page"] += 1
        link = {"link": f'<{address.format(state["page"])}>; rel="next"'} if state["page"] < count else {}
        return tags(f"tag-{state['page']}", **link)(line, request)

    return behave


def test_relative_links_are_followed() -> None:
    with registry({LIST: linked(LIST + "?page={}", 5)}) as (client, image):
        assert client.registry.tags(image) == tuple(f"tag-{number}" for number in range(1, 6))


def test_a_link_to_another_host_is_not_followed() -> None:
    with serving({}) as elsewhere, registry({LIST: linked(elsewhere.url + LIST + "?page={}", 3)}) as (client, image):
        assert client.registry.tags(image) == ("tag-1", "tag-2", "tag-3")
        assert elsewhere.received == []


def test_pages_without_end_come_to_an_end() -> None:
    assert "200 pages" in refused({LIST: linked(LIST + "?page={}")})


def test_pages_that_repeat_come_to_an_end() -> None:
    assert "repeat" in refused({LIST: tags("1", link=f'<{LIST}?page=2>; rel="next"')})


def entry(number: int, artifact_type: str = "application/x.sig") -> dict[str, object]:
    return {"mediaType": OCI_MANIFEST, "digest": f"sha256:{number:064x}", "size": 1, "artifactType": artifact_type}


def listing(*entries: object, **headers: str) -> Behaviour:
    raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    return content(raw, OCI_INDEX, **headers)


@pytest.mark.parametrize(
    "behaviour",
    [
        redirect("https://registry.example.com/page", 303),
        answer(404, b"404 page not found"),
        answer(200, b"<html>", content_type="text/html"),
        answer(405),
        answer(501),
    ],
)
def test_without_the_api_the_tag_is_read_and_no_redirect_followed(behaviour: Behaviour) -> None:
    with registry({REFERRERS: behaviour, FALLBACK: listing(entry(5))}) as (client, image):
        assert [found.digest for found in client.registry.referrers(image, DIGEST)] == [entry(5)["digest"]]
        assert client.web.requests == 2
        client.registry.referrers(image, DIGEST)
        assert client.web.requests == 3


@pytest.mark.parametrize(
    ("behaviour", "trouble"),
    [
        (answer(401), "unauthorised"),
        (answer(403), "forbidden"),
        (answer(429), "rate-limited"),
        (answer(500), "unavailable"),
        (answer(200, b'{"manifests": [7', content_type=OCI_INDEX), "content"),
        (answer(200, b'{"manifests": {}}', content_type=OCI_INDEX), "content"),
    ],
)
def test_a_registry_that_refuses_the_list_is_not_said_to_have_none(behaviour: Behaviour, trouble: str) -> None:
    with registry({REFERRERS: behaviour}) as (client, image), pytest.raises(RegistryError) as caught:
        client.registry.referrers(image, DIGEST)
    assert caught.value.trouble == trouble


def test_pages_of_referrers_are_joined_and_filtered() -> None:
    first = listing(entry(1), entry(2, "application/x.sbom"), link=f'<{REFERRERS}/more>; rel="next"')
    with registry({REFERRERS: first, REFERRERS + "/more": listing(entry(3), entry(1))}) as (client, image):
        assert len(client.registry.referrers(image, DIGEST)) == 3
        found = client.registry.referrers(image, DIGEST, "application/x.sig")
        assert [item.digest for item in found] == [entry(1)["digest"], entry(3)["digest"]]


@pytest.mark.parametrize("link", ["http://127.0.0.1:1/v2/x", REFERRERS, "/v2/other/app/referrers/x"])
def test_a_page_of_referrers_elsewhere_is_told(link: str) -> None:
    routes = {REFERRERS: listing(entry(1), link=f'<{link}>; rel="next"')}
    with registry(routes) as (client, image), pytest.raises(RegistryError, match="elsewhere"):
        client.registry.referrers(image, DIGEST)


def test_entries_without_a_type_are_fetched_and_strangers_left_out() -> None:
    def attached(subject: str) -> bytes:
        body = {"mediaType": OCI_MANIFEST, "config": {"mediaType": "application/x.sig"}, "subject": {"digest": subject}}
        return json.dumps(body | {"annotations": {"a": subject}}).encode()

    ours, theirs = attached(DIGEST), attached("sha256:" + "2" * 64)
    listed = [{"mediaType": OCI_MANIFEST, "digest": digest_of(raw)} for raw in (ours, theirs, b"gone")]
    routes = {FALLBACK: listing(*listed)} | {
        BASE + f"manifests/{digest_of(raw)}": content(raw) for raw in (ours, theirs)
    }
    with registry(routes) as (client, image):
        (found,) = client.registry.referrers(image, DIGEST)
    assert (found.digest, found.artifact_type, found.annotations) == (
        digest_of(ours),
        "application/x.sig",
        (("a", DIGEST),),
    )


@pytest.mark.parametrize("entries", [[entry(number) for number in range(201)], [entry(n, "") for n in range(51)]])
def test_too_many_referrers_are_told(entries: list[dict[str, object]]) -> None:
    with registry({REFERRERS: listing(*entries)}) as (client, image), pytest.raises(RegistryError, match="too much"):
        client.registry.referrers(image, DIGEST)
