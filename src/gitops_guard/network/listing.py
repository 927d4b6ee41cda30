"""Rows for very many connections: sources that go to a target together are one group."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.network.connections import Connections, Edge
from gitops_guard.network.population import bits

MOST_PAIRS = 50_000
"""Up to so many pairs of workloads, each is a row of its own."""

EVERY_WORKLOAD = "every workload"


class Listing(NamedTuple):
    """The rows, and the groups that stand in them by name: ids of workloads, and `namespace/*` for all of one.

    `is_grouped`: the sources of rows between workloads are names of groups. A workload of one pod never connects to
    itself, even where it is in the group that connects to it.
    """

    edges: list[Edge]
    groups: dict[str, tuple[str, ...]]
    is_grouped: bool


def listing(connections: Connections) -> Listing:
    """All connections, grouped where the pairs are too many to list."""
    if connections.pair_count <= MOST_PAIRS:
        return Listing(list(connections.edges()), {}, is_grouped=False)
    names: dict[int, str] = {}
    edges = list(_grouped(connections, names))
    groups = {name: _members(connections, mask) for mask, name in names.items()}
    edges += connections.with_outside()
    edges += connections.through_controllers()
    return Listing(edges, groups, is_grouped=True)


def _grouped(connections: Connections, names: dict[int, str]) -> Iterator[Edge]:
    everyone = sum(1 << number for number in connections.workloads)
    names[everyone] = EVERY_WORKLOAD
    for target in sorted(connections.incoming, key=lambda number: connections.workloads[number].id):
        for ports, mask in connections.incoming[target]:
            group = mask
            if not connections.workloads[target].several and mask | 1 << target in names:
                group = mask | 1 << target
            name = names.setdefault(group, f"group {len(names)}")
            yield Edge(name, connections.workloads[target].id, ports)


def _members(connections: Connections, mask: int) -> tuple[str, ...]:
    by_namespace: dict[str, list[str]] = {}
    for number in bits(mask):
        workload = connections.workloads[number]
        by_namespace.setdefault(workload.namespace, []).append(workload.id)
    sizes = connections.namespace_sizes
    found: list[str] = []
    for namespace in sorted(by_namespace):
        ids = by_namespace[namespace]
        found += [f"{namespace}/*"] if len(ids) == sizes[namespace] else sorted(set(ids))
    return tuple(found)
