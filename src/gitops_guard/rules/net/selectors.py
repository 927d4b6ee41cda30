"""Selector matches no workload.

## What it does
Reports NetworkPolicies and Services whose selector matches no workload that the repository holds for their namespace,
where workloads there carry labels of the same keys; and peers of policies whose pod labels miss a workload of the
namespace by a slip. Where Kustomize or the deployer sets the namespace, only slips are reported; where a chart or an
operator makes pods in the namespace, nothing is. Medium if a workload carries nearly these labels, low otherwise.

## Why it matters
A policy that selects nothing protects nothing, and looks as if it did. A Service that selects nothing answers nobody.

## Fix safety
No automatic fix: whether the selector or the labels are wrong is not in the file. The message names a near miss.

## References
Kubernetes, "Labels and Selectors"; "Network Policies"; "Service".
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.finding import LOW, MEDIUM, Place
from gitops_guard.model.inventory import Inventory
from gitops_guard.model.kubernetes_object import ObjectIdentity
from gitops_guard.model.selector import Selector
from gitops_guard.rule import Example, Problem, Rule, RuleContext, Subject
from gitops_guard.rules.net.isolation import ALL, ANY_NAMESPACE, SYSTEM, UNNAMED

if TYPE_CHECKING:
    from gitops_guard.rules.net.near_misses import NearMiss

_SET_BY_CONTROLLERS = frozenset((
    "apps.kubernetes.io/pod-index", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name", "controller-revision-hash", "controller-uid", "job-name", "pod-template-generation",
    "pod-template-hash", "rollouts-pod-template-hash", "statefulset.kubernetes.io/pod-name",
))  # fmt: skip
"""Labels that controllers add to their pods; no template carries them."""


class _Selecting(NamedTuple):
    place: Place
    identity: ObjectIdentity
    scope: str
    selector: Selector
    what: str
    is_peer: bool = False


def check(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports selectors that match nothing, as far as the repository can tell."""
    if not inventory.workloads or not (inventory.policies or inventory.services):
        return
    known = _Known(inventory)
    for one in _selecting(inventory):
        if one.scope in SYSTEM or one.scope in known.made or known.matches(one):
            continue
        from gitops_guard.rules.net.near_misses import near_miss  # noqa: PLC0415 - few selectors match nothing

        near = near_miss(one.selector.labels, known.workloads.of(one.scope))
        subject = Subject(one.place, one.identity)
        if near is not None:
            yield Problem(subject, f"{one.what} {_described(near)}", severity=MEDIUM)
        elif not (one.is_peer or one.scope in known.kustomized) and known.is_labelled_alike(one):
            message = f"{one.what} matches no workload that the repository holds for namespace {one.scope}"
            yield Problem(subject, message, severity=LOW)


def _described(near: "NearMiss") -> str:
    return f"matches no workload: it asks for {near.wanted}, and {near.workload.identity} carries {near.carried}"


def _selecting(inventory: Inventory) -> Iterator[_Selecting]:
    for policy in inventory.policies:
        if not policy.selector.is_empty:
            what = "the podSelector"
            yield _Selecting(policy.selector_place, policy.identity, policy.scope, policy.selector, what)
        for peer in policy.peers:
            if peer.namespaces is None and peer.pods is not None:
                what = f"a peer in {peer.direction}"
                yield _Selecting(peer.place, policy.identity, policy.scope, peer.pods, what, is_peer=True)
    for service in inventory.services:
        if not service.selector.is_empty:
            what = "the Service's selector"
            yield _Selecting(service.place, service.identity, service.scope, service.selector, what)


class _Known:
    """The workloads of each scope, and the scopes of which the repository does not hold all pods."""

    def __init__(self, inventory: Inventory) -> None:
        from gitops_guard.rules.net.known_workloads import KnownWorkloads  # noqa: PLC0415 - only where there are selectors

        self.workloads = KnownWorkloads(inventory.workloads)
        self.made = {fact.scope for fact in inventory.pod_makers if not fact.by_kustomize}
        self.kustomized = {fact.scope for fact in inventory.pod_makers if fact.by_kustomize}
        self._keys: dict[str, set[str]] = {}
        for fact in inventory.workloads:
            self._keys.setdefault(fact.scope, set()).update(key for key, _ in fact.labels)

    def matches(self, one: _Selecting) -> bool:
        """Whether the selector matches a workload, be it one whose namespace is not known."""
        selector = _of_templates(one.selector)
        scopes = (ALL,) if one.scope.startswith(UNNAMED) else (one.scope, ANY_NAMESPACE)
        return any(self.workloads.selected(scope, selector) for scope in scopes)

    def is_labelled_alike(self, one: _Selecting) -> bool:
        """Whether workloads of the namespace carry labels of these keys: else its pods may come from elsewhere."""
        keys = {key for key, _ in one.selector.labels} | {expression.key for expression in one.selector.expressions}
        return not one.scope.startswith(UNNAMED) and keys <= self._keys.get(one.scope, set())


def _of_templates(selector: Selector) -> Selector:
    """The part of a selector that pod templates decide."""
    return Selector(
        tuple(label for label in selector.labels if label[0] not in _SET_BY_CONTROLLERS),
        tuple(one for one in selector.expressions if one.key not in _SET_BY_CONTROLLERS),
    )


_POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels:
    app: frontend
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
      app: LABEL
"""
_SERVICE = """apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector:
    app: LABEL
  ports:
    - port: 80
"""
_PEER = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: {}
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: LABEL
"""
_HELM = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: cart
  namespace: shop
"""
_BESIDE = (("pod.yaml", _POD),)


def _unnamed(text: str) -> str:
    return text.replace("  namespace: shop\n", "")


RULE = Rule(
    id="GG-NET-008",
    name="selector-without-workload",
    title="Selector matches no workload in the repository",
    severity=MEDIUM,
    applies_to=Inventory,
    check=check,
    aliases=("dangling-service", "dangling-networkpolicy", "dangling-networkpolicypeer-podselector"),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-policies",
        "sp800_190:4.3.3",
        "sp800_53:SC-7",
        "pci:1.2.7",
        "owasp_k8s_2025:K05",
    ),
    bad=(
        Example(_POLICY.replace("LABEL", "cart"), at="spec.podSelector", beside=_BESIDE),
        Example(_POLICY.replace("LABEL", "front-end"), at="spec.podSelector", beside=_BESIDE),
        Example(_SERVICE.replace("LABEL", "cart"), at="spec.selector", beside=_BESIDE),
        Example(_PEER.replace("LABEL", "frontent"), at="spec.ingress[0].from[0].podSelector", beside=_BESIDE),
        Example(
            _unnamed(_SERVICE.replace("LABEL", "frontends")),
            at="spec.selector",
            beside=(("pod.yaml", _unnamed(_POD)),),
        ),
    ),
    good=(
        Example(_POLICY.replace("LABEL", "frontend"), beside=_BESIDE),
        Example(_SERVICE.replace("LABEL", "frontend"), beside=_BESIDE),
        Example(_POLICY.replace("LABEL", "cart")),
        Example(_POLICY.replace("app: LABEL", "app.kubernetes.io/name: cart"), beside=_BESIDE),
        Example(_PEER.replace("LABEL", "cart"), beside=_BESIDE),
        Example(_POLICY.replace("LABEL", "cart"), beside=(*_BESIDE, ("helm.yaml", _HELM))),
        Example(_unnamed(_POLICY.replace("LABEL", "cart")), beside=(("pod.yaml", _unnamed(_POD)),)),
        Example(
            _SERVICE.replace("    app: LABEL\n", "    app: frontend\n    statefulset.kubernetes.io/pod-name: web-0\n"),
            beside=_BESIDE,
        ),
        Example(_SERVICE.replace("  selector:\n    app: LABEL\n", "")),
    ),
)
