"""What of a repository synthesis starts from: workloads that policies can select, and the policies that exist."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.selector import Labels, Selector, labels, selector
from gitops_guard.network.cluster import Cluster, Located, Policy, Workload
from gitops_guard.network.evidence import Inference
from gitops_guard.network.installed import Installed, installed
from gitops_guard.network.strict_reading import Errors
from gitops_guard.network.workload_reading import POD_KINDS, workload
from gitops_guard.network.worlds import Scope, Scoped, Worlds, clusters, scoped

MANAGED_LABEL = "app.kubernetes.io/managed-by"
MANAGER = "gitops-guard"
POLICY_KINDS = frozenset(("CiliumNetworkPolicy", "NetworkPolicy"))

_BY_SELECTOR = frozenset(("DaemonSet", "Deployment", "ReplicaSet", "Rollout", "StatefulSet"))
_BY_MAP = frozenset(("DeploymentConfig", "ReplicationController"))
_GENERATED = frozenset(
    (
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/version",
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "helm.sh/chart",
        "job-name",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    )
)
"""Labels that controllers set, or that change with every version: a policy that selects by them loses its pods."""


class Subject(NamedTuple):
    """A workload, and the selector by which policies name its pods; it selects nothing sure where it is empty.

    `id` is the name under which the analysis knows it: that of the inference, but for workloads of folders that are not
    deployed together (see `worlds`).
    """

    workload: Workload
    selector: Selector
    scope: Scope
    id: str


class HandWritten(NamedTuple):
    """A policy that this program does not write."""

    policy: Policy
    scope: Scope


class OwnFile(NamedTuple):
    """A file of policies that this program wrote for a scope."""

    scope: Scope
    path: str


class Existing(NamedTuple):
    """What there is.

    `now` is the cluster as it is, `bare` the same without the policies that this program wrote earlier. `by_name` are
    the subjects by the names that the inference gives them. `installed` are charts whose pods are not among them.
    `files_of` are the files of rendered roots, by the folders that their objects are deployed with.
    """

    subjects: tuple[Subject, ...]
    by_name: dict[str, tuple[Subject, ...]]
    policies: tuple[HandWritten, ...]
    own: tuple[OwnFile, ...]
    now: Cluster
    bare: Cluster
    worlds: Worlds
    installed: tuple[Installed, ...]
    files_of: Mapping[str, frozenset[str]]

    @property
    def scopes(self) -> dict[str, set[Scope]]:
        """The scopes of each subject's id."""
        found: dict[str, set[Scope]] = {}
        for subject in self.subjects:
            found.setdefault(subject.id, set()).add(subject.scope)
        return found


def existing(
    objects: Sequence[Located],
    own_files: frozenset[str],
    found: Inference,
    folder_of: Callable[[str], str] | None = None,
    files_of: Mapping[str, frozenset[str]] | None = None,
) -> Existing:
    """Reads what there is.

    Args:
        objects: all objects of the repository.
        own_files: the paths of files that this program wrote; only policies in them are its own.
        found: the connections, which say what is deployed together.
        folder_of: the folder that a file without namespaces is deployed with; by default its own.
        files_of: see `Existing`.
    """
    every = scoped((one for one in objects if not is_partial(one.object)), folder_of)
    own = [one for one in every if _is_own(one, own_files)]
    written = {id(one) for one in own}
    read = tuple(_subjects(every))
    worlds = Worlds(every, [(subject.workload.id, subject.scope) for subject in read], found)
    bare, policies = clusters(worlds, [one for one in every if id(one) not in written])
    subjects = tuple(_known(subject, worlds) for subject in read)
    return Existing(
        subjects,
        _by_name(subjects),
        tuple(HandWritten(policy, scope) for policy, scope in policies),
        tuple(sorted({OwnFile(one.scope, _written_in(one)) for one in own})),
        clusters(worlds, every)[0] if own else bare,
        bare,
        worlds,
        installed(objects),
        files_of or {},
    )


def _known(subject: Subject, worlds: Worlds) -> Subject:
    return subject._replace(id=subject.workload._replace(namespace=worlds.name(subject.scope)).id)


def _by_name(subjects: Iterable[Subject]) -> dict[str, tuple[Subject, ...]]:
    """The subjects by their names, those that look alike once."""
    found: dict[str, dict[tuple[object, ...], Subject]] = {}
    for subject in subjects:
        looks = (subject.selector, subject.scope, subject.workload.host_network)
        found.setdefault(subject.workload.id, {}).setdefault(looks, subject)
    return {name: tuple(those.values()) for name, those in found.items()}


def is_partial(obj: KubernetesObject) -> bool:
    """Whether it is a part of a workload that a Kustomize patch changes: no API server takes one without a selector."""
    if obj.kind not in _BY_SELECTOR or obj.api_group not in {"apps", "argoproj.io"}:
        return False
    return not obj.spec["selector"].exists


def _is_own(one: Scoped, own_files: frozenset[str]) -> bool:
    obj = one.located.object
    if obj.kind not in POLICY_KINDS or obj.metadata["labels"][MANAGED_LABEL].text != MANAGER:
        return False
    return _written_in(one) in own_files


def _written_in(one: Scoped) -> str:
    """The file that a policy stands in; a rendered one is led back to it."""
    return one.located.place_of(one.located.object.field).path


def _subjects(objects: Iterable[Scoped]) -> Iterator[Subject]:
    for one in objects:
        obj = one.located.object
        if obj.kind not in POD_KINDS:
            continue
        read = workload(obj, Errors(str(obj.identity), one.located.place_of))
        if read is not None:
            yield Subject(read, pod_selector(obj, read.labels), one.scope, read.id)


def pod_selector(obj: KubernetesObject, pods: Labels) -> Selector:
    """How a policy selects the pods of a workload.

    By the workload's own selector, which cannot change while it lives; for kinds without one by the pods' labels, less
    those that are generated or change with the version.
    """
    if obj.kind in _BY_SELECTOR:
        found = selector(obj.spec["selector"])
        return Selector(tuple(sorted(found.labels)), tuple(sorted(found.expressions)))
    chosen = labels(obj.spec["selector"]) if obj.kind in _BY_MAP else ()
    return Selector(tuple(sorted(chosen or (pair for pair in pods if pair[0] not in _GENERATED))))
