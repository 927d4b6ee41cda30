"""Which policies govern which workloads, in groups that are governed alike."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from gitops_guard.network.cluster import INGRESS, AdminPolicy, Cluster, Policy
from gitops_guard.network.effort import Effort
from gitops_guard.network.population import Population


class Governed(NamedTuple):
    """Workloads (a mask) that the same policies govern in one direction.

    `admin` is in the order of priority. Without `policies` the direction is not isolated.
    """

    members: int
    policies: tuple[Policy, ...] = ()
    admin: tuple[AdminPolicy, ...] = ()
    baseline: tuple[AdminPolicy, ...] = ()

    @property
    def unreadable(self) -> Policy | AdminPolicy | None:
        """A policy among them of which nobody can say what it decides."""
        every: list[Policy | AdminPolicy] = [*self.admin, *self.policies, *self.baseline]
        return next((policy for policy in every if policy.unreadable), None)


def governed(population: Population, cluster: Cluster, direction: str, effort: Effort) -> list[Governed]:
    """Groups all workloads. Pods on the host's network are governed by nothing."""
    admin = [p for p in cluster.admin_policies if (p.ingress if direction == INGRESS else p.egress)]
    ordered = sorted((p for p in admin if p.priority is not None), key=lambda p: p.priority or 0)
    baseline = [policy for policy in admin if policy.priority is None]
    found = [Governed(population.on_host)] if population.on_host else []
    for members, policies in _by_policies(population, cluster, direction, effort):
        for group, those in _split(members, ordered, lambda p: population.members(p.subject), effort):
            for part, base in _split(group, baseline, lambda p: population.members(p.subject), effort):
                found.append(Governed(part, tuple(policies), tuple(those), tuple(base)))
    return found


def _by_policies(
    population: Population, cluster: Cluster, direction: str, effort: Effort
) -> list[tuple[int, list[Policy]]]:
    by_namespace: dict[str, list[Policy]] = {}
    for policy in cluster.policies:
        if (policy.ingress if direction == INGRESS else policy.egress) is not None:
            by_namespace.setdefault(policy.namespace, []).append(policy)
    found = []
    free = population.everyone & ~population.on_host
    for namespace, policies in by_namespace.items():
        here = population.in_namespace(namespace) & ~population.on_host
        for members, those in _split(here, policies, lambda p: population.pods(p.selector), effort):
            if those:
                found.append((members, those))
                free &= ~members
    return [*found, (free, [])] if free else found


_Item = TypeVar("_Item", Policy, AdminPolicy)


def _split(
    start: int, items: Iterable[_Item], mask_of: Callable[[_Item], int], effort: Effort
) -> list[tuple[int, list[_Item]]]:
    """Splits workloads into groups that the same items select, and says which."""
    groups: list[tuple[int, list[_Item]]] = [(start, [])] if start else []
    for item in items:
        mask = mask_of(item)
        effort.spend(1 + len(groups))
        split: list[tuple[int, list[_Item]]] = []
        for members, those in groups:
            inside = members & mask
            if not inside:
                split.append((members, those))
                continue
            if inside != members:
                effort.spend(1 + len(those) // 64)
                split.append((members & ~mask, those.copy()))
            those.append(item)
            split.append((inside, those))
        groups = split
    return groups
