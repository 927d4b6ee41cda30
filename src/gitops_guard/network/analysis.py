"""What NetworkPolicies and admin policies allow, exactly.

Semantics: Kubernetes API, NetworkPolicy (networking.k8s.io/v1); network-policy-api, AdminNetworkPolicy (v1alpha1).
Both ends must allow a connection; replies are always allowed. Three things that the API leaves to the implementation:

- Pods on the host's network: as in most implementations, policies neither isolate them nor select them as peers.
- `ipBlock` is about addresses outside the cluster; that it may also match pods is not modelled. `networks` of an admin
  policy matches pods too by its definition: pods are taken to lie in a block of all IPv4 addresses, and in no other.
- The node of a pod may always connect to it. Nodes are no peers here.
"""

from collections.abc import Mapping
from typing import NamedTuple

from gitops_guard.network.addresses import ALL_ADDRESSES, AddressSet
from gitops_guard.network.cluster import EGRESS, INGRESS, Cluster, Peer
from gitops_guard.network.connections import Connections, Reach, Unknown
from gitops_guard.network.effort import Effort
from gitops_guard.network.exposure import Admitted, exposures
from gitops_guard.network.governance import Governed, governed
from gitops_guard.network.matrix import Sender, incoming
from gitops_guard.network.openings import (
    admitted_from_anywhere,
    from_addresses,
    from_workloads,
    names_ports,
    opened,
    to_addresses,
    to_workloads,
)
from gitops_guard.network.population import Key, Population, bits, numbering
from gitops_guard.network.remarks import remarks
from gitops_guard.network.tiers import Opening, disjoint


class _Ingress(NamedTuple):
    """What each workload accepts."""

    openings: dict[int, list[Opening[int]]]
    outside: dict[int, tuple[Opening[AddressSet], ...]]
    group: dict[int, Governed]


class _Egress(NamedTuple):
    """What workloads may reach."""

    senders: list[Sender]
    outside: dict[int, tuple[Opening[AddressSet], ...]]


def connections(cluster: Cluster, numbers: Mapping[Key, int] | None = None) -> Connections:
    """Everything that the policies of a cluster allow.

    Args:
        cluster: what was read.
        numbers: the number of each workload (`numbering`), to compare the result with that of another cluster.

    Raises:
        SourceError: the policies overlap in more ways than any real cluster's.
    """
    population = Population(cluster, numbering(cluster) if numbers is None else numbers)
    effort = Effort()
    groups = {direction: governed(population, cluster, direction, effort) for direction in (INGRESS, EGRESS)}
    ingress = _ingress(population, groups[INGRESS], effort)
    egress = _egress(population, groups[EGRESS], effort)
    several = sum(1 << number for number, workload in population.workloads.items() if workload.several)
    reach = {number: Reach(ingress.outside[number], egress.outside[number]) for number in population.workloads}
    return Connections(
        population.workloads,
        incoming(ingress.openings, egress.senders, population.everyone, several, effort),
        reach,
        {direction: _isolated(found) for direction, found in groups.items()},
        tuple(_unknown(population, groups)),
        tuple(
            exposures(cluster, population, reach, lambda number: _admitted(population, ingress.group, number, effort))
        ),
        (*cluster.problems, *remarks(cluster, population)),
        any(peer.v6 for peer in _addresses(cluster)),
    )


def _ingress(population: Population, groups: list[Governed], effort: Effort) -> _Ingress:
    found = _Ingress({}, {}, {})
    for group in groups:
        each_alone = names_ports(group)
        openings: list[Opening[int]] = []
        outside: tuple[Opening[AddressSet], ...] = ()
        for index, number in enumerate(bits(group.members)):
            if index == 0 or each_alone:
                target = population.workloads[number]
                openings = opened(group, INGRESS, from_workloads(population, target), population.everyone, effort)
                outside = disjoint(opened(group, INGRESS, from_addresses(target), ALL_ADDRESSES, effort), effort)
            found.openings[number] = openings
            found.outside[number] = outside
            found.group[number] = group
    return found


def _egress(population: Population, groups: list[Governed], effort: Effort) -> _Egress:
    found = _Egress([], {})
    opener = to_workloads(population)
    for group in groups:
        found.senders.append(Sender(group.members, opened(group, EGRESS, opener, population.everyone, effort)))
        outside = disjoint(opened(group, EGRESS, to_addresses, ALL_ADDRESSES, effort), effort)
        found.outside.update(dict.fromkeys(bits(group.members), outside))
    return found


def _isolated(groups: list[Governed]) -> int:
    found = 0
    for group in groups:
        if group.policies:
            found |= group.members
    return found


def _unknown(population: Population, groups: Mapping[str, list[Governed]]) -> list[Unknown]:
    found = []
    for direction, those in groups.items():
        for group in those:
            policy = group.unreadable
            if policy is not None:
                found += [Unknown(n, direction, policy.unreadable, policy.place) for n in bits(group.members)]
    for number in bits(population.on_host):
        workload = population.workloads[number]
        reason = "its pods are on the host's network: policies do not isolate them, and may not see them as peers"
        found += [Unknown(number, direction, reason, workload.place) for direction in (INGRESS, EGRESS)]
    return found


def _admitted(population: Population, groups: Mapping[int, Governed], number: int, effort: Effort) -> Admitted:
    """The ports that a workload opens to a pod of which nothing is known."""
    group, target = groups[number], population.workloads[number]
    return Admitted(
        admitted_from_anywhere(group, target, effort, surely=True),
        admitted_from_anywhere(group, target, effort, surely=False),
    )


def _addresses(cluster: Cluster) -> list[AddressSet]:
    rules = [rule for policy in cluster.policies for side in (policy.ingress, policy.egress) for rule in side or ()]
    peers: list[Peer] = [peer for rule in rules for peer in rule.peers or ()]
    peers += (peer for policy in cluster.admin_policies for rule in policy.egress for peer in rule.peers)
    return [peer for peer in peers if isinstance(peer, AddressSet)]
