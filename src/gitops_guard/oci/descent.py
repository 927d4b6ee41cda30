"""The way from what a reference names, through indexes, to the manifest for one platform."""

from typing import NamedTuple

from gitops_guard.oci.content import Descriptor, Manifest, RegistryError
from gitops_guard.oci.manifest_reader import chosen, entries_of, platforms_of
from gitops_guard.oci.manifests import Manifests
from gitops_guard.syntax.image_reference import ImageReference

DEEPEST = 3
"""Indexes within indexes that are followed; the specification allows any number."""


class Descent(NamedTuple):
    """A manifest, and what was said on the way to it.

    `platform` is what the index says of it, `platforms` are those of all indexes on the way; both are empty without an
    index. `annotations` are those of the indexes, of their entries and of the manifest, the nearest ones first in rank.
    """

    manifest: Manifest
    platform: str = ""
    platforms: tuple[str, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()


def descend(manifests: Manifests, reference: ImageReference, named: Manifest, platform: str) -> Descent:
    """Follows indexes to the manifest for a platform, or else to the first one.

    Args:
        manifests: fetches them.
        reference: whose repository is meant.
        named: where to start.
        platform: `os/architecture[/variant]`.

    Raises:
        RegistryError: a manifest is not known, an index names no image, or indexes are nested too deeply ("content").
    """
    here = Descent(named, annotations=named.descriptor.annotations)
    for _ in range(DEEPEST):
        if not here.manifest.descriptor.is_index:
            return here
        here = _step(manifests, reference, here, platform)
    if here.manifest.descriptor.is_index:
        raise RegistryError("content", f"{reference} is an index of indexes, more than {DEEPEST} deep")
    return here


def _step(manifests: Manifests, reference: ImageReference, here: Descent, platform: str) -> Descent:
    what = f"{reference.name}@{here.manifest.descriptor.digest}"
    entries = entries_of(here.manifest, what)
    entry = chosen(entries, platform)
    if entry is None:
        raise RegistryError("content", f"{what} is an index that names no image")
    manifest = _fetched(manifests, reference, entry)
    said = dict(here.annotations) | dict(entry.annotations) | dict(manifest.descriptor.annotations)
    platforms = dict.fromkeys((*here.platforms, *platforms_of(entries)))
    return Descent(manifest, entry.platform or here.platform, tuple(platforms), tuple(said.items()))


def _fetched(manifests: Manifests, reference: ImageReference, entry: Descriptor) -> Manifest:
    manifest = manifests.by_digest(reference, entry.digest)
    if manifest.descriptor.media_type != entry.media_type:
        said, found = entry.media_type[:80], manifest.descriptor.media_type
        raise RegistryError("content", f"{reference.name}@{entry.digest} is {found}, but its index calls it {said}")
    return manifest
