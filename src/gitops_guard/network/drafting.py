"""From needs to the policies of each scope: default deny, DNS, and one policy for each workload."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gitops_guard.editing.quoting import UnwritableError
from gitops_guard.model.selector import Selector
from gitops_guard.network import cilium_text, policy_text
from gitops_guard.network import ports as port_sets
from gitops_guard.network.cluster import EGRESS, INGRESS, Policy
from gitops_guard.network.existing import Existing, Subject
from gitops_guard.network.intent import dns_ports
from gitops_guard.network.needs import Blocks, Entity, Gap, HostName, Need, Needs, RulePeer, by_subject, dns_peers
from gitops_guard.network.policy_text import MARK, Draft, Rule, comment
from gitops_guard.network.ports import PortSet
from gitops_guard.network.worlds import Scope
from gitops_guard.network_settings import CILIUM, NetworkSettings

DEFAULT_DENY = "default-deny"
ALLOW_DNS = "allow-dns"
SYSTEM_NAMESPACES = frozenset(("kube-node-lease", "kube-public", "kube-system"))

_EVERYTHING = Selector(())
_SUBDOMAIN = re.compile(r"(?=.{1,240}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\Z")
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\Z")
_NAMED = 20
_PROBES = "Probes need no rule: the kubelet connects from the pod's own node, which policies let through."
_UNSEEN = "Pods that no manifest shows, those of operators for example, are closed by the default deny too."
_BLOCKS = (
    "ipBlock is about addresses outside the cluster: whether it matches pods or nodes depends on the network plugin."
)


class Group(NamedTuple):
    """The policies of a scope; `text` is the whole file, `proof_text` the same as NetworkPolicies."""

    scope: Scope
    drafts: tuple[Draft, ...]
    text: str
    proof_text: str


class Refusal(NamedTuple):
    """A scope for which nothing is offered, and why."""

    scope: Scope
    reason: str


class Covered(NamedTuple):
    """What existing policies already do: the ports that they do not let through for a need, where they isolate.

    `dns` are the subjects whose DNS queries they let through.
    """

    missing: Mapping[Need, PortSet]
    dns: frozenset[Subject]


def groups(around: Existing, needed: Needs, covered: Covered, settings: NetworkSettings) -> list[Group | Refusal]:
    """A group for each scope that has workloads, or why there is none; in a fixed order."""
    by_scope: dict[Scope, _Asked] = {}
    for subject in around.subjects:
        by_scope.setdefault(subject.scope, _Asked([], [], [], [])).subjects.append(subject)
    for need in needed.needs:
        by_scope[need.subject.scope].needs.append(need)
    for gap in needed.gaps:
        by_scope[gap.subject.scope].gaps.append(gap)
    for one in around.policies:
        if one.scope in by_scope:
            by_scope[one.scope].policies.append(one.policy)
    unseen = {one.namespace: f"{one.by} installs {one.name or 'a chart'}" for one in around.installed}
    found: list[Group | Refusal] = []
    for scope in sorted(by_scope):
        asked = by_scope[scope]
        reason = _refusal(scope, asked.needs, unseen.get(scope.namespace, ""))
        drafting = _Drafting(scope, asked, covered, settings)
        found.append(Refusal(scope, reason) if reason else _written(scope, drafting, settings))
    return found


class _Asked(NamedTuple):
    """What there is and is needed in one scope."""

    subjects: list[Subject]
    needs: list[Need]
    gaps: list[Gap]
    policies: list[Policy]


def _refusal(scope: Scope, needed: list[Need], unseen: str) -> str:
    if scope.namespace in SYSTEM_NAMESPACES:
        return "it holds the cluster's own components, whose connections no manifest tells"
    if scope.namespace and not _LABEL.match(scope.namespace):
        return "this is no name that a namespace can have"
    if unseen:
        return f"{unseen} here, whose pods no manifest shows: a default deny would close them"
    unnamed = {need.subject.workload.id for need in needed if need.subject.selector.is_empty}
    if unnamed:
        return f"the pods of {min(unnamed)} carry no lasting label: a default deny would cut them off for good"
    return ""


def _written(scope: Scope, drafting: "_Drafting", settings: NetworkSettings) -> Group | Refusal:
    drafts = tuple(drafting.drafts())
    notes = tuple(drafting.notes(drafts))
    try:
        text = _file(notes, map(policy_text.render, drafts))
        if settings.style == CILIUM:
            return Group(scope, drafts, _file(notes, map(cilium_text.render, drafts)), text)
        return Group(scope, drafts, text, text)
    except UnwritableError as error:
        return Refusal(scope, f"a policy cannot be written: {error}")


def _file(notes: tuple[str, ...], documents: Iterable[str]) -> str:
    head = "\n".join((MARK, *(comment(note) for note in notes))) + "\n"
    return "---\n".join((head, *documents))


class _Drafting:
    """The drafts of one scope."""

    def __init__(self, scope: Scope, asked: _Asked, covered: Covered, settings: NetworkSettings) -> None:
        self._scope = scope
        self._asked = asked
        self._covered = covered
        self._settings = settings
        self._names = {policy.name for policy in asked.policies}
        self._gaps: dict[Subject, list[Gap]] = {}
        for gap in asked.gaps:
            self._gaps.setdefault(gap.subject, []).append(gap)

    def drafts(self) -> Iterator[Draft]:
        """All drafts, those of the whole scope first."""
        yield from self._default_deny()
        yield from self._dns()
        each = sorted(by_subject(self._asked.needs), key=lambda pair: _order(pair[0]))
        for subject, those in each:
            rules = {way: tuple(_rules(self._missing(those, way))) for way in (INGRESS, EGRESS)}
            if any(rules.values()):
                notes = tuple(f"Not opened: {gap.text}" for gap in self._gaps.get(subject, ()))
                yield Draft(
                    self._scope.namespace,
                    self._name(_name_of(subject)),
                    subject.selector,
                    rules[INGRESS] or None,
                    rules[EGRESS] or None,
                    (f"{subject.workload.kind} {subject.workload.name}", *notes),
                )

    def notes(self, drafts: tuple[Draft, ...]) -> Iterator[str]:
        """What stands above all policies of the file."""
        yield _PROBES
        yield _UNSEEN
        if any(_uses_blocks(draft) for draft in drafts) and self._settings.style != CILIUM:
            yield _BLOCKS
        subjects = self._asked.subjects
        for subject in sorted(subjects, key=_order):
            if subject.workload.host_network:
                yield f"{_titled(subject)} is on the host's network: policies do not isolate it."
        asked = {need.subject for need in self._asked.needs} | set(self._gaps)
        silent = sorted(
            {_titled(subject) for subject in subjects if subject not in asked and not subject.workload.host_network}
        )
        if silent:
            more = f" and {len(silent) - _NAMED} more" if len(silent) > _NAMED else ""
            yield f"No connection is known of {', '.join(silent[:_NAMED])}{more}: closed by the default deny."
        with_policy = {draft.notes[0] for draft in drafts if draft.notes}
        for gap in self._asked.gaps:
            if _titled(gap.subject) not in with_policy:
                yield f"Not opened for {_titled(gap.subject)}: {gap.text}"

    def _default_deny(self) -> Iterator[Draft]:
        """The directions in which no existing policy isolates every pod."""
        whole = [policy for policy in self._asked.policies if policy.selector.is_empty and not policy.unreadable]
        ingress = None if any(policy.ingress is not None for policy in whole) else ()
        egress = None if any(policy.egress is not None for policy in whole) else ()
        if ingress is not None or egress is not None:
            yield Draft(self._scope.namespace, self._name(DEFAULT_DENY), _EVERYTHING, ingress, egress)

    def _dns(self) -> Iterator[Draft]:
        governed = [subject for subject in self._asked.subjects if not subject.workload.host_network]
        if all(subject in self._covered.dns for subject in governed):
            return
        rule = Rule(
            dns_peers(self._settings), dns_ports(self._settings), ("DNS, over UDP and for long answers over TCP",)
        )
        yield Draft(self._scope.namespace, self._name(ALLOW_DNS), _EVERYTHING, None, (rule,), is_dns=True)

    def _missing(self, those: list[Need], direction: str) -> Iterator[Need]:
        for need in those:
            ports = self._covered.missing.get(need, need.ports)
            if need.direction == direction and not ports.is_empty:
                yield need._replace(ports=ports)

    def _name(self, wanted: str) -> str:
        """The name, or another where someone else's policy has it; each is given once."""
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted}-{number}"
        self._names.add(name)
        return name


def _order(subject: Subject) -> tuple[str, str, Selector]:
    return subject.workload.name, subject.workload.kind, subject.selector


def _titled(subject: Subject) -> str:
    return f"{subject.workload.kind} {subject.workload.name}"


def _name_of(subject: Subject) -> str:
    """A name that no other workload of the scope has: a Deployment and a Job may share theirs."""
    wanted = f"{subject.workload.name}-{subject.workload.kind.lower()}"
    if _SUBDOMAIN.match(wanted):
        return wanted
    return "workload-" + hashlib.sha256(subject.workload.id.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def _rules(those: Iterable[Need]) -> Iterator[Rule]:
    """One rule for each set of peers."""
    found: dict[tuple[RulePeer, ...], list[Need]] = {}
    for need in those:
        found.setdefault(need.peers, []).append(need)
    for peers, same in found.items():
        reasons = tuple(dict.fromkeys(reason for need in same for reason in need.reasons))
        yield Rule(peers, port_sets.joined(need.ports for need in same), reasons)


def _uses_blocks(draft: Draft) -> bool:
    rules = (*(draft.ingress or ()), *(draft.egress or ()))
    return any(isinstance(peer, Blocks | Entity) for rule in rules for peer in rule.peers)


def is_beyond_proof(need: Need) -> bool:
    """Whether only Cilium decides on a need: names, and entities whose addresses are not known."""
    return any(isinstance(peer, HostName) or (isinstance(peer, Entity) and not peer.cidrs) for peer in need.peers)
