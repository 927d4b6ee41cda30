"""Workload in the default namespace or in kube-system.

## What it does
Reports workloads that are put into `default` or `kube-system` by name. A manifest that names no namespace is left
out: Kustomize or the deployer sets it.

## Why it matters
Policies, quotas and rights are given by namespace. `default` has none of its own, and those of `kube-system` are meant
for the cluster itself.

## Fix safety
No automatic fix: which namespace is right is the team's to say.

## References
CIS Kubernetes Benchmark 1.12, 5.6.1 and 5.6.4.
"""

from collections.abc import Iterator

from gitops_guard.finding import LOW
from gitops_guard.model.workload import Workload
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.pod.pss import CONTAINERS, POD


def check(workload: Workload, _: RuleContext) -> Iterator[Problem]:
    """Reports a workload in a namespace that is not its own."""
    namespace = workload.object.metadata["namespace"]
    if namespace.string in {"default", "kube-system"}:
        yield Problem(namespace, f"runs in the namespace {namespace.string}")


RULE = Rule(
    id="GG-POD-024",
    name="shared-namespace",
    title="Workload in the default namespace or kube-system",
    severity=LOW,
    applies_to=Workload,
    check=check,
    aliases=("CKV_K8S_21", "KSV037", "KSV110", "KSV-0110", "C-0061", "C-0212", "use-namespace"),
    controls=(
        "cis_k8s:5.6.1",
        "cis_k8s:5.6.4",
        "nsa:net-namespaces",
        "mitre:T1610",
        "sp800_190:4.3.4",
        "sp800_53:SC-2",
        "sp800_53:AC-4",
        "pci:1.4.1",
        "owasp_k8s_2025:K05",
    ),
    bad=(
        Example(
            POD.replace("  name: web\n", "  name: web\n  namespace: default\n") + CONTAINERS, at="metadata.namespace"
        ),
    ),
    good=(
        Example(POD.replace("  name: web\n", "  name: web\n  namespace: shop\n") + CONTAINERS),
        Example(POD + CONTAINERS),
    ),
)
