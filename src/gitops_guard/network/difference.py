"""Which connections a change opens and closes, between a cluster before and after it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gitops_guard.network.addresses import AddressSet
from gitops_guard.network.analysis import connections
from gitops_guard.network.cluster import EGRESS, INGRESS, Cluster
from gitops_guard.network.connections import Connections, Exposure, Reach
from gitops_guard.network.population import bits, numbering
from gitops_guard.network.ports import NO_PORTS, PortSet
from gitops_guard.network.tiers import Opening, Region

NOWHERE = Reach((), ())


class Change(NamedTuple):
    """What changed from one source to one target.

    `is_uncertain`: a policy that nobody can read has a say, so the connection may have been open, or still be.
    """

    source: str
    target: str
    opened: PortSet
    closed: PortSet
    is_uncertain: bool


class InsideShift(NamedTuple):
    """The same change for several sources (a mask) of one target."""

    target: int
    sources: int
    opened: PortSet
    closed: PortSet


class OutsideShift(NamedTuple):
    """A change between a workload and addresses; `direction` is that of the workload."""

    workload: int
    direction: str
    addresses: AddressSet
    opened: PortSet
    closed: PortSet


class ExposureShift(NamedTuple):
    """What a Service, Ingress or route exposes, before and after; None where it does not."""

    before: Exposure | None
    after: Exposure | None


class Difference(NamedTuple):
    """What a change does. Workloads have the same numbers on both sides."""

    base: Connections
    head: Connections
    exposures: tuple[ExposureShift, ...]
    outside: tuple[OutsideShift, ...]
    inside: tuple[InsideShift, ...]

    @property
    def added(self) -> tuple[str, ...]:
        """The workloads that are new; their connections are all opened ones."""
        return _missing(self.head, self.base)

    @property
    def removed(self) -> tuple[str, ...]:
        """The workloads that are gone; their connections are all closed ones."""
        return _missing(self.base, self.head)

    @property
    def pair_count(self) -> int:
        """How many pairs of workloads changed."""
        return sum(shift.sources.bit_count() for shift in self.inside)

    def name(self, number: int) -> str:
        """The id of a workload of either side."""
        side = self.head if number in self.head.workloads else self.base
        return side.workloads[number].id

    def changes(self) -> Iterator[Change]:
        """All changes: from the outside first, then to the outside, then between workloads. One row for each pair."""
        uncertain = {(u.workload, u.direction) for side in (self.base, self.head) for u in side.unknown}
        for direction in (INGRESS, EGRESS):
            for shift in self.outside:
                if shift.direction == direction:
                    yield from self._outside(shift, uncertain)
        for inside in self.inside:
            for source in bits(inside.sources):
                doubt = (source, EGRESS) in uncertain or (inside.target, INGRESS) in uncertain
                names = self.name(source), self.name(inside.target)
                yield Change(*names, inside.opened, inside.closed, doubt)

    def _outside(self, shift: OutsideShift, uncertain: set[tuple[int, str]]) -> Iterator[Change]:
        name, doubt = self.name(shift.workload), (shift.workload, shift.direction) in uncertain
        names_ipv6 = self.base.names_ipv6 or self.head.names_ipv6
        for block in self.head._replace(names_ipv6=names_ipv6).blocks(shift.addresses):
            ends = (block, name) if shift.direction == INGRESS else (name, block)
            yield Change(*ends, shift.opened, shift.closed, doubt)


def difference(base: Cluster, head: Cluster) -> Difference:
    """Compares two clusters."""
    numbers = numbering(base, head)
    before, after = connections(base, numbers), connections(head, numbers)
    order = sorted(before.workloads.keys() | after.workloads.keys())
    return Difference(
        before,
        after,
        tuple(_exposures(before, after)),
        tuple(shift for number in order for shift in _outside(number, before, after)),
        tuple(_inside(order, before.incoming, after.incoming)),
    )


def _missing(here: Connections, there: Connections) -> tuple[str, ...]:
    known = {workload.id for workload in there.workloads.values()}
    return tuple(sorted({workload.id for workload in here.workloads.values()} - known))


def _inside(
    order: Iterable[int], before: Mapping[int, tuple[Opening[int], ...]], after: Mapping[int, tuple[Opening[int], ...]]
) -> Iterator[InsideShift]:
    for target in order:
        for sources, opened, closed in shifts(before.get(target, ()), after.get(target, ())):
            yield InsideShift(target, sources, opened, closed)


def _outside(number: int, before: Connections, after: Connections) -> Iterator[OutsideShift]:
    old, new = before.outside.get(number, NOWHERE), after.outside.get(number, NOWHERE)
    for direction, one, other in ((INGRESS, old.incoming, new.incoming), (EGRESS, old.outgoing, new.outgoing)):
        for addresses, opened, closed in shifts(one, other):
            yield OutsideShift(number, direction, addresses, opened, closed)


def shifts(
    before: tuple[Opening[Region], ...], after: tuple[Opening[Region], ...]
) -> list[tuple[Region, PortSet, PortSet]]:
    """The regions in which something changed, with the ports opened and closed; both sides are disjoint."""
    if before == after:
        return []
    parts = [(ports, NO_PORTS, region) for ports, region in before]
    for ports, region in after:
        rest, pieces = region, list[tuple[PortSet, PortSet, Region]]()
        for old, new, there in parts:
            hit = there & rest
            if not hit:
                pieces.append((old, new, there))
                continue
            pieces.append((old, ports, hit))
            if there & ~rest:
                pieces.append((old, new, there & ~rest))
            rest = rest & ~there
        if rest:
            pieces.append((NO_PORTS, ports, rest))
        parts = pieces
    found: dict[tuple[PortSet, PortSet], Region] = {}
    for old, new, region in parts:
        key = new.difference(old), old.difference(new)
        if not (key[0].is_empty and key[1].is_empty):
            known = found.get(key)
            found[key] = region if known is None else known | region
    return [(region, opened, closed) for (opened, closed), region in found.items()]


def _exposures(before: Connections, after: Connections) -> Iterator[ExposureShift]:
    """The exposures that changed, those that open something first."""
    old, new = _by_way(before), _by_way(after)
    found = []
    for way in dict.fromkeys((*new, *old)):
        one, other = old.get(way), new.get(way)
        if one is None or other is None or one._replace(place=other.place) != other:
            found.append(ExposureShift(one, other))
    yield from sorted(found, key=lambda shift: not _opens(shift))


def _opens(shift: ExposureShift) -> bool:
    after, before = shift.after, shift.before
    if after is None or after.ports.is_empty:
        return False
    if before is None or not after.ports.difference(before.ports).is_empty:
        return True
    return bool(after.addresses and before.addresses is not None and after.addresses & ~before.addresses)


def _by_way(side: Connections) -> dict[tuple[str, str, str, PortSet], Exposure]:
    return {(e.workload, e.via, e.through, e.asked): e for e in side.exposures}
