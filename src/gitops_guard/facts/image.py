"""What is known of one image, and what is not and why: gathered before rules run, handed to them as values."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from gitops_guard.facts.scan import Scan
from gitops_guard.syntax.image_reference import ImageReference

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


class KnownImages:
    """The facts of a run by reference; a pinned reference shares those of its tag where the tag names that digest.

    `asked` tells whether anybody looked at all: only then a missing fact is worth a word.
    """

    __slots__ = ("_facts", "asked")

    def __init__(self, facts: Mapping[str, ImageFacts] | None = None, *, asked: bool | None = None) -> None:
        self._facts = dict(facts or {})
        self.asked = bool(self._facts) if asked is None else asked

    def of(self, reference: ImageReference) -> ImageFacts | None:
        """What is known of a reference; None if nobody asked about it."""
        found = self._facts.get(key_of(reference))
        if found is not None or reference.digest is None or reference.tag is None:
            return found
        tagged = self._facts.get(key_of(reference._replace(digest=None)))
        if tagged is None or tagged.tag_digest != reference.digest:
            return None
        return tagged._replace(reference=reference.normalized, pinned_is_index=tagged.is_index, pinned_in_tag=False)

    def all(self) -> tuple[ImageFacts, ...]:
        """The facts, in order of their references."""
        return tuple(self._facts[name] for name in sorted(self._facts))


def key_of(reference: ImageReference) -> str:
    """Under which name facts are kept: the normal form, `latest` for a reference with neither tag nor digest."""
    named = reference.tag is not None or reference.digest is not None
    return reference.normalized if named else f"{reference.name}:latest"


NOTHING_KNOWN = KnownImages()
