"""Reads what runs pods: its labels, its ports, and whether it may run several."""

from gitops_guard.model.api_types import undecodable
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.selector import labels
from gitops_guard.model.workload import POD_SECURITY_KINDS, WORKLOAD_KINDS
from gitops_guard.model.workload import workload as pods_of
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, ContainerPort, Workload
from gitops_guard.network.strict_reading import Errors
from gitops_guard.syntax.field import Field, format_keypath

VIRTUAL_MACHINE = "VirtualMachine"
POD_KINDS = frozenset((*WORKLOAD_KINDS, VIRTUAL_MACHINE)) - {"PodTemplate"}
"""The kinds whose pods are peers; a PodTemplate runs none."""

_ALWAYS_SEVERAL = frozenset(("DaemonSet", "ScaledJob"))


def workload(obj: KubernetesObject, errors: Errors) -> Workload | None:
    """The object as a workload; None where it holds no pod template."""
    template = _template(obj, errors)
    if template is None:
        return None
    kind, name = _owner(obj)
    spec = template["spec"]
    return Workload(
        obj.identity.namespace or DEFAULT_NAMESPACE,
        kind,
        name,
        tuple(sorted(labels(template["metadata"]["labels"]))),
        tuple(_ports(spec)),
        spec["hostNetwork"].is_true,
        _several(obj),
        errors.place(obj.field),
    )


def _template(obj: KubernetesObject, errors: Errors) -> Field | None:
    if obj.kind == VIRTUAL_MACHINE:
        return obj.spec["template"] if obj.api_group == "kubevirt.io" else None
    pods = pods_of(obj)
    if pods is None:
        return None
    if not pods.is_judged and obj.kind in POD_SECURITY_KINDS:
        broken = undecodable(obj.kind, obj.field)
        where = "" if broken is None else f" at {format_keypath(broken.keypath)}"
        errors.add(broken or obj.field, f"has a value of the wrong type{where}: it cannot exist, so it is no peer here")
        return None
    return pods.template


def _owner(obj: KubernetesObject) -> tuple[str, str]:
    """The kind and name under which the pods are known: those of its controller for a Pod that has one."""
    if obj.kind == "Pod":
        for owner in obj.metadata["ownerReferences"].items():
            if owner["controller"].is_true and owner["kind"].text != "Node" and owner["name"].text:
                return owner["kind"].text, owner["name"].text
    return obj.kind, obj.identity.name


def _ports(spec: Field) -> list[ContainerPort]:
    """The declared ports of containers, and of init containers that stay (sidecars)."""
    running = [*spec["containers"].items()]
    running += (item for item in spec["initContainers"].items() if item["restartPolicy"].text == "Always")
    return [
        ContainerPort(port["name"].text, number, port["protocol"].text or "TCP")
        for container in running
        for port in container["ports"].items()
        if (number := port["containerPort"].integer) is not None
    ]


def _several(obj: KubernetesObject) -> bool:
    if obj.kind in _ALWAYS_SEVERAL:
        return True
    match obj.kind:
        case "Job":
            count = obj.spec["parallelism"]
        case "CronJob":
            count = obj.spec.at("jobTemplate", "spec", "parallelism")
        case _:
            count = obj.spec["replicas"]
    return (count.integer or 1) > 1
