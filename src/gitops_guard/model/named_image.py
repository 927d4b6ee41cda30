"""A place of a manifest or values file that names an image."""

from typing import TYPE_CHECKING, Literal, NamedTuple

from gitops_guard.syntax.field import Field
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference

NamedRole = Literal[
    "container", "init-container", "ephemeral-container", "image-volume", "custom-resource", "kustomize", "helm-values",
    "helm-release", "argo-cd",
]  # fmt: skip


class WholeText(NamedTuple):
    """The reference stands in one text: `image: nginx:1.27`."""

    field: Field


if TYPE_CHECKING:
    from gitops_guard.model.image_parts import EmbeddedValues, HelmParameters, HelmParts, KustomizeParts, KustomizeText

    Parts = WholeText | HelmParts | HelmParameters | KustomizeParts | KustomizeText | EmbeddedValues
    """How a place names its image, and so how it is edited."""


class NamedImage(NamedTuple):
    """An image that is named, and where.

    `text` is the reference as it comes out of the parts, `reference` that text parsed. `at` is the field that a finding
    points to; `parts` where an edit belongs. `container` is the container's name, or what else tells several images of
    an object apart.
    """

    role: NamedRole
    text: str
    reference: ImageReference | InvalidReference
    at: Field
    parts: "Parts"
    container: str = ""
