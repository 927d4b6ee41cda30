"""What sweeps remember: first and last sight, what was fixed, and that a damaged file is said to be damaged."""

from datetime import date, timedelta

import pytest

from gitops_guard.finding import HIGH, LOW, Severity
from gitops_guard.tracking.state import (
    EMPTY,
    Fixed,
    Seen,
    Sighting,
    State,
    Sweep,
    days_to_fix,
    oldest,
    open_numbers,
    updated,
)
from gitops_guard.tracking.state_text import DamagedStateError, read, render

MONDAY = date(2026, 11, 2)
A, B = Seen("a" * 32, "GG-POD-001", int(HIGH), "a.yaml"), Seen("b" * 32, "GG-POD-002", int(LOW), "b.yaml")


def swept(week: int, *, complete: bool = True) -> Sweep:
    return Sweep(f"{week:040x}", MONDAY + timedelta(weeks=week), complete)


def test_the_first_sweep_compares_with_nothing() -> None:
    state = updated(EMPTY, [A, B], swept(0))
    assert open_numbers(state) == (0, 1, 0, 1, 0)
    assert state.sweep == swept(0)


def test_first_and_last_sight_and_time_to_fix() -> None:
    state = updated(updated(updated(EMPTY, [A], swept(0)), [A, B], swept(1)), [B], swept(3))
    assert state.open == {B.fingerprint: Sighting(B.rule, B.severity, B.path, swept(1).day, swept(3).day)}
    assert state.fixed == (Fixed(A.fingerprint, A.rule, A.severity, MONDAY, swept(3).day, swept(3).commit),)
    assert state.sweep == swept(3)._replace(fixed=(0, 0, 0, 1, 0), before=swept(1).day)
    assert days_to_fix(state) == {HIGH: 21}
    assert oldest(state) == {LOW: swept(1).day}


def test_the_same_of_the_same_commit_is_the_same_state_on_any_day() -> None:
    state = updated(updated(EMPTY, [A, B], swept(0)), [A], swept(1))
    assert updated(state, [A], swept(1)._replace(day=date(2027, 1, 1))) is state


def test_a_partial_sweep_fixes_nothing() -> None:
    state = updated(updated(EMPTY, [A, B], swept(0)), [B], swept(1, complete=False))
    assert set(state.open) == {A.fingerprint, B.fingerprint}
    assert not state.fixed
    assert state.open[A.fingerprint].last == MONDAY
    assert updated(state, [B], swept(1, complete=False)) is state


def test_a_partial_sweep_that_is_repeated_whole_counts_what_is_gone() -> None:
    state = updated(updated(EMPTY, [A, B], swept(0)), [B], swept(1, complete=False))
    assert [one.fingerprint for one in updated(state, [B], swept(1)).fixed] == [A.fingerprint]


def test_a_waived_problem_is_neither_open_nor_fixed_and_keeps_its_first_day() -> None:
    state = updated(updated(EMPTY, [A], swept(0)), [A._replace(waived=True)], swept(1))
    assert open_numbers(state) == (0, 0, 0, 0, 0)
    assert not state.fixed
    again = updated(state, [A], swept(2))
    assert again.open[A.fingerprint].first == MONDAY
    assert again.sweep is not None
    assert again.sweep.new == (0, 0, 0, 1, 0)


def test_what_comes_back_is_new_and_stays_in_the_history() -> None:
    state = updated(updated(updated(EMPTY, [A], swept(0)), [], swept(1)), [A], swept(2))
    assert state.open[A.fingerprint].first == swept(2).day
    assert len(state.fixed) == 1


def test_what_was_not_looked_at_stays() -> None:
    state = updated(EMPTY, [A, B], swept(0))
    after = updated(state, [], swept(1, complete=False), lambda sighting: sighting.path == "a.yaml")
    assert set(after.open) == {B.fingerprint}
    assert [one.fingerprint for one in after.fixed] == [A.fingerprint]


def test_the_text_is_read_back_and_the_same_state_is_the_same_text() -> None:
    state = updated(updated(EMPTY, [A, B], swept(0)), [B], swept(1))
    assert read(render(state)) == state
    backwards = State(dict(reversed(list(state.open.items()))), state.fixed, state.sweep)
    assert render(backwards) == render(state)
    assert read(render(EMPTY)) == EMPTY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 50_000,
        render(EMPTY).replace('"version": 1', '"version": 2'),
        render(EMPTY).replace('"open": [', '"open": [7'),
        render(EMPTY).replace('"open": [', '"open": [["a", "r", 9, "p", "2026-01-01", "2026-01-01", false]'),
        render(EMPTY).replace('"open": [', '"open": [["a", "r", 1, "p", "2026-13-01", "2026-01-01", false]'),
        render(EMPTY).replace('"open": [', '"open": [["a", "r", 1, {}, "2026-01-01", "2026-01-01", false]'),
        render(EMPTY).replace('"open": [', '"open": [["a", "r", 1, "p", "2026-01-01", "2026-01-01", 1]'),
        render(EMPTY).replace('"open": [', '"open": [["a", "r", 1, "p"]'),
        render(EMPTY).replace('"sweep": null', '"sweep": 3'),
        render(EMPTY).replace('"sweep": null', '"sweep": {"commit": "c", "day": "2026-01-01", "new": [1]}'),
        render(EMPTY).replace(
            '"open": [', f'"open": [["{"a" * 5000}", "r", 1, "p", "2026-01-01", "2026-01-01", false]'
        ),
    ],
)
def test_a_damaged_text_is_said_to_be_one(text: str) -> None:
    with pytest.raises(DamagedStateError):
        read(text)


def test_severities_are_those_of_findings() -> None:
    assert len(open_numbers(EMPTY)) == len(Severity)
