"""Image that was built long ago.

## What it does
Reports images that are older than `image_policy.max_age_days` (365 by default), by the date in their configuration.

## Why it matters
An image is as patched as the day it was built.

## Fix safety
Needs review: where the tag names a newer build by now, that is pinned; else a newer tag of the same line is offered if
one is known.

## References
NIST SP 800-190, section 4.2.2. CIS Docker Benchmark, 4.4.
"""

from collections.abc import Iterator

from gitops_guard.facts.image import ImageFacts
from gitops_guard.finding import LOW
from gitops_guard.images.limits import days
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.img.example import AT, OTHER, SHA, pod
from gitops_guard.rules.img.known_example import MADE, day
from gitops_guard.rules.img.moved_tag import disagree
from gitops_guard.rules.img.use import Use, as_of, on_yaml
from gitops_guard.rules.img.vulnerable import upgraded


def judge(use: Use, context: RuleContext) -> Iterator[Problem]:
    """Reports images past the age limit."""
    facts, limit = use.facts(context), context.settings.image_policy.max_age_days
    if facts is None or facts.created is None:
        return
    age = (context.today - facts.created.date()).days
    if age > limit:
        message = f", built {days(age)} ago; the limit is {days(limit)}{as_of(facts, context.today)}"
        yield use.problem(message, _newer(use, facts))


def _newer(use: Use, facts: ImageFacts) -> Fix | None:
    newer = facts.created is not None and facts.tag_created is not None and facts.tag_created > facts.created
    if not newer or not disagree(use, facts):
        return upgraded(use, facts)
    change = use.pin(facts.tag_digest)
    title = f"pin what the tag names now, {facts.tag_digest[:19]}"
    return None if isinstance(change, str) else needs_review(title, *change, note="it is another build of the image")


_OLD = MADE._replace(created=day("2025-01-01"))
_PINNED = _OLD._replace(
    reference=f"{MADE.reference}@{OTHER}", digest=OTHER, pinned_in_tag=False, tag_created=day("2026-11-20")
)

RULE = Rule(
    id="GG-IMG-012",
    name="old-image",
    title="Image older than the rebuild limit",
    severity=LOW,
    applies_to=NamedImage,
    check=on_yaml(judge),
    fix_safety="needs-review",
    aliases=(),
    controls=("cis_docker:4.4", "nsa:upgrade", "sp800_190:4.2.2", "sp800_53:SI-2", "pci:6.3.3"),
    bad=(
        Example(pod("nginx:1.27.4"), at=AT, known=lambda: (_OLD,)),
        Example(pod(f"nginx:1.27.4@{OTHER}"), at=AT, known=lambda: (_PINNED,), fixed=pod(f"nginx:1.27.4@{SHA}")),
    ),
    good=(
        Example(pod("nginx:1.27.4"), known=lambda: (_OLD,), settings="image_policy:\n  max_age_days: 900\n"),
        Example(pod("nginx:1.27.4"), known=lambda: (_OLD._replace(created=None),)),
        Example(pod("nginx:1.27.4")),
    ),
)  # fmt: skip
