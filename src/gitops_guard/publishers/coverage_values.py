"""What was looked at, as every JSON report of connections and images says it, and what people are told of it."""

from collections.abc import Iterator

from gitops_guard.report import Coverage

_NOT_RENDERED = "not rendered"
_SHOWN = 20

Json = dict[str, object]


def as_values(coverage: Coverage) -> Json:
    """The fields of `coverage`; those on rendering only where there was something to render."""
    value: Json = {
        "scanned": list(coverage.scanned),
        "skipped": [skipped._asdict() for skipped in coverage.skipped],
        "failed": [failed._asdict() for failed in coverage.failed],
    }
    if coverage.rendered:
        value["rendered"] = list(coverage.rendered)
    if coverage.notes:
        value["notes"] = list(coverage.notes)
    return value


def on_rendering(coverage: Coverage) -> Iterator[str]:
    """What was rendered, what was not, and what else a reader has to know of it: sentences, not yet escaped."""
    if coverage.rendered:
        yield f"rendered: {_several(coverage.rendered)}"
    missing = [one for one in coverage.skipped if one.reason.startswith(_NOT_RENDERED)]
    yield from (f"{one.path}: {one.reason}" for one in missing[:_SHOWN])
    if len(missing) > _SHOWN:
        yield f"and {len(missing) - _SHOWN:,} more are not rendered: see --format json"
    yield from coverage.notes[:_SHOWN]


def _several(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
