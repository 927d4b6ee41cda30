"""Leaves out workloads that are only patches of others: Kustomize merges them, alone they run nothing.

A patch has no labels of its own: taken for pods, it would be denied what its workload is allowed.
"""

from collections.abc import Iterable, Iterator

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.network.cluster import Located
from gitops_guard.network.workload_reading import POD_KINDS

_SELECTING = frozenset(("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"))
"""Kinds of the group `apps`, which the API server refuses without a selector."""


def complete(objects: Iterable[Located]) -> Iterator[Located]:
    """The objects without the patches of workloads that are there as a whole; what looks like a patch comes last.

    A patch that names no namespace belongs to any workload of its kind and name. What looks like a patch and has no
    whole is kept: whether it is one cannot be known.
    """
    partial: list[Located] = []
    wholes: set[tuple[str, str, str]] = set()
    for one in objects:
        if _is_partial(one.object):
            partial.append(one)
            continue
        if one.object.kind in POD_KINDS:
            wholes.add(_key(one.object))
        yield one
    anywhere = {(kind, name) for kind, _, name in wholes}
    yield from (one for one in partial if _key(one.object) not in wholes and not _is_of_any(one.object, anywhere))


def _key(obj: KubernetesObject) -> tuple[str, str, str]:
    return obj.kind, obj.identity.namespace, obj.identity.name


def _is_of_any(obj: KubernetesObject, anywhere: set[tuple[str, str]]) -> bool:
    return not obj.identity.namespace and (obj.kind, obj.identity.name) in anywhere


def _is_partial(obj: KubernetesObject) -> bool:
    if obj.kind not in POD_KINDS:
        return False
    if obj.kind in _SELECTING and obj.api_group == "apps":
        return not obj.spec["selector"].exists
    specs = (obj.spec, obj.spec["template"]["spec"], obj.spec.at("jobTemplate", "spec", "template", "spec"))
    return not any(container["image"].exists for spec in specs for container in spec["containers"].items())
