"""What to write so that a manifest or file of values names another image, or the same one by its digest.

Every function gives the intents of one document, or the reason why no exact change can be made: the reference is not
known, it stands in a place that others use too (an anchor, a registry for all images), or nothing holds it.
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey, Intent, SetValue
from gitops_guard.images.reference_text import name_text, rewritten, written_name
from gitops_guard.model.image_parts import EmbeddedValues, HelmParameters, HelmParts, KustomizeParts, KustomizeText
from gitops_guard.model.named_image import NamedImage, WholeText
from gitops_guard.syntax.field import Field, format_keypath
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference

Change = tuple[Intent, ...] | str
"""What to change, or why nothing exact can be; no intents where the place says it already."""


class _RefusedError(Exception):
    """There is no exact change; the message says why."""


def with_digest(named: NamedImage, digest: str) -> Change:
    """Names the same image by its digest (`sha256:...`) and keeps the tag."""
    if isinstance(named.reference, InvalidReference):
        return named.reference.reason
    return with_reference(named, named.reference._replace(digest=digest))


def with_tag(named: NamedImage, tag: str, digest: str | None = None) -> Change:
    """Names another tag of the same image, with its digest if that is given; the digest of the former tag goes."""
    if isinstance(named.reference, InvalidReference):
        return named.reference.reason
    return with_reference(named, named.reference._replace(tag=tag, digest=digest))


def with_reference(named: NamedImage, new: ImageReference) -> Change:
    """Names another image. A registry is kept in the key that it stands in, a name as it is written where it stays."""
    old = named.reference
    if isinstance(old, InvalidReference):
        return old.reason
    try:
        return tuple(_changes(named, old, new))
    except _RefusedError as error:
        return str(error)


def _changes(named: NamedImage, old: ImageReference, new: ImageReference) -> Iterator[Intent]:
    match named.parts:
        case WholeText(field):
            yield from _set(field, rewritten(named.text, old, new))
        case KustomizeText(field, prefix):
            yield from _set(field, prefix + rewritten(named.text, old, new))
        case EmbeddedValues():
            raise _RefusedError("the values are a text within the manifest, which is not edited")
        case KustomizeParts() as parts:
            yield from _kustomize(parts, old, new)
        case HelmParts() | HelmParameters() as parts:
            yield from _name(parts, old, new)
            yield from _tag(parts, old, new)


def _kustomize(parts: KustomizeParts, old: ImageReference, new: ImageReference) -> Iterator[Intent]:
    """Kustomize writes `newTag` and `digest` both, so the tag stays to be read."""
    if new.name != old.name:
        yield from _set(parts.new_name, name_text(parts.new_name.text or parts.name.text, old, new))
    if not (new.tag or new.digest):
        raise _RefusedError("the tag would come from the resources")
    for field, value in ((parts.new_tag, new.tag), (parts.digest, new.digest)):
        if value:
            yield from _set(field, value)
        elif field.exists:
            yield from _delete(field)


def _name(parts: HelmParts | HelmParameters, old: ImageReference, new: ImageReference) -> Iterator[Intent]:
    registry, repository = parts.registry, parts.repository
    if _has_tag(repository.text):
        raise _RefusedError(f"{format_keypath(repository.keypath)} holds the tag as well as the name")
    if new.name == old.name:
        return
    head = (registry.string or "").rstrip("/")
    if not head:
        yield from _set(repository, name_text(repository.text, old, new))
    elif new.name.startswith(f"{head}/"):
        yield from _set(repository, new.name.removeprefix(f"{head}/"))
    elif registry.parent is not repository.parent and _holder(registry) != _holder(repository):
        raise _RefusedError(f"{format_keypath(registry.keypath)} is the registry of other images too")
    else:
        first, _, rest = (new.name.rpartition if "/" in head else new.name.partition)("/")
        yield from _set(registry, first)
        yield from _set(repository, rest)


def _tag(parts: HelmParts | HelmParameters, old: ImageReference, new: ImageReference) -> Iterator[Intent]:
    """Writes the digest in its own key if there is one, else behind the tag."""
    tag, digest = parts.tag, parts.digest
    if digest.written is not None:
        yield from _set(digest, _digest_text(digest, new.digest or ""))
        if (new.tag or "") != (old.tag or "") or "@" in tag.text:
            yield from _set(tag, new.tag or "")
        return
    if not new.tag:
        raise _RefusedError("without a tag there is nothing that a digest can stand behind")
    yield from _set(tag, f"{new.tag}@{new.digest}" if new.digest else new.tag)


def _digest_text(field: Field, digest: str) -> str:
    """The digest in the form of the key: `sha`, and what stands without `sha256:`, take the digits alone."""
    key = str(field.parent["name"].text if field.key == "value" and field.parent else field.key)
    is_bare = key.rpartition(".")[2] == "sha" or (field.text and ":" not in field.text)
    return digest.removeprefix("sha256:") if is_bare else digest


def _has_tag(text: str) -> bool:
    """Whether a repository brings its own tag or digest."""
    return written_name(text) != text


def _set(field: Field, text: str) -> Iterator[Intent]:
    _require_own(field)
    if field.written is None and not _can_be_written(field):
        raise _RefusedError(f"no {field.key} is written for the image")
    if field.string != text:
        yield SetValue(field.keypath, text)


def _can_be_written(field: Field) -> bool:
    """Whether a missing field has a place: a key of a mapping that its reader is known to ask for."""
    is_known = field.key in {"tag", "digest", "newName", "newTag"}
    return is_known and field.parent is not None and field.parent.is_mapping


def _delete(field: Field) -> Iterator[Intent]:
    _require_own(field)
    yield DeleteKey(field.keypath)


def _require_own(field: Field) -> None:
    if field.is_shared:
        raise _RefusedError(f"{format_keypath(field.keypath)} is written elsewhere too (an anchor or a merge)")


def _holder(field: Field) -> tuple[str | int, ...]:
    """The keypath of the mapping that holds a field; of a parameter, that of the list."""
    return field.keypath[:-2] if field.key == "value" else field.keypath[:-1]
