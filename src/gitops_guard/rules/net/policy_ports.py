"""Port of a policy does not exist on its pods.

## What it does
Reports ports of NetworkPolicies that none of the pods they are about declares: names that no container has, and numbers
that are a Service's port where the container listens on another one (`targetPort`). For an ingress rule those pods are
the ones that the policy selects, for an egress rule its peers.

## Why it matters
Policies see the connection after the Service: the port of the pod counts. The rule opens nothing, and the connection
that it was written for is cut.

## Fix safety
Needs review: offered where a Service says which port of the pods is meant. The rule then opens that port.

## References
Kubernetes API, NetworkPolicyPort. Kubernetes, "Service", field `targetPort`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_guard.editing.intent import SetValue
from gitops_guard.finding import MEDIUM
from gitops_guard.model.inventory import Inventory, PolicyFact, ServiceFact, WorkloadFact, pinned_namespace
from gitops_guard.model.selector import Selector
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, Subject, needs_review
from gitops_guard.rules.net.isolation import ANY_NAMESPACE

if TYPE_CHECKING:
    from gitops_guard.model.policy_facts import PortFact

_INJECTED = frozenset(("http-envoy-prom", "linkerd-admin", "linkerd-proxy", "status-port"))
"""Ports of sidecars that an admission webhook adds."""

_EVERYTHING = Selector(())


def check(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports ports that no pod has where it is known which pods are meant."""
    if not any(policy.ports for policy in inventory.policies):
        return
    pods = _Pods(inventory)
    services: dict[str, list[ServiceFact]] = {}
    for service in inventory.services:
        services.setdefault(service.scope, []).append(service)
    for policy in inventory.policies:
        for port in policy.ports:
            targets = pods.of(policy, port)
            if not targets or port.port in _INJECTED:
                continue
            scope = targets[0].scope
            meant = _meant(port.port, targets, services.get(scope, ()))
            if isinstance(port.port, str) and not any(port.port in _names(target) for target in targets):
                message = f"no container of {_whose(targets)} declares a port named {port.port}"
            elif isinstance(port.port, int) and meant is not None:
                message = f"{port.port} is the port of a Service: the containers of {_whose(targets)} listen on {meant}"
            else:
                continue
            yield Problem(Subject(port.place, policy.identity), message, fix=_fix(port, meant))


class _Pods:
    """Which workloads a port is about, as far as the repository holds all of them."""

    def __init__(self, inventory: Inventory) -> None:
        from gitops_guard.rules.net.known_workloads import KnownWorkloads  # noqa: PLC0415 - few policies name ports

        self._workloads = KnownWorkloads(inventory.workloads)
        self._made = {fact.scope for fact in inventory.pod_makers}

    def of(self, policy: PolicyFact, port: "PortFact") -> Sequence[WorkloadFact]:
        """The workloads; none where there may be others."""
        if port.targets is None:
            return self._selected(policy.scope, policy.selector)
        found: list[WorkloadFact] = []
        for namespaces, pods in port.targets:
            scope = policy.scope if namespaces is None else pinned_namespace(namespaces)
            those = self._selected(scope, pods or _EVERYTHING)
            if not those:
                return ()
            found += those
        return found if len({fact.scope for fact in found}) == 1 else ()

    def _selected(self, scope: str, selector: Selector) -> Sequence[WorkloadFact]:
        if scope in self._made:
            return ()
        elsewhere = self._workloads.selected(ANY_NAMESPACE, selector)
        return () if any(fact.scope != scope for fact in elsewhere) else self._workloads.selected(scope, selector)


def _names(target: WorkloadFact) -> set[str]:
    return {name for name, _ in target.ports}


def _numbers(target: WorkloadFact) -> set[int]:
    return {number for _, number in target.ports}


def _meant(port: str | int, targets: Sequence[WorkloadFact], services: Iterable[ServiceFact]) -> int | None:
    """The declared container port to which a Service of these pods leads its port; None if that is not certain."""
    if any(port in _numbers(target) or not target.ports for target in targets):
        return None
    found: set[int | None] = set()
    for service in services:
        if all(service.selector.matches(target.labels) for target in targets):
            for name, number, to in service.ports:
                if port in {name, number}:
                    found |= {_resolved(to, target) for target in targets}
    return found.pop() if len(found) == 1 else None


def _resolved(to: str | int, target: WorkloadFact) -> int | None:
    return next((number for name, number in target.ports if number and to in {name, number}), None)


def _whose(targets: Sequence[WorkloadFact]) -> str:
    first = min(targets, key=lambda fact: fact.identity).identity
    return str(first) if len(targets) == 1 else f"{first} and {len(targets) - 1} more"


def _fix(port: "PortFact", meant: int | None) -> Fix | None:
    if meant is None:
        return None
    return needs_review(
        "write the port that the container listens on",
        SetValue(port.place.keypath, meant),
        note=f"the rule opens port {meant} of the pods, which so far it does not",
    )


_PODS = """apiVersion: v1
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
      ports:
        - name: http
          containerPort: 8080
"""
_SERVICE = """apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector:
    app: web
  ports:
    - name: web
      port: 80
      targetPort: http
"""
_INGRESS = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: web
  ingress:
    - ports:
        - port: PORT
"""
_EGRESS = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: api
  namespace: shop
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector:
            matchLabels:
              app: web
      ports:
        - port: PORT
"""
_POD_ONLY = (("pod.yaml", _PODS),)
_BOTH = (("pod.yaml", _PODS), ("service.yaml", _SERVICE))
_IN = "spec.ingress[0].ports[0].port"
_OUT = "spec.egress[0].ports[0].port"

RULE = Rule(
    id="GG-NET-011",
    name="policy-port-without-container",
    title="Port named in the policy does not exist on the target containers",
    severity=MEDIUM,
    applies_to=Inventory,
    check=check,
    fix_safety="needs-review",
    aliases=(),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-policies",
        "sp800_190:4.3.3",
        "sp800_53:SC-7",
        "pci:1.2.5",
        "owasp_k8s_2025:K05",
    ),
    bad=(
        Example(_INGRESS.replace("PORT", "https"), at=_IN, beside=_POD_ONLY),
        Example(_INGRESS.replace("PORT", "web"), at=_IN, beside=_BOTH, fixed=_INGRESS.replace("PORT", "8080")),
        Example(_INGRESS.replace("PORT", "80"), at=_IN, beside=_BOTH, fixed=_INGRESS.replace("PORT", "8080")),
        Example(_EGRESS.replace("PORT", "80"), at=_OUT, beside=_BOTH, fixed=_EGRESS.replace("PORT", "8080")),
        Example(_EGRESS.replace("PORT", "https"), at=_OUT, beside=_POD_ONLY),
    ),
    good=(
        Example(_INGRESS.replace("PORT", "http"), beside=_BOTH),
        Example(_INGRESS.replace("PORT", "8080"), beside=_BOTH),
        Example(_INGRESS.replace("PORT", "9090"), beside=_BOTH),
        Example(_INGRESS.replace("PORT", "80"), beside=_POD_ONLY),
        Example(_INGRESS.replace("PORT", "https")),
        Example(_EGRESS.replace("PORT", "http"), beside=_BOTH),
        Example(_EGRESS.replace("PORT", "https\n    - to: []"), beside=(("s.yaml", _SERVICE),)),
        Example(_INGRESS.replace("PORT", "linkerd-admin"), beside=_POD_ONLY),
    ),
)
