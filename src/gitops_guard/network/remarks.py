"""What a person should know of policies that are right, and still may not do what was meant."""

from collections.abc import Iterator

from gitops_guard.network.cluster import Cluster, NetworkProblem, Policy, PolicyRule
from gitops_guard.network.population import Population


def remarks(cluster: Cluster, population: Population) -> Iterator[NetworkProblem]:
    """Policies that select nothing, and named ports that no container declares."""
    for policy in selecting_nothing(cluster, population):
        yield NetworkProblem(f"{policy.id}: selects no pods", policy.place, is_error=False)
    for policy in cluster.policies:
        for rule in (*(policy.ingress or ()), *(policy.egress or ())):
            yield from _undefined_ports(policy, rule, population)


def selecting_nothing(cluster: Cluster, population: Population) -> list[Policy]:
    """The policies that select no workload."""
    return [
        policy
        for policy in cluster.policies
        if not policy.unreadable and not population.in_namespace(policy.namespace) & population.pods(policy.selector)
    ]


def _undefined_ports(policy: Policy, rule: PolicyRule, population: Population) -> Iterator[NetworkProblem]:
    for port in rule.ports or ():
        if port.name and not population.knows_port(port.name):
            message = f"{policy.id}: no container declares a port named {port.name!r}: the rule opens nothing for it"
            yield NetworkProblem(message, rule.place, is_error=False)
