"""What a change does to what is rendered, as the page shows it: a table for each root."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gitops_guard.publishers.escape import printable_unicode
from gitops_guard.publishers.rendered_changes import headline, summary
from gitops_guard.rendered_effect import CHANGED, ObjectChange, RootChange

_ROOTS = 50
_ROWS = 300


class DifferenceRow(NamedTuple):
    """A row: `what` is empty for a further field of the object above; None where a side has nothing."""

    what: str
    title: str
    field: str
    before: str | None
    after: str | None


class RootView(NamedTuple):
    """A root that changes; `unknown` says why it was not compared."""

    name: str
    summary: str
    rows: list[DifferenceRow]
    notes: list[str]
    unknown: str


class Difference(NamedTuple):
    """All of it; `more` roots are not shown."""

    headline: str
    roots: list[RootView]
    more: int


def difference(changes: Sequence[RootChange]) -> Difference | None:
    """The rendered difference; None if nothing was rendered."""
    if not changes:
        return None
    changed = [one for one in changes if one.is_changed]
    return Difference(headline(changes), [_root(one) for one in changed[:_ROOTS]], max(0, len(changed) - _ROOTS))


def _root(change: RootChange) -> RootView:
    rows = [row for one in change.objects for row in _rows(one)]
    notes = [f"unknown: {printable_unicode(note)}" for note in change.notes]
    notes += [f"and {len(rows) - _ROWS:,} more rows"] if len(rows) > _ROWS else []
    notes += [f"and {change.more:,} more objects"] if change.more else []
    unknown = f"{change.unknown}. {change.hint}" if change.hint else change.unknown
    return RootView(printable_unicode(change.root), summary(change), rows[:_ROWS], notes, printable_unicode(unknown))


def _rows(change: ObjectChange) -> Iterator[DifferenceRow]:
    title = printable_unicode(change.title)
    if change.what != CHANGED:
        yield DifferenceRow(change.what, title, "", None, None)
        return
    what = change.what
    for field in change.fields:
        yield DifferenceRow(what, title, printable_unicode(field.path), _value(field.before), _value(field.after))
        what = title = ""
    if change.more:
        yield DifferenceRow(what, title, f"and {change.more:,} more fields", None, None)


def _value(text: str | None) -> str | None:
    if text is None:
        return None
    return printable_unicode(text) if text else '""'
