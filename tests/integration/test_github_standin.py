"""The stand-in behaves as GitHub's description and people's experience of it say."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from github_standin.fixtures import PERSONAL, READ_ONLY, TOKEN, Shop, github, numbered, shop
from github_standin.server import StandIn, running
from github_standin.state import Fault, PullRequest, State

__all__ = ["github", "shop"]
OUTSIDE = "Pull request review thread line must be part of the diff"
OTHER_HUNK = "Pull request review thread start line must be part of the same hunk as the line."
NO_HUNK = "Pull request review thread diff hunk can't be blank"
NOTE = {"path": "app.yaml", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "m"}
TOO_MANY = {"title": "t", "summary": "s", "annotations": [NOTE] * 51}
ROOT = Path(__file__).parents[2]
PULL, ISSUE = "/repos/octo/shop/pulls/7", "/repos/octo/shop/issues/7"


def ask(standin: StandIn, method: str, path: str, body: Any = None, token: str = TOKEN) -> requests.Response:
    headers = {"Authorization": f"token {token}"}
    return requests.request(method, standin.url + path, json=body, headers=headers, timeout=5)


def review(*comments: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"event": "COMMENT", "body": "Found two.", "comments": list(comments)} | values


def at(line: int, **values: Any) -> dict[str, Any]:
    return {"path": "app.yaml", "line": line, "side": "RIGHT", "body": "here"} | values


def test_reads_the_repository_the_pull_request_and_its_hunks(github: StandIn, shop: Shop) -> None:
    assert ask(github, "GET", "/repos/octo/shop").json()["full_name"] == "octo/shop"
    pull = ask(github, "GET", PULL).json()
    assert (pull["head"]["sha"], pull["base"]["ref"]) == (shop.git("rev-parse", "change"), "main")
    files = {file["filename"]: file for file in ask(github, "GET", PULL + "/files").json()}
    assert list(files) == ["app.yaml", "new.yaml"]
    assert files["app.yaml"]["patch"].startswith("@@ -7,7 +7,7 @@")
    assert (files["new.yaml"]["status"], files["new.yaml"]["additions"]) == ("added", 1)


@pytest.mark.parametrize("line", [7, 10, 13, 37, 43])
def test_takes_a_line_that_a_hunk_shows(github: StandIn, line: int) -> None:
    assert ask(github, "POST", PULL + "/reviews", review(at(line))).status_code == 200
    assert [comment["line"] for comment in ask(github, "GET", PULL + "/comments").json()] == [line]


@pytest.mark.parametrize(
    ("comment", "error"),
    [
        (
            at(14),
            f"{OUTSIDE} and {NO_HUNK}",
        ),
        (
            at(20, start_line=18),
            f"{OUTSIDE}, {OTHER_HUNK}, and {NO_HUNK}",
        ),
        (
            at(40, start_line=10),
            OTHER_HUNK,
        ),
        (at(10, start_line=10), "Pull request review thread start line must precede the end line."),
    ],
)
def test_one_bad_anchor_refuses_the_whole_review(github: StandIn, comment: dict[str, Any], error: str) -> None:
    answer = ask(github, "POST", PULL + "/reviews", review(at(8), comment))
    assert (answer.status_code, answer.json()["message"]) == (422, "Unprocessable Entity")
    assert answer.json()["errors"] == [error]
    assert (github.state.reviews, github.state.review_comments) == ([], [])


@pytest.mark.parametrize("path", ["old.yaml", "missing.yaml"])
def test_a_file_that_is_not_changed_takes_no_comment(github: StandIn, shop: Shop, path: str) -> None:
    assert ask(github, "POST", PULL + "/reviews", review(at(1, path=path))).status_code == 422
    body = {"path": path, "body": "x", "subject_type": "file", "commit_id": shop.git("rev-parse", "change")}
    assert ask(github, "POST", PULL + "/comments", body).status_code == 422


def test_a_file_comment_has_no_line(github: StandIn, shop: Shop) -> None:
    body = {"path": "app.yaml", "body": "all", "subject_type": "file", "commit_id": shop.git("rev-parse", "change")}
    posted = ask(github, "POST", PULL + "/comments", body)
    assert (posted.status_code, posted.json()["subject_type"]) == (201, "file")
    assert "line" not in posted.json()


def test_a_line_comment_outside_names_the_field(github: StandIn, shop: Shop) -> None:
    answer = ask(github, "POST", PULL + "/comments", at(20, commit_id=shop.git("rev-parse", "change")))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "pull_request_review_thread.line"


def test_a_push_moves_a_comment_or_makes_it_outdated(github: StandIn, shop: Shop) -> None:
    ask(github, "POST", PULL + "/reviews", review(at(10), at(40)))
    shop.commit({"app.yaml": "first\n" + numbered(60, l10="changed again", l40="forty")})
    first, second = ask(github, "GET", PULL + "/comments").json()
    assert ("line" in first, "position" in first, first["original_line"]) == (False, False, 10)
    assert (second["line"], second["original_line"]) == (41, 40)


def test_the_author_may_comment_but_not_judge(github: StandIn) -> None:
    assert ask(github, "POST", PULL + "/reviews", review(event="APPROVE"), PERSONAL).status_code == 422
    assert ask(github, "POST", PULL + "/reviews", review(), PERSONAL).status_code == 200


def test_comments_are_changed_and_deleted(github: StandIn) -> None:
    ask(github, "POST", PULL + "/reviews", review(at(10)))
    ask(github, "POST", ISSUE + "/comments", {"body": "hello"})
    for start in (PULL, ISSUE):
        one = start.rpartition("/")[0] + f"/comments/{ask(github, 'GET', start + '/comments').json()[0]['id']}"
        assert ask(github, "PATCH", one, {"body": "new"}).json()["body"] == "new"
        assert ask(github, "DELETE", one).status_code == 204
        assert ask(github, "DELETE", one).status_code == 404
        assert ask(github, "GET", start + "/comments").json() == []


def test_pages_obey_the_size_and_link_each_other(github: StandIn) -> None:
    for number in range(5):
        ask(github, "POST", ISSUE + "/comments", {"body": str(number)})
    first = ask(github, "GET", ISSUE + "/comments?per_page=2")
    assert [comment["body"] for comment in first.json()] == ["0", "1"]
    assert first.links["last"]["url"].endswith("page=3")
    last = requests.get(first.links["last"]["url"], headers={"Authorization": f"token {TOKEN}"}, timeout=5)
    assert [comment["body"] for comment in last.json()] == ["4"]
    assert "next" not in last.links
    assert "link" not in ask(github, "GET", ISSUE + "/comments").headers


def test_rights_are_those_of_the_token(github: StandIn) -> None:
    refused = ask(github, "POST", PULL + "/reviews", review(at(10)), READ_ONLY)
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    assert refused.headers["x-accepted-github-permissions"] == "pull_requests=write"
    talk = ask(github, "POST", ISSUE + "/comments", {"body": "x"}, READ_ONLY)
    assert talk.headers["x-accepted-github-permissions"] == "issues=write; pull_requests=write"
    assert ask(github, "GET", PULL + "/comments", token=READ_ONLY).status_code == 200
    assert ask(github, "GET", PULL, token="ghs_unknown").status_code == 401
    assert [ask(github, "GET", "/user", token=token).status_code for token in (TOKEN, PERSONAL)] == [403, 200]


def test_check_runs_and_labels(github: StandIn, shop: Shop) -> None:
    output = {"title": "t", "summary": "s", "annotations": [NOTE] * 50}
    run = {"name": "gitops-guard", "head_sha": shop.git("rev-parse", "change"), "output": output}
    run |= {"status": "completed", "conclusion": "failure"}
    assert ask(github, "POST", "/repos/octo/shop/check-runs", run).json()["output"]["annotations_count"] == 50
    assert ask(github, "POST", ISSUE + "/labels", {"labels": ["security"]}).json()[0]["name"] == "security"


def test_a_body_over_the_limit_is_refused(github: StandIn) -> None:
    assert ask(github, "POST", ISSUE + "/comments", {"body": "x" * 65536}).status_code == 201
    assert ask(github, "POST", ISSUE + "/comments", {"body": "x" * 65537}).status_code == 422
    assert ask(github, "POST", PULL + "/reviews", review(at(10, body="x" * 65537))).status_code == 422


def test_faults(github: StandIn) -> None:
    github.state.faults = [
        Fault("POST", "/comments", status=429, headers={"retry-after": "1"}, message="slow down"),
        Fault("POST", "/comments", status=502, done=True),
        Fault("POST", "/comments", done=True),
        Fault("POST", "/comments"),
    ]
    limited = ask(github, "POST", ISSUE + "/comments", {"body": "0"})
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")
    assert ask(github, "POST", ISSUE + "/comments", {"body": "1"}).status_code == 502
    for body in ("2", "3"):
        with pytest.raises(requests.ConnectionError):
            ask(github, "POST", ISSUE + "/comments", {"body": body})
    assert [comment["body"] for comment in github.state.issue_comments] == ["1", "2"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", PULL + "/reviews", review(at(10, subject_type="file"))),
        ("POST", PULL + "/reviews", review(at("10"))),  # type: ignore[arg-type]
        ("POST", PULL + "/reviews", review(event="PENDING")),
        ("POST", ISSUE + "/comments", {}),
        ("POST", ISSUE + "/comments", None),
        ("POST", PULL + "/comments", {"body": "x", "path": "app.yaml"}),
        ("POST", "/repos/octo/shop/check-runs", {"name": "x", "head_sha": "0", "output": TOO_MANY}),
        ("GET", PULL + "/comments?size=3", None),
        ("GET", PULL + "/comments?per_page=all", None),
        ("GET", "/repos/octo/shop/pulls/seven", None),
        ("GET", "/repos/octo/shop/secrets", None),
    ],
)
def test_what_the_description_does_not_allow_is_a_violation(
    shop: Shop, method: str, path: str, body: dict[str, Any] | None
) -> None:
    state = State(shop.path)
    state.add_token(TOKEN)
    state.pulls[7] = PullRequest(7, "main", "change")
    with running(state) as standin:
        assert ask(standin, method, path, body).status_code == 500
    assert len(state.violations) == 1


def test_as_a_program(shop: Shop, tmp_path: Path) -> None:
    pull = {"number": 7, "base": "main", "head": "change"}
    state, save = tmp_path / "state.json", tmp_path / "save.json"
    state.write_text(json.dumps({"path": str(shop.path), "tokens": {TOKEN: "github-actions[bot]"}, "pulls": [pull]}))
    command = [sys.executable, "-m", "github_standin", "--state", str(state), "--save", str(save)]
    with subprocess.Popen(command, cwd=ROOT / "tests", stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        requests.post(url + ISSUE + "/comments", json={"body": "hello"}, headers=headers, timeout=5).raise_for_status()
        process.terminate()
    saved = json.loads(save.read_text())
    assert ([comment["body"] for comment in saved["issue_comments"]], saved["violations"]) == (["hello"], [])
    assert TOKEN not in save.read_text()


def test_an_answer_is_fast(github: StandIn) -> None:
    ask(github, "GET", ISSUE + "/comments")
    started = time.perf_counter()
    ask(github, "GET", ISSUE + "/comments")
    assert time.perf_counter() - started < 1


@pytest.mark.real
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed: the extract is not compared")
def test_the_extract_is_that_of_the_published_package() -> None:
    command = [sys.executable, str(ROOT / "scripts/extract_github_openapi.py"), "--check"]
    assert subprocess.run(command, check=False, timeout=120).returncode == 0
