"""Digest of one platform where the tag has several.

## What it does
Reports digests that name the manifest of a single platform although the tag beside them names an index of several.

## Why it matters
On a node of another architecture the image does not start, or runs emulated; and nobody who reads the tag expects it.

## Fix safety
Safe where the pinned manifest is one of the index that the tag names: nodes of its platform run the same content.

## References
OCI image specification, "Image Index". NIST SP 800-190, section 4.1.2.
"""

from collections.abc import Iterator

from gitops_guard.finding import LOW
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext, safe
from gitops_guard.rules.img.example import AT, OTHER, SHA, pod
from gitops_guard.rules.img.known_example import MADE
from gitops_guard.rules.img.use import Use, as_of, on_yaml


def judge(use: Use, context: RuleContext) -> Iterator[Problem]:
    """Reports digests of one platform."""
    facts = use.facts(context)
    if facts is None or not facts.is_index or facts.pinned_is_index is not False:
        return
    change = use.pin(facts.tag_digest) if facts.pinned_in_tag else ""
    fix = None if isinstance(change, str) else safe(f"pin the index {facts.tag_digest[:19]}", *change)
    platforms = f" ({', '.join(facts.platforms)})" if facts.platforms else ""
    yield use.problem(
        f" by the digest of one platform{platforms}; its tag names an index{as_of(facts, context.today)}", fix
    )


_PINNED = MADE._replace(
    reference=f"{MADE.reference}@{OTHER}", digest=OTHER, pinned_is_index=False, pinned_in_tag=True,
    platforms=("linux/amd64",),
)  # fmt: skip

RULE = Rule(
    id="GG-IMG-005",
    name="single-platform-digest",
    title="Digest is a single-platform manifest where the tag is a multi-arch index",
    severity=LOW,
    applies_to=NamedImage,
    check=on_yaml(judge),
    fix_safety="safe",
    aliases=(),
    controls=("nsa:pod-image-build", "sp800_190:4.1.2", "sp800_53:CM-2", "pci:6.3.2"),
    bad=(
        Example(pod(f"nginx:1.27.4@{OTHER}"), at=AT, known=lambda: (_PINNED,), fixed=pod(f"nginx:1.27.4@{SHA}")),
        Example(pod(f"nginx:1.27.4@{OTHER}"), at=AT, known=lambda: (_PINNED._replace(pinned_in_tag=False),)),
    ),
    good=(
        Example(pod(f"nginx:1.27.4@{SHA}"), known=lambda: (MADE,)),
        Example(pod(f"nginx:1.27.4@{OTHER}"), known=lambda: (_PINNED._replace(is_index=False),)),
        Example(pod(f"nginx:1.27.4@{OTHER}")),
    ),
)  # fmt: skip
