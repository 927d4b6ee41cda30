"""The cluster as its network policies see it: typed values, each with the place where it was written.

`network.reading.cluster` makes them from Kubernetes objects. An object that names no namespace is in `default`.
"""

from collections.abc import Callable
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.selector import Labels, Selector
from gitops_guard.network.addresses import AddressSet
from gitops_guard.syntax.field import Field

DEFAULT_NAMESPACE = "default"

INGRESS = "ingress"
EGRESS = "egress"


class Located(NamedTuple):
    """An object as it was read, how to say where a field of it stands, and the path of its file."""

    object: KubernetesObject
    place_of: Callable[[Field], Place]
    path: str


class ContainerPort(NamedTuple):
    """A port that a container declares; `protocol` is `TCP`, `UDP` or `SCTP`, `name` may be empty."""

    name: str
    number: int
    protocol: str


class Workload(NamedTuple):
    """An object that runs pods, or a Pod of its own.

    `labels` are those of its pods. `ports` are declared by its containers and sidecars. `several`: it may run more than
    one pod, so its pods may talk to each other.
    """

    namespace: str
    kind: str
    name: str
    labels: Labels
    ports: tuple[ContainerPort, ...]
    host_network: bool
    several: bool
    place: Place

    @property
    def id(self) -> str:
        """`namespace/Kind/name`."""
        return f"{self.namespace}/{self.kind}/{self.name}"


class Namespace(NamedTuple):
    """A namespace; `place` is None where no Namespace object is written, only objects inside it.

    `labels` always include `kubernetes.io/metadata.name`.
    """

    name: str
    labels: Labels
    place: Place | None


class ServicePort(NamedTuple):
    """A port of a Service; `target` is a number, or the name of a container port."""

    name: str
    protocol: str
    number: int
    target: int | str
    node_port: int | None = None


class Service(NamedTuple):
    """A Service. `selector` is None where its endpoints are written by hand; `type` is as written or `ClusterIP`.

    `external_name` is set for the type ExternalName. `source_ranges` is empty where none are written.
    """

    namespace: str
    name: str
    type: str
    selector: Labels | None
    ports: tuple[ServicePort, ...]
    headless: bool
    external_name: str
    source_ranges: AddressSet | None
    place: Place


class PodPeer(NamedTuple):
    """Pods by selectors. `namespaces` None: the policy's own namespace. `pods` None: every pod of them."""

    namespaces: Selector | None
    pods: Selector | None


Peer = PodPeer | AddressSet


class RulePort(NamedTuple):
    """Ports that a rule opens: a range of numbers, or a name that each destination pod resolves.

    `protocol` is empty where a named port of an admin policy leaves it to the pod.
    """

    protocol: str
    low: int
    high: int
    name: str = ""


class PolicyRule(NamedTuple):
    """A rule of a NetworkPolicy; `peers` None means everybody, `ports` None every port."""

    peers: tuple[Peer, ...] | None
    ports: tuple[RulePort, ...] | None
    place: Place


class Policy(NamedTuple):
    """A NetworkPolicy.

    `ingress` and `egress` are None where the policy does not govern the direction, and empty where it denies all.
    `unreadable` says why the API server would refuse it: then nobody can say what it decides.
    """

    namespace: str
    name: str
    selector: Selector
    ingress: tuple[PolicyRule, ...] | None
    egress: tuple[PolicyRule, ...] | None
    unreadable: str
    place: Place

    @property
    def id(self) -> str:
        """`namespace/NetworkPolicy/name`."""
        return f"{self.namespace}/NetworkPolicy/{self.name}"


class AdminRule(NamedTuple):
    """A rule of an admin policy; `action` is `Allow`, `Deny` or `Pass`."""

    action: str
    peers: tuple[Peer, ...]
    ports: tuple[RulePort, ...] | None
    place: Place


class AdminPolicy(NamedTuple):
    """An AdminNetworkPolicy, or with `priority` None the BaselineAdminNetworkPolicy.

    `subject` always names its namespaces. `ingress` and `egress` are the rules in their order.
    """

    name: str
    kind: str
    priority: int | None
    subject: PodPeer
    ingress: tuple[AdminRule, ...]
    egress: tuple[AdminRule, ...]
    unreadable: str
    place: Place

    @property
    def id(self) -> str:
        """`Kind/name`."""
        return f"{self.kind}/{self.name}"


class Backend(NamedTuple):
    """A Service that an entry point sends to; `port` is a number or name of the Service's, None for all of them."""

    namespace: str
    service: str
    port: int | str | None


class EntryPoint(NamedTuple):
    """An Ingress, a Gateway API route or an OpenShift Route: what it leads to."""

    kind: str
    namespace: str
    name: str
    backends: tuple[Backend, ...]
    place: Place


class NetworkProblem(NamedTuple):
    """Something about the policies that a person should know.

    `is_error`: the API server would refuse it, or this program cannot read it. Otherwise it is a remark.
    """

    message: str
    place: Place
    is_error: bool = True


class Cluster(NamedTuple):
    """Everything that decides who may talk to whom. `namespaces` is complete, by name."""

    workloads: tuple[Workload, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    services: tuple[Service, ...] = ()
    policies: tuple[Policy, ...] = ()
    admin_policies: tuple[AdminPolicy, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    problems: tuple[NetworkProblem, ...] = ()
