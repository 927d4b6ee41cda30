"""Peers of a NetworkPolicy that admit more than they seem to."""

import itertools
from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey, SetValue
from gitops_guard.finding import HIGH
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, display_only
from gitops_guard.syntax.field import Field

_DIRECTIONS = (("ingress", "from", "from everywhere"), ("egress", "to", "to everywhere"))
_CONTROLS = ("cis_k8s:5.3.2", "nsa:net-policies", "sp800_190:4.3.3")


def check_open(policy: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports rules that allow every peer on every port."""
    if policy.api_group != "networking.k8s.io":
        return
    spec = policy.spec
    for direction, key, reach in _DIRECTIONS:
        for rule in spec[direction].items():
            unlimited = not any(True for _ in rule[key].items()) and not any(True for _ in rule["ports"].items())
            if unlimited and (rule.is_mapping or not rule.exists):
                yield Problem(rule, f"this {direction} rule allows everything {reach}, on every port")


def check_split(policy: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports a namespaceSelector and a podSelector that stand in two list items, and so are alternatives."""
    if policy.api_group != "networking.k8s.io":
        return
    spec = policy.spec
    for direction, key, _reach in _DIRECTIONS:
        for rule in spec[direction].items():
            peers = list(rule[key].items())
            for first, second in itertools.pairwise(peers):
                if _is_split(first, second):
                    yield Problem(
                        second,
                        "a namespaceSelector and a podSelector in two items mean either of them: every pod of those"
                        " namespaces, and these pods of the policy's own",
                        fix=_merge(first, second),
                    )


def _is_split(first: Field, second: Field) -> bool:
    return (
        first["namespaceSelector"].is_mapping
        and not first["podSelector"].exists
        and second["podSelector"].is_mapping
        and not second["namespaceSelector"].exists
        and any(True for _ in second["podSelector"].entries())
    )


def _merge(first: Field, second: Field) -> Fix:
    return display_only(
        "merge the two selectors into one peer",
        SetValue((*first.keypath, "podSelector"), second["podSelector"].data),
        DeleteKey(second.keypath),
        note="right only if these pods of those namespaces were meant; then the other pods lose access",
    )


_HEAD = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector: {}
"""
_SPLIT = """  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              team: shop
        - podSelector:
            matchLabels:
              app: web
"""

OPEN_RULE = Rule(
    id="GG-NET-006",
    name="allow-everything-rule",
    title="Rule with empty from/to or ports allows everything",
    severity=HIGH,
    applies_to=KubernetesObject,
    kinds=("NetworkPolicy",),
    check=check_open,
    aliases=("CKV_K8S_155", "networkpolicy-allows-all"),
    controls=(*_CONTROLS, "mitre:T1046", "sp800_53:SC-7(5)", "pci:1.2.5", "owasp_k8s_2025:K05"),
    bad=(
        Example(_HEAD + "  ingress:\n    - {}\n", at="spec.ingress[0]"),
        Example(_HEAD + "  policyTypes: [Egress]\n  egress:\n    - to: []\n", at="spec.egress[0]"),
    ),
    good=(
        Example(_HEAD + "  ingress: []\n"),
        Example(_HEAD + "  ingress:\n    - ports:\n        - port: 443\n"),
        Example(_HEAD + "  ingress:\n    - from:\n        - podSelector: {}\n"),
    ),
    page="""Rule allows everything.

## What it does
Reports rules of NetworkPolicies that name neither peers nor ports: `- {}`, or empty lists.

## Why it matters
An empty list of peers is read as all peers, and policies add up: one such rule undoes every other policy of the pods.

## Fix safety
No automatic fix: the peers that were meant are not in the file.

## References
Kubernetes API, NetworkPolicyIngressRule and NetworkPolicyEgressRule.
""",
)

SPLIT_SELECTORS = Rule(
    id="GG-NET-007",
    name="split-peer-selectors",
    title="Peer list splits namespaceSelector and podSelector into OR items",
    severity=HIGH,
    applies_to=KubernetesObject,
    kinds=("NetworkPolicy",),
    check=check_split,
    fix_safety="display-only",
    aliases=(),
    controls=(*_CONTROLS, "mitre:T1210", "sp800_53:AC-4", "pci:1.2.5", "owasp_k8s_2025:K05"),
    bad=(
        Example(
            _HEAD + _SPLIT,
            at="spec.ingress[0].from[1]",
            fixed=_HEAD
            + """  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              team: shop
          podSelector:
            matchLabels:
              app: web
""",
        ),
    ),
    good=(
        Example(_HEAD + _SPLIT.replace("        - podSelector", "          podSelector")),
        Example(_HEAD + "  ingress:\n    - from:\n        - namespaceSelector: {}\n        - podSelector: {}\n"),
    ),
    page="""Peer selectors are alternatives.

## What it does
Reports a list of peers in which an item with only a `namespaceSelector` is followed by one with only a `podSelector`.

## Why it matters
Two items are alternatives; only both selectors in one item mean "these pods in those namespaces". One dash too many
opens the pods to whole namespaces.

## Fix safety
Display only: the list may be meant as it stands.

## References
Kubernetes, "Network Policies", behaviour of `to` and `from` selectors.
""",
)
