"""What rules on the whole repository need to know of each file: small facts, so that a sweep can forget the files."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity
from gitops_guard.model.selector import Labels, Selector, labels, selector
from gitops_guard.model.workload import WORKLOAD_KINDS, Workload, workload
from gitops_guard.syntax.field import Field

PlaceOf = Callable[[KubernetesObject], Place]

INVENTORY_KINDS = frozenset(
    (
        *WORKLOAD_KINDS,
        "ClusterRoleBinding",
        "Namespace",
        "NetworkPolicy",
        "RoleBinding",
        "ServiceAccount",
    )
)
"""The kinds that leave a fact."""


class WorkloadFact(NamedTuple):
    """A workload: its pods' labels, and how they reach the API server."""

    place: Place
    identity: ObjectIdentity
    scope: str
    labels: Labels
    host_network: bool
    service_account: str
    automount: bool | None
    template: tuple[str | int, ...]
    mounts_own_token: bool


class PolicyFact(NamedTuple):
    """A NetworkPolicy: whom it selects, and which directions it isolates.

    `denies_ingress` and `denies_egress`: it isolates the direction and allows nothing in it. `allows_dns`: port 53 is
    open to somewhere. `egress_path` is the keypath of its egress rules.
    """

    place: Place
    identity: ObjectIdentity
    scope: str
    selector: Selector
    ingress: bool
    egress: bool
    denies_ingress: bool
    denies_egress: bool
    allows_dns: bool
    egress_path: tuple[str | int, ...]


class NamespaceFact(NamedTuple):
    """A Namespace object."""

    place: Place
    identity: ObjectIdentity
    scope: str
    labels: Labels


class ServiceAccountFact(NamedTuple):
    """A ServiceAccount and its `automountServiceAccountToken`."""

    identity: ObjectIdentity
    scope: str
    automount: bool | None


class BindingFact(NamedTuple):
    """A service account that a RoleBinding or ClusterRoleBinding gives rights to."""

    scope: str
    service_account: str


Fact = WorkloadFact | PolicyFact | NamespaceFact | ServiceAccountFact | BindingFact


class Inventory(NamedTuple):
    """The facts of a repository (or of the part of it that a change can affect).

    A scope is a namespace, or `directory:PATH` for objects whose manifest names none (Kustomize or the deployer sets
    it).
    """

    workloads: tuple[WorkloadFact, ...] = ()
    policies: tuple[PolicyFact, ...] = ()
    namespaces: tuple[NamespaceFact, ...] = ()
    service_accounts: tuple[ServiceAccountFact, ...] = ()
    bindings: tuple[BindingFact, ...] = ()

    @property
    def policies_by_scope(self) -> dict[str, list[PolicyFact]]:
        """The policies of each scope."""
        found: dict[str, list[PolicyFact]] = {}
        for policy in self.policies:
            found.setdefault(policy.scope, []).append(policy)
        return found


def inventory(facts: Iterable[Fact]) -> Inventory:
    """Sorts facts by their kind."""
    known = tuple(facts)
    return Inventory(
        tuple(fact for fact in known if isinstance(fact, WorkloadFact)),
        tuple(fact for fact in known if isinstance(fact, PolicyFact)),
        tuple(fact for fact in known if isinstance(fact, NamespaceFact)),
        tuple(fact for fact in known if isinstance(fact, ServiceAccountFact)),
        tuple(fact for fact in known if isinstance(fact, BindingFact)),
    )


def facts_of(obj: KubernetesObject, path: str, place_of: PlaceOf) -> tuple[Fact, ...]:
    """The facts of one object. `place_of` is asked only for objects that leave one."""
    match obj.kind:
        case "NetworkPolicy":
            return (_policy(obj, path, place_of(obj)),)
        case "Namespace":
            return (NamespaceFact(place_of(obj), obj.identity, obj.identity.name, labels(obj.metadata["labels"])),)
        case "ServiceAccount":
            automount = _flag(obj.field["automountServiceAccountToken"].value)
            return (ServiceAccountFact(obj.identity, scope_of(obj.identity, path), automount),)
        case "RoleBinding" | "ClusterRoleBinding":
            return _bindings(obj, path)
    pods = workload(obj)
    return () if pods is None else (_workload(pods, path, place_of(obj)),)


def scope_of(identity: ObjectIdentity, path: str) -> str:
    """The scope of an object."""
    return identity.namespace or "directory:" + path.rpartition("/")[0]


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _policy(obj: KubernetesObject, path: str, place: Place) -> PolicyFact:
    spec = obj.spec
    ingress_rules, egress_rules = spec["ingress"], spec["egress"]
    types = {item.text for item in spec["policyTypes"].items()}
    ingress = "Ingress" in types if types else True
    egress = "Egress" in types if types else any(True for _ in egress_rules.items())
    return PolicyFact(
        place,
        obj.identity,
        scope_of(obj.identity, path),
        selector(spec["podSelector"]),
        ingress,
        egress,
        ingress and not any(True for _ in ingress_rules.items()),
        egress and not any(True for _ in egress_rules.items()),
        any(_allows_dns(rule) for rule in egress_rules.items()),
        egress_rules.keypath,
    )


def _allows_dns(rule: Field) -> bool:
    """Whether an egress rule opens UDP port 53 (or 5353, as on OpenShift) to somewhere."""
    ports = list(rule["ports"].items())
    return not ports or any(_is_dns(port) for port in ports)


def _is_dns(port: Field) -> bool:
    if (port["protocol"].text or "TCP") != "UDP":
        return False
    number, end = port["port"], port["endPort"].integer
    if number.string is not None:
        return number.string.startswith("dns")
    low = number.integer
    return low is None or any(low <= wanted <= (end or low) for wanted in (53, 5353))


def _workload(pods: Workload, path: str, place: Place) -> WorkloadFact:
    spec = pods.pod_spec
    return WorkloadFact(
        place,
        pods.object.identity,
        scope_of(pods.object.identity, path),
        labels(pods.pod_metadata["labels"]),
        spec["hostNetwork"].is_true,
        spec["serviceAccountName"].text or spec["serviceAccount"].text or "default",
        _flag(spec["automountServiceAccountToken"].value),
        spec.keypath,
        any(
            source["serviceAccountToken"].exists for v in pods.volumes() for source in v["projected"]["sources"].items()
        ),
    )


def _bindings(obj: KubernetesObject, path: str) -> tuple[BindingFact, ...]:
    own = scope_of(obj.identity, path)
    return tuple(
        BindingFact(subject["namespace"].text or own, subject["name"].text)
        for subject in obj.field["subjects"].items()
        if subject["kind"].text == "ServiceAccount"
    )
