"""The calls of GitHub's REST API that a tracking issue needs."""

from collections.abc import Callable
from typing import Any, NamedTuple

from gitops_guard.errors import PublishError
from gitops_guard.github.transport import Transport

_PAGE, _PAGES, _SOME_PAGES = 100, 20, 3


class Issue(NamedTuple):
    """An issue that exists."""

    number: int
    author: str
    title: str
    body: str
    is_open: bool
    labels: frozenset[str]


class IssueComment(NamedTuple):
    """A comment on an issue; `url` is where people read it."""

    id: int
    author: str
    body: str
    url: str


class Issues:
    """Talks about the issues of one repository (`owner/name`)."""

    def __init__(self, transport: Transport, repository: str) -> None:
        self._call, self._graphql = transport.call, transport.graphql
        self._repository = f"/repos/{repository}"

    def login(self) -> str:
        """Who the token acts as; unlike REST, GraphQL tells it to the token of a workflow or an app, too."""
        viewer = self._graphql("query { viewer { login } }", {}).get("viewer")
        login = viewer.get("login") if isinstance(viewer, dict) else None
        if not isinstance(login, str) or not login:
            raise PublishError("GitHub does not tell who the token acts as")
        return login

    def default_branch(self) -> str:
        """The name of the default branch."""
        value = self._call("GET", self._repository)
        branch = value.get("default_branch") if isinstance(value, dict) else None
        if not isinstance(branch, str):
            raise PublishError("GitHub's answer is no repository")
        return branch

    def of(self, login: str, label: str = "") -> list[Issue]:
        """The issues of an author, newest first, closed ones included; pull requests are left out.

        With a label all of them; without one the newest 300: a bot may have opened thousands.
        """
        from urllib.parse import quote  # noqa: PLC0415 - loaded with the client

        wanted = f"?state=all&creator={quote(login)}" + (f"&labels={quote(label)}" if label else "")
        found = self._pages(f"{self._repository}/issues{wanted}&", most=None if label else _SOME_PAGES)
        return [_issue(value) for value in found if "pull_request" not in value and _login(value) == login]

    def create(self, title: str, body: str, label: str, written: Callable[[], bool]) -> Issue | None:
        """Opens an issue; `written` tells after a lost answer whether it is there. None where the answer was lost."""
        wanted = {"title": title, "body": body, "labels": [label]}
        made = self._call("POST", f"{self._repository}/issues", wanted, written=written)
        return _issue(made) if isinstance(made, dict) else None

    def update(self, number: int, **fields: object) -> None:
        """Changes an issue (`body`, `state`, `state_reason`)."""
        self._call("PATCH", f"{self._repository}/issues/{number}", fields)

    def comments(self, number: int) -> list[IssueComment]:
        """The comments of an issue, oldest first."""
        return [_comment(value) for value in self._pages(f"{self._repository}/issues/{number}/comments?")]

    def create_comment(self, number: int, body: str, written: Callable[[], bool]) -> None:
        """Comments on an issue; `written` tells after a lost answer whether the comment is there."""
        self._call("POST", f"{self._repository}/issues/{number}/comments", {"body": body}, written=written)

    def update_comment(self, identity: int, body: str) -> None:
        """Changes a comment."""
        self._call("PATCH", f"{self._repository}/issues/comments/{identity}", {"body": body})

    def delete_comment(self, identity: int) -> None:
        """Deletes a comment."""
        self._call("DELETE", f"{self._repository}/issues/comments/{identity}")

    def _pages(self, path: str, most: int | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, (most or _PAGES) + 1):
            values = self._call("GET", f"{path}per_page={_PAGE}&page={page}")
            if not isinstance(values, list):
                raise PublishError("GitHub's answer is no list")
            found += [value for value in values if isinstance(value, dict)]
            if len(values) < _PAGE:
                return found
        if most is not None:
            return found
        raise PublishError(f"more than {_PAGE * _PAGES} issues or comments")


def _login(value: dict[str, Any]) -> str:
    return str((value.get("user") or {}).get("login", ""))


def _issue(value: dict[str, Any]) -> Issue:
    labels = (one.get("name") if isinstance(one, dict) else one for one in value.get("labels") or ())
    return Issue(
        int(value["number"]),
        _login(value),
        str(value.get("title") or ""),
        str(value.get("body") or ""),
        value.get("state") == "open",
        frozenset(str(label) for label in labels),
    )


def _comment(value: dict[str, Any]) -> IssueComment:
    return IssueComment(int(value["id"]), _login(value), str(value.get("body") or ""), str(value.get("html_url") or ""))
