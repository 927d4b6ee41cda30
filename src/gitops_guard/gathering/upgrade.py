"""The lowest newer tag of an image's line whose scan keeps the policy."""

from collections.abc import Iterable, Iterator
from datetime import date

from gitops_guard.facts.image import ImageFacts, Upgrade
from gitops_guard.facts.scan import Scan
from gitops_guard.gathering.asker import Asker
from gitops_guard.images.approval import decide
from gitops_guard.images.limits import worse_than
from gitops_guard.oci.content import RegistryError
from gitops_guard.settings import ImagePolicy, Settings
from gitops_guard.syntax.image_reference import ImageReference, tag_kind
from gitops_guard.syntax.tag_pattern import TagVersion, tag_version

MOST_TRIED = 12
"""Tags that are asked about; the newest ones of the line."""
_FULL = 3


def with_upgrade(reference: ImageReference, facts: ImageFacts, asker: Asker) -> tuple[ImageFacts, ...]:
    """The facts, with a newer tag where the policy does not accept the image; then the facts of that tag, if any."""
    policy = asker.settings.image_policy
    scan = facts.scan
    if scan is None or not scan.tells or reference.tag is None or _acceptable(scan, policy):
        return (facts,)
    try:
        tags = asker.tags(reference)
    except RegistryError:
        return (facts,)  # without the list of tags there is nothing to offer; the finding itself stands
    for tag in newer_tags(reference.tag, tags)[-MOST_TRIED:]:
        candidate = reference._replace(tag=tag, digest=None)
        found = asker.facts(candidate)
        if _accepted(candidate, found, asker.settings, asker.now.date()) and found.scan is not None:
            return facts._replace(upgrade=Upgrade(tag, found.tag_digest, scan, found.scan)), found
    return (facts,)


def newer_tags(tag: str, tags: Iterable[str]) -> list[str]:
    """The newer tags of a tag's line, the lowest first: same variant, releases, and none that is meant to move.

    The line of `3.12.1-slim` is 3.12 with `-slim`; that of `3.12-slim` is the same, where every full version counts.
    """
    current = tag_version(tag)
    if current is None:
        return []
    found = sorted((version.numbers, one) for one, version in _releases(tags) if _same_line(current, version))
    return [one for _, one in found]


def _releases(tags: Iterable[str]) -> Iterator[tuple[str, TagVersion]]:
    for tag in tags:
        version = tag_version(tag)
        if version is not None and not version.is_pre_release and tag_kind(tag) == "patch":
            yield tag, version


def _same_line(current: TagVersion, other: TagVersion) -> bool:
    if (other.prefix, other.variant) != (current.prefix, current.variant):
        return False
    numbers = current.numbers
    if len(numbers) < _FULL:
        return len(other.numbers) >= _FULL and other.numbers[: len(numbers)] == numbers
    same = len(other.numbers) == len(numbers) and other.numbers[:-1] == numbers[:-1]
    return same and other.numbers > numbers


def _acceptable(scan: Scan, policy: ImagePolicy) -> bool:
    exploited = any(one.kev or (one.epss or 0) >= policy.epss for one in scan.vulnerabilities)
    return not exploited and not worse_than(scan, policy.worst_severity, fixable_only=policy.fixable_only)


def _accepted(reference: ImageReference, facts: ImageFacts, settings: Settings, today: date) -> bool:
    """Whether a candidate keeps the policy: a fresh scan without what it objects to, the age, the approved list."""
    policy, scan = settings.image_policy, facts.scan
    if scan is None or scan.state not in {"clean", "findings"} or not _acceptable(scan, policy):
        return False
    if facts.created is None or (today - facts.created.date()).days > policy.max_age_days:
        return False
    approved = settings.approved_images
    return not approved or decide(reference, approved, today, facts).state == "approved"
