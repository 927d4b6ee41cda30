"""The state of sweeps: every open problem with its days, those that were fixed, and the last sweep in numbers."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from statistics import median_low
from typing import NamedTuple

from gitops_guard.finding import Severity

Numbers = tuple[int, int, int, int, int]
"""By severity, in ascending order."""

NOTHING: Numbers = (0, 0, 0, 0, 0)
MOST_FIXED = 20_000
"""Fixed problems that are remembered; the oldest are forgotten first."""


class Seen(NamedTuple):
    """A problem that a sweep sees at one place."""

    fingerprint: str
    rule: str
    severity: int
    path: str
    waived: bool = False


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


def updated(
    state: State, seen: Iterable[Seen], swept: Sweep, looked_at: Callable[[Sighting], bool] | None = None
) -> State:
    """The state after a sweep; the same state if it saw the same of the same commit.

    Args:
        state: before.
        seen: all problems, waived ones included.
        swept: commit, day and completeness.
        looked_at: whether the sweep looked at all that an earlier problem depends on; only then it counts as fixed when
            it is gone. By default a complete sweep did, and a partial one did not.
    """
    found = {one.fingerprint: one for one in seen}
    gone = {name: was for name, was in state.open.items() if name not in found}
    looked = (lambda _: swept.complete) if looked_at is None else looked_at
    left = {name: was for name, was in gone.items() if looked(was)}
    if _is_same(state, found, swept) and not left:
        return state
    now = {name: _sighting(state.open.get(name), one, swept.day) for name, one in found.items()}
    fixed = tuple(
        Fixed(name, was.rule, was.severity, was.first, swept.day, swept.commit)
        for name, was in left.items()
        if not was.waived
    )
    numbers = swept._replace(
        new=_fresh(state, now),
        fixed=_count(one.severity for one in fixed),
        before=None if state.sweep is None else state.sweep.day,
    )
    kept = {name: was for name, was in gone.items() if name not in left}
    return State(now | kept, (*state.fixed, *fixed)[-MOST_FIXED:], numbers)


def _is_same(state: State, seen: Mapping[str, Seen], swept: Sweep) -> bool:
    last = state.sweep
    if last is None or (last.commit, last.complete) != (swept.commit, swept.complete):
        return False
    return all(
        name in state.open and (state.open[name].severity, state.open[name].waived) == (one.severity, one.waived)
        for name, one in seen.items()
    )


def _sighting(was: Sighting | None, seen: Seen, day: date) -> Sighting:
    first = day if was is None else min(was.first, day)
    return Sighting(seen.rule, seen.severity, seen.path, first, day, seen.waived)


def _fresh(state: State, found: Mapping[str, Sighting]) -> Numbers:
    if state.sweep is None:
        return NOTHING
    return _count(one.severity for name, one in found.items() if not one.waived and _was_not_open(state, name))


def _was_not_open(state: State, name: str) -> bool:
    was = state.open.get(name)
    return was is None or was.waived


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
