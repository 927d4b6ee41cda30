"""The event: what is read of it, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.errors import UsageError
from gitops_guard.github.event import PullRequestEvent, read_event

BASE, HEAD = "a" * 40, "b" * 40


def payload() -> dict[str, Any]:
    repo = {"full_name": "octo/shop"}
    return {
        "repository": repo,
        "pull_request": {
            "number": 7,
            "base": {"ref": "main", "sha": BASE, "repo": repo},
            "head": {"ref": "feature/ünï-1", "sha": HEAD, "repo": repo},
        },
    }


def read(folder: Path, event: object, **environment: str) -> PullRequestEvent:
    file = folder / "event.json"
    file.write_text(event if isinstance(event, str) else json.dumps(event))
    given = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(file), "GITHUB_REPOSITORY": "octo/shop"}
    return read_event(given | environment)


def test_reads_a_pull_request(tmp_path: Path) -> None:
    event = read(tmp_path, payload(), GITHUB_API_URL="https://ghes.example.org/api/v3/", GITHUB_RUN_ID="12")
    assert event == PullRequestEvent(
        repository="octo/shop",
        number=7,
        base_ref="main",
        base_sha=BASE,
        head_sha=HEAD,
        is_fork=False,
        api_url="https://ghes.example.org/api/v3",
        server_url="https://github.com",
        head_ref="feature/ünï-1",
        run_url="https://github.com/octo/shop/actions/runs/12",
    )


@pytest.mark.parametrize("repo", [{"full_name": "mallory/shop"}, None], ids=["another", "deleted"])
def test_knows_a_fork(tmp_path: Path, repo: object) -> None:
    event = payload()
    event["pull_request"]["head"]["repo"] = repo
    assert read(tmp_path, event).is_fork


@pytest.mark.parametrize("name", ["pull_request_target", "push", "merge_group", "schedule", ""])
def test_refuses_other_events(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, payload(), GITHUB_EVENT_NAME=name)
    assert refused.value.hint is not None


@pytest.mark.parametrize(
    "event", ["", "{", "[]", "[" * 100_000, {}, {"pull_request": None}, {"pull_request": {"base": [], "head": 1}}]
)
def test_refuses_a_file_that_is_no_event(tmp_path: Path, event: object) -> None:
    with pytest.raises(UsageError):
        read(tmp_path, event)


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in ("", str(tmp_path), str(tmp_path / "none")):
        with pytest.raises(UsageError):
            read(tmp_path, payload(), GITHUB_EVENT_PATH=path)


@pytest.mark.parametrize(
    ("end", "key", "value"),
    [
        ("head", "sha", "--output=x"),
        ("base", "sha", "main"),
        ("base", "ref", "--upload-pack=touch x"),
        ("head", "ref", "a b"),
        ("head", "ref", "a\nb"),
        ("base", "ref", ""),
    ],
)
def test_refuses_what_is_no_commit_and_no_branch(tmp_path: Path, end: str, key: str, value: str) -> None:
    event = payload()
    event["pull_request"][end][key] = value
    with pytest.raises(UsageError, match=rf"{end}\.{key}"):
        read(tmp_path, event)


@pytest.mark.parametrize(
    "environment",
    [
        {"GITHUB_REPOSITORY": "octo/shop/../other"},
        {"GITHUB_REPOSITORY": "octo"},
        {"GITHUB_API_URL": "file:///etc/passwd"},
        {"GITHUB_API_URL": "https://api.github.com@evil.example.org"},
    ],
)
def test_refuses_what_is_no_repository_and_no_address(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        read(tmp_path, payload(), **environment)
