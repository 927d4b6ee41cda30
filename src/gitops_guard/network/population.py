"""The pods of a cluster as bits of whole numbers, and who is selected by what.

Sets of workloads are masks: a conjunction of selectors over thousands of workloads is one operation.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gitops_guard.model.selector import Expression, Labels, Selector
from gitops_guard.network import ports as port_sets
from gitops_guard.network.cluster import Cluster, ContainerPort, PodPeer, RulePort, Workload
from gitops_guard.network.ports import ALL_PORTS, PortSet, port_range

Key = tuple[str, int]
"""A workload's id, and a number that tells apart pods of one workload with different labels."""


class _Labels:
    """Which workloads carry a label, or live in a namespace that carries it."""

    __slots__ = ("_known", "_values", "everyone")

    def __init__(self) -> None:
        self.everyone = 0
        self._values: dict[str, dict[str, int]] = {}
        self._known: dict[Selector, int] = {}

    def add(self, bit: int, labels: Labels) -> None:
        self.everyone |= bit
        for key, value in labels:
            values = self._values.setdefault(key, {})
            values[value] = values.get(value, 0) | bit

    def select(self, selector: Selector) -> int:
        found = self._known.get(selector)
        if found is None:
            found = self.everyone
            for key, value in selector.labels:
                found &= self._values.get(key, {}).get(value, 0)
            for expression in selector.expressions:
                found &= self._holding(expression)
            self._known[selector] = found
        return found

    def _holding(self, expression: Expression) -> int:
        values = self._values.get(expression.key, {})
        by_value = expression.operator in {"In", "NotIn"}
        found = 0
        for mask in (values.get(value, 0) for value in expression.values) if by_value else values.values():
            found |= mask
        return found if expression.operator in {"In", "Exists"} else self.everyone & ~found


class Population:
    """The workloads, each with its bit, and indices over their labels, namespaces and named ports."""

    def __init__(self, cluster: Cluster, numbers: Mapping[Key, int]) -> None:
        self.workloads: dict[int, Workload] = {}
        self.on_host = 0
        self._pods = _Labels()
        self._namespaces = _Labels()
        self._in_namespace: dict[str, int] = {}
        self._named: dict[str, dict[ContainerPort, int]] = {}
        labels = {namespace.name: namespace.labels for namespace in cluster.namespaces}
        for key, workload in keyed(cluster.workloads):
            self._add(numbers[key], workload)
        for name, mask in self._in_namespace.items():
            self._namespaces.add(mask, labels[name])

    def _add(self, number: int, workload: Workload) -> None:
        bit = 1 << number
        self.workloads[number] = workload
        if workload.host_network:
            self.on_host |= bit
        self._pods.add(bit, workload.labels)
        self._in_namespace[workload.namespace] = self._in_namespace.get(workload.namespace, 0) | bit
        for port in workload.ports:
            if port.name:
                ports = self._named.setdefault(port.name, {})
                ports[port] = ports.get(port, 0) | bit

    @property
    def everyone(self) -> int:
        """All workloads."""
        return self._pods.everyone

    def in_namespace(self, name: str) -> int:
        """The workloads of a namespace."""
        return self._in_namespace.get(name, 0)

    def pods(self, selector: Selector) -> int:
        """The workloads whose pods a selector selects, in all namespaces."""
        return self._pods.select(selector)

    def members(self, peer: PodPeer, own_namespace: str = "") -> int:
        """The workloads that a peer names; those on the host's network are left out (see `analysis`)."""
        found = (
            self.in_namespace(own_namespace) if peer.namespaces is None else self._namespaces.select(peer.namespaces)
        )
        if peer.pods is not None:
            found &= self.pods(peer.pods)
        return found & ~self.on_host

    def at_destinations(self, ports: tuple[RulePort, ...] | None, members: int) -> list[tuple[PortSet, int]]:
        """The ports that a rule opens at each of its destinations, whose named ports may differ."""
        if ports is None:
            return [(ALL_PORTS, members)]
        fixed = port_sets.joined(port_range(p.protocol, p.low, p.high) for p in ports if not p.name)
        found = [] if fixed.is_empty else [(fixed, members)]
        for port in ports:
            for declared, mask in self._named.get(port.name, {}).items() if port.name else ():
                if port.protocol in {"", declared.protocol} and mask & members:
                    opened = port_range(declared.protocol, declared.number, declared.number)
                    found.append((opened, mask & members))
        return found

    def knows_port(self, name: str) -> bool:
        """Whether any container declares a port of this name."""
        return name in self._named


def on(workload: Workload, ports: tuple[RulePort, ...] | None) -> PortSet:
    """The ports that a rule opens on one destination."""
    if ports is None:
        return ALL_PORTS
    return port_sets.joined(_resolved(workload, port) for port in ports)


def _resolved(workload: Workload, port: RulePort) -> PortSet:
    if not port.name:
        return port_range(port.protocol, port.low, port.high)
    return port_sets.joined(
        port_range(declared.protocol, declared.number, declared.number)
        for declared in workload.ports
        if declared.name == port.name and port.protocol in {"", declared.protocol}
    )


def keyed(workloads: Iterable[Workload]) -> Iterator[tuple[Key, Workload]]:
    """The distinct workloads with their keys: pods of one workload that look alike are one, which has several."""
    alike: dict[_Looks, Workload] = {}
    for workload in workloads:
        looks = _Looks(workload.id, workload.labels, workload.ports, workload.host_network)
        known = alike.get(looks)
        alike[looks] = workload if known is None else known._replace(several=True)
    counts: dict[str, int] = {}
    for workload in alike.values():
        number = counts.get(workload.id, 0)
        counts[workload.id] = number + 1
        yield (workload.id, number), workload


class _Looks(NamedTuple):
    id: str
    labels: tuple[tuple[str, str], ...]
    ports: tuple[ContainerPort, ...]
    host_network: bool


def numbering(*clusters: Cluster) -> dict[Key, int]:
    """One number for each workload of all the clusters, so that their masks can be compared."""
    keys = {key for cluster in clusters for key, _ in keyed(cluster.workloads)}
    return {key: number for number, key in enumerate(sorted(keys))}


def bits(mask: int) -> Iterator[int]:
    """The numbers in a mask, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
