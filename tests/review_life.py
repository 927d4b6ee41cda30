"""The life of a pull request, push by push, for tests of what is posted and of runs that die in between."""

import copy
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from github_standin.description import Json
from github_standin.review_threads import threads
from github_standin.server import running
from github_standin.state import PullRequest, State
from gitops_guard.cli import main
from gitops_guard.github.client import Client
from gitops_guard.github.transport import Transport
from gitops_guard.publishers import post_review
from gitops_guard.publishers.post_review import Outcome, Posting

TALKER = "ghs_invented0talker0token"
"""May write pull requests, but not contents, so it resolves no thread."""
RESOLVER = "ghs_invented0resolver0token"
OTHER = "ghs_invented0other0token"
REPOSITORY = "acme/shop"
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


def pods(*names: str) -> str:
    return "---\n".join(POD.format(name=name) for name in names)


class Killed(BaseException):
    """The run ends here, whatever it was doing."""


class Step(NamedTuple):
    """A push: its name, its commit, the commit of the base, and what the run on it wanted to post."""

    name: str
    head: str
    base: str
    posting: Posting


class Repository:
    """A git repository with the branches `main` and `change`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "repository"
        self.path.mkdir()
        self.event = folder / "event.json"
        self.git("init", "-q", "-b", "main")
        self.commit({"old.yaml": pods("old") + "# end\n" * 30})
        self.git("checkout", "-qb", "change")

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=self.path, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, files: dict[str, str | None]) -> None:
        """Commits these texts; None deletes."""
        for name, text in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink() if text is None else target.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "change")

    def environment(self, api: str, token: str, **more: str) -> dict[str, str]:
        """What a workflow run on the head finds."""
        repo = {"full_name": REPOSITORY}
        ends = {name: self.git("rev-parse", name) for name in ("main", "change")}
        pull = {
            "number": 1,
            "base": {"ref": "main", "sha": ends["main"], "repo": repo},
            "head": {"ref": "change", "sha": ends["change"], "repo": repo},
        }
        self.event.write_text(json.dumps({"number": 1, "pull_request": pull, "repository": repo}))
        return {
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(self.event),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_WORKSPACE": str(self.path),
            "GITHUB_API_URL": api,
            "GITHUB_TOKEN": token,
            "GITHUB_WORKFLOW": "review",
            "GITHUB_JOB": "guard",
            **more,
        }


def new_state(path: Path) -> State:
    state = State(path, REPOSITORY)
    state.add_token(TALKER)
    state.add_token(RESOLVER, contents="write", pull_requests="write", issues="write")
    state.add_token(OTHER, "octocat", contents="write", pull_requests="write", issues="write")
    state.pulls[1] = PullRequest(1, "main", "change")
    return state


def lived(repository: Repository, pushes: dict[str, Callable[[Repository], None]]) -> list[Step]:
    """Runs the command line after each push and records what it wanted to post."""
    steps: list[Step] = []
    state = new_state(repository.path)
    with running(state) as standin:
        for name, push in pushes.items():
            push(repository)
            wanted: list[Posting] = []
            with recorded(wanted), patch.dict("os.environ", repository.environment(standin.url, RESOLVER)):
                main(["pr", "--offline"])
            head, base = repository.git("rev-parse", "change"), repository.git("rev-parse", "main")
            steps.append(Step(name, head, base, wanted[-1]))
    assert state.violations == []
    return steps


@contextmanager
def recorded(wanted: list[Posting]) -> Iterator[None]:
    def post(_client: Client, posting: Posting) -> Outcome:
        wanted.append(posting)
        return Outcome()

    with patch.object(post_review, "post", post):
        yield


class Replay:
    """Posts recorded steps against a stand-in, undisturbed or not."""

    def __init__(self, repository: Repository, token: str) -> None:
        self.repository = repository
        self.state = new_state(repository.path)
        self.token = token
        self.url = ""

    @contextmanager
    def served(self) -> Iterator["Replay"]:
        with running(self.state) as standin:
            self.url = standin.url
            yield self
        assert self.state.violations == []

    def move_to(self, step: Step) -> None:
        """The pull request as it was after a push."""
        self.repository.git("checkout", "-q", "--detach")
        self.repository.git("update-ref", "refs/heads/change", step.head)
        self.repository.git("update-ref", "refs/heads/main", step.base)

    def post(self, step: Step, **changed: Any) -> Outcome:
        client = Client(self.url, self.token, REPOSITORY, 1, pause=0, wait=5, recovery=0.001)
        return post_review.post(client, step.posting._replace(**changed))

    def run(self, step: Step) -> list[tuple[str, str]]:
        """Posts after a push; gives the requests that it took."""
        self.move_to(step)
        before = len(self.state.requests)
        self.post(step)
        return self.state.requests[before:]

    def kept(self) -> Json:
        """What the stand-in remembers, to begin there again."""
        names = ("reviews", "review_comments", "issue_comments", "resolved")
        return copy.deepcopy({name: getattr(self.state, name) for name in names})

    def begin_at(self, kept: Json) -> None:
        for name, value in copy.deepcopy(kept).items():
            setattr(self.state, name, value)
        self.state.faults = []


@contextmanager
def killed_after(requests: int) -> Iterator[None]:
    """A run that dies when it has sent so many requests and before it learns anything of the last one."""
    send = Transport._sent
    sent = 0

    def counting(transport: Transport, request: Any) -> Any:
        nonlocal sent
        if sent < requests:
            sent += 1
            answer = send(transport, request)
            if sent < requests:
                return answer
        raise Killed

    with patch.object(Transport, "_sent", counting):
        yield


class Seen(NamedTuple):
    """A thread as people see it."""

    path: str
    line: int | None
    start: int | None
    body: str
    replies: int
    resolved: bool
    hidden: bool


def seen(state: State) -> list[Seen]:
    found = []
    for identity, comments in threads(state.review_comments).items():
        line, start = state.place(comments[0])
        first = comments[0]
        found.append(
            Seen(
                first["path"], line, start, re.sub(r" after=\d+ ", " after=N ", first["body"]), len(comments) - 1,
                identity in state.resolved, "minimized" in first,
            )
        )  # fmt: skip
    return sorted(found, key=str)


def conversation(state: State) -> tuple[list[Seen], list[str], int]:
    """All that people see: threads, comments, reviews."""
    used = {comment["review"] for comment in state.review_comments}
    shown = [review for review in state.reviews if "minimized" not in review or review["id"] in used]
    return seen(state), sorted(comment["body"] for comment in state.issue_comments), len(shown)


def open_threads(state: State) -> list[Seen]:
    return [one for one in seen(state) if not one.resolved and not one.hidden]
