"""Sets of ports per protocol, exact by ranges, and the words for them."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from gitops_guard.network import intervals
from gitops_guard.network.intervals import Intervals

PROTOCOLS = ("TCP", "UDP", "SCTP")
LAST_PORT = 65535
_CACHED = 4_096
_EVERY: Intervals = ((1, LAST_PORT),)


class PortSet(NamedTuple):
    """Ports of the three protocols that Kubernetes knows."""

    tcp: Intervals = ()
    udp: Intervals = ()
    sctp: Intervals = ()

    def union(self, other: "PortSet") -> "PortSet":
        """What is in either."""
        return _union(self, other)

    def intersection(self, other: "PortSet") -> "PortSet":
        """What is in both."""
        return _intersection(self, other)

    def difference(self, other: "PortSet") -> "PortSet":
        """What is here and not in the other."""
        return _difference(self, other)

    @property
    def is_empty(self) -> bool:
        """Whether no port is in it."""
        return not (self.tcp or self.udp or self.sctp)

    @property
    def size(self) -> int:
        """How many ranges it has."""
        return len(self.tcp) + len(self.udp) + len(self.sctp)

    @property
    def words(self) -> tuple[str, ...]:
        """As people read it: `TCP 80,443`, `UDP 1-1024`, or `all`; one word for each protocol."""
        return ("all",) if self == ALL_PORTS else tuple(_words(self))


NO_PORTS = PortSet()
ALL_PORTS = PortSet(_EVERY, _EVERY, _EVERY)


def port_range(protocol: str, low: int, high: int) -> PortSet:
    """The ports `low` to `high`, both included; none if the range is empty or the protocol unknown."""
    span = ((low, high),) if low <= high else ()
    match protocol:
        case "TCP":
            return PortSet(tcp=span)
        case "UDP":
            return PortSet(udp=span)
        case "SCTP":
            return PortSet(sctp=span)
        case _:
            return NO_PORTS


def joined(sets: Iterable[PortSet]) -> PortSet:
    """The union of many sets."""
    found = NO_PORTS
    for one in sets:
        found = one if found is NO_PORTS else _union(found, one)
    return found


def parse(words: Iterable[str]) -> PortSet:
    """Reads what `PortSet.words` writes.

    Raises:
        ValueError: a word is of another form.
    """
    found = NO_PORTS
    for word in words:
        if word == "all":
            return ALL_PORTS
        protocol, space, numbers = word.partition(" ")
        if not space or protocol not in PROTOCOLS:
            raise ValueError(f"{word!r} names no ports: expected `TCP 80`, `UDP 1-1024` or `all`")
        for part in numbers.split(","):
            low, _, high = part.strip().partition("-")
            found = _union(found, port_range(protocol, _number(low, word), _number(high or low, word)))
    return found


def _number(text: str, word: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= LAST_PORT):
        raise ValueError(f"{word!r} names no ports: {text!r} is no port number")
    return int(text)


def _words(ports: PortSet) -> Iterator[str]:
    for protocol, ranges in zip(PROTOCOLS, ports, strict=True):
        if ranges:
            yield protocol + " " + ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


@lru_cache(_CACHED)
def _union(one: PortSet, other: PortSet) -> PortSet:
    return PortSet(*(intervals.union(a, b) for a, b in zip(one, other, strict=True)))


@lru_cache(_CACHED)
def _intersection(one: PortSet, other: PortSet) -> PortSet:
    return PortSet(*(intervals.intersection(a, b) for a, b in zip(one, other, strict=True)))


@lru_cache(_CACHED)
def _difference(one: PortSet, other: PortSet) -> PortSet:
    return PortSet(*(intervals.difference(a, b) for a, b in zip(one, other, strict=True)))
