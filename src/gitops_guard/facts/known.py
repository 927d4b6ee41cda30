"""What is known of the images of a run. Light: most runs know nothing of any."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gitops_guard.syntax.image_reference import ImageReference

if TYPE_CHECKING:
    from gitops_guard.facts.image import ImageFacts


class KnownImages:
    """The facts of a run by reference; a pinned reference shares those of its tag where the tag names that digest.

    `asked` tells whether anybody looked at all: only then a missing fact is worth a word.
    """

    __slots__ = ("_facts", "asked")

    def __init__(self, facts: "Mapping[str, ImageFacts] | None" = None, *, asked: bool | None = None) -> None:
        self._facts = dict(facts or {})
        self.asked = bool(self._facts) if asked is None else asked

    def of(self, reference: ImageReference) -> "ImageFacts | None":
        """What is known of a reference; None if nobody asked about it."""
        found = self._facts.get(key_of(reference))
        if found is not None or reference.digest is None or reference.tag is None:
            return found
        tagged = self._facts.get(key_of(reference._replace(digest=None)))
        if tagged is None or tagged.tag_digest != reference.digest:
            return None
        return tagged._replace(reference=reference.normalized, pinned_is_index=tagged.is_index, pinned_in_tag=False)

    def all(self) -> "tuple[ImageFacts, ...]":
        """The facts, in order of their references."""
        return tuple(self._facts[name] for name in sorted(self._facts))


def key_of(reference: ImageReference) -> str:
    """Under which name facts are kept: the normal form, `latest` for a reference with neither tag nor digest."""
    named = reference.tag is not None or reference.digest is not None
    return reference.normalized if named else f"{reference.name}:latest"


NOTHING_KNOWN = KnownImages()
