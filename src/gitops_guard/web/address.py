"""Addresses: which URL may be asked at all, and which address a name may resolve to."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from gitops_guard.web.trouble import WebError

AddressKind = Literal["public", "loopback", "link-local", "private", "special"]
"""`special` is never contacted: unspecified, multicast, reserved, and what a cloud keeps for its own machines."""

_DEFAULT_PORTS = {"https": 443, "http": 80}
_MAX_URL = 8 * 1024
_HIGHEST_PORT = 65_535
_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL_NAMES = ("localhost", "localdomain", "ip6-localhost", "ip6-loopback")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_THIS_NETWORK = IPv4Network("0.0.0.0/8")  # RFC 791
_NOT_PUBLIC = (
    IPv4Network("192.0.0.0/24"),  # RFC 6890; a cloud answers on it with an instance's credentials
    IPv6Network("64:ff9b:1::/48"),  # RFC 8215, NAT64 of a site's own
    IPv6Network("2001::/23"),  # RFC 2928, Teredo among them
    IPv6Network("fec0::/10"),  # RFC 3879
)
"""What some versions of `ipaddress` take for public."""

_SPECIAL = frozenset({ip_address("168.63.129.16")})
"""Azure's host agent: public by its number, yet answered by the machine that the job runs on."""


class Target(NamedTuple):
    """A URL that may be asked: `host` in lower case without brackets or a final dot, `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Where credentials may go."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """Host, and port unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if _DEFAULT_PORTS[self.scheme] == self.port else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL to ask."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def shown(self) -> str:
        """The URL for people: without the query, which may hold a credential."""
        return self.url.partition("?")[0]


class HostNames:
    """Hosts as a team configures them: `host` (every port) or `host:port`; `*` stands for one label of a name."""

    def __init__(self, names: Collection[str]) -> None:
        self._patterns = tuple(_host_and_port(name.strip().lower()) for name in names)

    def hold(self, host: str, port: int) -> bool:
        """Whether a host is among them."""
        return any(number in {"", str(port)} and _matches(name, host) for name, number in self._patterns)


def read_target(url: str, private: HostNames) -> Target:
    """Reads a URL and checks it as written.

    Args:
        url: absolute, in ASCII, without user information.
        private: hosts that may lie at a loopback, link-local or private address.

    Raises:
        WebError: it may not be asked.
    """
    parts = _split(url)
    target = Target(parts.scheme, _host(parts), _port(parts), _path(parts))
    _check_literal(target.host, allowed=private.hold(target.host, target.port))
    return target


def _check_literal(host: str, *, allowed: bool) -> None:
    local = host in _LOCAL_NAMES or host.endswith(tuple(f".{name}" for name in _LOCAL_NAMES))
    if local and not allowed:
        raise WebError("address", f"{host} is this machine: it is only asked when the configuration calls it private")
    if _is_numeric(host):
        check_address(host, host, allowed=allowed)


def check_address(host: str, address: str, *, allowed: bool) -> None:
    """Refuses an address that a host may not lie at.

    Args:
        host: the name, for the message.
        address: in the canonical spelling, as resolvers give it.
        allowed: whether the host may lie at a loopback, link-local or private address.

    Raises:
        WebError: it may not lie there.
    """
    kind = address_kind(address)
    if kind == "public" or (allowed and kind != "special"):
        return
    where = "an address that nobody may be asked at" if kind == "special" else f"a {kind} address"
    hint = "" if kind == "special" else ": it is only asked when the configuration calls it private"
    raise WebError("address", f"{host} lies at {where}{hint}")


def address_kind(text: str) -> AddressKind:
    """What an IP address is good for; IPv4 inside IPv6 (mapped, NAT64, 6to4) counts as itself."""
    try:
        address = _inner(ip_address(text))
    except ValueError:
        return "special"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    private = any(address in network for network in _NOT_PUBLIC)
    if _is_special(address) or (address.is_reserved and not private):
        return "special"
    return "private" if private or address.is_private or not address.is_global else "public"


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_special(address: IPv4Address | IPv6Address) -> bool:
    return address in _SPECIAL or address in _THIS_NETWORK or address.is_unspecified or address.is_multicast


def _split(url: str) -> SplitResult:
    # urlsplit drops tabs and line ends, and servers differ on backslashes: refused before anything reads them.
    if len(url) > _MAX_URL or "\\" in url or not all("!" <= letter <= "~" for letter in url):
        raise WebError("address", "an address is too long, or holds characters that no URL may hold")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise WebError("address", "an address is no URL") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise WebError("address", "an address is not a https:// URL")
    if "@" in parts.netloc:
        raise WebError("address", "an address holds user information: credentials are configured apart from it")
    return parts


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if parts.netloc.startswith("["):
        return _canonical(host)
    if not _NAME.fullmatch(host):
        raise WebError("address", "the host of an address is no host name")
    # 127.1, 0x7f.1 and 2130706433 are all 127.0.0.1 to a resolver.
    return _canonical(host) if _is_numeric(host) else host


def _is_numeric(host: str) -> bool:
    return ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def _canonical(address: str) -> str:
    try:
        read = ip_address(address)
    except ValueError:
        raise WebError("address", f"{address} is no IP address in its usual spelling") from None
    if isinstance(read, IPv6Address) and read.scope_id:
        raise WebError("address", f"{read} names an interface of this machine")
    return str(read)


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is None:
        return _DEFAULT_PORTS[parts.scheme]
    if not 0 < port <= _HIGHEST_PORT:
        raise WebError("address", f"the port of {parts.hostname} is out of range")
    return port


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _host_and_port(name: str) -> tuple[str, str]:
    if name.startswith("["):
        host, _, rest = name[1:].partition("]")
        return _usual(host), rest.removeprefix(":")
    host, _, port = name.partition(":") if name.count(":") == 1 else (name, "", "")
    return _usual(host.removesuffix(".")), port


def _usual(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        return host


def _matches(pattern: str, host: str) -> bool:
    if _is_numeric(host) or "*" not in pattern:
        return pattern == host
    expected, labels = pattern.split("."), host.split(".")
    pairs = zip(expected, labels, strict=False)
    return len(expected) == len(labels) and all(want in {"*", label} for want, label in pairs)
