"""Rules of a NetworkPolicy that its policyTypes leave without effect.

## What it does
Reports NetworkPolicies that have `egress` rules while `policyTypes` lists only `Ingress`, or the reverse.

## Why it matters
The rules look like a restriction and are ignored: the direction stays open.

## Fix safety
Needs review: the direction becomes limited to the rules, which so far had no effect.

## References
Kubernetes API, NetworkPolicySpec.policyTypes.
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import AppendItem
from gitops_guard.finding import MEDIUM
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review


def check(policy: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports rules for a direction that policyTypes omits."""
    types = policy.spec["policyTypes"]
    listed = [item.text for item in types.items()]
    if not listed or policy.api_group != "networking.k8s.io":
        return
    for key, word in (("ingress", "Ingress"), ("egress", "Egress")):
        rules = policy.spec[key] if word not in listed else None
        if rules is not None and any(True for _ in rules.items()):
            yield Problem(
                rules,
                f"the {key} rules have no effect: policyTypes does not list {word}",
                fix=needs_review(
                    f"list {word} in policyTypes",
                    AppendItem(types.keypath, word),
                    note=f"{key} of the selected pods becomes limited to these rules",
                ),
            )


_HEAD = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector: {}
  policyTypes:
    - Ingress
"""
_EGRESS = "  egress:\n    - ports:\n        - port: 53\n          protocol: UDP\n"

RULE = Rule(
    id="GG-NET-005",
    name="ignored-policy-rules",
    title="Rules for a direction that policyTypes omits",
    severity=MEDIUM,
    applies_to=KubernetesObject,
    kinds=("NetworkPolicy",),
    check=check,
    fix_safety="needs-review",
    aliases=("networkpolicy-targets-pod-types",),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-policies",
        "sp800_190:4.3.3",
        "sp800_53:SC-7(5)",
        "pci:1.2.5",
        "owasp_k8s_2025:K05",
    ),
    bad=(Example(_HEAD + _EGRESS, at="spec.egress", fixed=_HEAD + "    - Egress\n" + _EGRESS),),
    good=(
        Example(_HEAD + "  ingress:\n    - from:\n        - podSelector: {}\n"),
        Example(_HEAD.replace("  policyTypes:\n    - Ingress\n", "") + _EGRESS),
        Example(_HEAD + "    - Egress\n" + _EGRESS),
    ),
)
