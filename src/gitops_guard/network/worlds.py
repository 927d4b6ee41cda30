"""What is deployed together, where manifests do not say their namespace.

A repository may hold several variants of an application, none of which names a namespace: to the analysis they would
all lie in `default` and govern each other. Here each folder is a world of its own, joined with those that it is
connected with: a namespace of the analysis.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Cluster, Located, Namespace, Policy
from gitops_guard.network.entry_reading import ENTRY_KINDS
from gitops_guard.network.evidence import Inference
from gitops_guard.network.reading import FOREIGN_NAMESPACED, cluster
from gitops_guard.network.workload_reading import POD_KINDS
from gitops_guard.network_settings import NAMESPACE_LABEL

_NAMESPACED = POD_KINDS | ENTRY_KINDS | FOREIGN_NAMESPACED | {"NetworkPolicy", "Service"}
_GOVERNING = FOREIGN_NAMESPACED | {"NetworkPolicy"}


class Scope(NamedTuple):
    """What gets a default deny: a namespace, or where manifests name none, what is deployed with their folder.

    One of the two is empty (both, for manifests without a namespace in the root folder).
    """

    namespace: str
    folder: str

    def __str__(self) -> str:
        return f"namespace {self.namespace}" if self.namespace else f"folder {self.folder or '.'}"


class Scoped(NamedTuple):
    """An object with its file and scope; `is_loose`: it lies in a namespace that its manifest does not name."""

    located: Located
    path: str
    scope: Scope
    is_loose: bool


def scoped(objects: Iterable[Located], folder_of: Callable[[str], str] | None = None) -> list[Scoped]:
    """The objects with their scopes."""
    found = [_scoped(one, folder_of or _folder) for one in objects]
    inhabited = {one.scope.folder for one in found if one.is_loose and one.located.object.kind in POD_KINDS}
    return [_attached(one, inhabited) for one in found]


def _scoped(one: Located, folder_of: Callable[[str], str]) -> Scoped:
    namespace = one.object.identity.namespace
    is_loose = not namespace and one.object.kind in _NAMESPACED
    return Scoped(one, one.path, Scope("", folder_of(one.path)) if is_loose else Scope(namespace, ""), is_loose)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _attached(one: Scoped, inhabited: set[str]) -> Scoped:
    """A policy in a folder without workloads belongs to the folder above that has some, or to the only one beside."""
    folder = one.scope.folder
    if not one.is_loose or one.located.object.kind not in _GOVERNING or folder in inhabited:
        return one
    above = _folder(folder)
    beside = [other for other in inhabited if folder and _folder(other) == above]
    home = above if folder and above in inhabited else beside[0] if len(beside) == 1 else folder
    return one._replace(scope=Scope("", home))


class Worlds:
    """The namespaces of the analysis."""

    def __init__(self, objects: Sequence[Scoped], workloads: Sequence[tuple[str, Scope]], found: Inference) -> None:
        self._parents: dict[Scope, Scope] = {one.scope: one.scope for one in objects if one.is_loose}
        scopes: dict[str, list[Scope]] = {}
        for name, scope in workloads:
            scopes.setdefault(name, []).append(scope)
        for edge in found.edges:
            for source in scopes.get(edge.source, ()):
                for target in together(source, scopes.get(edge.target, ())):
                    self._join(source, target)
        roots = sorted({self._root(scope) for scope in self._parents})
        taken = any(one.scope.namespace == DEFAULT_NAMESPACE for one in objects)
        self._names = {root: f"{DEFAULT_NAMESPACE} (in {root.folder or '.'})" for root in roots}
        if len(roots) == 1 and not taken:
            self._names[roots[0]] = DEFAULT_NAMESPACE

    def _join(self, one: Scope, other: Scope) -> None:
        if one in self._parents and other in self._parents:
            first, second = sorted((self._root(one), self._root(other)))
            self._parents[second] = first

    def _root(self, scope: Scope) -> Scope:
        while self._parents[scope] != scope:
            self._parents[scope] = self._parents[self._parents[scope]]
            scope = self._parents[scope]
        return scope

    def name(self, scope: Scope) -> str:
        """The namespace under which the analysis knows a scope."""
        return self._names[self._root(scope)] if scope in self._parents else scope.namespace

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all worlds."""
        return tuple(self._names.values())


def together(scope: Scope, others: Iterable[Scope]) -> list[Scope]:
    """Which of several definitions of a workload one of another is connected with: that of its own scope, if any."""
    known = list(others)
    return [scope] if scope in known else known


def clusters(worlds: Worlds, objects: Sequence[Scoped]) -> tuple[Cluster, list[tuple[Policy, Scope]]]:
    """One cluster of all worlds, and its policies with their scopes."""
    by_world: dict[str, list[Scoped]] = {"": []}
    for one in objects:
        by_world.setdefault(worlds.name(one.scope) if one.is_loose else "", []).append(one)
    whole = cluster(one.located for one in by_world.pop(""))
    labels = next((one.labels for one in whole.namespaces if one.name == DEFAULT_NAMESPACE), None)
    spaces = dict(labels or ((NAMESPACE_LABEL, DEFAULT_NAMESPACE),))
    policies = [(policy, Scope(policy.namespace, "")) for policy in whole.policies]
    for name, those in by_world.items():
        found = _moved(
            cluster(one.located for one in those), name, Namespace(name, tuple(sorted(spaces.items())), None)
        )
        scopes = {
            one.located.place_of(one.located.object.field): one.scope
            for one in those
            if one.located.object.kind == "NetworkPolicy"
        }
        policies += ((one, scopes[one.place]) for one in found.policies)
        whole = _joined(whole, found)
    return whole, policies


def _moved(found: Cluster, name: str, namespace: Namespace) -> Cluster:
    """The cluster of a world in its own namespace. What leads to it from elsewhere by name is not followed."""
    return Cluster(
        tuple(one._replace(namespace=name) for one in found.workloads),
        (namespace,),
        tuple(one._replace(namespace=name) for one in found.services),
        tuple(one._replace(namespace=name) for one in found.policies),
        tuple(found.admin_policies),
        tuple(
            one._replace(
                namespace=name,
                backends=tuple(
                    backend._replace(namespace=name) if backend.namespace == DEFAULT_NAMESPACE else backend
                    for backend in one.backends
                ),
            )
            for one in found.entry_points
        ),
        found.problems,
    )


def _joined(one: Cluster, other: Cluster) -> Cluster:
    spaces = {space.name: space for space in (*one.namespaces, *other.namespaces)}
    return Cluster(
        (*one.workloads, *other.workloads),
        tuple(spaces[name] for name in sorted(spaces)),
        (*one.services, *other.services),
        (*one.policies, *other.policies),
        (*one.admin_policies, *other.admin_policies),
        (*one.entry_points, *other.entry_points),
        (*one.problems, *other.problems),
    )
