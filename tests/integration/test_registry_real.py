"""The registry client against real registries, filled with real tools."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitops_guard.oci.content import RegistryError
from integration.registries import (
    OCI_INDEX,
    OCI_MANIFEST,
    asking,
    debian_registry,
    distribution_registry,
    push,
    put_blob,
    put_manifest,
    reference,
    referrers_registry,
    require,
    tiny_image,
)
from integration.registry_tokens import IDENTITY, PASSWORD, USER, TokenServer, token_server

pytestmark = pytest.mark.real

LABELS = {"org.opencontainers.image.base.name": "docker.io/library/debian:12", "team": "shop"}
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
CREATED = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registries")


@pytest.fixture(scope="module")
def layouts(folder: Path) -> dict[str, Path]:
    """Images by architecture, and one without a date."""
    return {
        "amd64": tiny_image(folder / "amd64", labels=LABELS),
        "arm64": tiny_image(folder / "arm64", architecture="arm64"),
        "dateless": tiny_image(folder / "dateless", created="1970-01-01T00:00:00Z"),
        "labelled": tiny_image(
            folder / "labelled",
            created="1970-01-01T00:00:00Z",
            labels={"org.opencontainers.image.created": "2025-02-03T04:05:06+02:00"},
        ),
    }


@pytest.fixture(scope="module")
def plain(folder: Path, layouts: dict[str, Path]) -> Iterator[str]:
    with debian_registry(folder / "plain") as host:
        for name, layout in layouts.items():
            push(layout, host, "team/tiny", name)
        yield host


@pytest.fixture(scope="module")
def index(plain: str) -> str:
    """The digest of `team/tiny:multi`: two platforms and an attestation."""
    return put_index(plain, OCI_INDEX, "multi")


def put_index(host: str, media_type: str, tag: str) -> str:
    client = asking(host).registry
    entries: list[dict[str, object]] = []
    for architecture in ("arm64", "amd64"):
        found = client.head(reference(host, "team/tiny", architecture))
        platform = {"os": "linux", "architecture": architecture}
        entries.append(
            {"mediaType": found.media_type, "digest": found.digest, "size": found.size, "platform": platform}
        )
    about = dict(entries[0], platform={"os": "unknown", "architecture": "unknown"})
    body = {"schemaVersion": 2, "mediaType": media_type, "manifests": [about, *entries], "annotations": {"a": "b"}}
    return put_manifest(host, "team/tiny", tag, body)


def test_an_image_has_its_date_its_labels_and_its_platform(plain: str) -> None:
    client = asking(plain)
    image = client.registry.image(reference(plain, "team/tiny", "amd64"))
    assert (image.created, image.platforms, image.platform) == (CREATED, ("linux/amd64",), "linux/amd64")
    assert image.named.digest == image.manifest.digest
    assert image.named.media_type == OCI_MANIFEST
    settings = image.config["config"]
    assert isinstance(settings, dict)
    assert settings["Labels"] == LABELS
    assert client.web.requests == 2


def test_the_digest_is_the_one_that_skopeo_sees(plain: str) -> None:
    command = [
        "skopeo",
        "inspect",
        "--tls-verify=false",
        "--format",
        "{{.Digest}}",
        f"docker://{plain}/team/tiny:amd64",
    ]
    seen = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    client = asking(plain)
    assert client.registry.head(reference(plain, "team/tiny", "amd64")).digest == seen
    assert client.web.requests == 1


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_an_index_shows_its_platforms_and_the_image_of_one(plain: str, media_type: str) -> None:
    tag = "multi-docker" if media_type == DOCKER_LIST else "multi-oci"
    digest = put_index(plain, media_type, tag)
    client = asking(plain)
    image = client.registry.image(reference(plain, "team/tiny", tag))
    assert (image.named.digest, image.named.media_type, image.named.is_index) == (digest, media_type, True)
    assert image.platforms == ("linux/arm64", "linux/amd64")
    assert (image.platform, image.config["architecture"], image.created) == ("linux/amd64", "amd64", CREATED)
    assert dict(image.annotations) == {"a": "b"}
    assert client.web.requests == 3


def test_another_platform_is_looked_at_when_asked_for(plain: str, index: str) -> None:
    image = asking(plain).registry.image(reference(plain, "team/tiny", digest=index), "linux/arm64/v8")
    assert (image.platform, image.config["architecture"]) == ("linux/arm64", "arm64")


def test_the_first_platform_is_looked_at_where_the_asked_one_is_missing(plain: str, index: str) -> None:
    image = asking(plain).registry.image(reference(plain, "team/tiny", digest=index), "windows/amd64")
    assert image.platform == "linux/arm64"


def test_after_head_an_image_is_asked_for_by_its_digest(plain: str, index: str) -> None:
    client = asking(plain)
    assert client.registry.head(reference(plain, "team/tiny", "multi")).digest == index
    assert client.registry.image(reference(plain, "team/tiny", "multi")).named.digest == index
    client.registry.head(reference(plain, "team/tiny", "multi"))
    assert client.web.requests == 4


@pytest.mark.parametrize(
    ("tag", "created"), [("dateless", None), ("labelled", datetime(2025, 2, 3, 2, 5, 6, tzinfo=UTC))]
)
def test_the_epoch_is_no_date_and_a_label_stands_in_for_it(plain: str, tag: str, created: datetime | None) -> None:
    assert asking(plain).registry.image(reference(plain, "team/tiny", tag)).created == created


@pytest.mark.parametrize("repository", ["team/tiny", "team/missing"])
def test_what_is_missing_is_not_found(plain: str, repository: str) -> None:
    for ask in (asking(plain).registry.head, asking(plain).registry.image):
        with pytest.raises(RegistryError) as caught:
            ask(reference(plain, repository, "missing"))
        assert caught.value.trouble == "not-found"
    assert "MANIFEST_UNKNOWN" in str(caught.value)


def test_tags_are_listed_without_those_that_hold_signatures(plain: str, index: str) -> None:
    name = index.replace(":", "-")
    for suffix in (".sig", ".att", ".sbom", ""):
        put_index(plain, OCI_INDEX, name + suffix)
    tags = asking(plain).registry.tags(reference(plain, "team/tiny"))
    assert {"amd64", "arm64", "multi"} <= set(tags)
    assert not [tag for tag in tags if tag.startswith("sha256-")]


def test_referrers_without_an_api_are_found_by_the_tag(plain: str, layouts: dict[str, Path]) -> None:
    push(layouts["amd64"], plain, "team/referred", "1")
    check_referrers(plain, "team/referred", by_tag=True)


def check_referrers(host: str, repository: str, *, by_tag: bool) -> None:
    """Attaches two artifacts, in a list as go-containerregistry writes it: without their types."""
    client = asking(host)
    subject = client.registry.head(reference(host, repository, "1"))
    assert client.registry.referrers(reference(host, repository), subject.digest) == ()
    entries = [artifact(host, repository, subject.digest, kind) for kind in ("sig", "sbom")]
    stray = artifact(host, repository, "sha256:" + "0" * 64, "sig") if by_tag else {}
    if by_tag:
        body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*entries, stray]}
        put_manifest(host, repository, subject.digest.replace(":", "-"), body)
    found = asking(host).registry.referrers(reference(host, repository), subject.digest)
    assert {entry.digest for entry in found} == {entry["digest"] for entry in entries}
    signed = asking(host).registry.referrers(reference(host, repository), subject.digest, "application/x.sig")
    assert [(entry.digest, entry.artifact_type) for entry in signed] == [(entries[0]["digest"], "application/x.sig")]


def artifact(host: str, repository: str, subject: str, kind: str) -> dict[str, object]:
    """Puts a manifest that refers to another one; gives its descriptor."""
    empty = put_blob(host, repository, b"{}") | {"mediaType": "application/vnd.oci.empty.v1+json"}
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": f"application/x.{kind}",
        "config": empty,
        "layers": [empty],
        "subject": {"mediaType": OCI_MANIFEST, "digest": subject, "size": 1},
    }
    return {"mediaType": OCI_MANIFEST, "digest": put_manifest(host, repository, "", body), "size": 1}


def test_referrers_by_the_native_api(layouts: dict[str, Path]) -> None:
    with referrers_registry() as host:
        push(layouts["amd64"], host, "team/referred", "1")
        check_referrers(host, "team/referred", by_tag=False)


def test_a_registry_without_the_api_is_asked_for_it_once(plain: str) -> None:
    client = asking(plain)
    first = client.registry.head(reference(plain, "team/tiny", "amd64")).digest
    second = client.registry.head(reference(plain, "team/tiny", "arm64")).digest
    before = client.web.requests
    assert client.registry.referrers(reference(plain, "team/tiny"), first) == ()
    assert client.web.requests == before + 2
    assert client.registry.referrers(reference(plain, "team/tiny"), second) == ()
    assert client.web.requests == before + 3


def test_a_long_list_of_tags_comes_in_pages(folder: Path, layouts: dict[str, Path]) -> None:
    with distribution_registry(folder / "paged") as host:
        push(layouts["amd64"], host, "team/paged", "0")
        client = asking(host)
        digest = client.registry.head(reference(host, "team/paged", "0")).digest
        tagged(folder / "paged", "team/paged", digest, 2500)
        before = client.web.requests
        tags = client.registry.tags(reference(host, "team/paged"))
        assert sorted(tags, key=int) == [str(number) for number in range(2500)]
        assert client.web.requests == before + 3
        with pytest.raises(RegistryError, match="there are more than 2000"):
            client.registry.tags(reference(host, "team/paged"), limit=2000)


def tagged(folder: Path, repository: str, digest: str, count: int) -> None:
    """Writes tags into a registry's storage, which is quicker than to push them."""
    tags = folder / "data/docker/registry/v2/repositories" / repository / "_manifests/tags"
    for number in range(count):
        link = tags / str(number) / "current" / "link"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.write_text(digest)


@pytest.fixture(scope="module")
def basic(folder: Path, layouts: dict[str, Path]) -> Iterator[str]:
    require("htpasswd")
    ran = subprocess.run(["htpasswd", "-Bbn", USER, PASSWORD], capture_output=True, check=True, timeout=30)
    file = folder / "htpasswd"
    file.write_bytes(ran.stdout)
    with debian_registry(folder / "basic", {"htpasswd": {"realm": "test", "path": str(file)}}) as host:
        push(layouts["amd64"], host, "team/tiny", "1", login=f"{USER}:{PASSWORD}")
        yield host


def test_basic_credentials_are_learnt_once(basic: str) -> None:
    client = asking(basic, environment={"GITOPS_GUARD_REGISTRY_AUTH": f"{basic} {USER} {PASSWORD}"})
    assert client.registry.image(reference(basic, "team/tiny", "1")).created == CREATED
    assert client.registry.tags(reference(basic, "team/tiny")) == ("1",)
    assert client.web.requests == 4


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "asks for credentials, and there are none"),
        (f"{{host}} {USER} wrong-password", "refuses"),
        (f"other.example {USER} {PASSWORD}", "there are none"),
    ],
)
def test_without_the_right_basic_credentials_access_is_refused(basic: str, line: str, reason: str) -> None:
    client = asking(basic, environment={"GITOPS_GUARD_REGISTRY_AUTH": line.format(host=basic)})
    with pytest.raises(RegistryError, match=reason) as caught:
        client.registry.image(reference(basic, "team/tiny", "1"))
    assert caught.value.trouble == "unauthorised"
    assert "password" not in str(caught.value)
    assert client.web.requests <= 2


@pytest.fixture(scope="module")
def tokens(folder: Path) -> Iterator[TokenServer]:
    with token_server(folder) as server:
        yield server


@pytest.fixture(scope="module")
def bearer(folder: Path, layouts: dict[str, Path], tokens: TokenServer) -> Iterator[str]:
    with debian_registry(folder / "bearer", tokens.auth) as host:
        for repository in ("open/one", "open/two", "private/one"):
            push(layouts["amd64"], host, repository, "1", login=f"{USER}:{PASSWORD}")
        yield host


@pytest.fixture
def asked(tokens: TokenServer) -> TokenServer:
    tokens.asked.clear()
    tokens.life = 300
    return tokens


def test_a_token_is_asked_for_once_per_repository(bearer: str, asked: TokenServer) -> None:
    client = asking(bearer, "127.0.0.1")
    for repository in ("open/one", "open/two"):
        assert client.registry.image(reference(bearer, repository, "1")).created == CREATED
        client.registry.tags(reference(bearer, repository))
    assert [entry.scope for entry in asked.asked] == ["repository:open/one:pull", "repository:open/two:pull"]
    assert client.web.requests == 1 + 2 * (1 + 2 + 1)


def test_a_token_that_expired_is_renewed(bearer: str, asked: TokenServer) -> None:
    asked.life = 1
    client = asking(bearer, "127.0.0.1")
    client.registry.image(reference(bearer, "open/one", "1"))
    asked.life = 300
    client.registry._session._tokens._clock = lambda: 10.0**9
    client.registry.tags(reference(bearer, "open/one"))
    assert len(asked.asked) == 2


@pytest.mark.parametrize("password", [PASSWORD, IDENTITY])
def test_credentials_and_identity_tokens_open_what_is_private(bearer: str, asked: TokenServer, password: str) -> None:
    user = USER if password == PASSWORD else "<token>"
    client = asking(bearer, "127.0.0.1", environment={"GITOPS_GUARD_REGISTRY_AUTH": f"{bearer} {user} {password}"})
    assert client.registry.image(reference(bearer, "private/one", "1")).created == CREATED
    assert {entry.by for entry in asked.asked} == {USER}


@pytest.mark.parametrize(("line", "requests"), [("", 3), (f"{{host}} {USER} wrong", 2)])
def test_what_is_private_is_unauthorised_without_the_right_credentials(
    bearer: str, asked: TokenServer, line: str, requests: int
) -> None:
    client = asking(bearer, "127.0.0.1", environment={"GITOPS_GUARD_REGISTRY_AUTH": line.format(host=bearer)})
    for _ in range(2):
        with pytest.raises(RegistryError) as caught:
            client.registry.image(reference(bearer, "private/one", "1"))
        assert caught.value.trouble == "unauthorised"
    assert len(asked.asked) <= 2
    assert client.web.requests <= requests + 3
