"""An image that a file names, as it is listed after the file is forgotten."""

from typing import Literal, NamedTuple

from gitops_guard.finding import Place, Resource
from gitops_guard.model.named_image import NamedRole
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference

DockerfileRole = Literal["base", "copy-from", "mount-from", "syntax", "onbuild"]
UsedRole = DockerfileRole | NamedRole


class UsedImage(NamedTuple):
    """One place that names an image.

    `text` is the reference as it is written or comes out of the parts, variables resolved where they are known.
    `resource` is empty for a Dockerfile or a file of values; `stage` is the name or number of a Dockerfile's
    stage. `probed`: the container that runs it has a probe.
    """

    place: Place
    role: UsedRole
    text: str
    reference: ImageReference | InvalidReference
    resource: Resource = Resource()
    stage: str = ""
    probed: bool = False
