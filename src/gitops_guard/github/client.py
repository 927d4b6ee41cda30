"""The few calls of GitHub's REST API that a review needs."""

from collections.abc import Callable
from typing import Any, NamedTuple

from gitops_guard.errors import PublishError
from gitops_guard.github.transport import ReviewRefusedError, Transport

__all__ = ["Client", "Posted", "ReviewRefusedError"]
_PAGE = 100
_PAGES = 50


class Posted(NamedTuple):
    """A comment that exists: a review comment, or one of the conversation."""

    id: int
    author: str
    body: str
    path: str = ""
    line: int | None = None


class Client:
    """Talks to one pull request.

    Args:
        api_url: as in GITHUB_API_URL.
        token: what to authenticate with; only ever given to PyGithub.
        repository: `owner/name`.
        number: of the pull request.
        pause: seconds between writes.
        wait: seconds that rate limits may cost altogether.
        recovery: seconds before a request is repeated whose answer was lost.
    """

    def __init__(  # noqa: PLR0913 - where, as whom, and three limits
        self,
        api_url: str,
        token: str,
        repository: str,
        number: int,
        *,
        pause: float = 0.3,
        wait: float = 120,
        recovery: float = 2,
    ) -> None:
        self._call = Transport(api_url, token, pause=pause, wait=wait, recovery=recovery).call
        self._newest: dict[Callable[[], list[Posted]], int] = {}
        self._pull = f"/repos/{repository}/pulls/{number}"
        self._issue = f"/repos/{repository}/issues/{number}"
        self._repository = f"/repos/{repository}"

    def review_comments(self) -> list[Posted]:
        """All comments on lines and files of the pull request."""
        found = [_posted(value) for value in self._pages(self._pull + "/comments")]
        self._newest.setdefault(self.review_comments, max((posted.id for posted in found), default=0))
        return found

    def issue_comments(self) -> list[Posted]:
        """All comments of the conversation."""
        found = [_posted(value) for value in self._pages(self._issue + "/comments")]
        self._newest.setdefault(self.issue_comments, max((posted.id for posted in found), default=0))
        return found

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
        wanted = [(str(comment["path"]), str(comment["body"])) for comment in comments]
        self._create(self._pull + "/reviews", body, self.review_comments, wanted)

    def create_file_comment(self, commit: str, path: str, text: str) -> None:
        """Posts a comment on a file as a whole."""
        body = {"commit_id": commit, "path": path, "body": text, "subject_type": "file"}
        self._create(self._pull + "/comments", body, self.review_comments, [(path, text)])

    def update_review_comment(self, identity: int, text: str) -> None:
        """Changes a comment on a line or file."""
        self._call("PATCH", f"{self._repository}/pulls/comments/{identity}", {"body": text})

    def delete_review_comment(self, identity: int) -> None:
        """Deletes a comment on a line or file."""
        self._call("DELETE", f"{self._repository}/pulls/comments/{identity}")

    def create_issue_comment(self, text: str) -> None:
        """Posts a comment in the conversation."""
        self._create(self._issue + "/comments", {"body": text}, self.issue_comments, [("", text)])

    def update_issue_comment(self, identity: int, text: str) -> None:
        """Changes a comment of the conversation."""
        self._call("PATCH", f"{self._repository}/issues/comments/{identity}", {"body": text})

    def delete_issue_comment(self, identity: int) -> None:
        """Deletes a comment of the conversation."""
        self._call("DELETE", f"{self._repository}/issues/comments/{identity}")

    def head_sha(self) -> str:
        """The commit that the pull request ends in now: a push may have come since the event."""
        try:
            return str(self._call("GET", self._pull)["head"]["sha"])
        except (KeyError, TypeError):
            raise PublishError("GitHub's answer is no pull request") from None

    def _create(
        self, path: str, body: dict[str, Any], listed: Callable[[], list[Posted]], wanted: list[tuple[str, str]]
    ) -> None:
        """Posts, and after a lost answer looks first whether all that was wanted is there since."""
        if listed not in self._newest:
            listed()
        before = self._newest[listed]

        def written() -> bool:
            found = {(posted.path, _plain(posted.body)) for posted in listed() if posted.id > before}
            return all((place, _plain(text)) in found for place, text in wanted)

        self._call("POST", path, body, written=written if wanted else None)

    def _pages(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, _PAGES + 1):
            values = self._call("GET", f"{path}?per_page={_PAGE}&page={page}")
            if not isinstance(values, list):
                raise PublishError("GitHub's answer is no list of comments")
            found += values
            if len(values) < _PAGE:
                return found
        raise PublishError(f"the pull request has more than {_PAGE * _PAGES} comments")


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _posted(value: dict[str, Any]) -> Posted:
    user, line = value.get("user") or {}, value.get("line")
    return Posted(
        id=int(value["id"]),
        author=str(user.get("login", "")),
        body=str(value.get("body") or ""),
        path=str(value.get("path") or ""),
        line=line if isinstance(line, int) else None,
    )
