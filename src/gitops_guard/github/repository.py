"""What fix pull requests and answered comments need of GitHub's API: branches, pull requests, commits, rights.

Every write may be repeated after a lost answer: it says what is there when it has been done.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from gitops_guard.errors import PublishError

_PAGE = 100
_PAGES = 30
MAY_WRITE = frozenset(("admin", "write"))
"""Words of `permission` with which one may push; `maintain` is told as `write`, `triage` as `read`."""


class Caller(Protocol):
    """Sends a request to the REST API and returns the JSON of its answer."""

    def __call__(self, verb: str, path: str, body: object = None, *, written: Callable[[], bool] | None = None) -> Any:  # noqa: ANN401 - JSON
        """As `github.transport.Transport.call`."""
        ...


class Asker(Protocol):
    """Sends GraphQL, as `github.transport.Transport.graphql`."""

    def __call__(
        self, document: str, variables: Mapping[str, object], *, written: Callable[[], bool] | None = None
    ) -> dict[str, Any]:
        """Returns the data of the answer."""
        ...


class Pull(NamedTuple):
    """A pull request.

    `head_repository` is empty where that is gone. `state` is `open` or `closed`; `reviewers` are logins and slugs.
    """

    number: int
    state: str
    title: str
    body: str
    author: str
    base_ref: str
    base_sha: str
    head_ref: str
    head_sha: str
    head_repository: str
    merged: bool = False
    labels: tuple[str, ...] = ()


class Commit(NamedTuple):
    """A commit; `author` is the login that GitHub knows for it, empty where there is none."""

    sha: str
    author: str
    message: str


class Comment(NamedTuple):
    """A comment of a conversation."""

    id: int
    author: str
    body: str


class Repository:
    """Talks to one repository.

    Args:
        call: sends requests.
        name: `owner/name`.
        ask: sends GraphQL; without it the token of an app is taken for that of a workflow.
    """

    def __init__(self, call: Caller, name: str, ask: Asker | None = None) -> None:
        self._call = call
        self._ask = ask
        self.name = name
        self._at = f"/repos/{name}"

    def login(self) -> str:
        """Who the token acts as. Tokens of apps, a workflow's among them, may not ask over REST."""
        try:
            if self._ask is not None:
                return str(self._ask("query { viewer { login } }", {})["viewer"]["login"])
            return str(self._call("GET", "/user").get("login", ""))
        except (PublishError, KeyError, TypeError):
            return "github-actions[bot]"

    def default_branch(self) -> str:
        """The name of the default branch."""
        return _text(self._call("GET", self._at), "default_branch")

    def permission(self, login: str) -> str:
        """`admin`, `write`, `read` or `none`."""
        return _text(self._call("GET", f"{self._at}/collaborators/{quote(login, safe='')}/permission"), "permission")

    def branches(self, prefix: str) -> dict[str, str]:
        """The branches whose name begins so, with the commit each ends in."""
        found = self._pages(f"{self._at}/git/matching-refs/heads/{quote(prefix)}", paged=False)
        return {str(ref["ref"]).removeprefix("refs/heads/"): str(ref["object"]["sha"]) for ref in found}

    def branch(self, name: str) -> str:
        """The commit that a branch ends in; empty where there is no such branch."""
        return self.branches(name).get(name, "")

    def create_branch(self, name: str, sha: str) -> None:
        """Makes a branch."""
        body = {"ref": f"refs/heads/{name}", "sha": sha}
        self._call("POST", self._at + "/git/refs", body, written=lambda: self.branch(name) == sha)

    def reset_branch(self, name: str, sha: str) -> None:
        """Lets a branch end in another commit, whatever it held: only for branches that hold nothing of others."""
        self._call("PATCH", f"{self._at}/git/refs/heads/{quote(name)}", {"sha": sha, "force": True})

    def delete_branch(self, name: str) -> None:
        """Deletes a branch."""
        self._call("DELETE", f"{self._at}/git/refs/heads/{quote(name)}")

    def merge_base(self, base: str, head: str) -> str:
        """The commit where two commits parted."""
        answer = self._call("GET", f"{self._at}/compare/{quote(base)}...{quote(head)}?per_page=1&page=1")
        return commit_name(answer["merge_base_commit"]["sha"] if isinstance(answer, dict) else "")

    def commits_between(self, base: str, head: str) -> tuple[Commit, ...]:
        """The commits of a branch that another does not have, oldest first."""
        found: list[dict[str, Any]] = []
        for page in range(1, _PAGES + 1):
            address = f"{self._at}/compare/{quote(base)}...{quote(head)}?per_page={_PAGE}&page={page}"
            answer = self._call("GET", address)
            found += answer["commits"]
            if len(found) >= int(answer["total_commits"]) or not answer["commits"]:
                return tuple(_commit(value) for value in found)
        raise PublishError(f"{head} has more than {_PAGE * _PAGES} commits")

    def pull(self, number: int) -> Pull:
        """One pull request."""
        return _pull(self._call("GET", f"{self._at}/pulls/{number}"))

    def pulls(self, *, state: str = "open", branch: str = "") -> tuple[Pull, ...]:
        """Pull requests, newest first, all or those from a branch of this repository."""
        head = f"&head={quote(self.name.partition('/')[0])}:{quote(branch)}" if branch else ""
        return tuple(_pull(value) for value in self._pages(f"{self._at}/pulls?state={state}{head}&"))

    def pull_commits(self, number: int) -> tuple[Commit, ...]:
        """The commits of a pull request, at most 250."""
        return tuple(_commit(value) for value in self._pages(f"{self._at}/pulls/{number}/commits?"))

    def create_pull(self, branch: str, base: str, title: str, body: str) -> Pull:
        """Opens a pull request."""
        request = {"title": title, "head": branch, "base": base, "body": body}
        try:
            made = self._call("POST", self._at + "/pulls", request, written=lambda: bool(self.pulls(branch=branch)))
        except PublishError as error:
            raise _not_permitted(error) from None
        return _pull(made) if isinstance(made, dict) else self.pulls(branch=branch)[0]

    def update_pull(self, number: int, **values: str) -> None:
        """Changes title, body or state."""
        self._call("PATCH", f"{self._at}/pulls/{number}", values)

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """Adds labels; GitHub makes those that are not there yet."""
        self._call("POST", f"{self._at}/issues/{number}/labels", {"labels": list(labels)}, written=_never)

    def add_assignees(self, number: int, logins: Sequence[str]) -> None:
        """Adds assignees; GitHub leaves out who cannot be one."""
        self._call("POST", f"{self._at}/issues/{number}/assignees", {"assignees": list(logins)}, written=_never)

    def request_reviewers(self, number: int, logins: Sequence[str], teams: Sequence[str]) -> None:
        """Asks for reviews."""
        body = {"reviewers": list(logins), "team_reviewers": list(teams)}
        self._call("POST", f"{self._at}/pulls/{number}/requested_reviewers", body, written=_never)

    def comments(self, number: int) -> tuple[Comment, ...]:
        """The comments of a conversation."""
        return tuple(_comment(value) for value in self._pages(f"{self._at}/issues/{number}/comments?"))

    def comment(self, number: int, text: str) -> None:
        """Writes a comment; its first line makes it known again after a lost answer."""
        first = text.partition("\n")[0]

        def written() -> bool:
            return any(comment.body.startswith(first) for comment in self.comments(number))

        self._call("POST", f"{self._at}/issues/{number}/comments", {"body": text}, written=written)

    def check_run_identities(self, commit: str) -> tuple[str, ...]:
        """The external ids of the newest hundred check runs of a commit."""
        found = self._call("GET", f"{self._at}/commits/{quote(commit)}/check-runs?filter=all&per_page={_PAGE}&page=1")
        runs = found.get("check_runs") if isinstance(found, dict) else None
        if not isinstance(runs, list):
            raise PublishError("GitHub's answer is no list of check runs")
        return tuple(str(run.get("external_id") or "") for run in runs if isinstance(run, dict))

    def react(self, comment: int, content: str) -> None:
        """Puts a reaction on a comment; one that is there already stays one."""
        self._call("POST", f"{self._at}/issues/comments/{comment}/reactions", {"content": content}, written=_never)

    def _pages(self, address: str, *, paged: bool = True) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, _PAGES + 1):
            values = self._call("GET", f"{address}per_page={_PAGE}&page={page}" if paged else address)
            if not isinstance(values, list):
                raise PublishError(f"GitHub's answer to {address.partition('?')[0]} is no list")
            found += values
            if not paged or len(values) < _PAGE:
                return found
        raise PublishError(f"{address.partition('?')[0]} has more than {_PAGE * _PAGES} entries")


def commit_name(text: object) -> str:
    """A commit's name.

    Raises:
        PublishError: the text is none; it would become a part of addresses and an argument of git.
    """
    if isinstance(text, str) and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text):
        return text
    raise PublishError("GitHub's answer names no commit")


def _never() -> bool:
    """For writes that do no harm twice: always repeat them."""
    return False


def _text(answer: object, name: str) -> str:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str):
        raise PublishError(f"GitHub's answer has no {name}")
    return value


def _login(value: object) -> str:
    return str(value.get("login") or "") if isinstance(value, dict) else ""


def _pull(value: object) -> Pull:
    try:
        assert isinstance(value, dict)  # noqa: S101 - caught below
        base, head = value["base"], value["head"]
        return Pull(
            number=int(value["number"]),
            state=str(value["state"]),
            title=str(value["title"]),
            body=str(value.get("body") or "").replace("\r\n", "\n"),
            author=_login(value.get("user")),
            base_ref=str(base["ref"]),
            base_sha=commit_name(base["sha"]),
            head_ref=str(head["ref"]),
            head_sha=commit_name(head["sha"]),
            head_repository=str((head.get("repo") or {}).get("full_name") or ""),
            merged=bool(value.get("merged_at")),
            labels=tuple(str(label["name"]) for label in value.get("labels") or ()),
        )
    except (KeyError, TypeError, ValueError, AssertionError, AttributeError):
        raise PublishError("GitHub's answer is no pull request") from None


def _commit(value: dict[str, Any]) -> Commit:
    try:
        return Commit(commit_name(value["sha"]), _login(value.get("author")), str(value["commit"]["message"]))
    except (KeyError, TypeError):
        raise PublishError("GitHub's answer is no commit") from None


def _comment(value: dict[str, Any]) -> Comment:
    return Comment(int(value["id"]), _login(value.get("user")), str(value.get("body") or "").replace("\r\n", "\n"))


def _not_permitted(error: PublishError) -> PublishError:
    if "not permitted to create" not in error.message:
        return error
    hint = "Settings, Actions, General: Allow GitHub Actions to create and approve pull requests"
    return PublishError(error.message, hint=hint)
