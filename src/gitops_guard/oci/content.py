"""What registries hold, as values (OCI image and distribution specifications 1.1; Docker Registry HTTP API V2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from gitops_guard.errors import GuardError

RegistryTrouble = Literal[
    "not-found", "unauthorised", "forbidden", "rate-limited", "unavailable", "timeout", "budget", "not-allowed",
    "content",
]  # fmt: skip


class RegistryError(GuardError):
    """A registry did not say what was asked; `trouble` says in one word why."""

    def __init__(self, trouble: RegistryTrouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


class Descriptor(NamedTuple):
    """What names content: media type, digest, size in bytes (0 where not said), and what is said beside it.

    `platform` is `os/architecture[/variant]`, empty where none is given.
    """

    media_type: str
    digest: str
    size: int = 0
    platform: str = ""
    artifact_type: str = ""
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether it names an index (a manifest list) and not one image."""
        return self.media_type.endswith(("image.index.v1+json", "manifest.list.v2+json"))


class Manifest(NamedTuple):
    """A manifest or index whose bytes were checked against its digest; `body` is its JSON object."""

    descriptor: Descriptor
    body: Mapping[str, object]


class Image(NamedTuple):
    """One image behind a reference.

    `named` is what the reference names: an index, or a manifest. `platforms` are those of the index (without
    attestations), or the image's own. `manifest` is the one for `platform`. `created` is None where not said, or said
    to be the epoch or the year 1, which reproducible builds write. `config` is the configuration's JSON object.
    """

    named: Descriptor
    platforms: tuple[str, ...]
    manifest: Descriptor
    platform: str
    created: datetime | None
    config: Mapping[str, object]
    annotations: tuple[tuple[str, str], ...] = ()
