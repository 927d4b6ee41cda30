"""The images that an Application or ApplicationSet of Argo CD sets."""

from collections.abc import Iterator

from gitops_guard.model import helm_values
from gitops_guard.model.image_parts import EmbeddedValues, HelmParameters, KustomizeText
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.kustomization import TAG_ELSEWHERE
from gitops_guard.model.named_image import NamedImage, NamedRole, WholeText
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.image_reference import ImageReference, parse
from gitops_guard.syntax.yaml import parse as parse_yaml

_PARTS = ("registry", "repository", "tag", "digest")


def images_of(obj: KubernetesObject) -> Iterator[NamedImage]:
    """The images in the sources of an Application, or of an ApplicationSet's template."""
    spec = obj.spec if obj.kind == "Application" else obj.spec["template"]["spec"]
    for source in (spec["source"], *spec["sources"].items()):
        helm = source["helm"]
        yield from helm_values.images_of(helm["valuesObject"], role="argo-cd")
        yield from embedded(helm["values"], "argo-cd")
        yield from _parameters(helm["parameters"])
        for item in source["kustomize"]["images"].items():
            if item.string:
                yield _kustomize(item, item.string)


def embedded(field: Field, role: NamedRole) -> Iterator[NamedImage]:
    """The images of values that are written as YAML within a text; the text is their place."""
    text = field.string
    if not text:
        return
    for document in parse_yaml(text).documents[:1]:
        for named in helm_values.images_of(Field(None, "", document.root), role=role):
            yield named._replace(at=field, parts=EmbeddedValues(field))


def _kustomize(field: Field, text: str) -> NamedImage:
    """`name=new-name:tag`, or `name:tag` for the same name."""
    name, equals, new = text.rpartition("=")
    found = parse(new)
    if isinstance(found, ImageReference) and not (found.tag or found.digest):
        found = TAG_ELSEWHERE
    return NamedImage("argo-cd", new, found, field, KustomizeText(field, name + equals), name)


def _parameters(parameters: Field) -> Iterator[NamedImage]:
    """Pairs such as `image.repository` and `image.tag`; Helm's `--set` prints what they say as it is written."""
    values: dict[str, Field] = {}
    for item in parameters.items():
        if item["name"].string and item["value"].exists:
            values[item["name"].text] = item["value"]
    groups = {name.rpartition(".")[0]: None for name in values if name.rpartition(".")[2] in _PARTS}
    for group in groups:
        fields = (values.get(f"{group}.{part}".lstrip("."), Field(parameters, part, None)) for part in _PARTS)
        parts = HelmParameters(*fields)
        if parts.repository.text or helm_values.says_image(group.rpartition(".")[2]):
            yield from _image(group, parts)
    for name, value in values.items():
        if helm_values.says_image(name.rpartition(".")[2]) and value.text:
            yield NamedImage("argo-cd", value.text, parse(value.text), value, WholeText(value), name)


def _image(group: str, parts: HelmParameters) -> Iterator[NamedImage]:
    text, reference = helm_values.joined(parts)
    at = next((field for field in (parts.digest, parts.tag, parts.repository) if field.text), None)
    if at is not None:
        found = reference if parts.repository.text else helm_values.NO_REPOSITORY
        yield NamedImage("argo-cd", text, found, at, parts, group)
