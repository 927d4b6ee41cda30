"""What people read of an image in a table, the same words on a terminal and in Markdown."""

from datetime import date

from gitops_guard.facts.image import ImageFacts
from gitops_guard.facts.scan import Scan
from gitops_guard.report import ImageRow

_MONTH, _YEAR = 61, 730
_SHORT = 12


def verdict(row: ImageRow) -> str:
    """The decision and why: `approved by python (owner platform)`, `refused: ...`; empty without an approved list."""
    if row.verdict == "approved":
        return f"approved by {row.entry}"
    if row.verdict in {"refused", "undecided"}:
        near = f"; nearest {row.nearest}" if row.nearest and row.nearest_why != row.why else ""
        return f"{'refused' if row.verdict == 'refused' else 'not decided'}: {row.why}{near}"
    return ""


def digest(row: ImageRow) -> str:
    """The first digits of the digest that is used, and whether it is pinned."""
    facts = row.facts
    known = facts.digest if facts is not None else row.reference.partition("@")[2]
    return known.partition(":")[2][:_SHORT]


def age(row: ImageRow, today: date) -> str:
    """How long ago the image was made: `12 d`, `5 mo`, `2 y`; `?` where it is not known."""
    if row.facts is None or row.facts.created is None:
        return "?" if row.facts is not None else ""
    days = (today - row.facts.created.date()).days
    if days < _MONTH:
        return f"{days} d"
    return f"{days // 30} mo" if days < _YEAR else f"{days // 365} y"


def scan(row: ImageRow, today: date) -> str:
    """The scan: `3/21/40/66 (18)` as critical, high, medium, low and how many are fixable, or why there is none."""
    if row.facts is None or row.facts.scan is None:
        return ""
    found = row.facts.scan
    if not found.tells:
        return f"{found.state}: {found.reason}" if found.reason else found.state
    return counts(found) + _when(found, today)


def counts(found: Scan) -> str:
    """Critical, high, medium and low, ungraded ones behind a plus, and how many are fixable in brackets."""
    graded = found.counts
    ungraded = f"+{graded.unknown}" if graded.unknown else ""
    return f"{graded.critical}/{graded.high}/{graded.medium}/{graded.low}{ungraded} ({found.fixable})"


def _when(found: Scan, today: date) -> str:
    if found.scanned_at is None:
        return ", no date"
    days = (today - found.scanned_at.date()).days
    stale = ", stale" if found.state == "stale" else ""
    return f", {days} d ago{stale}" if days > 0 else stale


def signature(row: ImageRow) -> str:
    """Whether it is signed: presence and verification are different words."""
    facts = row.facts
    if facts is None or facts.signature.state == "not-asked":
        return ""
    words = {"none": "none", "present": "present, not verified", "rejected": "rejected", "unknown": "unknown"}
    return words.get(facts.signature.state, f"verified: {facts.signature.by}")


def unknown(row: ImageRow) -> str:
    """What could not be looked at, and why."""
    return "" if row.facts is None else "; ".join(dict.fromkeys(one.reason for one in row.facts.unknown))


def as_of(facts: ImageFacts | None, today: date) -> str:
    """The day that the facts are of, if it is not today."""
    seen = None if facts is None else facts.observed_at
    return "" if seen is None or seen.date() >= today else str(seen.date())
