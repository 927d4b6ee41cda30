"""Budgets, the pace of one request, and when it is repeated."""

import math

import pytest

from gitops_guard.web.address import HostNames, read_target
from gitops_guard.web.budget import HEADER_BYTES, Budget, Limits, Pace
from gitops_guard.web.request import Answer, Request
from gitops_guard.web.retry import asked_wait, may_pass, may_repeat, own_wait, when
from gitops_guard.web.trouble import BrokenError, WebError

NOW = 1_700_000_000.0


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def request(method: str) -> Request:
    return Request(method, read_target("https://registry.example.com/", HostNames(())), {}, None, 100)


def answered(status: int) -> Answer:
    return Answer(status, {}, b"", "https://registry.example.com/")


def test_a_budget_counts_from_the_first_request_and_never_below_nothing() -> None:
    clock = Clock()
    budget = Budget(30, clock=clock)
    clock.seconds += 50
    assert budget.left() == 30
    budget.start()
    clock.seconds += 10
    budget.start()
    assert budget.left() == 20
    clock.seconds += 100
    assert budget.left() == 0
    assert str(budget.spent()) == "not looked at: the budget of 30 s is spent"


def test_a_budget_without_a_bound_is_never_spent() -> None:
    budget = Budget(None)
    budget.start()
    assert budget.left() == math.inf


def test_each_wait_is_the_shortest_of_its_limit_the_answer_and_the_budget() -> None:
    clock = Clock()
    budget = Budget(30, clock=clock)
    pace = Pace(budget, Limits(connect=5, idle=10, answer=20), clock)
    budget.start()
    pace.begin("registry.example.com")
    assert (pace.connecting(), pace.patience()) == (5, 10)
    clock.seconds += 17
    assert (pace.connecting(), pace.patience()) == (3, 3)
    pace.begin("registry.example.com")
    assert pace.patience() == 10
    clock.seconds += 11
    assert pace.patience() == 2


@pytest.mark.parametrize(("passed", "trouble"), [(20, "timeout"), (30, "budget"), (99, "budget")])
def test_a_wait_that_is_over_says_whose_it_was(passed: float, trouble: str) -> None:
    clock = Clock()
    budget = Budget(30, clock=clock)
    pace = Pace(budget, Limits(answer=20), clock)
    budget.start()
    pace.begin("registry.example.com")
    clock.seconds += passed
    with pytest.raises(WebError) as caught:
        pace.patience()
    assert caught.value.trouble == trouble


def test_headers_and_bodies_have_bounds_of_their_own() -> None:
    pace = Pace(Budget(None), Limits())
    pace.begin("registry.example.com")
    pace.received(HEADER_BYTES)
    pace.allow(5)
    pace.received(5)
    pace.received(0)
    with pytest.raises(WebError, match="sends more than may be read"):
        pace.received(1)


@pytest.mark.parametrize(("first", "trouble"), [(0, "refused"), (7, "content")])
def test_the_end_before_the_end_of_the_headers_is_a_broken_answer(first: int, trouble: str) -> None:
    pace = Pace(Budget(None), Limits())
    pace.begin("registry.example.com")
    pace.allow(5)
    pace.begin("registry.example.com")
    if first:
        pace.received(first)
    with pytest.raises(BrokenError) as caught:
        pace.received(0)
    assert caught.value.trouble == trouble


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("9" * 5000, 999_999_999.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tuesday, 14-Nov-23 22:13:50 GMT", 30.0),
        ("Tue Nov 14 22:13:50 2023", 30.0),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30.0),
        ("Tue, 14 Nov 2023 22:13:10 GMT", 0.0),
        ("Tue, 14 Nov 0001 22:13:10 +2300", 0.0),
        ("", None),
        ("1.5", None),
        ("-3", None),
        ("²", None),
        ("soon", None),
        ("Tue, 99 Nov 2023 22:13:50 GMT", None),
        ("Tue, 14 Nov 99999999999999999999 22:13:50 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(text: str, seconds: float | None) -> None:
    assert asked_wait({"retry-after": text}, NOW) == seconds


def test_own_waits_grow_to_a_bound_and_are_anything_below() -> None:
    assert [own_wait(attempt, 1.0) for attempt in (0, 1, 2, 3, 4, 5, 5000)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert [own_wait(attempt, 0.0) for attempt in (0, 9)] == [0, 0]


def test_when_to_ask_again_is_a_time_or_out_of_reach() -> None:
    assert when(30, NOW) == "at 2023-11-14 22:13:50 UTC"
    assert when(1e300, NOW) == "in years"


def test_only_passing_troubles_of_reading_requests_are_repeated() -> None:
    passing = {status for status in range(100, 600) if may_pass(request("GET"), answered(status))}
    assert passing == {429, 502, 503, 504}
    assert not any(may_pass(request("POST"), answered(status)) for status in passing)
    refused = BrokenError("refused", "closed", sent=False)
    lost = BrokenError("refused", "lost", sent=True)
    repeated = [may_repeat(request(m), error) for m in ("GET", "HEAD", "POST") for error in (refused, lost)]
    assert repeated == [True, True, True, True, True, False]
