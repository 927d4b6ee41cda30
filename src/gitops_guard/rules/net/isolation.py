"""Who is isolated by a NetworkPolicy at all: rules on the policies of a whole namespace."""

from collections.abc import Iterator

from gitops_guard.editing.intent import AppendDocument, AppendItem
from gitops_guard.finding import HIGH, MEDIUM
from gitops_guard.model.inventory import Inventory, PolicyFact
from gitops_guard.rule import Example, Problem, Rule, RuleContext, Subject, display_only, needs_review
from gitops_guard.syntax.nodes import Data

_SYSTEM = frozenset(("kube-system", "kube-public", "kube-node-lease"))
_CONTROLS = ("cis_k8s:5.3.2", "nsa:net-policies", "sp800_190:4.3.3")


def check_workload(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports workloads that no policy isolates for ingress."""
    policies = inventory.policies_by_scope
    for workload in inventory.workloads:
        if workload.host_network or workload.scope in _SYSTEM:
            continue
        here = policies.get(workload.scope, ())
        if not any(policy.ingress and policy.selector.matches(workload.labels) for policy in here):
            yield Problem(
                Subject(workload.place, workload.identity),
                "no NetworkPolicy limits who may connect to its pods",
            )


def check_namespace(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports namespaces in which a pod that no policy names may talk to everybody."""
    policies = inventory.policies_by_scope
    for namespace in inventory.namespaces:
        name = namespace.identity.name
        here = policies.get(name, ())
        missing = [word for word, denied in _denied(here) if not denied]
        if not missing or name in _SYSTEM:
            continue
        yield Problem(
            Subject(namespace.place, namespace.identity),
            f"namespace {name} does not deny {' and '.join(missing)} by default",
            fix=display_only(
                "append a default-deny policy that leaves DNS open",
                AppendDocument(default_deny(name)),
                note="every connection of the namespace that no other policy allows is cut: add those policies first",
            ),
        )


def _denied(policies: "list[PolicyFact] | tuple[()]") -> Iterator[tuple[str, bool]]:
    everything = [policy for policy in policies if policy.selector.is_empty]
    yield "ingress", any(policy.ingress for policy in everything)
    yield "egress", any(policy.egress for policy in everything)


def check_dns(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports policies that allow some egress where no policy allows the DNS look-up that comes before it."""
    for scope, policies in inventory.policies_by_scope.items():
        if scope in _SYSTEM or any(policy.allows_dns and policy.selector.is_empty for policy in policies):
            continue
        for policy in policies:
            if not policy.egress or policy.denies_egress or policy.allows_dns:
                continue
            if any(other.allows_dns and other.selector == policy.selector for other in policies):
                continue
            yield Problem(
                Subject(policy.place, policy.identity),
                "limits egress and leaves DNS closed: its pods cannot resolve any name",
                fix=needs_review(
                    "allow DNS to kube-dns",
                    AppendItem(policy.egress_path, _DNS),
                    note="assumes the cluster's DNS runs in kube-system with the label k8s-app: kube-dns, on port 53",
                ),
            )


_DNS: Data = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}


def default_deny(namespace: str) -> str:
    """A policy that denies all ingress and all egress but DNS to every pod of a namespace, as YAML."""
    return f"""apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: {namespace}
spec:
  podSelector: {{}}
  policyTypes:
    - Ingress
    - Egress
  egress:
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
      ports:
        - protocol: UDP
          port: 53
        - protocol: TCP
          port: 53
"""


_POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels:
    app: web
spec:
  containers:
    - name: web
      image: nginx:1.27.0
"""
_POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: web
"""
_NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
_EGRESS = (
    _POLICY
    + "  policyTypes: [Egress]\n  egress:\n    - to:\n        - podSelector: {}\n      ports:\n        - port: 5432\n"
)
_EGRESS_FIXED = (
    _EGRESS
    + """    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
      ports:
        - protocol: UDP
          port: 53
        - protocol: TCP
          port: 53
"""
)

WORKLOAD = Rule(
    id="GG-NET-001",
    name="workload-without-ingress-policy",
    title="Workload is selected by no ingress policy",
    severity=MEDIUM,
    applies_to=Inventory,
    check=check_workload,
    aliases=("C-0260", "C-0030", "non-isolated-pod", "pod-networkpolicy", "CKV2_K8S_6", "missingNetworkPolicy"),
    controls=(
        *_CONTROLS,
        "mitre:T1046",
        "mitre:T1210",
        "sp800_53:SC-7(5)",
        "sp800_53:AC-4",
        "pci:1.2.5",
        "pci:1.3.1",
        "owasp_k8s_2025:K05",
    ),
    bad=(Example(_POD, at=""), Example(_POD, at="", beside=(("p.yaml", _POLICY.replace("app: web", "app: db")),))),
    good=(
        Example(_POD, beside=(("policy.yaml", _POLICY + "  policyTypes: [Ingress]\n"),)),
        Example(_POD, beside=(("policy.yaml", _POLICY),)),
        Example(_POD.replace("spec:\n", "spec:\n  hostNetwork: true\n")),
    ),
    page="""Workload is selected by no ingress policy.

## What it does
Reports workloads whose pods no NetworkPolicy of their namespace isolates for ingress. Pods on the host's network are
left out: policies do not reach them.

## Why it matters
Every pod of the cluster may connect to every port of such a pod: one intruder reaches all of them.

## Fix safety
No automatic fix here: who needs to connect decides the policy.

## References
Kubernetes, "Network Policies". CIS Kubernetes Benchmark 1.12, 5.3.2.
""",
)

NAMESPACE = Rule(
    id="GG-NET-003",
    name="namespace-without-default-deny",
    title="Namespace has no default-deny for both directions",
    severity=MEDIUM,
    applies_to=Inventory,
    check=check_namespace,
    fix_safety="display-only",
    aliases=("KSV038", "AVD-KSV-0038", "C-0049", "C-0206"),
    controls=(
        *_CONTROLS,
        "mitre:T1046",
        "sp800_53:SC-7(5)",
        "pci:1.4.1",
        "pci:1.3.1",
        "owasp_k8s_2025:K05",
    ),
    bad=(Example(_NAMESPACE, at="", fixed=_NAMESPACE + "---\n" + default_deny("shop")),),
    good=(
        Example(_NAMESPACE, beside=(("policy.yaml", default_deny("shop")),)),
        Example(_NAMESPACE.replace("shop", "kube-system")),
    ),
    page="""Namespace has no default-deny.

## What it does
Reports Namespaces for which the repository holds no NetworkPolicy that selects every pod, for ingress and for egress.

## Why it matters
Kubernetes allows every connection that no policy forbids. Only a policy for all pods also covers the next one.

## Fix safety
Display only: the patch denies everything but DNS. What the applications need has to be allowed first.

## References
Kubernetes, "Network Policies", default policies. CIS Kubernetes Benchmark 1.12, 5.3.2.
""",
)

DNS = Rule(
    id="GG-NET-004",
    name="egress-without-dns",
    title="Egress restricted but DNS not allowed",
    severity=HIGH,
    applies_to=Inventory,
    check=check_dns,
    fix_safety="needs-review",
    aliases=(),
    controls=(*_CONTROLS, "sp800_53:SC-7", "owasp_k8s_2025:K05"),
    bad=(Example(_EGRESS, at="", fixed=_EGRESS_FIXED),),
    good=(
        Example(_EGRESS_FIXED),
        Example(_EGRESS, beside=(("deny.yaml", default_deny("shop")),)),
        Example(_POLICY + "  policyTypes: [Egress]\n"),
        Example(_POLICY + "  policyTypes: [Egress]\n  egress:\n    - {}\n"),
        Example(_POLICY + "  ingress:\n    - from:\n        - podSelector: {}\n"),
    ),
    page="""Egress is limited, and DNS with it.

## What it does
Reports NetworkPolicies that allow some egress where neither they nor another policy for the same pods opens port 53.
A policy that denies all egress is taken as meant.

## Why it matters
Nearly every connection begins with a DNS look-up: the allowed ones fail too, and the policy gets removed again.

## Fix safety
Needs review: the patch assumes kube-dns in kube-system on port 53.

## References
Kubernetes, "Network Policies"; "DNS for Services and Pods".
""",
)
