"""What is known of one image, and what is not and why: gathered before rules run, handed to them as values."""

from datetime import datetime
from typing import Literal, NamedTuple

from gitops_guard.facts.scan import Scan

SignatureState = Literal["not-asked", "none", "present", "verified", "rejected", "unknown"]


class Signature(NamedTuple):
    """Presence and verification are different things.

    `present`: a signature is attached and nobody checked it. `verified`: it was made with a key, or by an identity,
    that `by` names. `rejected`: there are signatures and none of them holds, `reason` says why. `none`: the registry
    was asked and has none. `unknown`: it could not be asked.
    """

    state: SignatureState = "not-asked"
    by: str = ""
    reason: str = ""


class Leak(NamedTuple):
    """A secret that an image carries, in words that do not show it; `certain`: its form leaves no doubt."""

    what: str
    certain: bool = False


class ImageConfig(NamedTuple):
    """What rules want of an image's configuration (OCI image specification, "config"): nothing that is secret.

    `leaks` are the secrets in its variables and in the steps of its history, named only.
    """

    user: str = ""
    ports: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    leaks: tuple[Leak, ...] = ()
    has_healthcheck: bool = False


class Upgrade(NamedTuple):
    """A newer tag of the same line whose scan satisfies the policy."""

    tag: str
    digest: str
    before: Scan
    after: Scan


class Unknown(NamedTuple):
    """Something that could not be looked at. `what`: `digest`, `config`, `scan`, `signature`, `tags`."""

    what: str
    reason: str


class ImageFacts(NamedTuple):
    """What was found out about a reference.

    `reference` is its normal form. `tag_digest` is what its tag (or `latest`) names in the registry now: an index where
    `is_index`; `digest` is the one that is used: the pinned one, else `tag_digest`; both empty where unknown.
    `pinned_is_index` speaks of a pinned digest, `pinned_in_tag` says whether it is one of the manifests of the
    index that the tag names; `tag_created` is when that was made, asked only where it is another digest.
    `platform_digest` is the manifest for the platform that was looked at.
    `platforms` are those of the index, or the one of the image. `created` is None where the image does not say, or says
    the epoch. `base_name` and `base_digest` are its `org.opencontainers.image.base.*`. `observed_at` is when the
    registry said all this; `unknown` what it did not say.
    """

    reference: str
    tag_digest: str = ""
    digest: str = ""
    is_index: bool | None = None
    pinned_is_index: bool | None = None
    pinned_in_tag: bool | None = None
    tag_created: datetime | None = None
    platform_digest: str = ""
    platforms: tuple[str, ...] = ()
    created: datetime | None = None
    base_name: str = ""
    base_digest: str = ""
    config: ImageConfig | None = None
    signature: Signature = Signature()
    scan: Scan | None = None
    upgrade: Upgrade | None = None
    unknown: tuple[Unknown, ...] = ()
    observed_at: datetime | None = None

    def why_unknown(self, what: str) -> str:
        """Why something could not be looked at; empty if it could."""
        return next((one.reason for one in self.unknown if one.what == what), "")
