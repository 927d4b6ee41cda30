"""A pull request from its first commit on: a repository, the stand-in, and the environment of a workflow."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from github_standin.server import StandIn, running
from github_standin.state import PullRequest, State
from gitops_guard import runner

TOKEN = "ghs_invented0workflow0token"
READER = "ghs_invented0fork0token"
POD = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
spec:
  containers:
    - name: web
      image: nginx:1.27.0
"""
PRIVILEGED = POD + "      securityContext:\n        privileged: true\n"


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout.strip()


def commit(repository: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "change")
    return git(repository, "rev-parse", "HEAD")


class Life:
    """A repository with a pull request, the stand-in, and the environment of a workflow."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch
        self.path = folder / "repository"
        self.path.mkdir()
        git(self.path, "init", "-q", "-b", "main")
        commit(self.path, {"old.yaml": POD.format(name="old")})
        git(self.path, "checkout", "-qb", "change")
        commit(self.path, {"new.yaml": PRIVILEGED.format(name="new")})
        self.state = State(self.path, "acme/shop")
        self.state.add_token(TOKEN)
        self.state.add_token(READER, contents="read", pull_requests="read", issues="read")
        self.state.pulls[1] = PullRequest(1, "main", "change")
        self.summary = folder / "summary.md"
        self.summary.touch()

    def start(self, standin: StandIn) -> None:
        self._monkeypatch.chdir(self.path)
        self.environment(
            GITHUB_API_URL=standin.url,
            GITHUB_TOKEN=TOKEN,
            GITHUB_REPOSITORY="acme/shop",
            GITHUB_WORKSPACE=str(self.path),
            GITHUB_STEP_SUMMARY=str(self.summary),
            GITHUB_ACTIONS="true",
            GITHUB_WORKFLOW="review",
            GITHUB_JOB="guard",
        )
        self.pull_request()

    def environment(self, **values: str) -> None:
        for name, value in values.items():
            self._monkeypatch.setenv(name, value)

    def event(self, name: str, payload: object) -> None:
        file = self.folder / "event.json"
        file.write_text(payload if isinstance(payload, str) else json.dumps(payload))
        self.environment(GITHUB_EVENT_NAME=name, GITHUB_EVENT_PATH=str(file))

    def pull_request(self, head_repository: str = "acme/shop", **more: object) -> None:
        base = {"ref": "main", "sha": self.state.sha("main"), "repo": {"full_name": "acme/shop"}}
        head = {"ref": "change", "sha": self.state.sha("change"), "repo": {"full_name": head_repository}}
        pull = {"number": 1, "base": base, "head": head, **more}
        self.event("pull_request", {"number": 1, "pull_request": pull, "repository": {"full_name": "acme/shop"}})


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Life]:
    found = Life(tmp_path, monkeypatch)
    monkeypatch.delenv(runner.MARKER, raising=False)
    with running(found.state) as standin:
        found.start(standin)
        yield found
    assert found.state.violations == []


def outside_code(markdown: str) -> str:
    """The page that GitHub would show, without what stands in code, where it mentions and links nothing."""
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    return re.sub(r"(?s)<code[^>]*>.*?</code>", "", page)
