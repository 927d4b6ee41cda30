"""Finds out what is known of one image: from its registry, from sources of scans, from its signatures."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from gitops_guard.facts.image import ImageConfig, ImageFacts, Signature, Unknown
from gitops_guard.facts.known import key_of
from gitops_guard.facts.scan import Scan
from gitops_guard.gathering.memory import Content, Memory
from gitops_guard.images.leaks import leaks_of
from gitops_guard.oci.content import Image, RegistryError
from gitops_guard.oci.registry import Registry
from gitops_guard.scanners import vex
from gitops_guard.scanners.interface import ScanSource
from gitops_guard.scanners.merge import choose
from gitops_guard.scanners.vex import Statement
from gitops_guard.settings import Settings
from gitops_guard.syntax.image_reference import ImageReference

_BASE = "org.opencontainers.image.base."


class Scanners(NamedTuple):
    """Who is asked for scans, and which statements of VEX take vulnerabilities out of what they say."""

    sources: tuple[ScanSource, ...] = ()
    statements: tuple[Statement, ...] = ()


class Asker:
    """Asks about images; safe for use by several threads.

    Args:
        registry: answers for registries.
        scanners: are asked for scans.
        settings: the policy, and who may sign.
        now: the moment of the run.
        memory: of earlier runs.
    """

    def __init__(
        self, registry: Registry, scanners: Scanners, settings: Settings, now: datetime, memory: Memory
    ) -> None:
        self._registry = registry
        self._scanners = scanners
        self._settings = settings
        self._now = now
        self._memory = memory

    @property
    def settings(self) -> Settings:
        """The team's decisions."""
        return self._settings

    @property
    def now(self) -> datetime:
        """The moment of the run."""
        return self._now

    def facts(self, reference: ImageReference) -> ImageFacts:
        """What is known of an image; never raises: what is not known is in `unknown`."""
        name = key_of(reference)
        kept = self._memory.facts(name)
        if kept is not None:
            return kept
        facts = self._named(reference, ImageFacts(name, observed_at=self._now))
        if facts.digest:
            pinned = reference._replace(digest=facts.digest)
            facts = self._described(pinned, facts)
            facts = self._compared(reference, facts)
            facts = self._signed(pinned, facts)
            facts = self._scanned(pinned, facts)
        self._memory.keep_facts(facts)
        return facts

    def tags(self, reference: ImageReference) -> tuple[str, ...]:
        """The tags of the image's repository.

        Raises:
            RegistryError: they are not known.
        """
        return self._registry.tags(reference)

    def _named(self, reference: ImageReference, facts: ImageFacts) -> ImageFacts:
        """What the tag names now, and the digest that is used."""
        facts = facts._replace(digest=reference.digest or "")
        if reference.digest is not None and reference.tag is None:
            return facts
        try:
            found = self._registry.head(reference._replace(digest=None))
        except RegistryError as error:
            return _without(facts, "digest", error)
        return facts._replace(tag_digest=found.digest, is_index=found.is_index, digest=reference.digest or found.digest)

    def _described(self, pinned: ImageReference, facts: ImageFacts) -> ImageFacts:
        """What the digest stands for."""
        try:
            content = self._content(pinned)
        except RegistryError as error:
            return _without(facts, "config", error)
        described = facts._replace(
            pinned_is_index=content.is_index,
            platform_digest=content.platform_digest,
            platforms=content.platforms,
            created=content.created,
            base_name=content.base_name,
            base_digest=content.base_digest,
            config=content.config,
        )
        return described if described.is_index is not None else described._replace(is_index=content.is_index)

    def _content(self, pinned: ImageReference) -> Content:
        digest, platform = pinned.digest or "", self._settings.image_policy.platform
        kept = self._memory.content(digest, platform)
        if kept is not None:
            return kept
        content = content_of(self._registry.image(pinned._replace(tag=None), platform))
        self._memory.keep_content(digest, platform, content)
        return content

    def _compared(self, reference: ImageReference, facts: ImageFacts) -> ImageFacts:
        """What the tag names, where that is not the pinned digest."""
        if not facts.tag_digest or facts.tag_digest == facts.digest:
            return facts
        tagged = reference._replace(digest=facts.tag_digest)
        try:
            created = self._content(tagged).created
            within = bool(facts.is_index) and self._holds(tagged, facts.digest)
        except RegistryError as error:
            return _without(facts, "tag", error)
        return facts._replace(tag_created=created, pinned_in_tag=within)

    def _holds(self, index: ImageReference, digest: str) -> bool:
        body = self._registry.manifest(index, index.digest or "").body
        manifests = body.get("manifests")
        return isinstance(manifests, list) and any(
            isinstance(one, Mapping) and one.get("digest") == digest for one in manifests
        )

    def _signed(self, pinned: ImageReference, facts: ImageFacts) -> ImageFacts:
        signers = self._settings.signers
        if not signers:
            return facts
        from gitops_guard.oci.signatures import signature_of  # noqa: PLC0415 - cryptography is loaded where it is needed

        found: Signature = signature_of(self._registry, pinned, facts.digest, signers)
        if found.state == "unknown":
            return facts._replace(signature=found, unknown=(*facts.unknown, Unknown("signature", found.reason)))
        return facts._replace(signature=found)

    def _scanned(self, pinned: ImageReference, facts: ImageFacts) -> ImageFacts:
        asked = [source for source in self._scanners.sources if source.supports(pinned)]
        if not asked:
            return facts
        policy = self._settings.image_policy
        digest = facts.platform_digest or facts.digest
        found: list[Scan] = [source.fetch(pinned, digest, policy.platform) for source in asked]
        chosen = choose(found, self._now, policy.scanned_within_days, policy.platform)
        if chosen is None:
            return facts
        return facts._replace(scan=vex.apply(chosen, self._scanners.statements, (facts.digest, facts.platform_digest)))


def _without(facts: ImageFacts, what: str, error: RegistryError) -> ImageFacts:
    return facts._replace(unknown=(*facts.unknown, Unknown(what, error.message)))


def content_of(image: Image) -> Content:
    """What the registry says of an image, as far as anybody asks."""
    inner = image.config.get("config")
    settings: Mapping[str, object] = inner if isinstance(inner, Mapping) else {}
    labels = _texts(settings.get("Labels"))
    said = dict(image.annotations) | {name: value for name, value in labels if name not in dict(image.annotations)}
    return Content(
        is_index=image.named.is_index,
        platform_digest=image.manifest.digest,
        platforms=image.platforms,
        created=image.created,
        base_name=said.get(f"{_BASE}name", ""),
        base_digest=said.get(f"{_BASE}digest", ""),
        config=ImageConfig(
            user=_text(settings.get("User")),
            ports=tuple(name for name, _ in _keys(settings.get("ExposedPorts"))),
            labels=labels,
            leaks=leaks_of(image.config),
            has_healthcheck=isinstance(settings.get("Healthcheck"), Mapping),
        ),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _keys(value: object) -> list[tuple[str, object]]:
    return [(name, one) for name, one in value.items() if isinstance(name, str)] if isinstance(value, Mapping) else []


def _texts(value: object) -> tuple[tuple[str, str], ...]:
    return tuple((name, one) for name, one in _keys(value) if isinstance(one, str))
