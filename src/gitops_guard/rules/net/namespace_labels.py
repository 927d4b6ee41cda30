"""Peer namespace is chosen by a label that tenants can set.

## What it does
Reports peers of NetworkPolicies whose `namespaceSelector` asks for other labels than `kubernetes.io/metadata.name` or
those of OpenShift's policy groups. Policies that choose by the same labels are reported together, at the first of them.

## Why it matters
Whoever may edit a Namespace, or have one made with labels, can give it the label and is let in. The API server sets
`kubernetes.io/metadata.name` itself, to the name of the Namespace, and lets nobody change it.

## Fix safety
Needs review: offered where one Namespace of the same file carries the label, or the label says the name. Other
namespaces with the label lose the connection.

## References
Kubernetes, "Network Policies", targeting a namespace by its name. Kubernetes, "Well-Known Labels".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gitops_guard.editing.intent import SetValue
from gitops_guard.finding import MEDIUM
from gitops_guard.model.inventory import NAMESPACE_LABEL, Inventory, NamespaceFact, PolicyFact, pinned_namespace
from gitops_guard.model.selector import Selector
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, Subject, needs_review

if TYPE_CHECKING:
    from gitops_guard.model.policy_facts import PeerFact

_Use = tuple[PolicyFact, "PeerFact"]

_PLATFORM = ("network.openshift.io/", "policy-group.network.openshift.io/")
_NAMING = ("name", "namespace")
"""Last parts of keys by which people repeat the name of a Namespace in a label."""


def check(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports selectors of namespaces by labels that are not protected, each once."""
    uses: dict[Selector, list[_Use]] = {}
    for policy in inventory.policies:
        for peer in policy.peers:
            if peer.namespaces is not None and _is_free(peer.namespaces):
                uses.setdefault(peer.namespaces, []).append((policy, peer))
    carriers = _carriers(inventory.namespaces if uses else ())
    for selector, those in uses.items():
        policy, peer = min(those, key=lambda use: (use[1].place.path, use[1].place.span))
        words = _words(selector)
        yield Problem(
            Subject(peer.place, policy.identity._replace(namespace="", name="")),
            f"{policy.identity}{_elsewhere(those, policy)} chooses namespaces by {words}, which whoever may edit a"
            " Namespace can set",
            fix=_fix(selector, those, carriers),
            about=words,
        )


def _is_free(selector: Selector) -> bool:
    if pinned_namespace(selector):
        return False
    keys = [label[0] for label in selector.labels] + [one.key for one in selector.expressions]
    return any(key != NAMESPACE_LABEL and not key.startswith(_PLATFORM) for key in keys)


def _words(selector: Selector) -> str:
    labels = [f"{key}={value}" for key, value in selector.labels]
    return ", ".join(
        labels + [f"{one.key} {one.operator} {'|'.join(one.values)}".rstrip() for one in selector.expressions]
    )


def _elsewhere(uses: Sequence[_Use], first: PolicyFact) -> str:
    more = len({id(use[0]) for use in uses} - {id(first)})
    return f" (and {more} more {'policy' if more == 1 else 'policies'})" if more else ""


def _fix(selector: Selector, uses: Sequence[_Use], carriers: Mapping[tuple[str, str], set[str]]) -> Fix | None:
    name = "" if selector.expressions or len({id(use[0]) for use in uses}) > 1 else _name(selector, carriers)
    if not name:
        return None
    return needs_review(
        "choose the namespace by its name",
        *(SetValue(use[1].place.keypath, {"matchLabels": {NAMESPACE_LABEL: name}}) for use in uses),
        note=f"only namespace {name} keeps the connection; every other one with the label loses it",
    )


def _carriers(namespaces: Iterable[NamespaceFact]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for namespace in namespaces:
        for label in namespace.labels:
            found.setdefault(label, set()).add(namespace.identity.name)
    return found


def _name(selector: Selector, carriers: Mapping[tuple[str, str], set[str]]) -> str:
    carrying = set.intersection(*(carriers.get(label, set()) for label in selector.labels))
    if carrying:
        return carrying.pop() if len(carrying) == 1 else ""
    if len(selector.labels) != 1:
        return ""
    key, value = selector.labels[0]
    return value if key.rpartition("/")[2] in _NAMING else ""


_POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: {}
  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              team: ops
"""
_NAMED = _POLICY.replace("team: ops", "name: monitoring")
_PINNED = _POLICY.replace("team: ops", "kubernetes.io/metadata.name: monitoring")
_NAMESPACE = """---
apiVersion: v1
kind: Namespace
metadata:
  name: monitoring
  labels:
    team: ops
"""
_AT = "spec.ingress[0].from[0].namespaceSelector"

RULE = Rule(
    id="GG-NET-009",
    name="namespace-chosen-by-free-label",
    title="Peer namespace chosen by a label that tenants can set",
    severity=MEDIUM,
    applies_to=Inventory,
    check=check,
    fix_safety="needs-review",
    aliases=(),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-policies",
        "mitre:T1210",
        "sp800_190:4.3.3",
        "sp800_53:AC-4",
        "pci:1.4.1",
        "owasp_k8s_2025:K05",
    ),
    bad=(
        Example(_POLICY, at=_AT),
        Example(_NAMED, at=_AT, fixed=_PINNED),
        Example(_POLICY + _NAMESPACE, at=_AT, fixed=_PINNED + _NAMESPACE),
        Example(_POLICY + "---\n" + _POLICY.replace("name: web", "name: api"), at=_AT),
    ),
    good=(
        Example(_PINNED),
        Example(_PINNED + "              team: ops\n"),
        Example(_POLICY.replace("\n            matchLabels:\n              team: ops", " {}")),
        Example(_POLICY.replace("team: ops", 'policy-group.network.openshift.io/ingress: ""')),
    ),
)
