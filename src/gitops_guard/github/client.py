"""The few calls of GitHub's REST API that a review needs, on PyGithub's requester (retries, rate limits, time-outs)."""

import logging
from typing import Any, NamedTuple

from gitops_guard.errors import PublishError

_PAGE = 100
_PAGES = 50
_TIMEOUT = 30
_MAX_WAIT = 60
_FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE = 403, 404, 422


class ReviewRefusedError(PublishError):
    """GitHub refused a whole review (422): one of its comments stands where none may stand."""


class Posted(NamedTuple):
    """A comment that exists: a review comment, or one of the conversation."""

    id: int
    author: str
    body: str
    path: str = ""
    line: int | None = None


class Client:
    """Talks to one pull request. The token is only ever given to PyGithub."""

    def __init__(self, api_url: str, token: str, repository: str, number: int, *, pause: float = 0.3) -> None:
        from github import Auth, Github  # noqa: PLC0415 - costs as much as eighteen interpreter starts
        from github.GithubRetry import GithubRetry  # noqa: PLC0415

        logging.getLogger("github.GithubRetry").setLevel(logging.ERROR)  # what failed is said by the errors below
        retry = GithubRetry(
            total=4, max_rate_limit_wait=_MAX_WAIT, allowed_methods=frozenset(("GET", "PATCH", "DELETE"))
        )
        self._requester = Github(
            auth=Auth.Token(token),
            base_url=api_url,
            timeout=_TIMEOUT,
            retry=retry,
            seconds_between_requests=0,
            seconds_between_writes=pause,
        ).requester
        self._pull = f"/repos/{repository}/pulls/{number}"
        self._issue = f"/repos/{repository}/issues/{number}"
        self._repository = f"/repos/{repository}"

    def review_comments(self) -> list[Posted]:
        """All comments on lines and files of the pull request."""
        return [_posted(value) for value in self._pages(self._pull + "/comments")]

    def issue_comments(self) -> list[Posted]:
        """All comments of the conversation."""
        return [_posted(value) for value in self._pages(self._issue + "/comments")]

    def login(self) -> str:
        """Who the token acts as; the token of a workflow may not ask, and acts as github-actions[bot]."""
        try:
            return str(self._call("GET", "/user").get("login", ""))
        except PublishError:
            return "github-actions[bot]"

    def create_review(self, commit: str, text: str, comments: list[dict[str, Any]]) -> None:
        """Posts one review with comments on lines.

        Raises:
            ReviewRefusedError: one anchor is wrong, so GitHub took none.
            PublishError: anything else.
        """
        body = {"commit_id": commit, "event": "COMMENT", "body": text, "comments": comments}
        self._call("POST", self._pull + "/reviews", body)

    def create_file_comment(self, commit: str, path: str, text: str) -> None:
        """Posts a comment on a file as a whole."""
        body = {"commit_id": commit, "path": path, "body": text, "subject_type": "file"}
        self._call("POST", self._pull + "/comments", body)

    def update_review_comment(self, identity: int, text: str) -> None:
        """Changes a comment on a line or file."""
        self._call("PATCH", f"{self._repository}/pulls/comments/{identity}", {"body": text})

    def delete_review_comment(self, identity: int) -> None:
        """Deletes a comment on a line or file."""
        self._call("DELETE", f"{self._repository}/pulls/comments/{identity}")

    def create_issue_comment(self, text: str) -> None:
        """Posts a comment in the conversation."""
        self._call("POST", self._issue + "/comments", {"body": text})

    def update_issue_comment(self, identity: int, text: str) -> None:
        """Changes a comment of the conversation."""
        self._call("PATCH", f"{self._repository}/issues/comments/{identity}", {"body": text})

    def _pages(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, _PAGES + 1):
            values = self._call("GET", f"{path}?per_page={_PAGE}&page={page}")
            if not isinstance(values, list):
                raise PublishError("GitHub's answer is no list of comments")
            found += values
            if len(values) < _PAGE:
                break
        return found

    def _call(self, verb: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        import requests  # noqa: PLC0415 - loaded with PyGithub
        from github import GithubException  # noqa: PLC0415

        try:
            return self._requester.requestJsonAndCheck(verb, path, input=body)[1]
        except GithubException as error:
            raise _explained(verb, path, error.status, error.data, error.headers or {}) from None
        except requests.RequestException as error:
            raise PublishError(f"GitHub did not answer {verb} {path}: {type(error).__name__}") from None


def _posted(value: dict[str, Any]) -> Posted:
    user, line = value.get("user") or {}, value.get("line")
    return Posted(
        id=int(value["id"]),
        author=str(user.get("login", "")),
        body=str(value.get("body") or ""),
        path=str(value.get("path") or ""),
        line=line if isinstance(line, int) else None,
    )


def _explained(verb: str, path: str, status: int, data: object, headers: dict[str, str]) -> PublishError:
    message = str(data.get("message", "")) if isinstance(data, dict) else ""
    if status == _UNPROCESSABLE and path.endswith("/reviews"):
        return ReviewRefusedError(f"GitHub refused the review: {message}")
    if status in {_FORBIDDEN, _NOT_FOUND}:
        lower = {key.lower(): value for key, value in headers.items()}
        missing = lower.get("x-accepted-github-permissions", "pull_requests=write")
        hint = f"the token needs {missing}; a pull request from a fork has a token that only reads"
        return PublishError(f"GitHub answered {status} to {verb} {path}: {message}", hint=hint)
    return PublishError(f"GitHub answered {status} to {verb} {path}: {message}")
