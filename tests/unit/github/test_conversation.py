"""A pull request as it stands: read over GraphQL in pages, and from REST where that is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from github_standin.fixtures import PERSONAL, READ_ONLY, TOKEN, Shop, github, shop
from github_standin.server import StandIn
from github_standin.state import Fault
from gitops_guard.errors import PublishError
from gitops_guard.github.client import Client, Edit
from gitops_guard.github.conversation import ask

__all__ = ["github", "shop"]
Connect = Callable[..., Client]


@pytest.fixture
def connect(github: StandIn) -> Connect:
    def connected(token: str = TOKEN) -> Client:
        return Client(github.url, token, "octo/shop", 7, pause=0, wait=2, recovery=0.01)

    return connected


@pytest.fixture
def threads(github: StandIn, shop: Shop) -> StandIn:
    """A comment on a line with an answer, one that a push made outdated, one on a file, one of somebody else."""
    first = shop.git("rev-parse", "change")
    values = {"pull": 7, "author": "github-actions[bot]", "side": "RIGHT", "start_line": None, "commit_id": first}
    values |= {"review": None, "path": "app.yaml", "body": "x"}
    github.state.review_comments = [
        values | {"id": 1, "line": 40, "start_line": 38},
        values | {"id": 2, "line": 10},
        values | {"id": 3, "line": None, "path": "new.yaml"},
        values | {"id": 4, "line": 41, "author": "octocat"},
    ]
    github.state.add_reply(github.state.review_comments[0], "octocat", "why?")
    lines = (shop.path / "app.yaml").read_text().replace("ten\n", "other\n")
    shop.commit({"app.yaml": lines})
    return github


def test_what_both_apis_tell_is_the_same(threads: StandIn, connect: Connect) -> None:
    threads.state.issue_comments = [{"id": 9, "pull": 7, "author": "github-actions[bot]", "body": "summary"}]
    told = connect().conversation()
    threads.state.faults = [Fault("POST", "/graphql", kind="FORBIDDEN", message="no")]
    listed = connect().conversation()
    kept = [thread._replace(node="", comment_node="", review="") for thread in told.threads]
    assert kept == list(listed.threads)
    assert told.notes == listed.notes
    assert told.login == listed.login == "github-actions[bot]"
    assert [thread.comment for thread in told.own_threads] == [1, 2, 3]
    assert [(t.line, t.start, t.on_file, t.answered) for t in told.own_threads] == [
        (40, 38, False, True),
        (None, None, False, False),
        (None, None, True, False),
    ]
    assert (told.unknown, listed.unknown) == ("", "GitHub refused GraphQL: FORBIDDEN no")


@pytest.mark.parametrize(("token", "login"), [(TOKEN, "github-actions[bot]"), (PERSONAL, "octocat"), (READ_ONLY, "")])
def test_own_are_those_of_the_token(threads: StandIn, connect: Connect, token: str, login: str) -> None:
    del threads
    found = connect(token).conversation()
    assert found.login == (login or "github-actions[bot]")
    assert {thread.author for thread in found.own_threads} == {found.login}


def test_five_hundred_threads_take_three_requests(threads: StandIn, connect: Connect) -> None:
    first = threads.state.review_comments[2]
    threads.state.review_comments = [first | {"id": number} for number in range(1, 501)]
    author = "github-actions[bot]"
    threads.state.issue_comments = [{"id": n, "pull": 7, "author": author, "body": ""} for n in range(1, 131)]
    found = connect().conversation()
    assert (len(found.threads), len({thread.comment for thread in found.threads})) == (500, 500)
    assert len(found.notes) == 130
    assert threads.state.requests == [("POST", "/graphql")] * 3


def test_many_comments_are_edited_in_few_requests(threads: StandIn, connect: Connect) -> None:
    first = threads.state.review_comments[2]
    threads.state.review_comments = [first | {"id": number} for number in range(1, 46)]
    client = connect()
    edits = [
        Edit(thread.comment, thread.comment_node, f"new {thread.comment}") for thread in client.conversation().threads
    ]
    threads.state.requests.clear()
    client.edit(edits)
    assert threads.state.requests == [("POST", "/graphql#updatePullRequestReviewComment")] * 3
    assert [comment["body"] for comment in threads.state.review_comments] == [f"new {n}" for n in range(1, 46)]


def test_what_graphql_does_not_edit_rest_does(threads: StandIn, connect: Connect) -> None:
    client = connect()
    edits = [Edit(thread.comment, thread.comment_node, "new") for thread in client.conversation().own_threads]
    threads.state.faults = [Fault("POST", "#updatePullRequestReviewComment", kind="FORBIDDEN", message="no")]
    client.edit([*edits[:2], edits[2]._replace(node="")])
    assert [comment["body"] for comment in threads.state.review_comments[:3]] == ["new"] * 3


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"repository": None, "viewer": {"login": "x"}},
        {"repository": {"pullRequest": None}},
        {
            "repository": {"pullRequest": {"state": "OPEN", "headRefOid": "a", "reviewThreads": {"nodes": [{}]}}},
            "viewer": {"login": ""},
        },
        {"repository": {"pullRequest": {"state": "OPEN", "headRefOid": "a"}}, "viewer": []},
    ],
)
def test_an_answer_that_is_none_is_said_to_be_none(data: dict[str, Any]) -> None:
    with pytest.raises(PublishError, match="no pull request"):
        ask(lambda _document, _given: data, "octo/shop", 7)


def test_an_endless_answer_ends() -> None:
    page = {"nodes": [None], "pageInfo": {"hasNextPage": True, "endCursor": "x"}, "totalCount": 9}
    pull = {"state": "OPEN", "headRefOid": "a", "reviewThreads": page, "comments": page}
    with pytest.raises(PublishError, match="more than"):
        ask(lambda _document, _given: {"repository": {"pullRequest": pull}, "viewer": {"login": "x"}}, "octo/shop", 7)
