"""Turns the images that a file names into what is listed of them after the file is forgotten."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gitops_guard.finding import Place, Resource
from gitops_guard.model.used_image import UsedImage
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference
from gitops_guard.text import Span

if TYPE_CHECKING:  # what only Dockerfiles need is not loaded for manifests
    from gitops_guard.model.named_image import NamedImage
    from gitops_guard.syntax.dockerfile import Dockerfile, ImageUse


def used_of_manifest(named: "NamedImage", place: Place, resource: Resource) -> UsedImage:
    """The use of an image by a manifest or a file of values; `resource` is empty for the latter."""
    if named.container and resource.kind:
        resource = resource._replace(container=named.container)
    return UsedImage(place, named.role, named.text, named.reference, resource, probed=_is_probed(named))


def _is_probed(named: "NamedImage") -> bool:
    container = named.at.parent
    if named.role != "container" or container is None:
        return False
    return any(container[probe].exists for probe in ("livenessProbe", "readinessProbe", "startupProbe"))


def used_of_dockerfile(dockerfile: "Dockerfile", place_of: Callable[[Span], Place]) -> tuple[UsedImage, ...]:
    """The images that a Dockerfile names; its own stages and `scratch` are none.

    Args:
        dockerfile: the parsed file.
        place_of: gives the place of a span of it.
    """
    return tuple(_uses(dockerfile, place_of))


def _uses(dockerfile: "Dockerfile", place_of: Callable[[Span], Place]) -> Iterator[UsedImage]:
    for use in dockerfile.image_uses():
        target = use.target
        if isinstance(target, ImageReference | InvalidReference):
            yield UsedImage(place_of(use.span), use.role, use.resolved, target, stage=_stage(dockerfile, use))


def _stage(dockerfile: "Dockerfile", use: "ImageUse") -> str:
    if use.stage < 0:
        return ""
    return dockerfile.stages[use.stage].name or str(use.stage)
