"""Which registries may be asked, and where: those that the configuration names, and the well-known public ones."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from gitops_guard.oci.content import RegistryError
from gitops_guard.settings import RegistrySetting
from gitops_guard.syntax.image_reference import DOCKER_HUB

_HUB_ADDRESS = "registry-1.docker.io"
_HUB_NAMES = frozenset((DOCKER_HUB, "index.docker.io", _HUB_ADDRESS))


class PublicRegistry(NamedTuple):
    """A registry that anyone may pull from; `host` may hold `*` for one label, `source` says where it is described."""

    host: str
    source: str


PUBLIC_REGISTRIES = (
    PublicRegistry("docker.io", "Docker Hub; answers at registry-1.docker.io (Docker documentation, registry API)"),
    PublicRegistry("ghcr.io", "GitHub documentation, working with the container registry"),
    PublicRegistry("quay.io", "Red Hat Quay.io documentation"),
    PublicRegistry("gcr.io", "Google Cloud documentation, Container Registry names kept by Artifact Registry"),
    PublicRegistry("*.gcr.io", "the same by region: us.gcr.io, eu.gcr.io, asia.gcr.io, mirror.gcr.io"),
    PublicRegistry("*.pkg.dev", "Google Cloud documentation, Artifact Registry: LOCATION-docker.pkg.dev"),
    PublicRegistry("registry.k8s.io", "Kubernetes documentation; redirects to stores near the client"),
    PublicRegistry("public.ecr.aws", "AWS documentation, Amazon ECR Public"),
    PublicRegistry("mcr.microsoft.com", "Microsoft Artifact Registry documentation"),
    PublicRegistry("registry.gitlab.com", "GitLab documentation, container registry"),
    PublicRegistry("registry.access.redhat.com", "Red Hat documentation, registry authentication: without login"),
    PublicRegistry("registry.redhat.io", "Red Hat documentation, registry authentication: with login"),
    PublicRegistry("registry.connect.redhat.com", "Red Hat documentation, certified partner images"),
    PublicRegistry("cgr.dev", "Chainguard documentation, container images"),
    PublicRegistry("docker.elastic.co", "Elastic documentation, container images"),
    PublicRegistry("nvcr.io", "NVIDIA NGC documentation"),
    PublicRegistry("registry.suse.com", "SUSE documentation, container images"),
    PublicRegistry("registry.opensuse.org", "openSUSE documentation, container images"),
    PublicRegistry("registry.fedoraproject.org", "Fedora documentation, container images"),
    PublicRegistry("container-registry.oracle.com", "Oracle documentation, Oracle Container Registry"),
    PublicRegistry("icr.io", "IBM Cloud documentation, public images"),
)
"""Asked without being configured. Each is run for the public, so that a pull request gains nothing by naming it."""


class Hosts:
    """Knows which registries may be asked.

    Args:
        registries: those that the configuration names, in its order: the first that fits a host counts.
    """

    def __init__(self, registries: Sequence[RegistrySetting] = ()) -> None:
        self._registries = tuple(setting._replace(host=canonical(setting.host)) for setting in registries)

    @property
    def private(self) -> tuple[str, ...]:
        """What `Web` takes as `private`: hosts (with port, if configured so) that may lie at a private address."""
        return tuple(setting.host for setting in self._registries if setting.private)

    @property
    def plain_http(self) -> tuple[str, ...]:
        """What `Web` takes as `plain_http`: hosts (with port, if configured so) that are spoken to without TLS."""
        return tuple(setting.host for setting in self._registries if setting.plain_http)

    def setting(self, registry: str) -> RegistrySetting | None:
        """What the configuration says of a registry."""
        return next((setting for setting in self._registries if matches(setting.host, canonical(registry))), None)

    def is_plain(self, host: str) -> bool:
        """Whether a host (with its port, if any) is spoken to without TLS."""
        bare = host.rpartition(":")[0]
        return any(matches(pattern, host) or (bare and matches(pattern, bare)) for pattern in self.plain_http)

    def address(self, registry: str) -> str:
        """The address that a registry's paths start at, such as `https://registry-1.docker.io`.

        Args:
            registry: as in `ImageReference.registry`.

        Raises:
            RegistryError: neither the configuration nor the list of public registries names it ("not-allowed").
        """
        host = canonical(registry)
        setting = self.setting(host)
        if setting is None and not any(matches(public.host, host) for public in PUBLIC_REGISTRIES):
            text = f"registry {host} is not asked: name it under `registries` in the configuration"
            raise RegistryError("not-allowed", text)
        scheme = "http" if setting is not None and setting.plain_http else "https"
        return f"{scheme}://{_HUB_ADDRESS if host == DOCKER_HUB else host}"


def canonical(host: str) -> str:
    """One name for each registry: lower case, and `docker.io` for all of Docker Hub's."""
    lowered = host.lower()
    return DOCKER_HUB if lowered in _HUB_NAMES else lowered


def matches(pattern: str, host: str) -> bool:
    """Whether a host is the one of a pattern; `*` stands for one label or a part of it, the port must be the same."""
    return pattern == host or ("*" in pattern and _expression(pattern).fullmatch(host) is not None)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile("[a-z0-9-]+".join(re.escape(part) for part in pattern.split("*")))
