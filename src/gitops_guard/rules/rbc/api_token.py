"""Service account token mounted although nothing shows that the workload uses it.

## What it does
Reports workloads whose pods mount an API token (`automountServiceAccountToken` is `false` neither on the pod nor on its
service account) although no binding of the repository gives their service account any right.

## Why it matters
The token is what an intruder in the container uses first; without rights it still tells who runs where.

## Fix safety
Needs review: a workload that does call the API server, with rights granted elsewhere, stops working.

## References
CIS Kubernetes Benchmark 1.12, 5.1.6. Kubernetes, "Configure Service Accounts for Pods".
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import SetValue
from gitops_guard.finding import MEDIUM
from gitops_guard.model.inventory import Inventory
from gitops_guard.rule import Example, Problem, Rule, RuleContext, Subject, needs_review

_SYSTEM = frozenset(("kube-system", "kube-public", "kube-node-lease"))


def check(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports workloads that mount a token without rights to use it for."""
    bound = {(binding.scope, binding.service_account) for binding in inventory.bindings}
    accounts = {(account.scope, account.identity.name): account.automount for account in inventory.service_accounts}
    for workload in inventory.workloads:
        account = (workload.scope, workload.service_account)
        mounted = accounts.get(account) if workload.automount is None else workload.automount
        if mounted is False or account in bound or workload.scope in _SYSTEM:
            continue
        yield Problem(
            Subject(workload.place, workload.identity),
            f"mounts an API token of service account {workload.service_account}, which no binding here gives a right",
            fix=needs_review(
                "turn the API token off",
                SetValue((*workload.template, "automountServiceAccountToken"), False),  # noqa: FBT003 - a YAML value
                note="the pod can no longer call the API server with its own identity",
            ),
        )


_POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: shop\nspec:\n"
_CONTAINERS = "  containers:\n    - name: web\n      image: nginx:1.27.0\n"
_BINDING = """apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: web
  namespace: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: web
subjects:
  - kind: ServiceAccount
    name: web
"""

RULE = Rule(
    id="GG-RBC-015",
    name="unused-api-token",
    title="Service account token mounted although the workload makes no API calls",
    severity=MEDIUM,
    applies_to=Inventory,
    check=check,
    fix_safety="needs-review",
    aliases=("CKV_K8S_38", "CKV_K8S_43", "KSV036", "AVD-KSV-0036", "C-0034", "C-0190", "automountServiceAccountToken"),
    controls=(
        "cis_k8s:5.1.6",
        "nsa:pod-sa-token",
        "mitre:T1528",
        "mitre:T1613",
        "sp800_190:4.3.2",
        "sp800_53:AC-6",
        "pci:7.2.5",
        "pci:8.6.3",
        "owasp_k8s_2025:K02",
    ),
    bad=(Example(_POD + _CONTAINERS, at="", fixed=_POD + _CONTAINERS + "  automountServiceAccountToken: false\n"),),
    good=(
        Example(_POD + "  automountServiceAccountToken: false\n" + _CONTAINERS),
        Example(_POD + "  serviceAccountName: web\n" + _CONTAINERS, beside=(("binding.yaml", _BINDING),)),
        Example(
            _POD + "  serviceAccountName: web\n" + _CONTAINERS,
            beside=(
                (
                    "account.yaml",
                    (
                        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n  namespace: shop\n"
                        "automountServiceAccountToken: false\n"
                    ),
                ),
            ),
        ),
    ),
)
