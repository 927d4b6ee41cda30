"""Images that Dockerfiles of the repository become, followed to what runs them."""

from collections.abc import Iterable, Mapping

from gitops_guard.engine import Detection
from gitops_guard.model.used_image import UsedImage
from gitops_guard.settings import Build
from gitops_guard.syntax.image_reference import ImageReference, parse


def makers(builds: Iterable[Build]) -> dict[str, str]:
    """The Dockerfile that makes an image, by the image's name; the last one that says so."""
    found = {}
    for build in builds:
        reference = parse(build.image)
        if isinstance(reference, ImageReference):
            found[reference.name] = build.dockerfile
    return found


def maker_of(used: UsedImage, made: Mapping[str, str]) -> str:
    """The Dockerfile behind a use of an image; empty where no Dockerfile of the repository makes it."""
    return made.get(used.reference.name, "") if isinstance(used.reference, ImageReference) else ""


def settled(detections: Iterable[Detection], images: Iterable[UsedImage], builds: Iterable[Build]) -> list[Detection]:
    """The detections without those that a probe of a workload which runs the built image answers."""
    found = list(detections)
    if not any(one.unless_probed for one in found):
        return found
    made = makers(builds)
    probed = {maker_of(one, made) for one in images if one.probed} if made else set()
    return [one for one in found if not (one.unless_probed and one.finding.place.path in probed)]
