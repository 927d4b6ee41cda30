"""Who may connect to whom: the result of an analysis, compact, and the rows that people and programs read."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.network.addresses import ALL_ADDRESSES, AddressSet, cidrs
from gitops_guard.network.cluster import NetworkProblem, Workload
from gitops_guard.network.population import bits
from gitops_guard.network.ports import NO_PORTS, PortSet
from gitops_guard.network.tiers import Opening

EXTERNAL = "external"
CONTROLLER = "{ingress-controller}"
"""A pod that serves Ingresses and routes, whose namespace and labels are not known."""


class Edge(NamedTuple):
    """An allowed connection; `source` and `target` are ids of workloads, `external`, or CIDR blocks."""

    source: str
    target: str
    ports: PortSet


class Reach(NamedTuple):
    """What one workload may reach and be reached by outside the cluster, as disjoint regions."""

    incoming: tuple[Opening[AddressSet], ...]
    outgoing: tuple[Opening[AddressSet], ...]


class Unknown(NamedTuple):
    """A workload and direction of which only a lower bound is known, and why.

    What is listed is allowed; what is not listed may be.
    """

    workload: int
    direction: str
    reason: str
    place: Place


class Exposure(NamedTuple):
    """A workload that something makes reachable from outside.

    `via` is the Service or entry point; `through` the Service behind it. `addresses` are those that may connect, None
    where an ingress controller stands between. `ports` are those that the policies leave open: none where they block
    all, `asked` those that the Service leads to.
    """

    workload: str
    via: str
    through: str
    asked: PortSet
    ports: PortSet
    addresses: AddressSet | None
    verdict: str
    place: Place


class Connections(NamedTuple):
    """All connections that the policies allow.

    `workloads` by number. `incoming`: for each workload the disjoint sets of workloads (masks over those numbers) that
    may connect to it, with the ports. `outside`: likewise for addresses. `isolated`: the numbers that some policy
    isolates, by direction. `names_ipv6`: some policy names an IPv6 block.
    """

    workloads: dict[int, Workload]
    incoming: dict[int, tuple[Opening[int], ...]]
    outside: dict[int, Reach]
    isolated: dict[str, int]
    unknown: tuple[Unknown, ...]
    exposures: tuple[Exposure, ...]
    problems: tuple[NetworkProblem, ...]
    names_ipv6: bool

    def between(self, source: int, target: int) -> PortSet:
        """The ports on which one workload may connect to another."""
        bit = 1 << source
        return next((ports for ports, mask in self.incoming.get(target, ()) if mask & bit), NO_PORTS)

    @property
    def numbers(self) -> dict[str, list[int]]:
        """The numbers of each workload's id; several where its pods carry different labels."""
        found: dict[str, list[int]] = {}
        for number, workload in self.workloads.items():
            found.setdefault(workload.id, []).append(number)
        return found

    @property
    def namespace_sizes(self) -> dict[str, int]:
        """How many workloads each namespace has."""
        found: dict[str, int] = {}
        for workload in self.workloads.values():
            found[workload.namespace] = found.get(workload.namespace, 0) + 1
        return found

    @property
    def pair_count(self) -> int:
        """How many pairs of workloads may connect."""
        return sum(mask.bit_count() for openings in self.incoming.values() for _, mask in openings)

    def pairs(self) -> Iterator[Edge]:
        """The allowed connections between workloads, ordered by source and target. One row for each pair."""
        found: dict[tuple[str, str], PortSet] = {}
        for target, openings in self.incoming.items():
            for ports, mask in openings:
                for source in bits(mask):
                    pair = (self.workloads[source].id, self.workloads[target].id)
                    known = found.get(pair)
                    found[pair] = ports if known is None else known.union(ports)
        for pair in sorted(found):
            yield Edge(*pair, found[pair])

    def with_outside(self) -> Iterator[Edge]:
        """The allowed connections from and to addresses, as the fewest CIDR blocks for each set of ports."""
        for number in sorted(self.outside, key=lambda number: self.workloads[number].id):
            name = self.workloads[number].id
            for ports, region in self.outside[number].incoming:
                for block in self.blocks(region):
                    yield Edge(block, name, ports)
            for ports, region in self.outside[number].outgoing:
                for block in self.blocks(region):
                    yield Edge(name, block, ports)

    def blocks(self, region: AddressSet) -> tuple[str, ...]:
        """The words for a set of addresses: `external` for all; IPv6 only where some policy names any of it."""
        if region == ALL_ADDRESSES:
            return (EXTERNAL,)
        return tuple(cidrs(region if self.names_ipv6 else AddressSet(region.v4)))

    def through_controllers(self) -> Iterator[Edge]:
        """The connections from ingress controllers of any namespace that the policies surely allow."""
        found: dict[str, PortSet] = {}
        for exposure in self.exposures:
            if exposure.addresses is None and not exposure.ports.is_empty:
                found[exposure.workload] = found.get(exposure.workload, NO_PORTS).union(exposure.ports)
        for name in sorted(found):
            yield Edge(CONTROLLER, name, found[name])

    def edges(self) -> Iterator[Edge]:
        """All rows."""
        yield from self.pairs()
        yield from self.with_outside()
        yield from self.through_controllers()
