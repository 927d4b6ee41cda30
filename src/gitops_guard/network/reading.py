"""Reads Kubernetes objects into a cluster, and says what of them cannot be decided."""

from collections.abc import Callable, Iterable, Iterator

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.selector import Labels, Selector, labels
from gitops_guard.network.admin_reading import ADMIN_KINDS, ALL_NAMESPACES, admin_policy, unreadable
from gitops_guard.network.cluster import (
    DEFAULT_NAMESPACE,
    AdminPolicy,
    Cluster,
    EntryPoint,
    Located,
    Namespace,
    NetworkProblem,
    Peer,
    PodPeer,
    Policy,
    Service,
    Workload,
)
from gitops_guard.network.entry_reading import ENTRY_KINDS, entry_point, service
from gitops_guard.network.policy_reading import policy
from gitops_guard.network.strict_reading import Errors
from gitops_guard.network.workload_reading import POD_KINDS, workload
from gitops_guard.network_settings import NAMESPACE_LABEL
from gitops_guard.syntax.field import Field

FOREIGN_NAMESPACED = frozenset(("CiliumNetworkPolicy", "UserDefinedNetwork"))
FOREIGN_CLUSTER = frozenset(
    ("CiliumClusterwideNetworkPolicy", "ClusterNetworkPolicy", "ClusterUserDefinedNetwork", "GlobalNetworkPolicy")
)
"""Policies and networks of other APIs. They limit pods too, and are not modelled."""

NETWORK_KINDS = frozenset(
    (
        *POD_KINDS,
        *ENTRY_KINDS,
        *ADMIN_KINDS,
        *FOREIGN_NAMESPACED,
        *FOREIGN_CLUSTER,
        "Namespace",
        "NetworkPolicy",
        "Service",
    )
)
"""The kinds that `cluster` looks at."""


class _Found:
    """What was read so far."""

    __slots__ = (
        "admin",
        "defined",
        "doubtful",
        "entries",
        "namespaces",
        "policies",
        "problems",
        "services",
        "workloads",
    )

    def __init__(self) -> None:
        self.workloads: list[Workload] = []
        self.defined: dict[str, Workload] = {}
        self.namespaces: dict[str, Namespace] = {}
        self.services: list[Service] = []
        self.doubtful: list[tuple[Labels, Labels, AdminPolicy]] = []
        self.policies: dict[str, Policy] = {}
        self.admin: dict[str, AdminPolicy] = {}
        self.entries: list[EntryPoint] = []
        self.problems: list[NetworkProblem] = []


def cluster(objects: Iterable[Located]) -> Cluster:
    """Reads a cluster. Never raises for any object: what is wrong is in `problems`, each at its place.

    The objects may come from a generator and are not kept.
    """
    found = _Found()
    for located in objects:
        read = _READERS.get(located.object.kind)
        if read is not None:
            errors = Errors(str(located.object.identity), located.place_of)
            read(located.object, errors, found)
            found.problems += errors.found
    _complete_namespaces(found)
    _check_priorities(found)
    _check_namespaces(found)
    return Cluster(
        tuple(found.workloads),
        tuple(found.namespaces[name] for name in sorted(found.namespaces)),
        tuple(found.services),
        tuple(found.policies.values()),
        tuple(found.admin.values()),
        tuple(found.entries),
        tuple(found.problems),
    )


def _read_workload(obj: KubernetesObject, errors: Errors, found: _Found) -> None:
    pods = workload(obj, errors)
    if pods is None:
        return
    if obj.kind == pods.kind:
        known = found.defined.setdefault(pods.id, pods)
        if known is not pods and known._replace(place=pods.place) == pods:
            return
        if known is not pods:
            errors.add(obj.field, "defined twice, differently: connections of both are listed as those of one")
    found.workloads.append(pods)


def _read_namespace(obj: KubernetesObject, errors: Errors, found: _Found) -> None:
    name = obj.identity.name
    if obj.api_group or not name:
        return
    named = _namespace_labels(name, labels(obj.metadata["labels"]))
    known = found.namespaces.get(name)
    if known is not None and known.labels != named:
        errors.add(obj.field, "defined twice with different labels: selectors of namespaces may decide either way")
        found.doubtful.append((known.labels, named, unreadable(obj, errors)))
    found.namespaces[name] = Namespace(name, named, errors.place(obj.field))


def _namespace_labels(name: str, written: Labels) -> Labels:
    return tuple(sorted({**dict(written), NAMESPACE_LABEL: name}.items()))


def _read_service(obj: KubernetesObject, errors: Errors, found: _Found) -> None:
    if not obj.api_group:
        found.services.append(service(obj, errors))


def _read_entry(obj: KubernetesObject, errors: Errors, found: _Found) -> None:
    entry = entry_point(obj, errors)
    if entry is not None:
        found.entries.append(entry)


def _read_policy(obj: KubernetesObject, errors: Errors, found: _Found) -> None:
    if obj.api_group not in {"networking.k8s.io", "extensions"}:
        _read_foreign(obj, errors, found)
        return
    new = policy(obj, errors)
    known = found.policies.get(new.id)
    if known is not None and not _same(known, new):
        errors.add(obj.field, "two policies with this name differ: which of them takes effect is not known")
        everything = Selector(())
        new = new._replace(selector=everything, ingress=(), egress=(), unreadable=errors.first)
    found.policies[new.id] = new


def _same(one: Policy, other: Policy) -> bool:
    """Whether two policies decide the same; where they stand does not count."""

    def rules(policy: Policy) -> tuple[object, ...]:
        sides = (policy.ingress, policy.egress)
        return tuple(None if side is None else tuple((rule.peers, rule.ports) for rule in side) for side in sides)

    return (one.selector, rules(one), one.unreadable) == (other.selector, rules(other), other.unreadable)


def _read_admin(obj: KubernetesObject, errors: Errors, found: _Found) -> None:
    new = admin_policy(obj, errors)
    if new.id in found.admin:
        errors.add(obj.field, "it is defined twice: which of the two takes effect is not known")
        new = unreadable(obj, errors)
    found.admin[new.id] = new


def _read_foreign(obj: KubernetesObject, errors: Errors, found: _Found) -> None:
    if obj.kind.endswith("UserDefinedNetwork") and "Primary" not in _network_roles(obj.field):
        return
    errors.add(obj.field, "objects of this kind are not modelled: connections that it decides on are not known")
    namespace = obj.identity.namespace or DEFAULT_NAMESPACE
    own = PodPeer(Selector(((NAMESPACE_LABEL, namespace),)), None)
    subject = ALL_NAMESPACES if obj.kind in FOREIGN_CLUSTER else own
    found.admin[str(obj.identity)] = unreadable(obj, errors, subject)


def _network_roles(field: Field) -> set[str]:
    """The roles of a network of OVN-Kubernetes; only a primary one changes who may connect to whom here."""
    specs = (field["spec"], field["spec"]["network"])
    return {spec[layer]["role"].text for spec in specs for layer in ("layer2", "layer3")}


def _complete_namespaces(found: _Found) -> None:
    """Adds the namespaces that only other objects name."""
    named = [item.namespace for item in found.workloads] + [item.namespace for item in found.policies.values()]
    named += [item.namespace for item in found.services] + [item.namespace for item in found.entries]
    for name in named:
        if name not in found.namespaces:
            found.namespaces[name] = Namespace(name, _namespace_labels(name, ()), None)


def _check_priorities(found: _Found) -> None:
    """Two admin policies of one priority: the API leaves open which comes first."""
    first: dict[int, AdminPolicy] = {}
    for key, one in list(found.admin.items()):
        if one.priority is None or one.unreadable:
            continue
        other = first.setdefault(one.priority, one)
        if other is not one:
            message = f"{one.id}: has the priority {one.priority} of {other.id}; which comes first is not defined"
            found.problems.append(NetworkProblem(message, one.place))
            found.admin[key] = one._replace(unreadable=message)
            found.admin[other.id] = other._replace(unreadable=message)


def _check_namespaces(found: _Found) -> None:
    """A namespace with two sets of labels makes everything unknown if some policy tells the two apart."""
    if not found.doubtful:
        return
    selectors = {
        peer.namespaces
        for peer in _peers(found)
        if isinstance(peer, PodPeer) and peer.namespaces is not None and not peer.namespaces.is_empty
    }
    for one, other, unknown in found.doubtful:
        if any(selector.matches(one) != selector.matches(other) for selector in selectors):
            found.admin[f"Namespace {unknown.name}"] = unknown


def _peers(found: _Found) -> Iterator[Peer]:
    for one in found.policies.values():
        for rule in (*(one.ingress or ()), *(one.egress or ())):
            yield from rule.peers or ()
    for admin in found.admin.values():
        yield admin.subject
        for admin_rule in (*admin.ingress, *admin.egress):
            yield from admin_rule.peers


_READERS: dict[str, Callable[[KubernetesObject, Errors, _Found], None]] = {
    **dict.fromkeys(POD_KINDS, _read_workload),
    **dict.fromkeys(ENTRY_KINDS, _read_entry),
    **dict.fromkeys(ADMIN_KINDS, _read_admin),
    **dict.fromkeys(FOREIGN_NAMESPACED | FOREIGN_CLUSTER, _read_foreign),
    "Namespace": _read_namespace,
    "NetworkPolicy": _read_policy,
    "Service": _read_service,
}
