"""Whether the connections that are needed are allowed, and what is allowed beyond them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.network.addresses import ALL_ADDRESSES, AddressSet, block
from gitops_guard.network.analysis import connections
from gitops_guard.network.cluster import EGRESS, INGRESS, Cluster, Policy
from gitops_guard.network.connections import EXTERNAL, Connections, Edge
from gitops_guard.network.population import Population, numbering
from gitops_guard.network.ports import ALL_PORTS, NO_PORTS, PortSet
from gitops_guard.network.remarks import selecting_nothing
from gitops_guard.network.tiers import Opening

ALLOWED = "allowed"
DENIED = "denied"
UNKNOWN = "unknown"
ABSENT = "absent"


class Verdict(NamedTuple):
    """What the policies say to a connection.

    `status`: `allowed`, `denied` (all or a part: `missing`), `unknown` (what is missing may be allowed: `reason`), or
    `absent` (no such workload). `missing` are the ports that are not surely allowed.
    """

    edge: Edge
    status: str
    missing: PortSet
    reason: str = ""


class Verification(NamedTuple):
    """The verdicts in the order of the edges, the policies that select nothing, and the connections themselves."""

    verdicts: tuple[Verdict, ...]
    idle: tuple[Policy, ...]
    connections: Connections

    @property
    def holds(self) -> bool:
        """Whether every edge is allowed, and every policy selects something."""
        return not self.idle and all(verdict.status == ALLOWED for verdict in self.verdicts)

    def beyond(self) -> Iterator[Edge]:
        """The connections between workloads that are allowed and no edge asks for."""
        asked: dict[tuple[str, str], PortSet] = {}
        for verdict in self.verdicts:
            pair = (verdict.edge.source, verdict.edge.target)
            asked[pair] = asked.get(pair, NO_PORTS).union(verdict.edge.ports)
        for edge in self.connections.pairs():
            more = edge.ports.difference(asked.get((edge.source, edge.target), NO_PORTS))
            if not more.is_empty:
                yield edge._replace(ports=more)


def verify(cluster: Cluster, edges: Iterable[Edge]) -> Verification:
    """Judges edges between workloads, and between workloads and addresses (`external` or CIDR blocks)."""
    found = connections(cluster)
    population = Population(cluster, numbering(cluster))
    judge = _Judge(found)
    return Verification(
        tuple(judge.verdict(edge) for edge in edges), tuple(selecting_nothing(cluster, population)), found
    )


class _Judge:
    def __init__(self, found: Connections) -> None:
        self._found = found
        self._numbers = found.numbers
        self._unknown: dict[tuple[int, str], str] = {}
        for unknown in found.unknown:
            self._unknown.setdefault((unknown.workload, unknown.direction), unknown.reason)

    def verdict(self, edge: Edge) -> Verdict:
        """What the policies say to one edge. Pods of one workload that differ must all be allowed."""
        ends = [self._numbers.get(end, ()) for end in (edge.source, edge.target)]
        blocks = [None if those else _addresses(end) for those, end in zip(ends, edge[:2], strict=True)]
        for end, those, addresses in zip(edge[:2], ends, blocks, strict=True):
            if not those and addresses is None:
                return Verdict(edge, ABSENT, edge.ports, f"there is no workload {end}")
        sources, targets = ends
        if sources and targets:
            return self._inside(edge, sources, targets)
        if sources or targets:
            direction, addresses = (EGRESS, blocks[1]) if sources else (INGRESS, blocks[0])
            return self._outside(edge, sources or targets, direction, addresses or ALL_ADDRESSES)
        return Verdict(edge, ABSENT, edge.ports, "neither end is a workload")

    def _inside(self, edge: Edge, sources: Iterable[int], targets: Iterable[int]) -> Verdict:
        sources, targets = tuple(sources), tuple(targets)
        allowed = ALL_PORTS
        for source in sources:
            for target in targets:
                if source != target or self._found.workloads[source].several:
                    allowed = allowed.intersection(self._found.between(source, target))
        doubts = [self._unknown.get((n, EGRESS)) for n in sources] + [self._unknown.get((n, INGRESS)) for n in targets]
        return _judged(edge, allowed, next(filter(None, doubts), ""))

    def _outside(self, edge: Edge, numbers: Iterable[int], direction: str, addresses: AddressSet) -> Verdict:
        every, some, doubt = ALL_PORTS, NO_PORTS, ""
        for number in numbers:
            reach = self._found.outside[number]
            openings = reach.incoming if direction == INGRESS else reach.outgoing
            every = every.intersection(_throughout(openings, addresses))
            for ports, region in openings:
                some = some.union(ports) if region & addresses else some
            doubt = doubt or self._unknown.get((number, direction), "")
        missing = edge.ports.difference(every)
        if not doubt and edge.target == EXTERNAL and not missing.intersection(some).is_empty:
            doubt = "the policies allow a part of all addresses, and which the host has is not known"
        return _judged(edge, every, doubt)


def _judged(edge: Edge, allowed: PortSet, doubt: str) -> Verdict:
    missing = edge.ports.difference(allowed)
    if missing.is_empty:
        return Verdict(edge, ALLOWED, NO_PORTS)
    return Verdict(edge, UNKNOWN if doubt else DENIED, missing, doubt)


def _throughout(openings: Iterable[Opening[AddressSet]], addresses: AddressSet) -> PortSet:
    """The ports that are open for every one of these addresses; the openings are disjoint."""
    found, rest = ALL_PORTS, addresses
    for ports, region in openings:
        if region & addresses:
            found = found.intersection(ports)
            rest &= ~region
    return NO_PORTS if rest else found


def _addresses(end: str) -> AddressSet | None:
    if end == EXTERNAL:
        return ALL_ADDRESSES
    try:
        return block(end)
    except ValueError:
        return None
