"""Files that name images and are no Kubernetes objects: values of Helm charts, Kustomizations without a kind."""

from collections.abc import Callable

from gitops_guard.model import helm_values, kustomization
from gitops_guard.model.named_image import NamedImage
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse

ReadFile = Callable[[str], str | None]
"""Gives the text of a file of the repository; None where there is none."""


class Chart:
    """What a chart's `Chart.yaml` says that its values leave open."""

    __slots__ = ("app_version", "dependencies")

    def __init__(self, text: str | None) -> None:
        documents = parse(text).documents if text else ()
        root = Field(None, "", documents[0].root if documents else None)
        self.app_version = root["appVersion"].text
        self.dependencies = frozenset(
            name for item in root["dependencies"].items() for name in (item["alias"].text or item["name"].text,) if name
        )


def images_of(path: str, root: Field, read: ReadFile) -> tuple[NamedImage, ...]:
    """The images of one document of such a file; `read` gives the chart beside it."""
    if kustomization.is_kustomization_name(path.rpartition("/")[2]):
        return kustomization.images_of(root)
    chart = Chart(_chart_beside(path, read))
    return helm_values.images_of(root, chart.app_version, dependencies=chart.dependencies)


def _chart_beside(path: str, read: ReadFile) -> str | None:
    """The text of the `Chart.yaml` in the folder of the values, or one above (`ci/`, `values/`)."""
    folder = path.rpartition("/")[0]
    places = dict.fromkeys((folder, folder.rpartition("/")[0]))
    texts = (read(f"{place}/Chart.yaml".lstrip("/")) for place in places)
    return next((text for text in texts if text is not None), None)
