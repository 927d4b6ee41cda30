"""Images: where they come from, and what is known of them. What Dockerfiles need is not imported here."""

from gitops_guard.rule import Rule
from gitops_guard.rules.img import (
    approved,
    ended_line,
    exploited,
    missing_digest,
    moved_tag,
    mutable_tag,
    old_image,
    pull_policy,
    single_platform,
    unscanned,
    unsigned,
    vulnerable,
)

IMG_MANIFEST: tuple[Rule, ...] = (
    approved.RULE,
    mutable_tag.RULE,
    missing_digest.RULE,
    single_platform.RULE,
    moved_tag.RULE,
    vulnerable.RULE,
    exploited.RULE,
    ended_line.RULE,
    unscanned.RULE,
    unsigned.RULE,
    old_image.RULE,
    pull_policy.RULE,
)
