"""Images: where they come from. What only Dockerfiles need, or only runs that know more of an image, is not here."""

from gitops_guard.rule import Rule
from gitops_guard.rules.img import approved, ended_line, missing_digest, mutable_tag, pull_policy

IMG_MANIFEST: tuple[Rule, ...] = (
    approved.RULE,
    mutable_tag.RULE,
    missing_digest.RULE,
    ended_line.RULE,
    pull_policy.RULE,
)
