"""Policies that close everything but what is needed, and the proof that they do. Pure.

What cannot be proved is not offered: a scope whose policies would stop a needed connection is left out with the reason,
and the rest is proved again without it.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import objects
from gitops_guard.network.closing import Closed, closed
from gitops_guard.network.cluster import EGRESS, INGRESS, Cluster, Namespace, Policy, Workload
from gitops_guard.network.connections import Connections, Edge
from gitops_guard.network.difference import Difference, difference
from gitops_guard.network.drafting import Covered, Group, Refusal, groups, is_beyond_proof
from gitops_guard.network.evidence import Inference
from gitops_guard.network.existing import Existing, Subject
from gitops_guard.network.intent import dns_ports, phantom, phantom_namespace
from gitops_guard.network.needs import Gap, Need, Needs, needs
from gitops_guard.network.policy_reading import policy
from gitops_guard.network.policy_text import Draft
from gitops_guard.network.population import bits
from gitops_guard.network.ports import NO_PORTS, PortSet
from gitops_guard.network.strict_reading import Errors
from gitops_guard.network.verify import ALLOWED, Verdict, Verification, verify
from gitops_guard.network.worlds import Scope, Worlds
from gitops_guard.network_settings import NAMESPACE_LABEL, NetworkSettings, PodsAt
from gitops_guard.syntax.yaml import parse
from gitops_guard.text import Position, Span

_MOST_BEYOND = 10_000
_NOWHERE = Place("", 0, (), Span(0, 0), Position(1, 1), Position(1, 1))


class Proof(NamedTuple):
    """What was proved of all offered policies together.

    `allowed`: the needed connections, each of them allowed. `stopped`: those that existing policies do not allow, which
    is none of the offered policies' doing. `beyond`: connections that are allowed and not needed, between workloads
    that policies govern. `change`: what the policies open and close, `closed` the latter alone. `unproved` counts the
    needs on which only Cilium decides. `problems` are what of the existing policies cannot be read, so that more may be
    allowed.
    """

    allowed: tuple[Edge, ...]
    stopped: tuple[Verdict, ...]
    beyond: tuple[Edge, ...]
    change: Difference
    closed: Closed
    unproved: int
    problems: tuple[str, ...]


class Synthesis(NamedTuple):
    """What is offered, what is not and why, and what a person has to decide."""

    groups: tuple[Group, ...]
    refused: tuple[Refusal, ...]
    gaps: tuple[Gap, ...]
    proof: Proof


def synthesise(around: Existing, found: Inference, settings: NetworkSettings) -> Synthesis:
    """The policies that a repository needs, proved.

    Args:
        around: what there is.
        found: the connections that are needed.
        settings: what the manifests do not say, with what was discovered.
    """
    needed = needs(found, around, settings)
    run = _Run(around, needed, settings)
    drafted = groups(around, needed, run.covered(), settings)
    offered = [one for one in drafted if isinstance(one, Group)]
    refused = [one for one in drafted if isinstance(one, Refusal)]
    while True:
        judged = run.judge(offered)
        if not judged.blamed:
            break
        refused += judged.blamed
        left_out = {one.scope for one in judged.blamed}
        offered = [one for one in offered if one.scope not in left_out]
    return Synthesis(tuple(offered), tuple(sorted(refused)), needed.gaps, run.proof(judged))


def additions(around: Existing, denied: Inference, settings: NetworkSettings) -> tuple[Draft, ...]:
    """Policies that open exactly some connections, where existing policies isolate an end of them and do not.

    Args:
        around: what there is; all policies of it are kept.
        denied: the connections, and no others.
        settings: what the manifests do not say.
    """
    needed = needs(denied, around, settings)
    covered = _Run(around, needed, settings).covered()
    asked = tuple(need for need in needed.needs if need in covered.missing)
    drafted = groups(around, Needs(asked, ()), covered, settings)
    every = (draft for one in drafted if isinstance(one, Group) for draft in one.drafts)
    return tuple(draft for draft in every if not draft.selector.is_empty)


class _Judged(NamedTuple):
    policies: dict[Scope, list[Policy]]
    verification: Verification
    stopped: tuple[Verdict, ...]
    blamed: list[Refusal]


class _Run:
    """One synthesis."""

    def __init__(self, around: Existing, needed: Needs, settings: NetworkSettings) -> None:
        self._around = around
        self._needed = needed
        self._settings = settings
        self._known = around.scopes
        self._read: dict[Scope, list[Policy] | Refusal] = {}
        outside = dict.fromkeys((settings.dns.at, *(at for need in needed.needs for at in need.via)))
        self._outside = {phantom(at): phantom_namespace(at) for at in outside}
        self._bare = _with_phantoms(around.bare, outside)
        self._governed = [one for one in around.subjects if not one.workload.host_network]
        self._edges = _edges(needed.needs, self._dns_edges())

    def _dns_edges(self) -> list[Edge]:
        ports, server = dns_ports(self._settings), phantom(self._settings.dns.at)
        return [Edge(name, server, ports) for name in dict.fromkeys(one.id for one in self._governed)]

    def covered(self) -> Covered:
        """What the existing policies let through already, where they isolate."""
        missing: dict[Need, PortSet] = {}
        dns: set[Subject] = set()
        if not self._around.policies:
            return Covered(missing, frozenset(dns))
        for direction in (INGRESS, EGRESS):
            side = verify(_one_way(self._bare, direction), self._edges)
            absent = {(v.edge.source, v.edge.target): v.missing for v in side.verdicts}
            governed = _isolated(side.connections, direction) - self._doubtful()
            for need in self._needed.needs:
                if need.direction == direction and need.ends and need.subject.id in governed:
                    missing[need] = _union(absent.get(end, need.ports) for end in need.ends).intersection(need.ports)
            if direction == EGRESS:
                server = phantom(self._settings.dns.at)
                dns = {one for one in self._governed if one.id in governed and absent[one.id, server].is_empty}
        return Covered(missing, frozenset(dns))

    def _doubtful(self) -> set[str]:
        """The workloads that lie together with several variants of some workload: whose policies hold is not sure."""
        worlds = self._around.worlds
        several = {worlds.name(scope) for scopes in self._known.values() if len(scopes) > 1 for scope in scopes}
        return {one.id for one in self._around.subjects if worlds.name(one.scope) in several}

    def judge(self, offered: list[Group]) -> _Judged:
        """Whether the connections are allowed with these policies, and whose policies are to blame where not."""
        policies: dict[Scope, list[Policy]] = {}
        blamed = []
        for group in offered:
            read = self._read_back(group)
            if isinstance(read, Refusal):
                blamed.append(read)
            else:
                policies[group.scope] = read
        after = _with_policies(self._bare, policies)
        verification = verify(after, self._edges)
        failed = [verdict for verdict in verification.verdicts if verdict.status != ALLOWED]
        blamed += _idle(policies, frozenset(verification.idle))
        at_fault = {one.scope for one in offered}
        stopped = []
        for verdict, scopes in self._at_fault(after, failed):
            named = sorted(scopes & at_fault)
            blamed += [Refusal(scope, _why(verdict)) for scope in named if scope not in {b.scope for b in blamed}]
            if not named:
                stopped.append(verdict)
        return _Judged(policies, verification, tuple(stopped), blamed)

    def _at_fault(self, after: Cluster, failed: list[Verdict]) -> Iterable[tuple[Verdict, set[Scope]]]:
        """The scopes at the ends that stop a connection."""
        if not failed:
            return
        edges = [verdict.edge for verdict in failed]
        ingress = verify(_one_way(after, INGRESS), edges).verdicts
        egress = verify(_one_way(after, EGRESS), edges).verdicts
        for verdict, accepted, sent in zip(failed, ingress, egress, strict=True):
            scopes: set[Scope] = set()
            if accepted.status != ALLOWED:
                scopes |= self._scopes(verdict.edge.target)
            if sent.status != ALLOWED:
                scopes |= self._scopes(verdict.edge.source)
            yield verdict, scopes

    def _scopes(self, name: str) -> set[Scope]:
        """The scopes of a workload; for pods outside the repository, those of their namespace."""
        namespace = self._outside.get(name)
        if namespace is None:
            return self._known.get(name, set())
        return {one.scope for one in self._around.subjects if one.scope.namespace == namespace}

    def _read_back(self, group: Group) -> list[Policy] | Refusal:
        """The policies of a group, once as they are read from its text."""
        if group.scope not in self._read:
            self._read[group.scope] = _read(group, self._around.worlds)
        return self._read[group.scope]

    def proof(self, judged: _Judged) -> Proof:
        """What the last judgement shows."""
        change = difference(self._around.now, _with_policies(self._around.bare, judged.policies))
        return Proof(
            tuple(v.edge for v in judged.verification.verdicts if v.status == ALLOWED),
            judged.stopped,
            tuple(islice(self._beyond(judged), _MOST_BEYOND)),
            change,
            closed(change, self._around.worlds),
            sum(1 for need in self._needed.needs if is_beyond_proof(need)),
            tuple(one.message for one in self._around.bare.problems if one.is_error),
        )

    def _beyond(self, judged: _Judged) -> Iterator[Edge]:
        """What is allowed and not needed between workloads for which policies are offered."""
        found = judged.verification.connections
        asked = {(edge.source, edge.target): edge.ports for edge in self._edges}
        ids = {one.id for one in self._governed if one.scope in judged.policies}
        mask = sum(1 << number for number, one in found.workloads.items() if one.id in ids)
        for target in bits(mask):
            for ports, sources in found.incoming[target]:
                for source in bits(sources & mask):
                    pair = found.workloads[source].id, found.workloads[target].id
                    more = ports.difference(asked.get(pair, NO_PORTS))
                    if not more.is_empty:
                        yield Edge(*pair, more)


def _edges(needed: Iterable[Need], more: Iterable[Edge]) -> tuple[Edge, ...]:
    """The connections to prove, each pair once."""
    found: dict[tuple[str, str], PortSet] = {}
    for source, target, ports in (*(Edge(*end, need.ports) for need in needed for end in need.ends), *more):
        found[source, target] = found.get((source, target), NO_PORTS).union(ports)
    return tuple(Edge(source, target, ports) for (source, target), ports in found.items())


def _union(sets: Iterable[PortSet]) -> PortSet:
    found = NO_PORTS
    for one in sets:
        found = found.union(one)
    return found


def _with_phantoms(found: Cluster, outside: Iterable[PodsAt]) -> Cluster:
    """The cluster with the pods outside the repository that policies name as peers."""
    known = {namespace.name for namespace in found.namespaces}
    workloads, namespaces = list(found.workloads), list(found.namespaces)
    for at in outside:
        name = phantom_namespace(at)
        pods = phantom(at).split("/", 2)[2]
        workloads.append(Workload(name, "Pods", pods, at.pods, (), host_network=False, several=True, place=_NOWHERE))
        if name not in known:
            known.add(name)
            labels = {NAMESPACE_LABEL: name, **dict(at.namespaces)}
            namespaces.append(Namespace(name, tuple(sorted(labels.items())), None))
    return found._replace(workloads=tuple(workloads), namespaces=tuple(namespaces))


def _one_way(found: Cluster, direction: str) -> Cluster:
    """The cluster as if policies governed only one direction."""
    policies = tuple(
        one._replace(egress=None) if direction == INGRESS else one._replace(ingress=None) for one in found.policies
    )
    admin = tuple(
        one._replace(egress=()) if direction == INGRESS else one._replace(ingress=()) for one in found.admin_policies
    )
    return found._replace(policies=policies, admin_policies=admin)


def _isolated(found: Connections, direction: str) -> set[str]:
    """The workloads of which all pods are isolated."""
    mask = found.isolated[direction]
    return {name for name, numbers in found.numbers.items() if all(mask >> number & 1 for number in numbers)}


def _read(group: Group, worlds: Worlds) -> list[Policy] | Refusal:
    """The policies as they are read back from their text; a refusal where they are not as they should be."""
    errors = Errors("a policy", lambda _: _NOWHERE)
    stream = parse(group.proof_text)
    read = [policy(obj, errors) for document in stream.documents for obj in objects(document)]
    problem = errors.first or next((one.message for one in stream.problems), "")
    if problem or len(read) != len(group.drafts):
        return Refusal(group.scope, f"what was written is not read back: {problem or 'a document is lost'}")
    return [one._replace(namespace=worlds.name(group.scope)) for one in read]


def _with_policies(found: Cluster, policies: dict[Scope, list[Policy]]) -> Cluster:
    added = tuple(one for those in policies.values() for one in those)
    known = {namespace.name for namespace in found.namespaces}
    missing = sorted({one.namespace for one in added} - known)
    spaces = tuple(Namespace(name, ((NAMESPACE_LABEL, name),), None) for name in missing)
    return found._replace(policies=(*found.policies, *added), namespaces=(*found.namespaces, *spaces))


def _idle(policies: dict[Scope, list[Policy]], idle: frozenset[Policy]) -> list[Refusal]:
    """The scopes with a policy that selects nothing."""
    found = []
    for scope, those in policies.items():
        name = next((one.name for one in those if one in idle), "")
        if name:
            reason = f"the policy {name} would select no pods: a selector does not match its own template"
            found.append(Refusal(scope, reason))
    return found


def _why(verdict: Verdict) -> str:
    edge = verdict.edge
    reason = f": {verdict.reason}" if verdict.reason else ""
    words = ", ".join(verdict.missing.words)
    return f"{edge.source} -> {edge.target} on {words} is needed and not proved to be allowed{reason}"
