"""The whole review against the stand-in: posted once, updated by a second push, refused where it must be."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_double.server import StandIn, running
from gitops_guard.cli import main

TOKEN = "standin-token-0123456789"
MANIFEST = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
spec:
  containers:
    - name: web
      image: nginx:1.27.0
"""


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=repository, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(repository: Path, message: str, **files: str) -> None:
    for name, text in files.items():
        (repository / name.replace("__", ".")).write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", message)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    long = MANIFEST.format(name="old") + "# end\n" * 30
    commit(repository, "base", old__yaml=long)
    git(repository, "checkout", "-qb", "change")
    commit(
        repository,
        "change",
        new__yaml=MANIFEST.format(name="new") + "      securityContext:\n        privileged: true\n",
    )
    standin = StandIn(repository, TOKEN)
    with running(standin) as url:
        monkeypatch.chdir(repository)
        for name, value in environment(standin, url, tmp_path).items():
            monkeypatch.setenv(name, value)
        yield standin
    assert standin.violations == []


def environment(state: StandIn, url: str, folder: Path) -> dict[str, str]:
    event = folder / "event.json"
    repo = {"full_name": state.name}
    pull = {
        "number": 1,
        "base": {"ref": "main", "sha": state.git("rev-parse", "main"), "repo": repo},
        "head": {"ref": "change", "sha": state.head_sha(), "repo": repo},
    }
    event.write_text(json.dumps({"number": 1, "pull_request": pull, "repository": repo}))
    return {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": state.name,
        "GITHUB_API_URL": url,
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_WORKSPACE": str(state.repository),
    }


def push(state: StandIn, folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> None:
    commit(state.repository, "push", **files)
    for name, value in environment(state, state.url, folder).items():
        monkeypatch.setenv(name, value)


def test_posts_one_comment_with_one_suggestion_per_object_and_a_summary(state: StandIn) -> None:
    assert main(["pr"]) == 1
    assert len(state.reviews) == 1
    (comment,) = state.review_comments
    assert comment["path"] == "new.yaml"
    assert comment["body"].count("```suggestion") == 1
    assert "privileged: false" in comment["body"]
    assert "allowPrivilegeEscalation: false" in comment["body"]
    (summary,) = state.issue_comments
    assert "gitops-guard" in summary["body"]


def test_the_suggestion_replaces_exactly_its_lines(state: StandIn) -> None:
    main(["pr"])
    (comment,) = state.review_comments
    lines = (state.repository / "new.yaml").read_text().split("\n")
    suggestion = comment["body"].partition("```suggestion\n")[2].partition("\n```")[0].split("\n")
    first, last = comment.get("start_line", comment["line"]), comment["line"]
    fixed = "\n".join(lines[: first - 1] + suggestion + lines[last:])
    (state.repository / "new.yaml").write_text(fixed)
    done = subprocess.run(
        [sys.executable, "-m", "gitops_guard", "check", "new.yaml", "--format", "json", "--fail-level", "none"],
        cwd=state.repository, check=True, capture_output=True, text=True,
    )  # fmt: skip
    left = {finding["rule_id"] for finding in json.loads(done.stdout)["findings"]}
    assert left.isdisjoint({"GG-POD-001", "GG-POD-009", "GG-POD-010", "GG-POD-011", "GG-POD-027"})


def test_a_second_run_changes_nothing(state: StandIn) -> None:
    main(["pr"])
    before = json.dumps([state.review_comments, state.issue_comments])
    main(["pr"])
    assert json.dumps([state.review_comments, state.issue_comments]) == before
    assert len(state.reviews) == 1


def test_a_push_that_solves_the_problems_says_so(
    state: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["pr"])
    (state.repository / "new.yaml").unlink()
    push(state, tmp_path, monkeypatch, other__yaml="a: 1\n")
    main(["pr"])
    (comment,) = state.review_comments
    assert "Solved as of" in comment["body"]
    assert len(state.issue_comments) == 1


def test_a_forged_marker_of_somebody_else_is_left_alone(state: StandIn) -> None:
    main(["pr"])
    forged = state.review_comments[0] | {"id": 1, "user": state.user() | {"login": "mallory"}}
    state.review_comments = [forged]
    main(["pr"])
    assert forged["body"] == state.review_comments[0]["body"]
    assert len(state.review_comments) == 2


def test_comments_of_many_pages_are_known_again(state: StandIn) -> None:
    filler = state._issue_comment("chatter")
    state.issue_comments = [filler | {"id": number} for number in range(250)]
    main(["pr"])
    main(["pr"])
    assert len(state.issue_comments) == 251


def test_a_token_that_only_reads_is_explained(state: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    state.read_only = True
    assert main(["pr"]) == 3
    shown = capsys.readouterr().err
    assert "pull_requests=write" in shown
    assert TOKEN not in shown


def test_a_lost_answer_makes_no_second_comment(state: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    state.cut_after_write = True
    main(["pr"])
    main(["pr"])
    capsys.readouterr()
    assert len(state.review_comments) == 1
    assert len(state.issue_comments) == 1


def test_rate_limits_are_waited_for(state: StandIn) -> None:
    state.too_many = 1
    assert main(["pr"]) == 1
    assert len(state.review_comments) == 1


def test_dry_run_posts_nothing_and_shows_everything(state: StandIn, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["pr", "--dry-run"]) == 1
    assert state.requests == []
    shown = capfd.readouterr().out
    assert "```suggestion" in shown
    assert "summary" in shown


def test_a_change_outside_the_hunks_becomes_a_comment_on_the_file(
    state: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (state.repository / "old.yaml").read_text()
    push(state, tmp_path, monkeypatch, old__yaml=text.replace("namespace: shop", "namespace: default") + "# more\n")
    main(["pr"])
    assert {comment["path"] for comment in state.review_comments} == {"new.yaml", "old.yaml"}


@pytest.mark.parametrize(
    ("name", "message"),
    [("pull_request_target", "refused"), ("push", "not pull_request"), ("", "not set")],
)
def test_other_events_are_refused(
    state: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_NAME", name)
    assert main(["pr"]) == 2
    assert message in capsys.readouterr().err
    assert os.environ["GITHUB_TOKEN"] == TOKEN
    assert state.requests == []
