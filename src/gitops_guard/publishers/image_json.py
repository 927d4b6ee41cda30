"""One image of a report as JSON: `images[]` of the report, and what `gitops-guard images` writes."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from gitops_guard.model.used_image import UsedImage
from gitops_guard.report import ImageRow

if TYPE_CHECKING:
    from gitops_guard.facts.image import ImageFacts
    from gitops_guard.facts.scan import Scan

Json = dict[str, Any]


def image(row: ImageRow) -> Json:
    """An image with its places, its verdict and what is known of it; `facts` is null where nobody was asked."""
    return {
        "reference": row.reference,
        "text": row.text,
        "status": "new" if row.new else "existing",
        "verdict": row.verdict or "none",
        "why": row.why,
        "entry": row.entry,
        "nearest": row.nearest,
        "nearest_why": row.nearest_why,
        "suggestion": row.suggestion,
        "built_from": row.built_from,
        "runs_in": row.runs_in,
        "places": [_place(one) for one in row.places],
        "facts": None if row.facts is None else _facts(row.facts),
    }


def _place(one: UsedImage) -> Json:
    return {
        "path": one.place.path,
        "line": one.place.start.line,
        "column": one.place.start.column,
        "role": one.role,
        "text": one.text,
        "stage": one.stage,
        "resource": one.resource._asdict(),
    }


def _facts(facts: "ImageFacts") -> Json:
    return {
        "digest": facts.digest,
        "tag_digest": facts.tag_digest,
        "is_index": facts.is_index,
        "platform_digest": facts.platform_digest,
        "platforms": facts.platforms,
        "created": _time(facts.created),
        "base_name": facts.base_name,
        "base_digest": facts.base_digest,
        "signature": facts.signature._asdict(),
        "scan": None if facts.scan is None else scan(facts.scan),
        "upgrade": None if facts.upgrade is None else {"tag": facts.upgrade.tag, "digest": facts.upgrade.digest},
        "unknown": [one._asdict() for one in facts.unknown],
        "observed_at": _time(facts.observed_at),
    }


def scan(found: "Scan") -> Json:
    """A scan without its vulnerabilities: the state, who scanned when, and how many of which severity."""
    return {
        "state": found.state,
        "source": found.source,
        "scanner": found.scanner,
        "scanned_at": _time(found.scanned_at),
        "counts": found.counts._asdict(),
        "fixable": found.fixable,
        "end_of_life": found.end_of_life,
        "reason": found.reason,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
