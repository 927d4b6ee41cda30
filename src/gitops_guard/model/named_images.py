"""Every place of a Kubernetes object that names an image.

Kinds are looked up, never searched: an object of a kind that is not known here names none. What a `kustomization.yaml`
and a file of values name is read in `kustomization` and `helm_values`.
"""

from collections.abc import Callable, Iterator

from gitops_guard.model import argo_cd, helm_values, kustomization
from gitops_guard.model.image_fields import CUSTOM_KINDS, EMBEDDING_KINDS, embedded_path, image_paths
from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity
from gitops_guard.model.named_image import HelmParts, NamedImage, NamedRole, WholeText
from gitops_guard.model.workload import WORKLOAD_KINDS, containers, workload
from gitops_guard.syntax.field import Field, format_keypath
from gitops_guard.syntax.image_reference import parse

_ROLES: dict[str, NamedRole] = {
    "containers": "container",
    "initContainers": "init-container",
    "ephemeralContainers": "ephemeral-container",
}
_EMBEDDING_LIMIT = 4


def named_images(obj: KubernetesObject) -> tuple[NamedImage, ...]:
    """The images that an object names; nothing for kinds that name none, and for what Kustomize and Helm read."""
    return tuple(_images(obj, 0)) if obj.kind in IMAGE_KINDS else ()


def _images(obj: KubernetesObject, depth: int) -> Iterator[NamedImage]:
    group = obj.api_group
    special = _SPECIAL.get((group, obj.kind))
    paths = image_paths(group, obj.kind)
    if special is not None:
        yield from special(obj)
    for path in paths:
        for field in _found(obj.field, path):
            yield from _custom(obj, field)
    if not paths and obj.kind in WORKLOAD_KINDS:
        yield from _of_workload(obj)
    embedded = embedded_path(group, obj.kind)
    if embedded and depth < _EMBEDDING_LIMIT:
        for field in _found(obj.field, embedded):
            yield from _images(_object(field, obj.document), depth + 1)


def _of_workload(obj: KubernetesObject) -> Iterator[NamedImage]:
    pods = workload(obj)
    if pods is None:
        return
    for container in containers(pods):
        if container.image.exists:
            yield _whole(container.image, _ROLES[container.role], container.name)
    for volume in pods.volumes():
        reference = volume["image"]["reference"]
        if reference.exists:
            yield _whole(reference, "image-volume", volume["name"].text)


def _whole(field: Field, role: NamedRole, container: str) -> NamedImage:
    return NamedImage(role, field.text, parse(field.text), field, WholeText(field), container)


def _found(field: Field, path: tuple[str, ...]) -> Iterator[Field]:
    """The fields at a path, `*` being every item of a list or every value of a mapping."""
    for number, key in enumerate(path):
        if key == "*":
            for inner in (*field.items(), *field.entries()):
                yield from _found(inner, path[number + 1 :])
            return
        field = field[key]
    if field.exists:
        yield field


def _custom(obj: KubernetesObject, field: Field) -> Iterator[NamedImage]:
    label = _label(obj, field)
    if field.is_mapping:
        for named in helm_values.images_of(field, role="custom-resource"):
            yield named._replace(container=label)
        return
    holder = None if field.parent is None else field.parent
    is_other = field.key == "name" and holder is not None and holder["kind"].text != "DockerImage"
    if field.text and not is_other:
        yield _whole(field, "custom-resource", label)


def _label(obj: KubernetesObject, field: Field) -> str:
    """The container's name, or the keypath without `spec` and the last key."""
    name = field.parent["name"].text if field.parent is not None and field.key == "image" else ""
    return name or format_keypath(field.keypath[len(obj.field.keypath) + 1 : -1])


def _object(field: Field, document: int) -> KubernetesObject:
    identity = ObjectIdentity(field["apiVersion"].text, field["kind"].text, "", field["metadata"]["name"].text)
    return KubernetesObject(identity, field, document)


def _base_images(obj: KubernetesObject) -> Iterator[NamedImage]:
    """The former fields of the Prometheus Operator: `sha` before `tag` before `version`; `image` before all."""
    for holder in (obj.spec, obj.spec["thanos"]):
        if holder["baseImage"].string and not holder["image"].text:
            tag = holder["tag"] if holder["tag"].text else holder["version"]
            parts = HelmParts(holder["registry"], holder["baseImage"], tag, holder["sha"])
            text, reference = helm_values.joined(parts)
            yield NamedImage("custom-resource", text, reference, parts.repository, parts, _label(obj, parts.repository))


def _helm_release(obj: KubernetesObject) -> Iterator[NamedImage]:
    yield from helm_values.images_of(obj.spec["values"], role="helm-release")
    for renderer in obj.spec["postRenderers"].items():
        yield from kustomization.entries(renderer["kustomize"]["images"], "helm-release")


def _crossplane_release(obj: KubernetesObject) -> Iterator[NamedImage]:
    return iter(helm_values.images_of(obj.spec["forProvider"]["values"], role="helm-release"))


def _helm_chart(obj: KubernetesObject) -> Iterator[NamedImage]:
    return argo_cd.embedded(obj.spec["valuesContent"], "helm-release")


def _flux_kustomization(obj: KubernetesObject) -> Iterator[NamedImage]:
    return kustomization.entries(obj.spec["images"], "kustomize")


_SPECIAL: dict[tuple[str, str], Callable[[KubernetesObject], Iterator[NamedImage]]] = {
    ("argoproj.io", "Application"): argo_cd.images_of,
    ("argoproj.io", "ApplicationSet"): argo_cd.images_of,
    ("helm.toolkit.fluxcd.io", "HelmRelease"): _helm_release,
    ("helm.fluxcd.io", "HelmRelease"): _helm_release,
    ("helm.crossplane.io", "Release"): _crossplane_release,
    ("helm.cattle.io", "HelmChart"): _helm_chart,
    ("helm.cattle.io", "HelmChartConfig"): _helm_chart,
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): _flux_kustomization,
    ("monitoring.coreos.com", "Prometheus"): _base_images,
    ("monitoring.coreos.com", "Alertmanager"): _base_images,
}

IMAGE_KINDS: frozenset[str] = frozenset((*WORKLOAD_KINDS, *(kind for _, kind in _SPECIAL))).union(
    CUSTOM_KINDS, EMBEDDING_KINDS
)
"""The kinds whose objects are worth asking."""
