"""Reads manifests, indexes, descriptors and image configurations out of JSON that a registry sent."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from gitops_guard.oci.content import Descriptor, Manifest, RegistryError
from gitops_guard.oci.digest import is_digest
from gitops_guard.oci.json_object import json_object, object_of, objects_of, text_of, texts_of
from gitops_guard.oci.media_type import manifest_type

MOST_ENTRIES = 1000
"""Entries of an index that are read; the largest public ones have some dozens."""
CREATED = "org.opencontainers.image.created"

_PLATFORM_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UNKNOWN = "unknown/unknown"
_FIRST_IMAGES = 2013
"""The year of Docker's first release. Reproducible builds write the year 1, 1970 or 1980."""
_DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7"}


def read_manifest(body: bytes, headers: Mapping[str, str], digest: str, what: str) -> Manifest:
    """Reads a manifest or index whose bytes were checked already.

    Raises:
        RegistryError: it is none ("content").
    """
    value = json_object(body, what)
    media_type = manifest_type(headers, value, what)
    return Manifest(
        Descriptor(
            media_type,
            digest,
            len(body),
            artifact_type=text_of(value, "artifactType"),
            annotations=texts_of(value, "annotations"),
        ),
        value,
    )


def entries_of(manifest: Manifest, what: str) -> tuple[Descriptor, ...]:
    """The descriptors of an index, attestations among them.

    Raises:
        RegistryError: there are too many, or one is not a descriptor ("content").
    """
    given = objects_of(manifest.body, "manifests")
    if len(given) > MOST_ENTRIES:
        raise RegistryError("content", f"{what} is an index of more than {MOST_ENTRIES} entries")
    return tuple(read_descriptor(entry, what) for entry in given)


def read_descriptor(value: Mapping[str, object], what: str) -> Descriptor:
    """Reads a descriptor.

    Raises:
        RegistryError: it has no digest that is known here, or no media type ("content").
    """
    digest, media_type, size = text_of(value, "digest"), text_of(value, "mediaType"), value.get("size")
    if not is_digest(digest) or not media_type:
        raise RegistryError("content", f"{what} names content without a media type or a sha256 or sha512 digest")
    return Descriptor(
        media_type,
        digest,
        size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else 0,
        platform_of(object_of(value, "platform")),
        text_of(value, "artifactType"),
        texts_of(value, "annotations"),
    )


def platform_of(value: Mapping[str, object]) -> str:
    """`os/architecture[/variant]`; empty where it is not given or no such names.

    Both a descriptor's `platform` and an image configuration have these three keys.
    """
    parts = [text_of(value, "os"), text_of(value, "architecture"), text_of(value, "variant")]
    named = parts if parts[2] else parts[:2]
    return "/".join(named) if all(_PLATFORM_PART.fullmatch(part) for part in named) else ""


def is_attestation(entry: Descriptor) -> bool:
    """Whether an entry of an index is about an image and not itself one (BuildKit, attestation storage)."""
    return entry.platform == _UNKNOWN or "vnd.docker.reference.type" in dict(entry.annotations)


def platforms_of(entries: tuple[Descriptor, ...]) -> tuple[str, ...]:
    """The platforms that images of an index are for, each once, in its order."""
    return tuple(dict.fromkeys(entry.platform for entry in entries if entry.platform and not is_attestation(entry)))


def chosen(entries: tuple[Descriptor, ...], platform: str) -> Descriptor | None:
    """The entry for a platform, or else the first image: an index of other platforms has facts all the same."""
    images = [entry for entry in entries if not is_attestation(entry)]
    fitting = (entry for entry in images if _complete(entry.platform) == _complete(platform))
    return next(fitting, images[0] if images else None)


def _complete(platform: str) -> tuple[str, ...]:
    """With the variant that is meant where none is written (containerd, platform normalisation)."""
    parts = platform.split("/")
    if len(parts) == 2 and parts[1] in _DEFAULT_VARIANTS:  # noqa: PLR2004 - system and architecture
        parts.append(_DEFAULT_VARIANTS[parts[1]])
    return tuple(parts)


def created(config: Mapping[str, object], annotations: tuple[tuple[str, str], ...]) -> datetime | None:
    """When an image was made: by its configuration, or else its annotation, or else its label."""
    labels = dict(texts_of(object_of(config, "config"), "Labels"))
    given = (text_of(config, "created"), dict(annotations).get(CREATED, ""), labels.get(CREATED, ""))
    return next((moment for moment in map(moment_of, given) if moment is not None), None)


def moment_of(text: str) -> datetime | None:
    """A moment in RFC 3339; None for anything else and for moments before there were images."""
    if len(text) > 40:  # noqa: PLR2004 - nanoseconds and an offset take 35 characters
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _FIRST_IMAGES else None
