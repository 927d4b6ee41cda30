"""The images that a Kustomization sets.

Measured with Kustomize 5.5 (`kubectl kustomize`):

- `newTag` and `digest` together give `name:tag@digest`; one of them replaces both of the resources';
- without either, tag and digest of the resources stay, also where `newName` has a tag of its own;
- an empty text is as good as none; a number or a boolean as `newTag` is an error for the whole build;
- `tagSuffix` is put behind the tag of the resources, and means nothing beside `newTag` or `digest`;
- `name` is compared as it is written: `nginx` does not match `docker.io/library/nginx`.
"""

from collections.abc import Iterator

from gitops_guard.model.image_parts import KustomizeParts
from gitops_guard.model.named_image import NamedImage, NamedRole
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference, parse

KUSTOMIZE_GROUP = "kustomize.config.k8s.io"

TAG_ELSEWHERE = InvalidReference("the tag comes from the resources", unresolved=True)
"""The entry changes the name alone, or nothing."""


def images_of(root: Field) -> tuple[NamedImage, ...]:
    """The images of a `kustomization.yaml`, of a Kustomization or a Component, with or without its `kind`.

    Nothing for an object of another API group, such as a Kustomization of Flux.
    """
    api_version = root["apiVersion"]
    if api_version.exists and api_version.text.partition("/")[0] != KUSTOMIZE_GROUP:
        return ()
    return tuple(entries(root["images"], "kustomize"))


def entries(images: Field, role: NamedRole) -> Iterator[NamedImage]:
    """The images of a list of entries `name`, `newName`, `newTag` and `digest`."""
    for item in images.items():
        parts = KustomizeParts(item["name"], item["newName"], item["newTag"], item["digest"])
        if parts.name.text:
            yield _image(parts, role)


def _image(parts: KustomizeParts, role: NamedRole) -> NamedImage:
    name = parts.new_name.text or parts.name.text
    tag, digest = _text(parts.new_tag), _text(parts.digest)
    text = name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    set_here = (field for field in (parts.digest, parts.new_tag, parts.new_name) if _text(field))
    return NamedImage(role, text, _reference(text, parts), next(set_here, parts.name), parts, parts.name.text)


def _reference(text: str, parts: KustomizeParts) -> ImageReference | InvalidReference:
    for field in parts:
        if field.exists and field.string is None:
            return InvalidReference(
                f"Kustomize takes text as {field.key}, not {field.text or 'this'}: put it in quotes"
            )
    found = parse(text)
    is_complete = _text(parts.digest) or _text(parts.new_tag)
    return found if is_complete or not isinstance(found, ImageReference) else TAG_ELSEWHERE


def _text(field: Field) -> str:
    return field.text if field.exists else ""
