"""What rules on the whole repository need to know of each file: small facts, so that a sweep can forget the files."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity
from gitops_guard.model.pod_makers import POD_MAKERS, namespace_of_pods
from gitops_guard.model.selector import Labels, Selector, labels
from gitops_guard.model.workload import WORKLOAD_KINDS, Workload, workload
from gitops_guard.syntax.field import Field

if TYPE_CHECKING:
    from gitops_guard.model.policy_facts import PeerFact, PortFact

PlaceOf = Callable[[KubernetesObject], Place]

INVENTORY_KINDS = frozenset(
    (
        *WORKLOAD_KINDS,
        *POD_MAKERS,
        "ClusterRoleBinding",
        "Namespace",
        "NetworkPolicy",
        "RoleBinding",
        "Service",
        "ServiceAccount",
    )
)
"""The kinds that leave a fact."""

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""The label that the API server sets on every Namespace: its name."""

_CLOUD_IDENTITIES = frozenset(
    (
        "aadpodidbinding",
        "azure.workload.identity/client-id",
        "azure.workload.identity/use",
        "eks.amazonaws.com/role-arn",
        "iam.amazonaws.com/role",
        "iam.gke.io/gcp-service-account",
    )
)
"""Annotations and labels by which service accounts and pods are given an identity of the cloud."""


class WorkloadFact(NamedTuple):
    """A workload: its pods' labels and declared ports, and how they reach the API server.

    `ports` are pairs of name (may be empty) and number. `asks_cloud`: its pods are given an identity of the cloud.
    """

    place: Place
    identity: ObjectIdentity
    scope: str
    labels: Labels
    host_network: bool
    service_account: str
    automount: bool | None
    template: tuple[str | int, ...]
    mounts_own_token: bool
    ports: tuple[tuple[str, int], ...] = ()
    asks_cloud: bool = False


class PolicyFact(NamedTuple):
    """A NetworkPolicy: whom it selects, and which directions it isolates.

    `denies_ingress` and `denies_egress`: it isolates the direction and allows nothing in it. `allows_dns`: port 53 is
    open to somewhere. `egress_path` is the keypath of its egress rules. `selector_place` is that of its `podSelector`.
    `reaches_metadata`: some egress rule lets the cloud's metadata service through.
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
    selector_place: Place
    peers: "tuple[PeerFact, ...]"
    ports: "tuple[PortFact, ...]"
    reaches_metadata: bool


class ServiceFact(NamedTuple):
    """A Service with a selector; `place` is that of the selector, `ports` are triples of name, number and target."""

    place: Place
    identity: ObjectIdentity
    scope: str
    selector: Selector
    ports: tuple[tuple[str, int, str | int], ...]


class PodMakerFact(NamedTuple):
    """Pods are made in this scope that stand in no manifest, or (`by_kustomize`) are brought from other folders."""

    scope: str
    by_kustomize: bool


class NetworkFact(NamedTuple):
    """An object that installs the cluster's network, and whether that network enforces policies."""

    place: Place
    identity: ObjectIdentity
    scope: str
    network: str
    enforces: bool


class NamespaceFact(NamedTuple):
    """A Namespace object."""

    place: Place
    identity: ObjectIdentity
    scope: str
    labels: Labels


class ServiceAccountFact(NamedTuple):
    """A ServiceAccount and its `automountServiceAccountToken`; `asks_cloud`: it stands for an identity of the cloud."""

    identity: ObjectIdentity
    scope: str
    automount: bool | None
    asks_cloud: bool = False


class BindingFact(NamedTuple):
    """A service account that a RoleBinding or ClusterRoleBinding gives rights to."""

    scope: str
    service_account: str


Fact = (
    WorkloadFact
    | PolicyFact
    | NamespaceFact
    | ServiceAccountFact
    | BindingFact
    | ServiceFact
    | PodMakerFact
    | NetworkFact
)


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
    services: tuple[ServiceFact, ...] = ()
    pod_makers: tuple[PodMakerFact, ...] = ()
    networks: tuple[NetworkFact, ...] = ()

    @property
    def policies_by_scope(self) -> dict[str, list[PolicyFact]]:
        """The policies of each scope."""
        found: dict[str, list[PolicyFact]] = {}
        for policy in self.policies:
            found.setdefault(policy.scope, []).append(policy)
        return found

    @property
    def workloads_by_scope(self) -> dict[str, list[WorkloadFact]]:
        """The workloads of each scope."""
        found: dict[str, list[WorkloadFact]] = {}
        for fact in self.workloads:
            found.setdefault(fact.scope, []).append(fact)
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
        tuple(fact for fact in known if isinstance(fact, ServiceFact)),
        tuple(fact for fact in known if isinstance(fact, PodMakerFact)),
        tuple(fact for fact in known if isinstance(fact, NetworkFact)),
    )


def facts_of(obj: KubernetesObject, path: str, place_of: PlaceOf) -> tuple[Fact, ...]:
    """The facts of one object. `place_of` is asked only for objects that leave one."""
    match obj.kind:
        case "NetworkPolicy":
            from gitops_guard.model.policy_facts import policy_fact  # noqa: PLC0415 - many files hold no policy

            return (policy_fact(obj, path, place_of),)
        case "Namespace":
            return (NamespaceFact(place_of(obj), obj.identity, obj.identity.name, labels(obj.metadata["labels"])),)
        case "ServiceAccount":
            return (_service_account(obj, path),)
        case "RoleBinding" | "ClusterRoleBinding":
            return _bindings(obj, path)
        case "Service" if not obj.api_group:
            return _service(obj, path, place_of)
    return tuple(_of_pods(obj, path, place_of))


def _of_pods(obj: KubernetesObject, path: str, place_of: PlaceOf) -> Iterator[Fact]:
    """The facts of what runs pods: a workload, or a network or other controller."""
    if obj.kind in {"DaemonSet", "Cluster"}:
        from gitops_guard.model.cluster_network import network_of  # noqa: PLC0415 - of few kinds

        network = network_of(obj)
        if network is not None:
            yield NetworkFact(place_of(obj), obj.identity, scope_of(obj.identity, path), *network)
    pods = workload(obj)
    if pods is not None:
        yield _workload(pods, path, place_of(obj))
    elif obj.kind in POD_MAKERS:
        yield from _pod_maker(obj, path)


def pinned_namespace(namespaces: Selector) -> str:
    """The one namespace that a selector chooses by the label that nobody can forge; empty if it does not."""
    for key, value in namespaces.labels:
        if key == NAMESPACE_LABEL:
            return value
    for expression in namespaces.expressions:
        if expression.key == NAMESPACE_LABEL and expression.operator == "In" and len(expression.values) == 1:
            return expression.values[0]
    return ""


def scope_of(identity: ObjectIdentity, path: str) -> str:
    """The scope of an object."""
    return identity.namespace or "directory:" + path.rpartition("/")[0]


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _service_account(obj: KubernetesObject, path: str) -> ServiceAccountFact:
    return ServiceAccountFact(
        obj.identity,
        scope_of(obj.identity, path),
        _flag(obj.field["automountServiceAccountToken"].value),
        _has_key(obj.metadata["annotations"], _CLOUD_IDENTITIES),
    )


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
        tuple(_container_ports(spec)),
        any(_has_key(pods.pod_metadata[key], _CLOUD_IDENTITIES) for key in ("annotations", "labels")),
    )


def _container_ports(spec: Field) -> Iterator[tuple[str, int]]:
    for role in ("containers", "initContainers"):
        for container in spec[role].items():
            for port in container["ports"].items():
                yield port["name"].text, port["containerPort"].integer or 0


def _service(obj: KubernetesObject, path: str, place_of: PlaceOf) -> tuple[ServiceFact, ...]:
    field = obj.spec["selector"]
    if not field.is_mapping or obj.spec["type"].text == "ExternalName":
        return ()
    place = place_of(obj._replace(field=field))
    ports = tuple(_service_port(port) for port in obj.spec["ports"].items())
    return (ServiceFact(place, obj.identity, scope_of(obj.identity, path), Selector(labels(field)), ports),)


def _service_port(port: Field) -> tuple[str, int, str | int]:
    number, target = port["port"].integer or 0, port["targetPort"]
    return port["name"].text, number, target.string or target.integer or number


def _pod_maker(obj: KubernetesObject, path: str) -> tuple[PodMakerFact, ...]:
    by_kustomize = obj.api_group == "kustomize.config.k8s.io"
    place = namespace_of_pods(obj)
    if by_kustomize and not place:
        return ()
    return (PodMakerFact(place or scope_of(obj.identity, path), by_kustomize),)


def _has_key(field: Field, keys: frozenset[str]) -> bool:
    return any(entry.key in keys for entry in field.entries())


def _bindings(obj: KubernetesObject, path: str) -> tuple[BindingFact, ...]:
    own = scope_of(obj.identity, path)
    return tuple(
        BindingFact(subject["namespace"].text or own, subject["name"].text)
        for subject in obj.field["subjects"].items()
        if subject["kind"].text == "ServiceAccount"
    )
