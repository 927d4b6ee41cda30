"""GraphQL of the stand-in: threads, rights, commits, and what GitHub's schema does not allow."""

import base64
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from github_standin.fixtures import TOKEN, Shop, github, numbered, shop
from github_standin.server import StandIn, running
from github_standin.state import PullRequest, State

__all__ = ["github", "shop"]
ROOT = Path(__file__).parents[2]
WRITER = "ghs_invented0writer0token"
PERSON = "ghp_invented0octocat0token"
THREADS = """query($after: String) {
  repository(owner: "octo", name: "shop") {pullRequest(number: 7) {
    reviewThreads(first: 1, after: $after) {
      nodes {id isResolved isOutdated resolvedBy {login} path line
        comments(first: 10) {nodes {fullDatabaseId body viewerDidAuthor author {__typename login} replyTo {id}}}}
      pageInfo {endCursor hasNextPage} totalCount
    }
  }}
}"""
RESOLVE = "mutation($id: ID!) {resolveReviewThread(input: {threadId: $id}) {thread {isResolved resolvedBy {login}}}}"
UNRESOLVE = "mutation($id: ID!) {unresolveReviewThread(input: {threadId: $id}) {thread {isResolved}}}"
REPLY = """mutation($id: ID!, $body: String!) {
  addPullRequestReviewThreadReply(input: {pullRequestReviewThreadId: $id, body: $body}) {comment {id body}}
}"""
ENDLESS = 'query {repository(owner: "octo", name: "shop") {pullRequest(number: 7) {comments {totalCount}}}}'
COMMIT = "mutation($input: CreateCommitOnBranchInput!) {createCommitOnBranch(input: $input) {commit {oid}}}"


@pytest.fixture
def threaded(github: StandIn) -> StandIn:
    github.state.add_token(WRITER, contents="write", pull_requests="write")
    github.state.add_token(PERSON, "octocat", contents="write", pull_requests="write", issues="write")
    body = {"event": "COMMENT", "body": "Two.", "comments": [at(10), at(40)]}
    rest(github, "/repos/octo/shop/pulls/7/reviews", body)
    return github


def at(line: int) -> dict[str, Any]:
    return {"path": "app.yaml", "line": line, "side": "RIGHT", "body": f"at {line}"}


def rest(standin: StandIn, path: str, body: Any, token: str = TOKEN) -> Any:
    headers = {"Authorization": f"token {token}"}
    return requests.post(standin.url + path, json=body, headers=headers, timeout=5).json()


def ask(standin: StandIn, document: str, token: str = WRITER, **variables: Any) -> Any:
    return rest(standin, "/graphql", {"query": document, "variables": variables}, token)


def seen(standin: StandIn, after: str | None = None) -> Any:
    pull = ask(standin, THREADS, after=after)["data"]["repository"]["pullRequest"]
    return pull["reviewThreads"]


def test_threads_come_in_pages(threaded: StandIn) -> None:
    first = seen(threaded)
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (2, True)
    second = seen(threaded, first["pageInfo"]["endCursor"])
    assert (second["nodes"][0]["line"], second["pageInfo"]["hasNextPage"]) == (40, False)
    (comment,) = first["nodes"][0]["comments"]["nodes"]
    assert (comment["author"], comment["viewerDidAuthor"]) == ({"__typename": "Bot", "login": "github-actions"}, True)


def test_replies_stand_in_their_thread(threaded: StandIn) -> None:
    thread = seen(threaded)["nodes"][0]
    first = thread["comments"]["nodes"][0]["fullDatabaseId"]
    rest(threaded, f"/repos/octo/shop/pulls/7/comments/{first}/replies", {"body": "why?"}, PERSON)
    ask(threaded, REPLY, id=thread["id"], body="because")
    found = seen(threaded)
    assert found["totalCount"] == 2
    assert [comment["body"] for comment in found["nodes"][0]["comments"]["nodes"]] == ["at 10", "why?", "because"]
    assert found["nodes"][0]["comments"]["nodes"][2]["replyTo"] == {"id": f"PRRC_{first}"}


def test_resolving_takes_the_right_to_write_contents(threaded: StandIn) -> None:
    thread = seen(threaded)["nodes"][0]["id"]
    refused = ask(threaded, RESOLVE, TOKEN, id=thread)
    assert refused["data"] == {"resolveReviewThread": None}
    assert refused["errors"][0]["type"] == "FORBIDDEN"
    assert refused["errors"][0]["message"] == "Resource not accessible by integration"
    ask(threaded, RESOLVE, PERSON, id=thread)
    ask(threaded, RESOLVE, id=thread)
    assert seen(threaded)["nodes"][0]["resolvedBy"] == {"login": "octocat"}
    assert ask(threaded, UNRESOLVE, id=thread)["data"]["unresolveReviewThread"] == {"thread": {"isResolved": False}}
    assert ("POST", "/graphql#resolveReviewThread") in threaded.state.requests


def test_a_push_makes_a_thread_outdated(threaded: StandIn, shop: Shop) -> None:
    shop.commit({"app.yaml": numbered(60, l10="changed again", l40="forty")})
    thread = seen(threaded)["nodes"][0]
    assert (thread["isOutdated"], thread["line"]) == (True, None)


def committing(shop: Shop, **values: Any) -> dict[str, Any]:
    branch = {"repositoryNameWithOwner": "octo/shop", "branchName": "change"}
    changes = {
        "additions": [{"path": "deep/new file.yaml", "contents": base64.b64encode(b"b: 2\r\n").decode()}],
        "deletions": [{"path": "old.yaml"}],
    }
    message = {"headline": "Fix", "body": "why"}
    head = shop.git("rev-parse", "change")
    return {"branch": branch, "message": message, "fileChanges": changes, "expectedHeadOid": head} | values


def test_a_commit_is_a_real_one(threaded: StandIn, shop: Shop) -> None:
    before = shop.git("rev-parse", "change")
    made = ask(threaded, COMMIT, input=committing(shop))["data"]["createCommitOnBranch"]["commit"]["oid"]
    assert shop.git("rev-parse", "change", "change~1").split() == [made, before]
    assert shop.git("show", "--name-status", "--format=%an %B", made).split() == [
        *("github-actions[bot]", "Fix", "why", "A", "deep/new", "file.yaml", "D", "old.yaml")
    ]
    assert shop.git("cat-file", "blob", "change:deep/new file.yaml") == "b: 2"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"expectedHeadOid": "0" * 40}, "STALE_DATA"),
        ({"branch": {"repositoryNameWithOwner": "mallory/shop", "branchName": "change"}}, "NOT_FOUND"),
        ({"fileChanges": {"deletions": [{"path": "missing"}]}}, "UNPROCESSABLE"),
    ],
)
def test_a_commit_that_cannot_be_made_changes_nothing(
    threaded: StandIn, shop: Shop, values: dict[str, Any], kind: str
) -> None:
    before = shop.git("rev-parse", "change")
    answer = ask(threaded, COMMIT, input=committing(shop, **values))
    assert (answer["data"], answer["errors"][0]["type"]) == ({"createCommitOnBranch": None}, kind)
    assert shop.git("rev-parse", "change") == before
    assert ask(threaded, COMMIT, TOKEN, input=committing(shop))["errors"][0]["type"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "body",
    [
        {"query": "query {viewer {email}}"},
        {"query": "query {viewer {"},
        {"query": "query {viewer {login}}", "variables": {"unused": 1}},
        {"query": 'query {repository(owner: "octo", name: "shop") {ref(qualifiedName: 7) {id}}}'},
        {"query": ENDLESS},
        {"query": "mutation {resolveReviewThread(input: {}) {thread {id}}}"},
        {"document": "query {viewer {login}}"},
    ],
)
def test_what_the_schema_does_not_allow_is_a_violation(shop: Shop, body: dict[str, Any]) -> None:
    state = State(shop.path)
    state.add_token(TOKEN)
    state.pulls[7] = PullRequest(7, "main", "change")
    with running(state) as standin:
        rest(standin, "/graphql", body)
    assert len(state.violations) == 1


@pytest.mark.real
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed: the extract is not compared")
def test_the_extract_is_that_of_the_published_package() -> None:
    command = [sys.executable, str(ROOT / "scripts/extract_github_graphql.py"), "--check"]
    assert subprocess.run(command, check=False, timeout=120).returncode == 0
