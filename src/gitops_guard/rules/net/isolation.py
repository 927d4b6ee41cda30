"""Who is isolated by a NetworkPolicy at all: rules on the policies of a whole namespace."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from gitops_guard.editing.intent import AppendDocument, AppendItem
from gitops_guard.finding import HIGH, MEDIUM
from gitops_guard.model.inventory import Inventory, PolicyFact, WorkloadFact
from gitops_guard.model.kubernetes_object import ObjectIdentity
from gitops_guard.model.selector import Selector
from gitops_guard.rule import Example, Problem, Rule, RuleContext, Subject, display_only, needs_review
from gitops_guard.syntax.nodes import Data

SYSTEM = frozenset(("kube-system", "kube-public", "kube-node-lease"))
"""The cluster's own namespaces, whose pods are the cluster's matter."""

UNNAMED = "directory:"
"""How the scope of objects begins whose manifests name no namespace."""

ALL = "*"
"""Instead of a scope: all workloads of the repository."""

ANY_NAMESPACE = ""
"""Instead of a scope: the workloads that may be in any namespace, as their manifests name none."""

_Selectors = dict[tuple[str, str] | None, set[Selector]]
"""Selectors by their first label; None for those that ask for none."""

_NAMED = 3
_CONTROLS = ("cis_k8s:5.3.2", "nsa:net-policies", "sp800_190:4.3.3")


def subject_of(scope: str, workloads: Sequence[WorkloadFact]) -> Subject:
    """The namespace, at the first of its workloads: so it stays one problem when workloads come and go."""
    first = min(workloads, key=lambda fact: (fact.place.path, fact.place.span))
    name = "" if scope.startswith(UNNAMED) else scope
    identity = ObjectIdentity("v1", "Namespace", "", name) if name else ObjectIdentity("", "", "", "")
    return Subject(first.place, identity)


def named(workloads: Sequence[WorkloadFact]) -> str:
    """The workloads in words: the first few by name, and how many more."""
    names = sorted({str(fact.identity._replace(namespace="")) for fact in workloads})
    if len(names) == 1:
        return f"the pods of {names[0]}"
    shown, more = names[:_NAMED], len(names) - _NAMED
    last = f"{more} more" if more > 0 else shown.pop()
    return f"the pods of {', '.join(shown)} and {last}"


def check_ingress(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports the workloads that no policy isolates for ingress, once for each namespace."""
    for scope, open_ones in _not_isolated(inventory, lambda policy: policy.ingress):
        yield Problem(subject_of(scope, open_ones), f"no NetworkPolicy limits who may connect to {named(open_ones)}")


def check_egress(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports the workloads that no policy isolates for egress, once for each namespace."""
    for scope, open_ones in _not_isolated(inventory, lambda policy: policy.egress):
        yield Problem(subject_of(scope, open_ones), f"no NetworkPolicy limits where {named(open_ones)} may connect to")


def _not_isolated(
    inventory: Inventory, isolates: Callable[[PolicyFact], bool]
) -> Iterator[tuple[str, list[WorkloadFact]]]:
    workloads_of = inventory.workloads_by_scope
    selectors_of = _selectors((policy for policy in inventory.policies if isolates(policy)), workloads_of.keys())
    for scope, workloads in workloads_of.items():
        selectors = selectors_of.get(scope, {})
        found = [fact for fact in workloads if not fact.host_network and not _is_selected(fact, selectors)]
        if found and scope not in SYSTEM:
            yield scope, found


def _selectors(policies: Iterable[PolicyFact], scopes: Collection[str]) -> dict[str, _Selectors]:
    """The selectors in some scopes; policies beside a workload without namespace count too, whatever theirs is."""
    found: dict[str, _Selectors] = {}
    for policy in policies if scopes else ():
        for scope in (policy.scope, UNNAMED + policy.place.path.rpartition("/")[0]):
            if scope in scopes:
                label = next(iter(policy.selector.labels), None)
                found.setdefault(scope, {}).setdefault(label, set()).add(policy.selector)
    return found


def _is_selected(workload: WorkloadFact, selectors: _Selectors) -> bool:
    return any(
        selector.matches(workload.labels) for label in (None, *workload.labels) for selector in selectors.get(label, ())
    )


def check_namespace(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports namespaces in which a pod that no policy names may talk to everybody."""
    policies = inventory.policies_by_scope
    for namespace in inventory.namespaces:
        name = namespace.identity.name
        here = policies.get(name, ())
        missing = [word for word, denied in _denied(here) if not denied]
        if not missing or name in SYSTEM:
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
        with_dns = {policy.selector for policy in policies if policy.allows_dns}
        if scope in SYSTEM or any(selector.is_empty for selector in with_dns):
            continue
        for policy in policies:
            if not policy.egress or policy.denies_egress or policy.allows_dns:
                continue
            if policy.selector in with_dns:
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
    check=check_ingress,
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
    bad=(
        Example(_POD, at=""),
        Example(_POD, at="", beside=(("p.yaml", _POLICY.replace("app: web", "app: db")),)),
        Example(_POD + "---\n" + _POD.replace("web", "api"), at=""),
    ),
    good=(
        Example(_POD, beside=(("policy.yaml", _POLICY + "  policyTypes: [Ingress]\n"),)),
        Example(_POD, beside=(("policy.yaml", _POLICY),)),
        Example(_POD.replace("spec:\n", "spec:\n  hostNetwork: true\n")),
        Example(_POD.replace("  namespace: shop\n", "") + "---\n" + _POLICY),
    ),
    page="""Workload is selected by no ingress policy.

## What it does
Reports workloads whose pods no NetworkPolicy of their namespace isolates for ingress: one finding for a namespace, at
the first of them. Pods on the host's network are left out: policies do not reach them.

## Why it matters
Every pod of the cluster may connect to every port of such a pod: one intruder reaches all of them.

## Fix safety
No automatic fix here: who needs to connect decides the policy.

## References
Kubernetes, "Network Policies". CIS Kubernetes Benchmark 1.12, 5.3.2.
""",
)

EGRESS = Rule(
    id="GG-NET-002",
    name="workload-without-egress-policy",
    title="Workload is selected by no egress policy",
    severity=MEDIUM,
    applies_to=Inventory,
    check=check_egress,
    aliases=("C-0260", "C-0030", "non-isolated-pod", "pod-networkpolicy", "missingNetworkPolicy"),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-policies",
        "mitre:T1496",
        "mitre:T1041",
        "mitre:T1071",
        "sp800_190:4.4.2",
        "sp800_53:SC-7(5)",
        "pci:1.3.2",
        "owasp_k8s_2025:K05",
    ),
    bad=(
        Example(_POD, at=""),
        Example(_POD, at="", beside=(("policy.yaml", _POLICY),)),
        Example(_POD + "---\n" + _POD.replace("web", "api"), at=""),
    ),
    good=(
        Example(_POD, beside=(("policy.yaml", _EGRESS),)),
        Example(_POD, beside=(("deny.yaml", default_deny("shop")),)),
        Example(_POD.replace("namespace: shop", "namespace: kube-system")),
        Example(_POD.replace("spec:\n", "spec:\n  hostNetwork: true\n")),
    ),
    page="""Workload is selected by no egress policy.

## What it does
Reports workloads whose pods no NetworkPolicy of their namespace isolates for egress: one finding for a namespace, at
the first of them. A policy isolates for egress if `policyTypes` lists it, or by default if it has egress rules.

## Why it matters
Whoever gets into such a pod can reach every other pod, the cloud's metadata service and the internet: to fetch tools,
to send data out, to take orders.

## Fix safety
No automatic fix here: what the application needs to reach decides the policy.

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
