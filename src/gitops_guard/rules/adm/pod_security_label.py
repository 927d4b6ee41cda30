"""Namespace without a Pod Security level.

## What it does
Reports Namespaces without the label `pod-security.kubernetes.io/enforce`.

## Why it matters
Without it the cluster's default holds, which is `privileged` unless somebody changed it: whoever may create a pod here
owns the node.

## Fix safety
Needs review: from then on the API server refuses pods that break the Baseline level.

## References
Kubernetes, "Enforce Pod Security Standards with Namespace Labels". CIS Kubernetes Benchmark 1.12, 5.2.1.
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import SetValue
from gitops_guard.finding import MEDIUM
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review

_PREFIX = "pod-security.kubernetes.io/"
_SYSTEM = frozenset(("kube-system", "kube-public", "kube-node-lease"))


def check(namespace: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports a Namespace without an enforced level."""
    if namespace.api_group or namespace.identity.name in _SYSTEM:
        return
    labels = namespace.metadata["labels"]
    if labels[_PREFIX + "enforce"].exists:
        return
    path = labels.keypath
    wanted = [("enforce", "baseline"), ("warn", "restricted")]
    missing = [(level, value) for level, value in wanted if not labels[_PREFIX + level].exists]
    yield Problem(
        namespace.metadata["name"],
        f"namespace {namespace.identity.name} enforces no Pod Security level",
        fix=needs_review(
            "enforce the Baseline level and warn about Restricted",
            *(SetValue((*path, _PREFIX + level), value) for level, value in missing),
            note="pods that break the Baseline level are refused from then on; running ones stay until they restart",
        ),
    )


RULE = Rule(
    id="GG-ADM-001",
    name="namespace-without-pod-security",
    title="Namespace has no pod-security enforce label",
    severity=MEDIUM,
    applies_to=KubernetesObject,
    kinds=("Namespace",),
    check=check,
    fix_safety="needs-review",
    aliases=("C-0192", "CKV2_K8S_6", "psa-label"),
    controls=(
        "cis_k8s:5.2.1",
        "nsa:pod-security-enforcement",
        "mitre:T1610",
        "sp800_190:4.3.1",
        "sp800_53:CM-6",
        "sp800_53:CM-7",
        "pci:2.2.6",
        "owasp_k8s_2025:K04",
    ),
    bad=(
        Example(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n",
            at="metadata.name",
            fixed="apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n"
            "    pod-security.kubernetes.io/enforce: baseline\n    pod-security.kubernetes.io/warn: restricted\n",
        ),
    ),
    good=(
        Example(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n"
            "    pod-security.kubernetes.io/enforce: restricted\n"
        ),
        Example("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kube-system\n"),
    ),
)
