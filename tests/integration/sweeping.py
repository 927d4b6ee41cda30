"""A repository on the stand-in that is swept: a real git repository that can be pushed to, as the working folder."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from github_standin.server import running
from github_standin.state import State
from gitops_guard.cli import main

TOKEN = "ghs_invented0workflow0token"
RIGHTS = {
    "contents": "write",
    "issues": "write",
    "pull_requests": "write",
    "security_events": "write",
}
POD = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
spec:
  containers:
    - name: web
      image: nginx:1.27.0
      securityContext:
        privileged: true
"""
CONFIGURATION = "fail_level: none\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, files: dict[str, str | None], message: str = "Change") -> str:
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            target.unlink()
        else:
            target.write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message)
    return git(folder, "rev-parse", "HEAD")


def repository(folder: Path, files: dict[str, str | None]) -> Path:
    """`FOLDER/acme/shop`, with one commit on `main`."""
    path = folder / "acme" / "shop"
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    commit(path, {".gitops-guard.yaml": CONFIGURATION, **files}, "First")
    return path


@contextmanager
def served(path: Path) -> Iterator[State]:
    """The stand-in over a repository, and the environment of a workflow in it."""
    state = State(path, "acme/shop")
    state.add_token(TOKEN, **RIGHTS)
    with running(state) as standin:
        environment = {
            "GITHUB_API_URL": standin.url,
            "GITHUB_SERVER_URL": f"file://{path.parents[1]}",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_TOKEN": TOKEN,
        }
        before = Path.cwd()
        os.chdir(path)
        try:
            with patch.dict(os.environ, environment), patch("gitops_guard.github.place.PAUSE", 0.0):
                yield state
        finally:
            os.chdir(before)
    assert state.violations == []


def sweep(*arguments: str) -> int:
    return main(["sweep", "--output", "/dev/null", *arguments])


def writes(state: State, since: int = 0) -> list[tuple[str, str]]:
    """The requests that change something."""
    return [(method, path) for method, path in state.requests[since:] if method != "GET" and path != "query"]


def state_commit(path: Path) -> str:
    """The commit that the branch of states ends in; empty without one."""
    return git(path, "for-each-ref", "--format=%(objectname)", "refs/heads/gitops-guard/state")
