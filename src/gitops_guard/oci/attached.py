"""What is attached to an image: signatures and attestations, wherever tools put them.

Sources: OCI distribution specification 1.1 (referrers), cosign's tags `sha256-<hex>.sig` and `.att`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, Protocol

from gitops_guard.oci import cosign
from gitops_guard.oci.content import Descriptor, Manifest, RegistryError, RegistryTrouble
from gitops_guard.oci.json_object import objects_of, text_of, texts_of
from gitops_guard.syntax.image_reference import ImageReference

MOST = 50
MOST_BYTES = 32 * 1024 * 1024
NOT_ALL = f"not all that is attached was looked at: at most {MOST} things and {MOST_BYTES // 1024 // 1024} MiB are"

Purpose = Literal["sig", "att"]

_SIGNATURE_LIMIT = 1024 * 1024
_ATTESTATION_LIMIT = 16 * 1024 * 1024
_PREDICATE = "dev.sigstore.bundle.predicateType"
_ARTIFACTS = cosign.LAYERS | {"application/vnd.dev.cosign.artifact.sig.v1+json"}
_UNTOLD = re.compile(r"|application/vnd\.oci\.empty\.v1\+json|application/vnd\.(oci|docker)\..*(config|image).*json")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class Holder(Protocol):
    """Of a registry, what is needed here; `oci.registry.Registry` has it. Every call may raise RegistryError."""

    def head(self, reference: ImageReference) -> Descriptor:
        """What a tag names."""

    def manifest(self, reference: ImageReference, digest: str) -> Manifest:
        """A manifest by digest."""

    def referrers(self, reference: ImageReference, digest: str) -> tuple[Descriptor, ...]:
        """The manifests whose subject is a digest."""

    def blob(self, reference: ImageReference, descriptor: Descriptor, limit: int = ...) -> bytes:
        """Content by digest, at most `limit` bytes of it."""


class Malformed(NamedTuple):
    """Something that is attached and can't be read."""

    error: cosign.FormatError


class Unasked(NamedTuple):
    """Something that could not be looked at, and why."""

    trouble: RegistryTrouble
    reason: str


class Skipped(NamedTuple):
    """There is more than is looked at."""


Found = cosign.Claim | Malformed | Unasked | Skipped


def attached(
    registry: Holder, reference: ImageReference, digest: str, purpose: Purpose, wanted: "re.Pattern[str]"
) -> Iterator[Found]:
    """What is attached, one after the other; asked for only as far as it is taken.

    Args:
        registry: where the image is.
        reference: the image; its tag and digest do not matter.
        digest: of the image.
        purpose: signatures, or attestations.
        wanted: matches the predicate types that matter. A list of referrers may tell them: others are not fetched.
    """
    read = 0
    for number, found in enumerate(_everywhere(registry, reference, digest, purpose, wanted)):
        read += len(found.message) if isinstance(found, cosign.Claim) else 0
        if number == MOST or read > MOST_BYTES:
            yield Skipped()
            return
        yield found


def _everywhere(
    registry: Holder, reference: ImageReference, digest: str, purpose: Purpose, wanted: "re.Pattern[str]"
) -> Iterator[Found]:
    try:
        manifests = registry.referrers(reference, digest)
    except RegistryError as error:
        manifests = ()
        yield from _unasked(error)
    for descriptor in manifests:
        if _matters(descriptor, wanted):
            yield from _in_manifest(registry, reference, descriptor.digest, purpose)
    if digest.startswith("sha256:"):
        yield from _at_tag(registry, reference, f"{digest.replace(':', '-')}.{purpose}", purpose)


def _matters(descriptor: Descriptor, wanted: "re.Pattern[str]") -> bool:
    predicate = dict(descriptor.annotations).get(_PREDICATE)
    if predicate is not None and not wanted.fullmatch(predicate):
        return False
    return descriptor.artifact_type in _ARTIFACTS or bool(_UNTOLD.fullmatch(descriptor.artifact_type))


def _at_tag(registry: Holder, reference: ImageReference, tag: str, purpose: Purpose) -> Iterator[Found]:
    try:
        descriptor = registry.head(reference._replace(tag=tag, digest=None))
    except RegistryError as error:
        yield from _unasked(error)
        return
    yield from _in_manifest(registry, reference, descriptor.digest, purpose)


def _in_manifest(registry: Holder, reference: ImageReference, digest: str, purpose: Purpose) -> Iterator[Found]:
    try:
        manifest = registry.manifest(reference, digest)
    except RegistryError as error:
        yield Unasked(error.trouble, error.message)
        return
    for layer in objects_of(manifest.body, "layers"):
        descriptor = _descriptor(layer)
        if descriptor is not None:
            yield _claim(registry, reference, descriptor, purpose)


def _descriptor(layer: Mapping[str, object]) -> Descriptor | None:
    """A layer that holds a signature; None for any other, and for what is no descriptor."""
    kind, digest, size = text_of(layer, "mediaType"), text_of(layer, "digest"), layer.get("size")
    if kind not in cosign.LAYERS or not _DIGEST.fullmatch(digest):
        return None
    return Descriptor(kind, digest, size if isinstance(size, int) else 0, annotations=texts_of(layer, "annotations"))


def _claim(registry: Holder, reference: ImageReference, layer: Descriptor, purpose: Purpose) -> Found:
    limit = _SIGNATURE_LIMIT if purpose == "sig" else _ATTESTATION_LIMIT
    try:
        content = registry.blob(reference, layer, limit)
        return cosign.claim(layer.media_type, content, dict(layer.annotations))
    except RegistryError as error:
        return Unasked(error.trouble, error.message)
    except cosign.FormatError as error:
        return Malformed(error)


def _unasked(error: RegistryError) -> Iterator[Unasked]:
    """A place that is not there holds nothing; any other trouble leaves open what it holds."""
    if error.trouble != "not-found":
        yield Unasked(error.trouble, error.message)
