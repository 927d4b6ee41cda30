"""GraphQL of the client against the stand-in: errors with HTTP 200, limits, answers that were lost."""

import time
from collections.abc import Callable

import pytest

from github_standin.fixtures import READ_ONLY, TOKEN, Shop, github, shop
from github_standin.server import StandIn
from github_standin.state import Fault
from gitops_guard.errors import PublishError
from gitops_guard.github.transport import QueryRefusedError, Transport, _asked_wait

__all__ = ["github", "shop"]
WHO = "query {viewer {login}}"
MINIMIZE = """mutation($id: ID!) {
  minimizeComment(input: {subjectId: $id, classifier: RESOLVED}) {minimizedComment {isMinimized}}
}"""
HEAD = """query($number: Int!) {
  repository(owner: "octo", name: "shop") {pullRequest(number: $number) {headRefOid}}
}"""
Connect = Callable[..., Transport]


@pytest.fixture
def connect(github: StandIn) -> Connect:
    def connected(token: str = TOKEN, wait: float = 2, timeout: int = 30) -> Transport:
        return Transport(github.url, token, pause=0, wait=wait, recovery=0.01, timeout=timeout)

    return connected


@pytest.fixture
def comment(github: StandIn) -> str:
    github.state.issue_comments = [{"id": 5, "pull": 7, "author": "github-actions[bot]", "body": "x"}]
    return "IC_5"


def test_a_query_gives_its_data(connect: Connect, shop: Shop) -> None:
    found = connect().graphql(HEAD, {"number": 7})
    assert found["repository"]["pullRequest"]["headRefOid"] == shop.git("rev-parse", "change")


def test_an_installation_may_ask_who_it_is(connect: Connect) -> None:
    assert connect().graphql(WHO, {}) == {"viewer": {"login": "github-actions[bot]"}}


def test_errors_with_status_200_are_errors(connect: Connect, comment: str) -> None:
    with pytest.raises(QueryRefusedError, match="FORBIDDEN Resource not accessible by integration") as refused:
        connect(READ_ONLY).graphql(MINIMIZE, {"id": comment})
    assert refused.value.types == ("FORBIDDEN",)
    assert refused.value.data == {"minimizeComment": None}


def test_what_worked_beside_an_error_is_told(connect: Connect, github: StandIn, comment: str) -> None:
    two = """mutation($one: ID!, $other: ID!) {
      a: minimizeComment(input: {subjectId: $one, classifier: RESOLVED}) {minimizedComment {isMinimized}}
      b: minimizeComment(input: {subjectId: $other, classifier: RESOLVED}) {minimizedComment {isMinimized}}
    }"""
    with pytest.raises(QueryRefusedError, match="NOT_FOUND") as refused:
        connect().graphql(two, {"one": comment, "other": "IC_6"})
    assert refused.value.data == {"a": {"minimizedComment": {"isMinimized": True}}, "b": None}
    assert github.state.requests == [("POST", "/graphql#minimizeComment")]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", "/graphql", kind="RATE_LIMITED", message="API rate limit exceeded", headers={"retry-after": "1"}),
        Fault("POST", "/graphql", status=403, message="secondary rate limit", headers={"retry-after": "1"}),
    ],
)
def test_limits_are_waited_for(connect: Connect, github: StandIn, fault: Fault) -> None:
    github.state.faults = [fault]
    started = time.monotonic()
    assert connect().graphql(WHO, {})["viewer"]
    assert time.monotonic() - started >= 1


def test_a_limit_without_a_time_is_not_waited_for_longer_than_allowed(connect: Connect, github: StandIn) -> None:
    github.state.faults = [Fault("POST", "/graphql", kind="RATE_LIMITED", message="API rate limit exceeded")]
    with pytest.raises(PublishError, match="rate limit is used up"):
        connect().graphql(WHO, {})


@pytest.mark.parametrize("status", [None, 502])
def test_a_query_is_repeated(connect: Connect, github: StandIn, status: int | None) -> None:
    github.state.faults = [Fault("POST", "/graphql", status=status)]
    assert connect().graphql(WHO, {})["viewer"]


def test_a_mutation_whose_answer_was_lost_is_not_repeated(connect: Connect, github: StandIn, comment: str) -> None:
    github.state.faults = [Fault("POST", "#minimizeComment", done=True)]
    with pytest.raises(PublishError, match="did not answer POST GraphQL"):
        connect().graphql(MINIMIZE, {"id": comment})
    assert len(github.state.requests) == 1


@pytest.mark.parametrize("done", [True, False])
def test_a_mutation_is_repeated_where_a_look_says_it_was_not_done(
    connect: Connect, github: StandIn, comment: str, *, done: bool
) -> None:
    github.state.faults = [Fault("POST", "#minimizeComment", done=done)]
    connect().graphql(MINIMIZE, {"id": comment}, written=lambda: "minimized" in github.state.issue_comments[0])
    assert len(github.state.requests) == (1 if done else 2)
    assert github.state.issue_comments[0]["minimized"] == "resolved"


def test_silence_ends(connect: Connect, github: StandIn) -> None:
    github.state.faults = [Fault("POST", "/graphql", seconds=1.4, times=2)]
    started = time.monotonic()
    assert connect(timeout=1).graphql(WHO, {})["viewer"]
    assert 2 <= time.monotonic() - started < 5


def test_a_limit_that_names_no_time_is_waited_for_longer_each_time() -> None:
    assert [_asked_wait({}, before) for before in range(3)] == [60, 120, 240]
    assert _asked_wait({"retry-after": "7"}, 3) == 7


def test_writes_are_spaced_and_reads_are_not(github: StandIn, comment: str) -> None:
    transport = Transport(github.url, TOKEN, pause=0.4, wait=1, recovery=0)
    started = time.monotonic()
    for _ in range(4):
        transport.graphql(WHO, {})
    assert time.monotonic() - started < 0.4
    transport.graphql(MINIMIZE, {"id": comment})
    transport.call("PATCH", "/repos/octo/shop/issues/comments/5", {"body": "y"})
    assert time.monotonic() - started >= 0.4


def test_an_enterprise_server_has_its_own_place_for_it() -> None:
    transport = Transport("https://ghe.example.com/api/v3", TOKEN, pause=0, wait=0, recovery=0)
    assert transport._requester.graphql_url == "https://ghe.example.com/api/graphql"
