"""Tag and digest that disagree.

## What it does
Reports images whose tag no longer names the digest that is pinned beside it, with both digests and when they were made.

## Why it matters
What runs is the digest. Either the tag moved since, and the pin keeps out what was mended; or the pair never belonged
together, and the tag tells people something that is not so.

## Fix safety
Needs review: what the tag names now is another build.

## References
NIST SP 800-190, section 4.2.2. Kubernetes, "Images", "Image names".
"""

from collections.abc import Iterator
from datetime import datetime

from gitops_guard.facts.image import ImageFacts
from gitops_guard.finding import MEDIUM
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.img.example import AT, OTHER, SHA, pod
from gitops_guard.rules.img.known_example import MADE, day
from gitops_guard.rules.img.use import Use, as_of, on_yaml


def judge(use: Use, context: RuleContext) -> Iterator[Problem]:
    """Reports pins that the tag left behind."""
    facts = use.facts(context)
    if facts is None or not disagree(use, facts):
        return
    change = use.pin(facts.tag_digest)
    note = "what the tag names now is another build"
    title = f"pin what the tag names now, {facts.tag_digest[:19]}"
    fix = None if isinstance(change, str) else needs_review(title, *change, note=note)
    yield use.problem(
        f": its tag now names {_shown(facts.tag_digest, facts.tag_created)}, pinned is "
        f"{_shown(facts.digest, facts.created)}{as_of(facts, context.today)}",
        fix,
        of="digest",
    )


def disagree(use: Use, facts: ImageFacts) -> bool:
    """Whether a pinned digest is neither what the tag names, nor a part of it."""
    pinned = use.image.digest if use.image and use.image.tag else None
    return pinned is not None and bool(facts.tag_digest) and facts.tag_digest != pinned and not facts.pinned_in_tag


def _shown(digest: str, created: datetime | None) -> str:
    return digest[:19] + (f" of {created.date()}" if created else "")


_MOVED = MADE._replace(
    reference=f"{MADE.reference}@{OTHER}", digest=OTHER, pinned_is_index=True, pinned_in_tag=False,
    tag_created=day("2026-11-20"),
)  # fmt: skip

RULE = Rule(
    id="GG-IMG-006",
    name="moved-tag",
    title="Tag and digest disagree (tag moved since the pin)",
    severity=MEDIUM,
    applies_to=NamedImage,
    check=on_yaml(judge),
    fix_safety="needs-review",
    aliases=(),
    controls=(
        "cis_docker:4.2", "nsa:pod-image-build", "mitre:T1525", "sp800_190:4.2.2", "sp800_53:SI-7(1)", "pci:11.5.2",
    ),
    bad=(Example(pod(f"nginx:1.27.4@{OTHER}"), at=AT, known=lambda: (_MOVED,), fixed=pod(f"nginx:1.27.4@{SHA}")),),
    good=(
        Example(pod(f"nginx:1.27.4@{SHA}"), known=lambda: (MADE,)),
        Example(pod(f"nginx@{OTHER}"), known=lambda: (_MOVED._replace(reference=f"docker.io/library/nginx@{OTHER}"),)),
        Example(pod(f"nginx:1.27.4@{OTHER}"), known=lambda: (_MOVED._replace(pinned_in_tag=True),)),
        Example(pod(f"nginx:1.27.4@{OTHER}")),
    ),
)  # fmt: skip
