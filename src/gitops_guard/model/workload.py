"""Workloads and their containers: every kind that holds a pod template."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.model.api_types import undecodable
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.syntax.field import Field, KeyPath

_TEMPLATE: KeyPath = ("spec", "template")

POD_SECURITY_KINDS: dict[str, KeyPath] = {
    "Pod": (),
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "ReplicationController": _TEMPLATE,
    "Job": _TEMPLATE,
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where the kinds that Pod Security admission evaluates hold their pod template."""

WORKLOAD_KINDS: dict[str, KeyPath] = POD_SECURITY_KINDS | {
    "PodTemplate": ("template",),
    "DeploymentConfig": _TEMPLATE,
    "Rollout": _TEMPLATE,
    "ScaledJob": ("spec", "jobTargetRef", "template"),
}
"""All kinds whose pods are looked at: those above, and the controllers of Argo Rollouts, KEDA and OpenShift."""

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


class Workload(NamedTuple):
    """An object that runs pods.

    `template` holds the pods' `metadata` and `spec`. `is_judged`: Pod Security admission evaluates the object itself,
    not only its pods, and can decode it.
    """

    object: KubernetesObject
    template: Field
    is_judged: bool

    @property
    def pod_spec(self) -> Field:
        """The pod's `spec`."""
        return self.template["spec"]

    @property
    def pod_metadata(self) -> Field:
        """The pod's `metadata`."""
        return self.template["metadata"]

    @property
    def security_context(self) -> Field:
        """The pod-level security context."""
        return self.template["spec"]["securityContext"]

    @property
    def is_windows(self) -> bool:
        """Whether `spec.os.name` says that the pod runs on Windows."""
        return self.pod_spec["os"]["name"].string == "windows"

    def volumes(self) -> Iterator[Field]:
        """The pod's volumes."""
        return self.pod_spec["volumes"].items()


class Container(NamedTuple):
    """A container of a workload; `role` is the list that holds it, one of `CONTAINER_LISTS`."""

    workload: Workload
    field: Field
    role: str

    @property
    def name(self) -> str:
        """The container's name; where it has none, the place in its list."""
        return self.field["name"].text or f"{self.role}[{self.field.key}]"

    @property
    def image(self) -> Field:
        """The image reference."""
        return self.field["image"]

    @property
    def security_context(self) -> Field:
        """The container's own security context."""
        return self.field["securityContext"]

    @property
    def env(self) -> Field:
        """The list of environment variables."""
        return self.field["env"]

    def effective(self, name: str) -> Field:
        """A field of the security context that the container inherits from its pod where it does not set it."""
        own = self.security_context[name]
        return own if own.exists else self.workload.security_context[name]


def workload(obj: KubernetesObject) -> Workload | None:
    """The object as a workload, if it holds a pod template with a spec, or with annotations that speak for one."""
    path = WORKLOAD_KINDS.get(obj.kind)
    if path is None:
        return None
    template = obj.field.at(*path)
    spec = template["spec"]
    if not spec.is_mapping and (spec.exists or not template["metadata"]["annotations"].is_mapping):
        return None
    return Workload(obj, template, obj.kind in POD_SECURITY_KINDS and undecodable(obj.kind, obj.field) is None)


def containers(workload: Workload) -> tuple[Container, ...]:
    """All containers: init containers first, as they start first. A null in a list is an empty container, as in Go."""
    spec = workload.pod_spec
    return tuple(
        Container(workload, item, role)
        for role in CONTAINER_LISTS
        for item in spec[role].items()
        if item.is_mapping or not item.exists
    )
