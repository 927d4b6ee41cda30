"""Registries that answer badly: each fault gives its word and its reason, in time, and no credential gets about."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import pytest

import fault_server as faults
from fault_server import Behaviour, FaultServer, Line, Received, answer, serving
from gitops_guard.oci.content import Descriptor, RegistryError, RegistryTrouble
from integration.registries import OCI_INDEX, OCI_MANIFEST, Asking, asking, reference

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
SECRET = "s3cret-of-a-test"
ACCEPTED = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
}
NAME = "team/app"
BASE = f"/v2/{NAME}/"


def digest_of(raw: bytes) -> str:
    return "sha256:" + hashlib.sha256(raw).hexdigest()


CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "created": "2025-01-02T03:04:05Z"}).encode()
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": CONFIG_TYPE, "digest": digest_of(CONFIG), "size": len(CONFIG)},
        "layers": [],
    }
).encode()
DIGEST = digest_of(MANIFEST)


def content(raw: bytes, media_type: str = OCI_MANIFEST, **headers: str) -> Behaviour:
    """A manifest as a registry sends it."""
    given = {"content_type": media_type, "docker_content_digest": digest_of(raw)} | headers
    return answer(200, raw, **{name: value for name, value in given.items() if value})


GOOD: Mapping[str, Behaviour] = {
    BASE + "manifests/1": content(MANIFEST),
    BASE + f"manifests/{DIGEST}": content(MANIFEST),
    BASE + f"blobs/{digest_of(CONFIG)}": answer(200, CONFIG),
}


class Asked(NamedTuple):
    """A client of ours, and the server that it asks."""

    client: Asking
    server: FaultServer

    def image(self) -> object:
        return self.client.registry.image(reference(self.server.authority, NAME, "1"))

    def head(self) -> Descriptor:
        return self.client.registry.head(reference(self.server.authority, NAME, "1"))


@contextmanager
def registry(routes: Mapping[str, Behaviour], *, login: bool = False, seconds: float = 5.0) -> Iterator[Asked]:
    with serving(dict(GOOD) | dict(routes)) as server:
        environment = {"GITOPS_GUARD_REGISTRY_AUTH": f"{server.authority} user {SECRET}"} if login else {}
        yield Asked(asking(server.authority, environment=environment, seconds=seconds), server)


def refused(asked: Asked, trouble: RegistryTrouble, reason: str = "") -> str:
    with pytest.raises(RegistryError) as caught:
        asked.image()
    assert caught.value.trouble == trouble, caught.value
    assert reason in str(caught.value)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_a_good_registry_gives_its_image() -> None:
    with registry({}) as asked:
        assert asked.image()
        assert asked.head().digest == DIGEST
        assert [entry.method for entry in asked.server.received] == ["GET", "GET"]


TAG = BASE + "manifests/1"
BLOB = BASE + f"blobs/{digest_of(CONFIG)}"
CUT = b"HTTP/1.1 200 OK\r\nContent-Type: " + OCI_MANIFEST.encode() + b"\r\n"


@pytest.mark.parametrize("path", [TAG, BLOB], ids=["manifest", "configuration"])
@pytest.mark.parametrize(
    ("behaviour", "trouble"),
    [
        pytest.param(answer(403), "forbidden", id="403"),
        pytest.param(answer(404), "not-found", id="404"),
        pytest.param(answer(404, b"<html>"), "not-found", id="404-as-a-page"),
        pytest.param(answer(418), "content", id="418"),
        pytest.param(answer(429), "rate-limited", id="429"),
        pytest.param(answer(429, retry_after="3600"), "rate-limited", id="429-retry-after"),
        pytest.param(answer(403, b'{"errors":[{"code":"TOOMANYREQUESTS"}]}'), "rate-limited", id="403-as-429"),
        pytest.param(answer(500), "unavailable", id="500"),
        pytest.param(answer(503), "unavailable", id="503"),
        pytest.param(answer(401), "unauthorised", id="401-without-a-challenge"),
        pytest.param(answer(401, www_authenticate='Negotiate, Digest realm="x"'), "unauthorised", id="401-unknown"),
        pytest.param(faults.reset(), "unavailable", id="reset"),
        pytest.param(faults.truncated(1000), "content", id="truncated"),
        pytest.param(faults.gzip_bomb(64 * 1024 * 1024), "content", id="gzip-bomb"),
        pytest.param(faults.endless(CUT + b"\r\n"), "content", id="endless"),
        pytest.param(faults.redirect("/v2/"), "not-found", id="redirect-to-nothing"),
        pytest.param(faults.redirect(TAG.replace("1", "2")), "content", id="redirect-in-a-circle"),
        pytest.param(faults.redirect("http://169.254.169.254/latest"), "not-allowed", id="redirect-to-metadata"),
        pytest.param(faults.redirect("http://localhost:1/"), "not-allowed", id="redirect-to-this-machine"),
        pytest.param(answer(200, b"", content_type=OCI_MANIFEST), "content", id="empty"),
        pytest.param(answer(200, b"[1]", content_type=OCI_MANIFEST), "content", id="no-object"),
        pytest.param(answer(200, b"\xff\xfe", content_type=OCI_MANIFEST), "content", id="no-text"),
        pytest.param(answer(200, b'{"a":' * 100_000, content_type=OCI_MANIFEST), "content", id="deep"),
    ],
)
def test_every_fault_has_its_word(path: str, behaviour: Behaviour, trouble: RegistryTrouble) -> None:
    circle = {TAG.replace("1", "2"): faults.redirect(TAG.replace("1", "2"))}
    start = time.monotonic()
    with registry(circle | {path: behaviour}) as asked:
        refused(asked, trouble)
    assert time.monotonic() - start < 6


@pytest.mark.parametrize(
    "behaviour",
    [faults.stalling(), faults.stalling(CUT), faults.trickling(CUT + b"\r\n")],
    ids=["head", "body", "slow"],
)
def test_a_registry_that_hangs_takes_the_budget_and_no_more(behaviour: Behaviour) -> None:
    with registry({TAG: behaviour}, seconds=0.4) as asked:
        start = time.monotonic()
        refused(asked, "budget", "0.4 s")
        refused(asked, "budget", "not looked at")
        assert time.monotonic() - start < 1.2
        assert asked.client.web.requests == 1


def test_nobody_listening_is_unavailable() -> None:
    with registry({}) as asked:
        pass
    refused(asked, "unavailable")


def test_a_registry_that_never_answers_is_asked_twice() -> None:
    with registry({TAG: faults.reset()}) as asked:
        refused(asked, "unavailable", "closed the connection")
        refused(asked, "unavailable", "closed the connection")
        refused(asked, "unavailable", "is not asked again")
        assert asked.client.web.requests == 2


def test_a_registry_that_answered_before_is_asked_again() -> None:
    with registry({TAG: faults.in_turn(answer(500), *[faults.reset()] * 3, GOOD[TAG])}) as asked:
        for _ in range(4):
            refused(asked, "unavailable")
        assert asked.image()


def test_a_registry_that_nothing_names_is_not_asked() -> None:
    with registry({}) as asked, pytest.raises(RegistryError, match="name it under `registries`") as caught:
        asked.client.registry.image(reference("evil.example", NAME, "1"))
    assert caught.value.trouble == "not-allowed"
    assert asked.client.web.requests == 0


def only_with_all_types(line: Line, request: Received) -> bool:
    given = {part.strip() for part in request.headers.get("accept", "").split(",")}
    return (content(MANIFEST) if given >= ACCEPTED else answer(404))(line, request)


def test_all_four_media_types_are_always_asked_for() -> None:
    with registry({TAG: only_with_all_types, BASE + f"manifests/{DIGEST}": only_with_all_types}) as asked:
        assert asked.head().digest == DIGEST
        assert asked.image()


OTHER = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("routes", "reason"),
    [
        ({TAG: content(MANIFEST, docker_content_digest=OTHER)}, "something else"),
        ({BLOB: answer(200, b"{}")}, "something else"),
        ({TAG: content(MANIFEST, "application/vnd.oci.image.index.v1+json")}, "says of itself"),
        ({TAG: content(MANIFEST, "text/html")}, "says of itself"),
        (
            {TAG: content(b'{"schemaVersion":1}', "application/vnd.docker.distribution.manifest.v1+prettyjws")},
            "schema 1",
        ),
        ({TAG: content(b'{"manifests":[],"layers":[]}', OCI_INDEX)}, "not that of one"),
        ({TAG: content(b'{"manifests":[],"config":{}}', OCI_MANIFEST)}, "not that of one"),
        ({TAG: content(b'{"config":[]}')}, "not that of one"),
        ({TAG: content(b'{"config":{"digest":"md5:00","mediaType":"x"}}')}, "sha256 or sha512"),
        ({TAG: content(b'{"manifests":[{"digest":7}]}', OCI_INDEX)}, "sha256 or sha512"),
        ({TAG: content(b'{"manifests":[]}', OCI_INDEX)}, "names no image"),
        ({TAG: content(b'{"manifests":{}}', OCI_INDEX)}, "not that of one"),
        ({TAG: content(b'{"config":{"mediaType":"\\ud800"}}')}, "not Unicode"),
        ({TAG: content(b'{"config":NaN}')}, "is not JSON"),
    ],
)
def test_wrong_content_is_told(routes: Mapping[str, Behaviour], reason: str) -> None:
    with registry(routes) as asked:
        refused(asked, "content", reason)


def test_a_digest_that_a_reference_names_is_checked() -> None:
    wrong = {BASE + f"manifests/{OTHER}": content(MANIFEST)}
    with registry(wrong) as asked:
        for ask in (asked.client.registry.head, asked.client.registry.image):
            with pytest.raises(RegistryError) as caught:
                ask(reference(asked.server.authority, NAME, "1", OTHER))
            assert caught.value.trouble == "content"


@pytest.mark.parametrize(
    "behaviour",
    [
        content(MANIFEST, docker_content_digest=""),
        content(MANIFEST, docker_content_digest="sha256:short"),
        content(MANIFEST, "application/json"),
    ],
)
def test_a_head_that_says_too_little_is_followed_by_get(behaviour: Behaviour) -> None:
    with registry({TAG: behaviour}) as asked:
        assert asked.head() == Descriptor(OCI_MANIFEST, DIGEST, len(MANIFEST))
        assert [entry.method for entry in asked.server.received] == ["HEAD", "GET"]


def test_a_digest_of_sha512_is_checked_too() -> None:
    digest = "sha512:" + hashlib.sha512(MANIFEST).hexdigest()
    with registry({BASE + f"manifests/{digest}": content(MANIFEST, docker_content_digest=digest)}) as asked:
        assert (
            asked.client.registry.manifest(reference(asked.server.authority, NAME), digest).descriptor.digest == digest
        )


@pytest.mark.parametrize("said", [0, 5])
def test_a_blob_has_no_more_bytes_than_are_read(said: int) -> None:
    with registry({}) as asked:
        ask, image = asked.client.registry.blob, reference(asked.server.authority, NAME)
        with pytest.raises(RegistryError) as caught:
            ask(image, Descriptor(CONFIG_TYPE, digest_of(CONFIG), said), limit=4)
        assert caught.value.trouble == "content"
        assert asked.client.web.requests == (0 if said else 1)
        assert ask(image, Descriptor(CONFIG_TYPE, digest_of(CONFIG)), limit=len(CONFIG)) == CONFIG


def index_of(raw: bytes, **entry: object) -> bytes:
    named = {"mediaType": OCI_INDEX, "digest": digest_of(raw), "size": len(raw)} | entry
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [named]}).encode()


@pytest.mark.parametrize(("depth", "fails"), [(1, False), (3, False), (4, True)])
def test_indexes_of_indexes_are_followed_three_deep(depth: int, fails: bool) -> None:  # noqa: FBT001 - a table
    routes, raw = {}, index_of(MANIFEST, mediaType=OCI_MANIFEST)
    for _ in range(depth - 1):
        routes[BASE + f"manifests/{digest_of(raw)}"] = content(raw, OCI_INDEX)
        raw = index_of(raw)
    with registry(routes | {TAG: content(raw, OCI_INDEX)}) as asked:
        if fails:
            refused(asked, "content", "deep")
        else:
            assert asked.image()


def test_an_entry_is_what_its_index_calls_it() -> None:
    raw = index_of(MANIFEST, mediaType="application/vnd.docker.distribution.manifest.v2+json")
    with registry({TAG: content(raw, OCI_INDEX)}) as asked:
        refused(asked, "content", "its index calls it")


def test_an_index_with_too_many_entries_is_not_read() -> None:
    entry = {"mediaType": OCI_MANIFEST, "digest": OTHER}
    raw = json.dumps({"mediaType": OCI_INDEX, "manifests": [entry] * 1001}).encode()
    with registry({TAG: content(raw, OCI_INDEX)}) as asked:
        refused(asked, "content", "1000 entries")


def test_an_artifact_that_is_no_image_has_no_configuration() -> None:
    config = {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": OTHER, "size": 2}
    dated = {"org.opencontainers.image.created": "2025-06-07T08:09:10Z"}
    raw = json.dumps({"mediaType": OCI_MANIFEST, "config": config, "annotations": dated}).encode()
    with registry({TAG: content(raw)}) as asked:
        image = asked.client.registry.image(reference(asked.server.authority, NAME, "1"))
    assert (image.config, image.platform, image.platforms) == ({}, "", ())
    assert image.created is not None
    assert image.created.year == 2025
