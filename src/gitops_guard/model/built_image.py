"""The image that a Dockerfile says it becomes, by the label that the OCI image specification has for it."""

from collections.abc import Iterator

from gitops_guard.settings import Build
from gitops_guard.syntax.dockerfile import Dockerfile
from gitops_guard.syntax.image_reference import ImageReference, parse

LABEL = "org.opencontainers.image.ref.name"
"""OCI image specification, "Pre-Defined Annotation Keys": the name of the reference."""


def builds_of(dockerfile: Dockerfile, path: str) -> tuple[Build, ...]:
    """The image that the final stage names in its label; nothing where there is none, or only the build knows it."""
    return tuple(Build(path, reference.name) for reference in _labelled(dockerfile))


def _labelled(dockerfile: Dockerfile) -> Iterator[ImageReference]:
    for instruction in dockerfile.effective_instructions():
        for name, value in instruction.pairs() if instruction.keyword == "LABEL" else ():
            if name.text.strip("\"'") == LABEL and value is not None:
                expansion = dockerfile.expand(value.text, before=instruction)
                reference = parse(expansion.text.strip("\"'"))
                if not expansion.unresolved and isinstance(reference, ImageReference):
                    yield reference
