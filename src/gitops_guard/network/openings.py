"""What the rules of a group of policies open, to workloads and to addresses."""

from collections.abc import Callable, Iterator

from gitops_guard.network import ports as port_sets
from gitops_guard.network.addresses import ALL_ADDRESSES, NO_ADDRESSES, AddressSet, joined
from gitops_guard.network.cluster import INGRESS, AdminPolicy, AdminRule, Peer, Policy, PolicyRule, RulePort, Workload
from gitops_guard.network.effort import Effort
from gitops_guard.network.governance import Governed
from gitops_guard.network.population import Population, on
from gitops_guard.network.ports import ALL_PORTS, PortSet, port_range
from gitops_guard.network.tiers import Action, Opening, Region, decide

Opener = Callable[[PolicyRule | AdminRule, str], tuple[Opening[Region], ...]]
"""What a rule opens, given the namespace of its policy (empty for an admin policy)."""


def opened(
    group: Governed, direction: str, opener: Opener[Region], everything: Region, effort: Effort
) -> list[Opening[Region]]:
    """What a group of policies leaves open in a direction, as openings that may overlap.

    A policy that nobody can read opens nothing and, as an admin policy, closes everything: the result is then a lower
    bound of what is allowed.
    """
    effort.spend(1 + 4 * len(group.policies) + 16 * len(group.admin) + 16 * len(group.baseline))
    return decide(
        _actions(group.admin, direction, opener, everything),
        list(_policies(group.policies, direction, opener)) if group.policies else None,
        _actions(group.baseline, direction, opener, everything),
        everything,
    )


def _policies(policies: tuple[Policy, ...], direction: str, opener: Opener[Region]) -> Iterator[Opening[Region]]:
    for policy in policies:
        rules = policy.ingress if direction == INGRESS else policy.egress
        for rule in () if policy.unreadable else rules or ():
            yield from opener(rule, policy.namespace)


def _actions(
    policies: tuple[AdminPolicy, ...], direction: str, opener: Opener[Region], everything: Region
) -> Iterator[Action[Region]]:
    for policy in policies:
        rules = policy.ingress if direction == INGRESS else policy.egress
        if policy.unreadable:
            yield Action("Deny", (Opening(ALL_PORTS, everything),))
            continue
        for rule in rules:
            yield Action(rule.action, opener(rule, ""))


def to_workloads(population: Population) -> Opener[int]:
    """For egress to workloads: named ports are resolved at each destination."""

    def opener(rule: PolicyRule | AdminRule, namespace: str) -> tuple[Opening[int], ...]:
        members = workloads_of(population, rule, namespace)
        return tuple(Opening(*found) for found in population.at_destinations(rule.ports, members))

    return opener


def from_workloads(population: Population, target: Workload) -> Opener[int]:
    """For ingress of one workload from workloads."""

    def opener(rule: PolicyRule | AdminRule, namespace: str) -> tuple[Opening[int], ...]:
        return (Opening(on(target, rule.ports), workloads_of(population, rule, namespace)),)

    return opener


def workloads_of(population: Population, rule: PolicyRule | AdminRule, namespace: str) -> int:
    """The workloads that a rule names as its peers."""
    if rule.peers is None:
        return population.everyone
    found = 0
    for peer in rule.peers:
        if not isinstance(peer, AddressSet):
            found |= population.members(peer, namespace)
        elif isinstance(rule, AdminRule) and peer.v4 == ALL_ADDRESSES.v4:
            return population.everyone
    return found


def to_addresses(rule: PolicyRule | AdminRule, _: str) -> tuple[Opening[AddressSet], ...]:
    """For egress to addresses, which have no named ports."""
    return (Opening(_numbered(rule.ports), addresses_of(rule.peers)),)


def from_addresses(target: Workload) -> Opener[AddressSet]:
    """For ingress of one workload from addresses."""

    def opener(rule: PolicyRule | AdminRule, _: str) -> tuple[Opening[AddressSet], ...]:
        return (Opening(on(target, rule.ports), addresses_of(rule.peers)),)

    return opener


def addresses_of(peers: tuple[Peer, ...] | None) -> AddressSet:
    """The addresses that a rule names as its peers."""
    if peers is None:
        return ALL_ADDRESSES
    return joined(peer for peer in peers if isinstance(peer, AddressSet)) if peers else NO_ADDRESSES


def admitted_from_anywhere(group: Governed, target: Workload, effort: Effort, *, surely: bool) -> PortSet:
    """The ports that one workload opens to a pod of which nothing is known: surely, or at most."""
    bound = group._replace(admin=tuple(_bounded(policy, surely=surely) for policy in group.admin))
    openings = opened(bound, INGRESS, _from_anywhere(target, surely=surely), 1, effort)
    return port_sets.joined(opening.ports for opening in openings)


def _bounded(policy: AdminPolicy, *, surely: bool) -> AdminPolicy:
    """The policy with rules that may pass on a connection as those that deny it, or for the other bound allow it."""
    action = "Deny" if surely else "Allow"
    rules = tuple(
        rule._replace(action=action) if rule.action == "Pass" and not _admits_all(rule.peers) else rule
        for rule in policy.ingress
    )
    return policy._replace(ingress=rules)


def _from_anywhere(target: Workload, *, surely: bool) -> Opener[int]:
    """For ingress of one workload from a pod of which nothing is known: its region is 1.

    For what is surely allowed, only what admits every pod allows, and whatever may match denies. For what may be, the
    reverse.
    """

    def opener(rule: PolicyRule | AdminRule, _: str) -> tuple[Opening[int], ...]:
        match rule:
            case AdminRule(action="Pass"):
                hit = _admits_all(rule.peers)
            case AdminRule(action="Deny"):
                hit = _may_admit(rule.peers) if surely else _admits_all(rule.peers)
            case _:
                hit = _admits_all(rule.peers) if surely else _may_admit(rule.peers)
        return (Opening(on(target, rule.ports), int(hit)),)

    return opener


def _admits_all(peers: tuple[Peer, ...] | None) -> bool:
    return peers is None or any(
        not isinstance(peer, AddressSet)
        and peer.namespaces is not None
        and peer.namespaces.is_empty
        and (peer.pods is None or peer.pods.is_empty)
        for peer in peers
    )


def _may_admit(peers: tuple[Peer, ...] | None) -> bool:
    return peers is None or any(not isinstance(peer, AddressSet) for peer in peers)


def _numbered(ports: tuple[RulePort, ...] | None) -> PortSet:
    if ports is None:
        return ALL_PORTS
    return port_sets.joined(port_range(port.protocol, port.low, port.high) for port in ports if not port.name)


def names_ports(group: Governed) -> bool:
    """Whether any rule for ingress opens a named port, so that workloads of the group must be looked at one by one."""
    rules: list[PolicyRule | AdminRule] = [rule for policy in group.policies for rule in policy.ingress or ()]
    rules += (rule for policy in (*group.admin, *group.baseline) for rule in policy.ingress)
    return any(port.name for rule in rules for port in rule.ports or ())
