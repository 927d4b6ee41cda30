"""The state of sweeps: every open problem with its days, those that were fixed, and the last sweep in numbers."""

from collections.abc import Iterable, Mapping
from datetime import date
from statistics import median_low
from typing import NamedTuple

from gitops_guard.finding import WAIVED, Finding, Severity

Numbers = tuple[int, int, int, int, int]
"""By severity, in ascending order."""

NOTHING: Numbers = (0, 0, 0, 0, 0)
MOST_FIXED = 20_000
"""Fixed problems that are remembered; the oldest are forgotten first."""


class Sighting(NamedTuple):
    """An open or waived problem: the days it was first and last seen, in the view of complete and partial sweeps."""

    rule: str
    severity: int
    path: str
    first: date
    last: date
    waived: bool = False


class Fixed(NamedTuple):
    """A problem that was there once: since when, when it was gone, and in which commit nobody saw it any more."""

    fingerprint: str
    rule: str
    severity: int
    first: date
    fixed: date
    commit: str


class Sweep(NamedTuple):
    """The last sweep: what it looked at, and what was new and fixed in it.

    `complete`: every candidate file was looked at. `before` is the day of the sweep that it is compared with; None for
    the first one.
    """

    commit: str
    day: date
    complete: bool
    new: Numbers = NOTHING
    fixed: Numbers = NOTHING
    before: date | None = None


class State(NamedTuple):
    """All that sweeps remember; `open` by fingerprint, waived problems included."""

    open: Mapping[str, Sighting]
    fixed: tuple[Fixed, ...] = ()
    sweep: Sweep | None = None


EMPTY = State({})


def updated(state: State, findings: Iterable[Finding], swept: Sweep) -> State:
    """The state after a sweep; the same state if it saw the same of the same commit.

    A partial sweep says nothing of what it did not see: there nothing counts as fixed.

    Args:
        state: before.
        findings: one for each place, with fingerprint and status.
        swept: commit, day and completeness.
    """
    seen = {finding.fingerprint: finding for finding in findings}
    if _is_same(state, seen, swept):
        return state
    found = {name: _sighting(state.open.get(name), finding, swept.day) for name, finding in seen.items()}
    gone = {name: was for name, was in state.open.items() if name not in seen}
    if not swept.complete:
        return State(found | gone, state.fixed, swept._replace(new=_fresh(state, found), before=_before(state)))
    fixed = tuple(
        Fixed(name, was.rule, was.severity, was.first, swept.day, swept.commit)
        for name, was in gone.items()
        if not was.waived
    )
    return State(
        found,
        (*state.fixed, *fixed)[-MOST_FIXED:],
        swept._replace(new=_fresh(state, found), fixed=_count(one.severity for one in fixed), before=_before(state)),
    )


def _is_same(state: State, seen: Mapping[str, Finding], swept: Sweep) -> bool:
    last = state.sweep
    if last is None or (last.commit, last.complete) != (swept.commit, swept.complete):
        return False
    if swept.complete and state.open.keys() != seen.keys():
        return False
    return all(
        name in state.open
        and (state.open[name].severity, state.open[name].waived) == (int(finding.severity), finding.status == WAIVED)
        for name, finding in seen.items()
    )


def _sighting(was: Sighting | None, finding: Finding, day: date) -> Sighting:
    first = day if was is None else min(was.first, day)
    waived = finding.status == WAIVED
    return Sighting(finding.rule_id, int(finding.severity), finding.place.path, first, day, waived)


def _fresh(state: State, found: Mapping[str, Sighting]) -> Numbers:
    if state.sweep is None:
        return NOTHING
    return _count(one.severity for name, one in found.items() if not one.waived and _was_not_open(state, name))


def _was_not_open(state: State, name: str) -> bool:
    was = state.open.get(name)
    return was is None or was.waived


def _before(state: State) -> date | None:
    return None if state.sweep is None else state.sweep.day


def _count(severities: Iterable[int]) -> Numbers:
    counts = [0] * len(Severity)
    for severity in severities:
        counts[severity] += 1
    return counts[0], counts[1], counts[2], counts[3], counts[4]


def open_numbers(state: State) -> Numbers:
    """How many problems are open, by severity."""
    return _count(one.severity for one in state.open.values() if not one.waived)


def oldest(state: State) -> dict[Severity, date]:
    """The day since when the oldest open problem of a severity is known."""
    found: dict[Severity, date] = {}
    for one in state.open.values():
        if not one.waived:
            severity = Severity(one.severity)
            found[severity] = min(one.first, found.get(severity, one.first))
    return found


def days_to_fix(state: State) -> dict[Severity, int]:
    """The median of days from the first sight of a problem to the sweep that saw it no more, by severity."""
    days: dict[Severity, list[int]] = {}
    for one in state.fixed:
        days.setdefault(Severity(one.severity), []).append((one.fixed - one.first).days)
    return {severity: median_low(found) for severity, found in days.items()}
