"""Token servers: which a registry may name, and which may see the credentials that were configured for it."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from gitops_guard.oci.content import RegistryError
from gitops_guard.oci.hosts import Hosts, canonical
from gitops_guard.syntax.image_reference import DOCKER_HUB

_LONGEST = 2048
_KNOWN_PAIRS = frozenset(((DOCKER_HUB, "auth.docker.io"),))
_FEWEST_LABELS = 2


class TokenRealm(NamedTuple):
    """A token server.

    `url` is its address with the query it was named with, `trusted` whether it belongs to the registry and may see
    its credentials. `scope` is what to ask for where the registry wants something else than its repositories' names.
    """

    url: str
    service: str
    scope: str
    trusted: bool

    @property
    def host(self) -> str:
        """For people: the server's name, and its port if one is written."""
        return urlsplit(self.url).netloc[:100]

    def question(self, scope: str) -> str:
        """The address to ask for a token of a scope."""
        parts = urlsplit(self.url)
        asked = [("service", self.service)] if self.service else []
        query = urlencode([*parse_qsl(parts.query), *asked, ("scope", scope)])
        return parts._replace(query=query, fragment="").geturl()


def read_realm(registry: str, parameters: Mapping[str, str], hosts: Hosts) -> TokenRealm:
    """Reads the parameters of a Bearer challenge.

    Args:
        registry: that sent it.
        parameters: of the challenge.
        hosts: knows who is spoken to without TLS.

    Raises:
        RegistryError: the realm is no address, or one without TLS that the configuration does not call so ("content").
    """
    url = parameters.get("realm", "")
    parts = _split(url)
    if parts is None or not parts.hostname or "@" in parts.netloc or len(url) > _LONGEST:
        raise RegistryError("content", f"registry {registry} names a token server that is no address")
    if parts.scheme != "https" and not (parts.scheme == "http" and hosts.is_plain(parts.netloc.lower())):
        text = f"registry {registry} names the token server {parts.netloc[:80]}, which is asked over https only"
        raise RegistryError("content", text)
    scope = parameters.get("scope", "")
    return TokenRealm(
        url,
        parameters.get("service", ""),
        "" if scope.startswith("repository:") else scope,
        belongs(parts.hostname.lower(), registry),
    )


def belongs(realm_host: str, registry: str) -> bool:
    """Whether a token server's host is a registry's own: the same, a domain above it, or a known pair.

    A domain above has at least two labels (`registry.gitlab.com` has `gitlab.com`); an IP address has none above it.
    """
    host = urlsplit(f"//{canonical(registry)}").hostname or ""
    if realm_host == host or (host, realm_host) in _KNOWN_PAIRS:
        return True
    above = host.endswith(f".{realm_host}") and realm_host.count(".") >= _FEWEST_LABELS - 1
    return above and not _is_address(host)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
