"""What to write so that a place names another image, or the same one by its digest."""

from gitops_guard.editing.intent import Intent, SetValue
from gitops_guard.model.named_image import NamedImage, WholeText
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference

Intents = tuple[Intent, ...] | str
"""What to change, or why nothing exact can be."""


def with_digest(named: NamedImage, digest: str) -> Intents:
    """Names the same image, tag kept, by its digest (`sha256:...`)."""
    if isinstance(named.reference, InvalidReference):
        return named.reference.reason
    if isinstance(named.parts, WholeText) and not named.parts.field.is_shared:
        return (SetValue(named.parts.field.keypath, f"{named.text.partition('@')[0]}@{digest}"),)
    return "not supported yet"


def with_tag(named: NamedImage, tag: str, digest: str | None = None) -> Intents:
    """Names another tag of the same image, and its digest if that is given; the digest of the old tag goes."""
    if isinstance(named.reference, InvalidReference):
        return named.reference.reason
    return with_reference(named, named.reference._replace(tag=tag, digest=digest))


def with_reference(named: NamedImage, new: ImageReference) -> Intents:
    """Names another image."""
    if isinstance(named.reference, InvalidReference):
        return named.reference.reason
    if isinstance(named.parts, WholeText) and not named.parts.field.is_shared:
        return (SetValue(named.parts.field.keypath, new.familiar),)
    return "not supported yet"
