"""Change opens a path between workloads, or to them from outside.

## What it does
Compares the connections that the policies of the base allow with those of the head, and reports each object of the
change that opens some: a new or wider policy, an Ingress, Service or route that exposes a workload, changed labels.
What removed policies closed is reported once for a namespace. Connections that the manifests ask for by name (an
environment variable, a configuration file) are not reported, nor those of workloads that are new.

## Why it matters
A policy is reviewed as text, its effect is not: one label more or one line less may open a database to everyone.

## Fix safety
No automatic fix: whether the path is wanted, only its owners know. If it is, say so in the pull request or by a waiver.

## References
NIST SP 800-53, CM-3 and AC-4. PCI DSS 4.0.1, 1.2.2.
"""

from collections.abc import Iterator, Sequence

from gitops_guard.finding import MEDIUM
from gitops_guard.model.opened_path import OpenedPath
from gitops_guard.rule import Example, Problem, Rule, RuleContext, Subject

_NAMED = 3


def check(path: OpenedPath, _: RuleContext) -> Iterator[Problem]:
    """Reports what an object of a change opens."""
    yield Problem(Subject(path.place, path.identity), _message(path))


def _message(path: OpenedPath) -> str:
    ports, targets = _listed(path.ports), _listed(path.targets)
    if path.through:
        return f"this change exposes {ports} of {targets} to {path.sources[0]}"
    opens = "may open" if path.is_uncertain else "opens"
    count = f" ({path.pairs:,} pairs)" if path.pairs > _NAMED else ""
    gone = f": {_listed(path.gone)} closed it and is gone" if path.gone else ""
    return f"this change {opens} {ports} from {_listed(path.sources)} to {targets}{count}{gone}"


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(words[:_NAMED])
    return f"{shown} and {len(words) - _NAMED:,} more" if len(words) > _NAMED else shown


_PODS = """apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - {name: main, image: registry.example.com/web:1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec:
  containers:
    - {name: main, image: registry.example.com/db:1, ports: [{containerPort: 5432}]}
"""
_CLOSED = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
"""
_OPEN = (
    _CLOSED
    + """  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 5432}]
"""
)
_SERVICE = """---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  selector: {app: db}
  ports: [{port: 5432}]
"""
_ROUTE = """---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: db, namespace: shop}
spec:
  defaultBackend:
    service: {name: db, port: {number: 5432}}
"""
_ASKING = _PODS.replace("web:1}", "web:1, env: [{name: DB, value: 'db:5432'}]}") + _SERVICE

RULE = Rule(
    id="GG-NET-012",
    name="opened-path",
    title="Change opens a new path",
    severity=MEDIUM,
    applies_to=OpenedPath,
    check=check,
    aliases=(),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-policies",
        "mitre:T1210",
        "sp800_190:4.3.3",
        "sp800_53:CM-3",
        "sp800_53:AC-4",
        "pci:1.2.2",
        "pci:6.5.1",
        "owasp_k8s_2025:K05",
    ),
    bad=(
        Example(_PODS + _OPEN, at="", before=_PODS + _CLOSED),
        Example(_PODS, at="", before=_PODS + _CLOSED),
        Example(_PODS.replace("app: db", "app: store") + _CLOSED, at="", before=_PODS + _CLOSED),
        Example(_PODS + _SERVICE + _ROUTE, at="", before=_PODS + _SERVICE),
    ),
    good=(
        Example(_PODS + _CLOSED, before=_PODS + _OPEN),
        Example(_ASKING + _OPEN, before=_ASKING + _CLOSED),
        Example(_PODS, before=_PODS.partition("---")[0]),
        Example(_PODS + _CLOSED, before=_PODS),
    ),
)
