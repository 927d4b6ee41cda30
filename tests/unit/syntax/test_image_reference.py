import pytest

from gitops_guard.syntax.image_reference import ImageReference, InvalidReference, is_mutable_tag, parse, tag_kind

SHA = "sha256:" + "a1" * 32
HUB = "docker.io"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx", (HUB, "library/nginx", None, None)),
        ("nginx:1.27", (HUB, "library/nginx", "1.27", None)),
        ("library/nginx", (HUB, "library/nginx", None, None)),
        ("docker.io/nginx", (HUB, "library/nginx", None, None)),
        ("docker.io/library/nginx:x", (HUB, "library/nginx", "x", None)),
        ("index.docker.io/library/nginx", (HUB, "library/nginx", None, None)),
        ("bitnami/redis:7", (HUB, "bitnami/redis", "7", None)),
        (f"nginx@{SHA}", (HUB, "library/nginx", None, SHA)),
        (f"nginx:1.27@{SHA}", (HUB, "library/nginx", "1.27", SHA)),
        ("localhost/x", ("localhost", "x", None, None)),
        ("localhost:5000/x/y:z", ("localhost:5000", "x/y", "z", None)),
        ("registry:5000/x", ("registry:5000", "x", None, None)),
        ("registry:5000", (HUB, "library/registry", "5000", None)),
        ("GHCR.io/acme/app", ("ghcr.io", "acme/app", None, None)),
        ("[::1]:5000/app", ("[::1]:5000", "app", None, None)),
        ("a__b/c-d.e--f", (HUB, "a__b/c-d.e--f", None, None)),
    ],
)
def test_normal_form(text: str, expected: tuple[str, str, str | None, str | None]) -> None:
    assert parse(text) == ImageReference(*expected)


@pytest.mark.parametrize(
    ("text", "registry"),
    [
        ("evil.example/docker.io/library/nginx", "evil.example"),
        ("docker.io.evil.example/library/nginx", "docker.io.evil.example"),
        ("docker.io:443/library/nginx", "docker.io:443"),
        ("xn--dckr-5ta.io/nginx", "xn--dckr-5ta.io"),
        ("index.docker.io.evil.example/nginx", "index.docker.io.evil.example"),
        ("localhost.evil.example/nginx", "localhost.evil.example"),
    ],
)
def test_no_other_registry_passes_for_docker_hub(text: str, registry: str) -> None:
    reference = parse(text)
    assert isinstance(reference, ImageReference)
    assert reference.registry == registry
    assert reference.familiar.startswith(registry)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" nginx", "white space"),
        ("nginx\n", "white space"),
        ("nginx:", "tag is empty"),
        ("nginx:a b", "white space"),
        ("nginx:-x", "tag is not valid"),
        ("nginx:" + "a" * 129, "tag is not valid"),
        ("nginx@sha256:12", "digest"),
        ("nginx@", "digest"),
        (f"nginx@{SHA.upper()}", "digest"),
        ("Nginx", "upper case"),
        ("Registry/app", "upper case"),
        ("ghcr.io/Acme/app", "upper case"),
        ("ghcr.io/", "repository is empty"),
        ("/nginx", "repository is not valid"),
        ("a//b", "repository is not valid"),
        ("ghcr.io//nginx", "repository is not valid"),
        ("-bad.io/x", "registry"),
        ("docker.io./nginx", "registry"),
        ("https://ghcr.io/x", "scheme"),
        ("dоcker.io/library/nginx", "registry"),  # noqa: RUF001 - a Cyrillic o is the attack
        ("a" * 64, "image id"),
        ("a" * 2000, "longer"),
        ("x/" + "a" * 300, "longer"),
    ],
)
def test_what_names_no_image_says_why(text: str, reason: str) -> None:
    found = parse(text)
    assert isinstance(found, InvalidReference)
    assert reason in found.reason
    assert not found.unresolved


@pytest.mark.parametrize(
    "text", ["${BASE}", "nginx:$TAG", "$(VAR)", "reg/{{ .Values.image }}", "x:{{y", "%%BASE%%", "<%= x %>", "@IMAGE@"]
)
def test_a_variable_is_unresolved_not_guessed(text: str) -> None:
    found = parse(text)
    assert isinstance(found, InvalidReference)
    assert found.unresolved
    assert found.reason.startswith("unresolved variable ")


@pytest.mark.parametrize(
    ("text", "familiar", "normalized"),
    [
        ("nginx:1", "nginx:1", "docker.io/library/nginx:1"),
        ("docker.io/acme/app", "acme/app", "docker.io/acme/app"),
        ("docker.io/library/nginx", "nginx", "docker.io/library/nginx"),
        ("ghcr.io/x/y:1", "ghcr.io/x/y:1", "ghcr.io/x/y:1"),
        ("docker.io/library/a/b", "library/a/b", "docker.io/library/a/b"),
        (f"index.docker.io/x:1@{SHA}", f"x:1@{SHA}", f"docker.io/library/x:1@{SHA}"),
    ],
)
def test_forms(text: str, familiar: str, normalized: str) -> None:
    reference = parse(text)
    assert isinstance(reference, ImageReference)
    assert (reference.familiar, reference.normalized, str(reference)) == (familiar, normalized, normalized)
    assert parse(reference.familiar) == parse(reference.normalized) == reference


PATCH = [
    "1.27.4", "v1.2.3", "1.27.4-alpine", "3.12.1-slim-bookworm", "17.0.9_9-jre", "20240131", "bookworm-20240131",
    "2024-01-31", "RELEASE.2024-01-31T00-00-00Z", "main-20240131", "sha-1a2b3c4", "1a2b3c4", "main-1a2b3c4d5e",
    "deadbeef" * 5, "2.426.3-lts", "1.0.0.1", "jdk-17.0.9", "v0.0.0-20240131120000",
]  # fmt: skip
FLOATING = [
    "1", "3.12", "22.04", "3.12-slim", "bookworm", "alpine", "stable", "lts", "edge", "main", "nightly", "1.2.x",
    "1.2.3-SNAPSHOT", "nightly-1.2.3", "latest-alpine", "alpine3.20", "3-alpine3.20", "8u292", "20-bookworm-slim",
    "ltsc2022", "Latest.x", "facade", "99999999", "20249931",
]  # fmt: skip


@pytest.mark.parametrize("tag", PATCH)
def test_tags_that_name_one_build(tag: str) -> None:
    assert tag_kind(tag) == "patch"
    assert not is_mutable_tag(tag)


@pytest.mark.parametrize("tag", FLOATING)
def test_tags_that_move(tag: str) -> None:
    assert tag_kind(tag) == "floating"
    assert is_mutable_tag(tag)


def test_no_tag_and_latest_are_named_apart() -> None:
    assert [tag_kind(tag) for tag in (None, "", "latest", "LATEST")] == ["missing", "missing", "latest", "latest"]
