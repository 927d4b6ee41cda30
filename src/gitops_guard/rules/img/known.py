"""The rules on what registries and scanners know of an image: loaded where anything is known."""

from gitops_guard.rule import Rule
from gitops_guard.rules.img import exploited, moved_tag, old_image, single_platform, unscanned, unsigned, vulnerable

IMG_KNOWN: tuple[Rule, ...] = (
    single_platform.RULE,
    moved_tag.RULE,
    vulnerable.RULE,
    exploited.RULE,
    unscanned.RULE,
    unsigned.RULE,
    old_image.RULE,
)
