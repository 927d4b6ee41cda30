"""What of a change opened a connection: a policy that came, one that went, other labels."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from gitops_guard.finding import Place
from gitops_guard.network.cluster import INGRESS, AdminPolicy, Cluster, Namespace, Policy, PolicyRule, Workload
from gitops_guard.network.openings import addresses_of, workloads_of
from gitops_guard.network.population import Population, bits, numbering

_Object = TypeVar("_Object", Policy, AdminPolicy, Namespace, Workload)


class Cause(NamedTuple):
    """An object of the head, or for what is not there any more (`gone`: its id) the nearest object.

    Openings with the same `key` are told together: those of one object, and all that policies of one namespace closed.
    """

    key: object
    place: Place
    gone: str = ""


class Causes:
    """Attributes openings between two clusters. Masks are over the numbers of both, as in a `Difference`."""

    def __init__(self, base: Cluster, head: Cluster) -> None:
        numbers = numbering(base, head)
        self._old, self._new = Population(base, numbers), Population(head, numbers)
        self._came = _only(head.policies, base.policies)
        self._went = _only(base.policies, head.policies)
        self._admin = _only(head.admin_policies, base.admin_policies)
        self._admin_went = _only(base.admin_policies, head.admin_policies)
        self._policies = {policy.id: policy.place for policy in head.policies}
        self._admin_places = {policy.id: policy.place for policy in head.admin_policies}
        self._namespaces = {one.name: one.place for one in head.namespaces if one.place is not None}
        self._relabelled = {one.name: one.place for one in _only(head.namespaces, base.namespaces) if one.place}

    def inside(self, sources: int, target: int) -> Iterator[tuple[Cause, int]]:
        """The causes of an opening from workloads to one, each with the sources that it is for."""
        steps = (self._allowing, self._closing, self._admins, self._labels)
        for step in steps:
            for cause, mask in step(sources, target):
                hit = mask & sources
                if hit:
                    sources &= ~hit
                    yield cause, hit
        if sources:
            yield self._at(target), sources

    def outside(self, workload: int, direction: str) -> Iterator[tuple[Cause, int]]:
        """The cause of an opening between addresses and a workload, with the workload's mask."""
        bit = 1 << workload
        for policy in self._came:
            rules = _rules(policy, direction)
            if self._selects(policy, self._new) & bit and any(addresses_of(rule.peers) for rule in rules or ()):
                yield Cause(policy.id, policy.place), bit
                return
        for policy in self._went:
            if self._selects(policy, self._old) & bit and _rules(policy, direction) is not None:
                yield self._gone(policy, workload), bit
                return
        steps = (*self._admins(bit, workload), *self._labels(bit, workload))
        yield next(((cause, bit) for cause, mask in steps if mask & bit), (self._at(workload), bit))

    def _allowing(self, sources: int, target: int) -> Iterator[tuple[Cause, int]]:
        """Policies that are new, or allow something else than before."""
        bit = 1 << target
        for policy in self._came:
            members = self._selects(policy, self._new)
            cause = Cause(policy.id, policy.place)
            if members & bit:
                yield cause, self._peers(policy, policy.ingress)
            if members & sources and self._peers(policy, policy.egress) & bit:
                yield cause, members

    def _closing(self, sources: int, target: int) -> Iterator[tuple[Cause, int]]:
        """Policies that are gone, or do not select or limit any more what they did."""
        bit = 1 << target
        for policy in self._went:
            members = self._selects(policy, self._old)
            if members & bit and policy.ingress is not None:
                yield self._gone(policy, target), sources
            if members & sources and policy.egress is not None:
                yield self._gone(policy, next(bits(members & sources))), members

    def _gone(self, policy: Policy, workload: int) -> Cause:
        place = self._policies.get(policy.id)
        if place is not None:
            return Cause(policy.id, place)
        there = self._namespaces.get(policy.namespace, self._new.workloads[workload].place)
        return Cause(("gone", policy.namespace), there, policy.id)

    def _admins(self, sources: int, target: int) -> Iterator[tuple[Cause, int]]:
        bit = 1 << target
        for population, policies in ((self._new, self._admin), (self._old, self._admin_went)):
            for policy in policies:
                members = population.members(policy.subject)
                place = self._admin_places.get(policy.id, self._new.workloads[target].place)
                cause = Cause(policy.id, place, "" if policy.id in self._admin_places else policy.id)
                yield cause, sources if members & bit else members

    def _labels(self, sources: int, target: int) -> Iterator[tuple[Cause, int]]:
        """Workloads and namespaces that look different now."""
        if self._differs(target):
            yield self._at(target), sources
        for number in bits(sources):
            if self._differs(number):
                yield self._at(number), 1 << number
        home = self._relabelled.get(self._new.workloads[target].namespace)
        if home is not None:
            yield Cause(home, home), sources
        for name, place in self._relabelled.items():
            yield Cause(place, place), self._new.in_namespace(name)

    def _differs(self, number: int) -> bool:
        return placeless(self._old.workloads.get(number)) != placeless(self._new.workloads[number])

    def _at(self, number: int) -> Cause:
        workload = self._new.workloads[number]
        return Cause(workload.id, workload.place)

    @staticmethod
    def _selects(policy: Policy, population: Population) -> int:
        return population.in_namespace(policy.namespace) & population.pods(policy.selector) & ~population.on_host

    def _peers(self, policy: Policy, rules: tuple[PolicyRule, ...] | None) -> int:
        found = 0
        for rule in rules or ():
            found |= workloads_of(self._new, rule, policy.namespace)
        return found


def may_open(base: Cluster, head: Cluster) -> bool:
    """Whether two clusters differ in what can open a path between workloads that both have.

    They may hold only the changed files of each side: what these add of workloads and namespaces opens nothing.
    """
    whole = ("policies", "admin_policies", "services", "entry_points")
    if any(placeless(getattr(base, name)) != placeless(getattr(head, name)) for name in whole):
        return True
    return _differ({one.name: one for one in base.namespaces}, {one.name: one for one in head.namespaces}) or _differ(
        {one.id: one for one in base.workloads}, {one.id: one for one in head.workloads}
    )


def _differ(base: Mapping[str, object], head: Mapping[str, object]) -> bool:
    return any(placeless(one) != placeless(base[name]) for name, one in head.items() if name in base)


def placeless(value: object) -> object:
    """A value of the cluster as plain tuples, without where anything is written."""
    if isinstance(value, Place):
        return None
    return tuple(placeless(item) for item in value) if isinstance(value, tuple) else value


def _rules(policy: Policy, direction: str) -> tuple[PolicyRule, ...] | None:
    return policy.ingress if direction == INGRESS else policy.egress


def _only(here: Iterable[_Object], there: Iterable[_Object]) -> list[_Object]:
    """What is here and not there in the same form."""
    known = {placeless(one) for one in there}
    return [one for one in here if placeless(one) not in known]
