"""One image that a manifest, values or a Dockerfile names, as the rules on images see it: judged and fixed alike."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from gitops_guard.editing.intent import Intent
from gitops_guard.finding import Severity
from gitops_guard.model.named_image import NamedImage
from gitops_guard.model.used_image import UsedRole
from gitops_guard.rule import Fix, Problem, RuleContext, Spot, needs_review, safe
from gitops_guard.syntax.field import Field, format_keypath
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference, parse

if TYPE_CHECKING:
    from types import ModuleType

    from gitops_guard.facts.image import ImageFacts

Change = tuple[Intent, ...] | str
"""What changes an image at its place, or why it cannot be changed there."""

_BY = {"container": "{} runs {}", "init-container": "{} runs {}", "ephemeral-container": "{} runs {}",
       "image-volume": "volume {} holds {}", "kustomize": "images names {1}", "helm-values": "{0} names {1}",
       "helm-release": "{0} names {1}", "argo-cd": "{0} names {1}", "custom-resource": "{0} names {1}"}  # fmt: skip


Identity = Literal["repository", "tag", "digest"]


class Use(NamedTuple):
    """A place that names an image.

    `sentence` says it in words (`web runs nginx:1.27`, `FROM python:3.12`). `pin` takes a digest, `move` a tag and a
    digest (empty: none is written), `replace` another reference; each gives the change or why there can be none.
    """

    reference: ImageReference | InvalidReference
    at: Field | Spot
    role: UsedRole
    sentence: str
    pin: Callable[[str], Change]
    move: Callable[[str, str], Change]
    replace: Callable[[ImageReference], Change]

    @property
    def image(self) -> ImageReference | None:
        """The reference, if it is one."""
        return self.reference if isinstance(self.reference, ImageReference) else None

    def problem(
        self, message: str, fix: Fix | None = None, *, severity: Severity | None = None, of: Identity = "tag"
    ) -> Problem:
        """A problem of this image: `message` continues the sentence.

        Args:
            message: what is wrong with it.
            fix: what solves it.
            severity: instead of the rule's.
            of: what makes it another problem when it changes: the repository, also the tag, also the digest.
        """
        image = self.image
        if image is None:
            return Problem(self.at, f"{self.sentence}{message}", fix, severity=severity)
        about = {"repository": image.name, "tag": image._replace(digest=None).normalized, "digest": image.normalized}[
            of
        ]
        return Problem(
            self.at, f"{self.sentence}{message}", fix, severity=severity, image=image.normalized, about=about
        )

    def facts(self, context: RuleContext) -> "ImageFacts | None":
        """What is known of the image."""
        return None if self.image is None else context.images.of(self.image)


Judge = Callable[[Use, RuleContext], Iterator[Problem]]
"""Judges one image at one place."""

Check = Callable[[NamedImage, RuleContext], Iterator[Problem]]


def named_use(named: NamedImage) -> Use:
    """The use of an image in YAML."""
    reference = named.reference
    shown = reference.familiar if isinstance(reference, ImageReference) else named.text or "an image"
    who = named.container or format_keypath(named.at.keypath)
    return Use(
        reference,
        named.at,
        named.role,
        _BY[named.role].format(who, shown),
        lambda digest: _edit().with_digest(named, digest),
        lambda tag, digest: _edit().with_tag(named, tag, digest or None),
        lambda new: _edit().with_reference(named, new),
    )


def _edit() -> "ModuleType":
    from gitops_guard.images import image_edit  # noqa: PLC0415 - only where there is something to fix

    return image_edit


def digest_of(image: ImageReference, context: RuleContext) -> str:
    """The digest that the configuration or the registry gives for the tag of a reference without one; else empty."""
    if image.digest is not None:
        return ""
    wanted = image if image.tag else image._replace(tag="latest")
    configured = next((digest for name, digest in context.settings.digests if parse(name) == wanted), "")
    facts = None if configured else context.images.of(image)
    return configured or (facts.tag_digest if facts else "")


def pinned(use: Use, context: RuleContext) -> Fix | None:
    """The fix that adds the digest and keeps the tag; for a missing tag, the digest of `latest`."""
    digest = digest_of(use.image, context) if use.image else ""
    change = use.pin(digest) if digest else ""
    return None if isinstance(change, str) else safe(f"pin {digest[:19]}", *change)


def replaced(use: Use, text: str, note: str) -> Fix | None:
    """The fix that names another image."""
    reference = parse(text) if text else None
    change = use.replace(reference) if isinstance(reference, ImageReference) else ""
    return None if isinstance(change, str) else needs_review(f"use {text}", *change, note=note)


def on_yaml(judge: Judge) -> Check:
    """The check of manifests and values that a judgement makes."""

    def check(named: NamedImage, context: RuleContext) -> Iterator[Problem]:
        return judge(named_use(named), context)

    check.__module__ = judge.__module__
    return check


def as_of(facts: "ImageFacts", today: date) -> str:
    """The end of a message by facts that are not of today."""
    seen = facts.observed_at
    return f" (as of {seen.date()})" if seen is not None and seen.date() < today else ""
