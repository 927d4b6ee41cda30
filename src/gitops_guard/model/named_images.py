"""Every place of a Kubernetes object that names an image.

Kinds are looked up, never searched: an object of a kind that is not known here names none. What a file of values names
is read in `helm_values`.
"""

from collections.abc import Iterator

from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity
from gitops_guard.model.named_image import NamedImage, NamedRole, WholeText
from gitops_guard.model.workload import WORKLOAD_KINDS, containers, workload
from gitops_guard.syntax.field import Field, format_keypath
from gitops_guard.syntax.image_reference import parse

_ROLES: dict[str, NamedRole] = {
    "containers": "container",
    "initContainers": "init-container",
    "ephemeralContainers": "ephemeral-container",
}
_EMBEDDING_LIMIT = 4
_WITHOUT_GROUP = frozenset(("BuildConfig", "ImageStream", "Template"))
"""Kinds of OpenShift that were in the core group once."""


def named_images(obj: KubernetesObject) -> tuple[NamedImage, ...]:
    """The images that an object names; nothing for kinds that name none."""
    if obj.api_group == "kustomize.config.k8s.io":
        from gitops_guard.model.kustomization import images_of  # noqa: PLC0415 - few repositories use Kustomize

        return images_of(obj.field)
    if _may_be_custom(obj):
        return tuple(_images(obj, 0))
    return tuple(_of_workload(obj)) if obj.kind in WORKLOAD_KINDS else ()


def _may_be_custom(obj: KubernetesObject) -> bool:
    """Whether the table of custom resources has to be asked: built-in groups have no dot, or end in `.k8s.io`."""
    group = obj.api_group
    if "." not in group:
        return obj.kind in _WITHOUT_GROUP
    return not group.endswith(".k8s.io") or group == "sparkoperator.k8s.io"


def _images(obj: KubernetesObject, depth: int) -> Iterator[NamedImage]:
    from gitops_guard.model.image_fields import COMPOSING, embedded_path, image_paths  # noqa: PLC0415 - a large table

    group = obj.api_group
    if (group, obj.kind) in COMPOSING:
        from gitops_guard.model import composed_images  # noqa: PLC0415 - few manifests hold such objects

        yield from composed_images.images_of(obj)
    paths = image_paths(group, obj.kind)
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
        from gitops_guard.model.composed_images import images_of_mapping  # noqa: PLC0415 - as above

        yield from images_of_mapping(field, label)
        return
    is_other = field.key == "name" and field.parent is not None and field.parent["kind"].text != "DockerImage"
    if field.text and not is_other:
        yield _whole(field, "custom-resource", label)


def _label(obj: KubernetesObject, field: Field) -> str:
    """The container's name, or the keypath without `spec` and the last key."""
    name = field.parent["name"].text if field.parent is not None and field.key == "image" else ""
    return name or format_keypath(field.keypath[len(obj.field.keypath) + 1 : -1])


def _object(field: Field, document: int) -> KubernetesObject:
    identity = ObjectIdentity(field["apiVersion"].text, field["kind"].text, "", field["metadata"]["name"].text)
    return KubernetesObject(identity, field, document)
