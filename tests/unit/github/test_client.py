"""The client against the stand-in: what it posts, what it survives, what it says when it may not."""

import time
from collections.abc import Callable

import pytest

from github_standin.fixtures import PERSONAL, READ_ONLY, TOKEN, Shop, github, shop
from github_standin.server import StandIn
from github_standin.state import Fault
from gitops_guard.errors import PublishError
from gitops_guard.github.client import Client, ReviewRefusedError

__all__ = ["github", "shop"]
Connect = Callable[..., Client]


@pytest.fixture
def connect(github: StandIn) -> Connect:
    def connected(token: str = TOKEN, wait: float = 2) -> Client:
        return Client(github.url, token, "octo/shop", 7, pause=0, wait=wait, recovery=0.01)

    return connected


def inline(line: int, body: str = "here") -> dict[str, object]:
    return {"path": "app.yaml", "line": line, "side": "RIGHT", "body": body}


def test_posts_lists_changes_and_deletes(connect: Connect, shop: Shop) -> None:
    client = connect()
    head = client.head_sha()
    assert head == shop.git("rev-parse", "change")
    client.create_review(head, "Two.", [inline(10), inline(40, "there") | {"start_line": 38, "start_side": "RIGHT"}])
    client.create_file_comment(head, "new.yaml", "all of it")
    first, second, whole = client.review_comments()
    assert (first.path, first.line, first.body, first.author) == ("app.yaml", 10, "here", "github-actions[bot]")
    assert (second.line, whole.path, whole.line) == (40, "new.yaml", None)
    client.update_review_comment(first.id, "changed")
    client.delete_review_comment(second.id)
    assert [posted.body for posted in client.review_comments()] == ["changed", "all of it"]
    client.create_issue_comment("summary")
    client.update_issue_comment(client.issue_comments()[0].id, "new summary")
    assert [posted.body for posted in client.issue_comments()] == ["new summary"]
    client.delete_issue_comment(client.issue_comments()[0].id)
    assert client.issue_comments() == []


def test_reads_every_page(connect: Connect, github: StandIn) -> None:
    github.state.issue_comments = [{"id": n, "pull": 7, "author": "a", "body": str(n)} for n in range(250)]
    assert [posted.body for posted in connect().issue_comments()] == [str(n) for n in range(250)]


def test_who_the_token_is(connect: Connect) -> None:
    assert (connect().login(), connect(PERSONAL).login()) == ("github-actions[bot]", "octocat")


def test_a_refused_review_is_told_apart(connect: Connect, github: StandIn, shop: Shop) -> None:
    with pytest.raises(ReviewRefusedError) as refused:
        connect().create_review(shop.git("rev-parse", "change"), "One.", [inline(10), inline(20)])
    assert refused.value.errors[0].startswith("Pull request review thread line must be part of the diff")
    assert github.state.review_comments == []


def test_a_token_without_the_right_says_which(connect: Connect, shop: Shop) -> None:
    client = connect(READ_ONLY)
    assert client.review_comments() == []
    with pytest.raises(PublishError, match="pull_requests=write") as refused:
        client.create_review(shop.git("rev-parse", "change"), "One.", [inline(10)])
    assert not isinstance(refused.value, ReviewRefusedError)
    with pytest.raises(PublishError, match="issues=write; pull_requests=write"):
        client.create_issue_comment("x")


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("status", [None, 502], ids=["cut", "502"])
def test_a_lost_answer_never_posts_twice(
    connect: Connect, github: StandIn, shop: Shop, status: int | None, *, done: bool
) -> None:
    client, head = connect(), shop.git("rev-parse", "change")
    client.create_issue_comment("earlier")
    github.state.faults = [
        Fault("POST", "/reviews", status=status, done=done),
        Fault("POST", "/pulls/7/comments", status=status, done=done),
        Fault("POST", "/issues/7/comments", status=status, done=done),
    ]
    client.create_review(head, "One.", [inline(10), inline(40)])
    client.create_file_comment(head, "new.yaml", "whole")
    client.create_issue_comment("summary\r\nof two lines\n")
    assert github.state.faults == []
    assert [comment["path"] for comment in github.state.review_comments] == ["app.yaml", "app.yaml", "new.yaml"]
    assert len(github.state.reviews) == 1
    assert [comment["body"][:7] for comment in github.state.issue_comments] == ["earlier", "summary"]


def test_an_equal_comment_of_an_earlier_run_is_not_taken_for_ours(connect: Connect, github: StandIn) -> None:
    connect().create_issue_comment("summary")
    github.state.faults = [Fault("POST", "/issues/7/comments")]
    connect().create_issue_comment("summary")
    assert len(github.state.issue_comments) == 2


def test_reads_and_changes_are_repeated(connect: Connect, github: StandIn) -> None:
    client = connect()
    client.create_issue_comment("x")
    one = client.issue_comments()[0].id
    github.state.faults = [
        Fault("GET", "/issues/7/comments", status=502, times=2),
        Fault("PATCH", f"/{one}", done=True),
        Fault("DELETE", f"/{one}", done=True),
    ]
    assert len(client.issue_comments()) == 1
    client.update_issue_comment(one, "y")
    client.delete_issue_comment(one)
    assert (github.state.faults, github.state.issue_comments) == ([], [])


def test_gives_up_on_a_server_that_stays_away(connect: Connect, github: StandIn) -> None:
    github.state.faults = [Fault("GET", "/issues/7/comments", times=99)]
    with pytest.raises(PublishError, match="did not answer GET"):
        connect().issue_comments()


@pytest.mark.parametrize("status", [403, 429])
def test_waits_as_long_as_it_is_told(connect: Connect, github: StandIn, status: int) -> None:
    message = "You have exceeded a secondary rate limit."
    github.state.faults = [Fault("POST", "/comments", status=status, headers={"retry-after": "1"}, message=message)]
    started = time.monotonic()
    connect().create_issue_comment("x")
    assert time.monotonic() - started >= 1
    assert len(github.state.issue_comments) == 1


@pytest.mark.parametrize(
    "headers",
    [{"retry-after": "3600"}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"}, {}],
)
def test_does_not_wait_for_ever(connect: Connect, github: StandIn, headers: dict[str, str]) -> None:
    github.state.faults = [
        Fault("POST", "/comments", status=403, headers=headers, message="API rate limit exceeded for installation.")
    ]
    started = time.monotonic()
    with pytest.raises(PublishError, match="rate limit is used up"):
        connect().create_issue_comment("x")
    assert time.monotonic() - started < 1


def test_no_error_and_no_log_holds_the_token(
    connect: Connect, github: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    wrong = "ghs_notknowntogithub"
    with pytest.raises(PublishError, match="wrong or has expired") as refused:
        connect(wrong).issue_comments()
    github.state.faults = [Fault("GET", "/issues/7/comments", times=99)]
    with pytest.raises(PublishError) as silent:
        connect(wrong).issue_comments()
    said = [repr(connect(wrong)), caplog.text, *(f"{error.value!r} {error.value}" for error in (refused, silent))]
    assert not [text for text in said if wrong in text]
    assert silent.value.__suppress_context__ or silent.value.__context__ is None
