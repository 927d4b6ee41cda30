"""Which registries are asked, where they are, and which token server belongs to which."""

import pytest

from gitops_guard.oci.content import RegistryError
from gitops_guard.oci.hosts import PUBLIC_REGISTRIES, Hosts
from gitops_guard.oci.token_realm import belongs, read_realm
from gitops_guard.settings import RegistrySetting

OURS = Hosts(
    [
        RegistrySetting("registry.example.com", private=True),
        RegistrySetting("localhost:5000", private=True, plain_http=True),
        RegistrySetting("*.dkr.ecr.eu-west-1.amazonaws.com"),
        RegistrySetting("index.docker.io", username_from="HUB_USER"),
    ]
)


@pytest.mark.parametrize(
    ("registry", "address"),
    [
        ("docker.io", "https://registry-1.docker.io"),
        ("registry-1.docker.io", "https://registry-1.docker.io"),
        ("GHCR.io", "https://ghcr.io"),
        ("eu.gcr.io", "https://eu.gcr.io"),
        ("europe-west1-docker.pkg.dev", "https://europe-west1-docker.pkg.dev"),
        ("registry.k8s.io", "https://registry.k8s.io"),
        ("registry.example.com", "https://registry.example.com"),
        ("localhost:5000", "http://localhost:5000"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com"),
    ],
)
def test_public_and_configured_registries_are_asked(registry: str, address: str) -> None:
    assert OURS.address(registry) == address


@pytest.mark.parametrize(
    "registry",
    [
        "evil.example",
        "docker.io.evil.example",
        "evildocker.io",
        "docker.io:8443",
        "ghcr.io:22",
        "a.b.gcr.io",
        "evilgcr.io",
        "eu.gcr-io",
        "pkg.dev",
        "registry.example.com:5000",
        "sub.registry.example.com",
        "localhost",
        "localhost:5001",
        "127.0.0.1:5000",
        "169.254.169.254",
        "a.b.dkr.ecr.eu-west-1.amazonaws.com",
        "x.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
        "",
    ],
)
def test_no_other_registry_is_asked(registry: str) -> None:
    with pytest.raises(RegistryError, match="name it under `registries` in the configuration") as caught:
        OURS.address(registry)
    assert caught.value.trouble == "not-allowed"


def test_the_web_is_told_what_may_be_private_and_plain() -> None:
    assert (OURS.private, OURS.plain_http) == (("registry.example.com", "localhost:5000"), ("localhost:5000",))
    assert (Hosts().private, Hosts().plain_http) == ((), ())


def test_the_setting_of_docker_hub_counts_under_each_of_its_names() -> None:
    for name in ("docker.io", "index.docker.io", "registry-1.docker.io"):
        setting = OURS.setting(name)
        assert setting is not None
        assert setting.username_from == "HUB_USER"
    assert OURS.setting("quay.io") is None


def test_each_public_registry_is_listed_once_with_its_source() -> None:
    assert len({public.host for public in PUBLIC_REGISTRIES}) == len(PUBLIC_REGISTRIES)
    assert all(public.source for public in PUBLIC_REGISTRIES)


@pytest.mark.parametrize(
    ("realm", "registry", "theirs"),
    [
        ("registry.example.com", "registry.example.com", True),
        ("registry.example.com", "registry.example.com:5000", True),
        ("gitlab.com", "registry.gitlab.com", True),
        ("auth.docker.io", "docker.io", True),
        ("auth.docker.io", "registry-1.docker.io", True),
        ("127.0.0.1", "127.0.0.1:5000", True),
        ("auth.docker.io", "ghcr.io", False),
        ("com", "registry.gitlab.com", False),
        ("evil-gitlab.com", "registry.gitlab.com", False),
        ("auth.registry.example.com", "registry.example.com", False),
        ("auth.example.com", "registry.example.com", False),
        ("0.1", "127.0.0.1:5000", False),
        ("example.com.evil.example", "registry.example.com", False),
        ("", "registry.example.com", False),
    ],
)
def test_a_token_server_belongs_to_the_registry_on_its_own_domain(realm: str, registry: str, *, theirs: bool) -> None:
    assert belongs(realm, registry) is theirs


def test_a_token_is_asked_for_beside_what_the_address_asks_already() -> None:
    realm = read_realm("quay.io", {"realm": "https://quay.io/auth?account=a#x", "service": "quay & co"}, Hosts())
    question = realm.question("repository:team/app:pull")
    assert question == "https://quay.io/auth?account=a&service=quay+%26+co&scope=repository%3Ateam%2Fapp%3Apull"
    assert (realm.host, realm.trusted, realm.scope) == ("quay.io", True, "")
