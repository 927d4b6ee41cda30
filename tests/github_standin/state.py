"""What the stand-in remembers: one repository with its pull requests, and who may do what."""

import json
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any, NamedTuple

from .description import Json
from .hunks import ChangedFile, changed_files, git, moved_line
from .review_threads import root

WORKFLOW_RIGHTS = {"contents": "read", "pull_requests": "write", "issues": "write", "checks": "write"}


class Identity(NamedTuple):
    """Whose token it is. Installation tokens, the workflow's among them, may not ask `GET /user`."""

    login: str
    rights: dict[str, str]
    is_installation: bool = True


class PullRequest(NamedTuple):
    """A pull request; `base` and `head` are branches of the repository behind."""

    number: int
    base: str
    head: str
    author: str = "octocat"
    head_repository: str | None = None


class Fault(NamedTuple):
    """Something that goes wrong, `times` times, with requests of this method and a path that ends with `ends`.

    `status` answers with it; without one the connection is cut. `done` does the work first, as GitHub may. `kind` makes
    it an error of GraphQL (`FORBIDDEN`, `RATE_LIMITED`), whose status is 200. A mutation ends with `#itsName`.
    `seconds` pass before anything is heard.
    """

    method: str
    ends: str
    status: int | None = None
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    message: str = ""
    done: bool = False
    times: int = 1
    kind: str = ""
    seconds: float = 0


class State:
    """Everything that a test can set up and look at; `path` is a real git repository."""

    def __init__(self, path: Path, repository: str = "octo/shop") -> None:
        self.path = path
        self.repository = repository
        self.tokens: dict[str, Identity] = {}
        self.pulls: dict[int, PullRequest] = {}
        self.reviews: list[Json] = []
        self.review_comments: list[Json] = []
        self.resolved: dict[int, str] = {}
        """Who resolved a thread, by the id of its first comment."""
        self.issue_comments: list[Json] = []
        self.labels: dict[int, list[str]] = {}
        self.check_runs: list[Json] = []
        self.issues: list[Json] = []
        self.sarifs: list[Json] = []
        self.code_scanning = True
        self.organisation: list[Json] = []
        """What the list of an organisation's repositories says of each."""
        self.details: dict[int, Json] = {}
        """What a pull request says and is besides its branches, see `detail`."""
        self.permissions: dict[str, str] = {}
        """The role of a login in the repository; `read` for everybody else, as in a public one."""
        self.reactions: list[Json] = []
        self.may_open_pulls = True
        """The setting "Allow GitHub Actions to create and approve pull requests"."""
        self.faults: list[Fault] = []
        self.spared = 0
        """How many requests no fault meets before the first may."""
        self.requests: list[tuple[str, str]] = []
        self.violations: list[str] = []
        self._last = 1000

    def add_token(self, token: str, login: str = "github-actions[bot]", **rights: str) -> None:
        """Lets a token in; without `rights` it has those of a workflow that asked for all that the product uses."""
        self.tokens[token] = Identity(login, rights or WORKFLOW_RIGHTS, login.endswith("[bot]"))

    def new_id(self) -> int:
        """An identity that nothing has yet."""
        self._last += 1
        return self._last

    def detail(self, number: int) -> Json:
        """Title, text, state, and people of a pull request, to be changed in place."""
        plain = {"title": "A change", "body": "", "state": "open", "merged": False, "head_sha": ""}
        return self.details.setdefault(number, plain | {"assignees": [], "reviewers": []})

    def add_reply(self, first: Json, login: str, text: str) -> Json:
        """Answers in the thread that a review comment starts."""
        reply = first | {"id": self.new_id(), "author": login, "body": text, "reply_to": root(first), "review": None}
        reply.pop("minimized", None)
        self.review_comments.append(reply)
        return reply

    def sha(self, revision: str) -> str:
        """The commit that a branch points to."""
        loose = self.path / ".git" / "refs" / "heads" / revision
        if loose.is_file():
            return loose.read_text().strip()
        return git(self.path, "rev-parse", "--verify", revision + "^{commit}").strip()

    def git_has(self, commit: str) -> bool:
        """Whether the repository behind has this commit."""
        try:
            return git(self.path, "cat-file", "-t", commit).strip() == "commit"
        except CalledProcessError:
            return False

    def files(self, pull: PullRequest, commit: str | None = None) -> tuple[ChangedFile, ...]:
        """The files that a pull request changes, up to a commit of it."""
        return changed_files(self.path, self.sha(pull.base), commit or self.sha(pull.head))

    def commits(self, pull: PullRequest) -> list[str]:
        """The commits that belong to a pull request."""
        return git(self.path, "rev-list", f"{pull.base}..{pull.head}").split()

    def place(self, comment: Json) -> tuple[int | None, int | None]:
        """The lines (last, first) that a comment stands at now; None for a file's comment and an outdated one."""
        pull = self.pulls[comment["pull"]]
        if comment["line"] is None or comment["side"] == "LEFT":
            return comment["line"], comment["start_line"]
        old, new = comment["commit_id"], self.sha(pull.head)
        ends = [
            moved_line(self.path, comment["path"], line, old, new)
            for line in (comment["line"], comment["start_line"] or comment["line"])
        ]
        file = next((file for file in self.files(pull) if file.path == comment["path"]), None)
        if file is None or any(line is None or file.hunk("RIGHT", line) is None for line in ends):
            return None, None
        return ends[0], None if comment["start_line"] is None else ends[1]

    def dump(self) -> Json:
        """What exists, for a test in another process; no token is in it."""
        kept = (
            "reviews",
            "review_comments",
            "resolved",
            "issue_comments",
            "labels",
            "check_runs",
            "details",
            "reactions",
            "requests",
            "violations",
        )
        return {name: getattr(self, name) for name in kept}


def loaded(document: dict[str, Any]) -> State:
    """The state that a file describes: `path`, `repository`, `tokens` {token: login or {login, rights}}, `pulls`."""
    state = State(Path(document["path"]), document.get("repository", "octo/shop"))
    for token, who in document["tokens"].items():
        if isinstance(who, str):
            state.add_token(token, who)
        else:
            state.add_token(token, who["login"], **who["rights"])
    for pull in document["pulls"]:
        state.pulls[pull["number"]] = PullRequest(**pull)
    state.faults = [Fault(**fault) for fault in document.get("faults", [])]
    return state


def read(file: Path) -> State:
    """Likewise from a file."""
    return loaded(json.loads(file.read_text()))
