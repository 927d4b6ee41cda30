"""Sets of IP addresses: exact, for IPv4 and IPv6, by ranges of numbers."""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.network.intervals import Intervals, difference, intersection, normal, union

_EVERY_4: Intervals = ((0, 2**32 - 1),)
_EVERY_6: Intervals = ((0, 2**128 - 1),)


class AddressSet(NamedTuple):
    """Addresses of both families, with the operators of a set: `&`, `|`, `~`, and truth for not empty."""

    v4: Intervals = ()
    v6: Intervals = ()

    def __and__(self, other: "AddressSet") -> "AddressSet":
        return AddressSet(intersection(self.v4, other.v4), intersection(self.v6, other.v6))

    def __or__(self, other: "AddressSet") -> "AddressSet":
        return AddressSet(union(self.v4, other.v4), union(self.v6, other.v6))

    def __invert__(self) -> "AddressSet":
        return AddressSet(difference(_EVERY_4, self.v4), difference(_EVERY_6, self.v6))

    def __bool__(self) -> bool:
        return bool(self.v4 or self.v6)


NO_ADDRESSES = AddressSet()
ALL_ADDRESSES = AddressSet(_EVERY_4, _EVERY_6)


def block(text: str) -> AddressSet:
    """The addresses of a CIDR block; bits below the prefix are ignored, as by the API server.

    Raises:
        ValueError: it is none, or one that readers disagree on (leading zeros, IPv4 written as IPv6).
    """
    if "/" not in text or "%" in text:
        raise ValueError(f"{text!r} is no CIDR block")
    base, _, length = text.partition("/")
    if not length.isascii() or not length.isdecimal():
        raise ValueError(f"{text!r} is no CIDR block: the prefix length is no number")
    try:
        network = ipaddress.ip_network(f"{base}/{length}", strict=False)
    except ValueError as error:
        raise ValueError(f"{text!r} is no CIDR block") from error
    if isinstance(network, ipaddress.IPv6Network) and ipaddress.IPv6Address(base).ipv4_mapped is not None:
        raise ValueError(f"{text!r} is an IPv4 block written as IPv6, which readers take differently")
    span = ((int(network.network_address), int(network.broadcast_address)),)
    return AddressSet(v4=span) if network.version == 4 else AddressSet(v6=span)  # noqa: PLR2004 - the IP version


def joined(sets: Iterable[AddressSet]) -> AddressSet:
    """The union of many sets."""
    v4: list[tuple[int, int]] = []
    v6: list[tuple[int, int]] = []
    for one in sets:
        v4 += one.v4
        v6 += one.v6
    return AddressSet(normal(v4), normal(v6))


def cidrs(addresses: AddressSet) -> Iterator[str]:
    """The fewest CIDR blocks that cover exactly these addresses, in ascending order."""
    for low, high in addresses.v4:
        yield from _blocks(ipaddress.IPv4Address(low), ipaddress.IPv4Address(high))
    for low, high in addresses.v6:
        yield from _blocks(ipaddress.IPv6Address(low), ipaddress.IPv6Address(high))


def _blocks(
    first: ipaddress.IPv4Address | ipaddress.IPv6Address, last: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> Iterator[str]:
    for network in ipaddress.summarize_address_range(first, last):
        yield str(network)
