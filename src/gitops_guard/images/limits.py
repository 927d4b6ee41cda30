"""What an entry of the approved list asks of an image beyond its name, held against what is known of the image."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from gitops_guard.facts.image import ImageFacts
from gitops_guard.facts.scan import Grade, Scan, Vulnerability
from gitops_guard.finding import CRITICAL, HIGH, LOW, MEDIUM, Severity
from gitops_guard.settings import ApprovedImage

SEVERITIES: dict[Grade, Severity] = {
    "critical": CRITICAL, "high": HIGH, "medium": MEDIUM, "low": LOW, "unknown": LOW,
}  # fmt: skip
"""The severity of a scanner's grade; what it does not grade counts as low."""

_NEVER_ASKED = "no registry and no scanner was asked"
_CANNOT_TELL = frozenset(("unauthorised", "unavailable"))
_IDS = 3


class Unmet(NamedTuple):
    """A limit that an image does not keep, and why.

    `unknown`: nobody can say whether it keeps it.
    """

    why: str
    unknown: bool = False


def unmet(entry: ApprovedImage, facts: ImageFacts | None, today: date) -> Iterator[Unmet]:
    """The limits of an entry that are not known to be kept, those that are broken and those that are unknown."""
    if not entry.asks_a_registry:
        return
    if facts is None:
        yield Unmet(_NEVER_ASKED, unknown=True)
        return
    yield from _age(entry, facts, today)
    yield from _platforms(entry, facts)
    yield from _signature(entry, facts)
    if entry.scanned_within_days is not None or entry.worst_severity is not None:
        yield from _scan(entry, facts, today)


def worse_than(scan: Scan, accepted: Severity, *, fixable_only: bool) -> tuple[Vulnerability, ...]:
    """The vulnerabilities of a scan that are worse than what is accepted, the worst first."""
    found = (one for one in scan.vulnerabilities if one.fixed or not fixable_only)
    bad = [one for one in found if SEVERITIES[one.grade] > accepted]
    return tuple(sorted(bad, key=lambda one: (-SEVERITIES[one.grade], one.id, one.package, one.version)))


def ids_of(vulnerabilities: tuple[Vulnerability, ...]) -> str:
    """The first few ids, and how many more there are."""
    ids = list(dict.fromkeys(one.id for one in vulnerabilities))
    more = f" and {len(ids) - _IDS} more" if len(ids) > _IDS else ""
    return ", ".join(ids[:_IDS]) + more


def days(number: int) -> str:
    """A number of days in words."""
    return "1 day" if number == 1 else f"{number} days"


def _age(entry: ApprovedImage, facts: ImageFacts, today: date) -> Iterator[Unmet]:
    if entry.max_age_days is None:
        return
    if facts.created is None:
        reason = facts.why_unknown("config") or facts.why_unknown("digest") or "the image does not say when it was made"
        yield Unmet(f"its age is not known: {reason}", unknown=True)
        return
    age = (today - facts.created.date()).days
    if age > entry.max_age_days:
        yield Unmet(f"it is {days(age)} old, and {days(entry.max_age_days)} are allowed")


def _platforms(entry: ApprovedImage, facts: ImageFacts) -> Iterator[Unmet]:
    if not entry.platforms:
        return
    if not facts.platforms:
        reason = facts.why_unknown("digest") or facts.why_unknown("config") or "the registry does not say"
        yield Unmet(f"its platforms are not known: {reason}", unknown=True)
        return
    missing = [one for one in entry.platforms if not any(_serves(has, one) for has in facts.platforms)]
    if missing:
        yield Unmet(f"it is not there for {', '.join(missing)}")


def _serves(has: str, wanted: str) -> bool:
    """A platform without variant stands for all of them: `linux/arm64` for `linux/arm64/v8`."""
    return has == wanted or has.startswith(wanted + "/")


def _signature(entry: ApprovedImage, facts: ImageFacts) -> Iterator[Unmet]:
    if not entry.signed_by:
        return
    signature, wanted = facts.signature, " or ".join(entry.signed_by)
    if signature.state == "verified":
        if signature.by not in entry.signed_by:
            yield Unmet(f"it is signed by {signature.by}, not by {wanted}")
    elif signature.state == "none":
        yield Unmet(f"it is not signed; {wanted} must have signed it")
    elif signature.state == "rejected":
        yield Unmet(f"no signature of {wanted} holds: {signature.reason}")
    else:
        reason = signature.reason or facts.why_unknown("signature") or "nobody verified it"
        yield Unmet(f"whether {wanted} signed it is not known: {reason}", unknown=True)


def _scan(entry: ApprovedImage, facts: ImageFacts, today: date) -> Iterator[Unmet]:
    scan = facts.scan
    if scan is None:
        reason = facts.why_unknown("scan") or "no source of scan results speaks of it"
        yield Unmet(f"its scan is not known: {reason}", unknown=True)
    elif scan.tells:
        yield from _freshness(entry, scan, today)
        yield from _vulnerabilities(entry, scan)
    else:
        because = f": {scan.reason}" if scan.reason else ""
        yield Unmet(f"its scan is {scan.state}{because}", unknown=scan.state in _CANNOT_TELL)


def _freshness(entry: ApprovedImage, scan: Scan, today: date) -> Iterator[Unmet]:
    limit = entry.scanned_within_days
    if limit is None:
        return
    if scan.scanned_at is None:
        yield Unmet(f"{scan.source or 'its scan'} does not say when it was scanned; the limit is {days(limit)}")
    elif (today - scan.scanned_at.date()).days > limit:
        yield Unmet(f"it was last scanned on {scan.scanned_at.date()}; the limit is {days(limit)}")


def _vulnerabilities(entry: ApprovedImage, scan: Scan) -> Iterator[Unmet]:
    worst = entry.worst_severity
    if worst is None:
        return
    bad = worse_than(scan, worst, fixable_only=entry.fixable_only)
    if bad:
        kind = "fixable vulnerabilities" if entry.fixable_only else "vulnerabilities"
        yield Unmet(f"it has {len(bad)} {kind} worse than {worst.label}: {ids_of(bad)}")
    elif scan.state == "stale" and entry.scanned_within_days is None:
        yield Unmet(f"its scan is stale{f': {scan.reason}' if scan.reason else ''}", unknown=True)
