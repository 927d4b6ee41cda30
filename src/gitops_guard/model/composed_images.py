"""Images of objects that hold them in parts: values of a chart, entries for Kustomize, a name apart from its tag.

Only loaded for objects that do.
"""

from collections.abc import Callable, Iterator

from gitops_guard.model import argo_cd, helm_values, kustomization
from gitops_guard.model.image_parts import HelmParts
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.named_image import NamedImage
from gitops_guard.syntax.field import Field


def images_of(obj: KubernetesObject) -> Iterator[NamedImage]:
    """The images of an object of one of `image_fields.COMPOSING`."""
    return _READERS[obj.api_group, obj.kind](obj)


def images_of_mapping(field: Field, label: str) -> Iterator[NamedImage]:
    """The images of a custom resource's mapping of `repository` and `tag`."""
    for named in helm_values.images_of(field, role="custom-resource"):
        yield named._replace(container=label)


def _base_images(obj: KubernetesObject) -> Iterator[NamedImage]:
    """The former fields of the Prometheus Operator: `sha` before `tag` before `version`; `image` before all."""
    for label, holder in (("", obj.spec), ("thanos", obj.spec["thanos"])):
        if holder["baseImage"].string and not helm_values.word(holder["image"]):
            tag = holder["tag"] if helm_values.word(holder["tag"]) else holder["version"]
            parts = HelmParts(Field(holder, "registry", None), holder["baseImage"], tag, holder["sha"])
            text, reference = helm_values.joined(parts)
            yield NamedImage("custom-resource", text, reference, parts.repository, parts, label)


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


_READERS: dict[tuple[str, str], Callable[[KubernetesObject], Iterator[NamedImage]]] = {
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
