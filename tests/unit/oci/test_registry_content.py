"""What registries send, read as values: descriptors, platforms, dates, media types, and any bytes at all."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.oci.content import Descriptor, Manifest, RegistryError
from gitops_guard.oci.digest import digest_of, require
from gitops_guard.oci.json_object import DEEPEST, json_object, texts_of
from gitops_guard.oci.manifest_reader import (
    chosen,
    created,
    entries_of,
    moment_of,
    platform_of,
    platforms_of,
    read_manifest,
)
from gitops_guard.oci.media_type import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, manifest_type

DIGEST = "sha256:" + "1" * 64
MADE = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-01-02T03:04:05Z", MADE),
        ("2025-01-02T03:04:05.000000999Z", MADE),
        ("2025-01-02T05:04:05+02:00", MADE),
        ("2025-01-02T03:04:05", MADE),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("1980-01-01T00:00:01Z", None),
        ("", None),
        ("yesterday", None),
        ("2025-13-02T03:04:05Z", None),
        ("2025-01-02T03:04:05Z" + " " * 99, None),
    ],
)
def test_a_moment_before_there_were_images_is_none(text: str, moment: datetime | None) -> None:
    assert moment_of(text) == moment


CREATED = "org.opencontainers.image.created"


@pytest.mark.parametrize(
    ("config", "annotations", "year"),
    [
        ({"created": "2021-01-01T00:00:00Z"}, ((CREATED, "2022-01-01T00:00:00Z"),), 2021),
        ({"created": "1970-01-01T00:00:00Z"}, ((CREATED, "2022-01-01T00:00:00Z"),), 2022),
        ({"config": {"Labels": {CREATED: "2023-01-01T00:00:00Z"}}}, ((CREATED, "$DATE"),), 2023),
        ({"created": 7, "config": {"Labels": {CREATED: 7}}}, (), None),
        ({"config": {"Labels": None}}, (), None),
        ({"config": []}, (), None),
    ],
)
def test_an_annotation_or_a_label_stands_in_for_the_date(
    config: dict[str, object], annotations: tuple[tuple[str, str], ...], year: int | None
) -> None:
    moment = created(config, annotations)
    assert (None if moment is None else moment.year) == year


@pytest.mark.parametrize(
    ("value", "platform"),
    [
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        ({"os": "linux", "architecture": "arm", "variant": "v7"}, "linux/arm/v7"),
        ({"os": "linux", "architecture": "amd64", "variant": ""}, "linux/amd64"),
        ({"os": "linux"}, ""),
        ({"os": "linux", "architecture": 7}, ""),
        ({"os": "li/nux", "architecture": "amd64"}, ""),
        ({"os": "linux", "architecture": "<img>"}, ""),
        ({}, ""),
    ],
)
def test_a_platform_is_a_system_and_an_architecture(value: dict[str, object], platform: str) -> None:
    assert platform_of(value) == platform


def on(platform: str, **values: object) -> Descriptor:
    return Descriptor(OCI_MANIFEST, DIGEST, platform=platform)._replace(**values)  # type: ignore[arg-type]


ATTESTATION = on("linux/amd64", annotations=(("vnd.docker.reference.type", "attestation-manifest"),))


@pytest.mark.parametrize(
    ("entries", "wanted", "index"),
    [
        ((on("linux/arm64"), on("linux/amd64")), "linux/amd64", 1),
        ((on("linux/arm/v6"), on("linux/arm/v7")), "linux/arm", 1),
        ((on("linux/amd64"), on("linux/arm64/v8")), "linux/arm64", 1),
        ((on("linux/amd64"), on("linux/arm64")), "linux/arm64/v8", 1),
        ((on("windows/amd64"), on("linux/s390x")), "linux/amd64", 0),
        ((on("unknown/unknown"), ATTESTATION, on("linux/amd64")), "linux/amd64", 2),
        ((on("unknown/unknown"), on("")), "linux/amd64", 1),
        ((on("unknown/unknown"), ATTESTATION), "linux/amd64", None),
        ((), "linux/amd64", None),
    ],
)
def test_the_entry_for_a_platform_is_chosen(entries: tuple[Descriptor, ...], wanted: str, index: int | None) -> None:
    found = chosen(entries, wanted)
    assert found is (None if index is None else entries[index])


def test_platforms_are_listed_once_and_without_attestations() -> None:
    entries = (on("linux/amd64"), on("unknown/unknown"), on(""), on("linux/arm64"), on("linux/amd64"), ATTESTATION)
    assert platforms_of(entries) == ("linux/amd64", "linux/arm64")


IMAGE: dict[str, object] = {"config": {}, "layers": []}
LIST: dict[str, object] = {"manifests": []}


@pytest.mark.parametrize(
    ("header", "body", "media_type"),
    [
        (OCI_MANIFEST, IMAGE, OCI_MANIFEST),
        (OCI_MANIFEST + "; charset=utf-8", IMAGE, OCI_MANIFEST),
        (DOCKER_MANIFEST, IMAGE | {"mediaType": DOCKER_MANIFEST}, DOCKER_MANIFEST),
        ("", IMAGE | {"mediaType": DOCKER_MANIFEST}, DOCKER_MANIFEST),
        ("application/json", LIST | {"mediaType": DOCKER_LIST}, DOCKER_LIST),
        ("text/plain", LIST, OCI_INDEX),
        ("application/octet-stream", IMAGE, OCI_MANIFEST),
    ],
)
def test_the_media_type_is_the_header_s_or_else_the_body_s(
    header: str, body: dict[str, object], media_type: str
) -> None:
    assert manifest_type({"content-type": header}, body, "x") == media_type


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (OCI_MANIFEST, IMAGE | {"mediaType": DOCKER_MANIFEST}),
        (OCI_INDEX, IMAGE),
        (OCI_MANIFEST, LIST),
        (OCI_INDEX, LIST | IMAGE),
        ("", LIST | IMAGE),
        ("", {}),
        ("text/html", IMAGE),
        ("application/vnd.docker.distribution.manifest.v1+json", IMAGE),
        (DOCKER_MANIFEST, IMAGE | {"schemaVersion": 1}),
    ],
)
def test_a_contradiction_is_no_media_type(header: str, body: dict[str, object]) -> None:
    with pytest.raises(RegistryError) as caught:
        manifest_type({"content-type": header}, body, "x")
    assert caught.value.trouble == "content"


@pytest.mark.parametrize("size", [-1, True, "7", None, 1.5])
def test_a_size_that_is_none_is_nought(size: object) -> None:
    entry = {"mediaType": OCI_MANIFEST, "digest": DIGEST, "size": size}
    assert entries_of(Manifest(Descriptor(OCI_INDEX, DIGEST), {"manifests": [entry]}), "x")[0].size == 0


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_bytes_are_checked_against_their_digest(algorithm: str) -> None:
    digest = digest_of(b"hello", algorithm)
    require(b"hello", digest, "x")
    for body, wanted in ((b"hellO", digest), (b"", digest), (b"hello", "md5:5d41"), (b"hello", digest.upper())):
        with pytest.raises(RegistryError):
            require(body, wanted, "x")


def test_nesting_is_bounded_before_it_is_parsed() -> None:
    assert json_object(b'{"a":' * DEEPEST + b"1" + b"}" * DEEPEST, "x")
    assert json_object(b'{"a":"' + b"[{" * 1000 + b'\\"["}', "x")
    for raw in (b'{"a":' * (DEEPEST + 1), b'{"a":' + b"[" * 1_000_000):
        with pytest.raises(RegistryError, match="levels deep"):
            json_object(raw, "x")


def test_only_texts_are_annotations() -> None:
    assert texts_of({"annotations": {"a": "b", "c": 7, "d": None}}, "annotations") == (("a", "b"),)
    assert texts_of({"annotations": ["a"]}, "annotations") == ()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        "manifests",
        "config",
        "layers",
        "mediaType",
        "digest",
        "size",
        "platform",
        "annotations",
        "artifactType",
        "created",
    ]
)
VALUES = ANYTHING | st.sampled_from([OCI_INDEX, OCI_MANIFEST, DIGEST, [{"digest": DIGEST, "mediaType": OCI_MANIFEST}]])


@given(st.binary(max_size=200) | st.dictionaries(KEYS, VALUES).map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_manifest_or_a_registry_error(raw: bytes) -> None:
    with suppress(RegistryError):
        manifest = read_manifest(raw, {}, DIGEST, "x")
        assert manifest.descriptor.size == len(raw)
        entries = entries_of(manifest, "x")
        assert chosen(entries, "linux/amd64") in {*entries, None}


@given(st.dictionaries(st.sampled_from(["created", "config", "os", "architecture"]), ANYTHING))
def test_any_object_is_a_configuration(config: dict[str, object]) -> None:
    moment = created(config, ())
    assert moment is None or moment.tzinfo is UTC
    assert isinstance(platform_of(config), str)
