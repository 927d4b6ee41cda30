"""Files that name images and are no Kubernetes objects: values of Helm charts, Kustomizations without a kind."""

from collections.abc import Callable

from gitops_guard.model import helm_values, kustomization
from gitops_guard.model.chart import Chart, chart_of, default_tag
from gitops_guard.model.file_names import is_kustomization_name
from gitops_guard.model.named_image import NamedImage
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse

ReadFile = Callable[[str], str | None]
"""Gives the text of a file of the repository; None where there is none."""

_TEMPLATES = ("deployment.yaml", "_helpers.tpl", "statefulset.yaml", "daemonset.yaml", "cronjob.yaml", "pod.yaml")
"""Templates that usually say what a chart makes of its `appVersion`; those that are not there say nothing."""


def images_of(path: str, root: Field, read: ReadFile) -> tuple[NamedImage, ...]:
    """The images of one document of such a file; `read` gives the chart beside it."""
    if is_kustomization_name(path.rpartition("/")[2]):
        return kustomization.images_of(root)
    chart = _chart_beside(path, read)
    return helm_values.images_of(root, chart.app_version, dependencies=chart.dependencies)


def _chart_beside(path: str, read: ReadFile) -> Chart:
    """The chart in the folder of the values, or one above (`ci/`, `values/`)."""
    folder = path.rpartition("/")[0]
    for place in dict.fromkeys((folder, folder.rpartition("/")[0])):
        text = read(f"{place}/Chart.yaml".lstrip("/"))
        if text is not None:
            return _chart(text, place, read)
    return Chart()


def _chart(text: str, folder: str, read: ReadFile) -> Chart:
    chart, old = chart_of(_root(text)), read(f"{folder}/requirements.yaml".lstrip("/"))
    templates = (read(f"{folder}/templates/{name}".lstrip("/")) for name in _TEMPLATES)
    return Chart(
        default_tag(chart.app_version, (found for found in templates if found is not None)),
        chart.dependencies | (chart_of(_root(old)).dependencies if old else frozenset()),
    )


def _root(text: str) -> Field:
    documents = parse(text).documents
    return Field(None, "", documents[0].root if documents else None)
