"""The few calls of GitHub's APIs that a review needs."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from gitops_guard.errors import PublishError
from gitops_guard.github.conversation import PAGE, PAGES, Conversation, Note, ask, listed
from gitops_guard.github.transport import QueryRefusedError, ReviewRefusedError, Transport

__all__ = ["Client", "Edit", "Posted", "ReviewRefusedError"]
SPACING = 1.0
"""Seconds between writes (GitHub's best practices for the REST API; 80 of them a minute are allowed)."""
_TOGETHER = 20
"""Mutations of one document: each costs GitHub about the time of a request of its own."""
_LONGEST_DOCUMENT = 200_000
"""Characters of text in one document."""


class Posted(NamedTuple):
    """A comment that exists: a review comment, or one of the conversation."""

    id: int
    author: str
    body: str
    path: str = ""
    line: int | None = None


class Edit(NamedTuple):
    """A new text for the first comment of a thread, by its identity in REST and in GraphQL (empty: not known)."""

    comment: int
    node: str
    body: str


class Client:
    """Talks to one pull request.

    Args:
        api_url: as in GITHUB_API_URL.
        token: what to authenticate with; only ever given to PyGithub.
        repository: `owner/name`.
        number: of the pull request.
        pause: seconds between writes; `SPACING` if left out.
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
        pause: float | None = None,
        wait: float = 180,
        recovery: float = 2,
    ) -> None:
        spacing = SPACING if pause is None else pause
        self._transport = Transport(api_url, token, pause=spacing, wait=wait, recovery=recovery)
        self._call = self._transport.call
        self._newest: dict[Callable[[], list[Posted]], int] = {}
        self._pull = f"/repos/{repository}/pulls/{number}"
        self._issue = f"/repos/{repository}/issues/{number}"
        self._repository = f"/repos/{repository}"
        self._named = (repository, number)

    def conversation(self) -> Conversation:
        """All that stands in the pull request; over REST, without the state of threads, where GraphQL gives nothing."""
        try:
            found = ask(self._transport.graphql, *self._named)
        except PublishError as error:
            comments = self._pages(self._pull + "/comments")
            notes = tuple(Note(posted.id, posted.author, posted.body) for posted in self.issue_comments())
            found = listed(self.login(), comments, notes, error.message)
        self._newest[self.review_comments] = max((thread.comment for thread in found.threads), default=0)
        self._newest[self.issue_comments] = max((note.id for note in found.notes), default=0)
        return found

    def resolve(self, threads: Sequence[str]) -> frozenset[str]:
        """Resolves threads; gives those that are: an installation needs `contents: write` for it."""
        return self._each("resolveReviewThread", "threadId: ${0}", threads)

    def unresolve(self, threads: Sequence[str]) -> frozenset[str]:
        """Opens threads again; gives those that are open."""
        return self._each("unresolveReviewThread", "threadId: ${0}", threads)

    def hide(self, comments: Sequence[str], why: str) -> frozenset[str]:
        """Folds comments; `why` is `RESOLVED`, `OUTDATED` or `DUPLICATE`. Gives those that are folded."""
        return self._each("minimizeComment", f"subjectId: ${{0}}, classifier: {why}", comments)

    def show(self, comments: Sequence[str]) -> frozenset[str]:
        """Unfolds comments; gives those that are."""
        return self._each("unminimizeComment", "subjectId: ${0}", comments)

    def edit(self, edits: Sequence[Edit]) -> None:
        """Changes comments on lines and files: many in one request, and one by one what GraphQL does not take."""
        done: set[str] = set()
        for part in _parts([one for one in edits if one.node]):
            done |= self._all("updatePullRequestReviewComment", "pullRequestReviewCommentId: ${0}, body: ${1}", part)
        for one in edits:
            if one.node not in done:
                self.update_review_comment(one.comment, one.body)

    def _each(self, mutation: str, given: str, nodes: Sequence[str]) -> frozenset[str]:
        """One mutation for each node. What may not be done is left out of the answer."""
        done: set[str] = set()
        for part in _parts([Edit(0, node, "") for node in nodes]):
            done |= self._all(mutation, given, part)
            if not done:
                break
        return frozenset(done)

    def _all(self, mutation: str, given: str, edits: Sequence[Edit]) -> set[str]:
        """One document of several mutations; gives the nodes of those that were done.

        Each says how things shall be, not what to change: one whose answer was lost is sent again.
        """
        nodes = {f"n{at}": one.node for at, one in enumerate(edits)}
        texts = {f"t{at}": one.body for at, one in enumerate(edits) if "{1}" in given}
        declared = ", ".join((*(f"${name}: ID!" for name in nodes), *(f"${name}: String!" for name in texts)))
        calls = (
            f"n{at}: {mutation}(input: {{{given.format(f'n{at}', f't{at}')}}}) {{clientMutationId}}"
            for at in range(len(edits))
        )
        document = f"mutation({declared}) {{{' '.join(calls)}}}"
        try:
            data = self._transport.graphql(document, nodes | texts, written=lambda: False)
        except QueryRefusedError as error:
            data = error.data
        return {node for name, node in nodes.items() if data.get(name) is not None}

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
        for page in range(1, PAGES + 1):
            values = self._call("GET", f"{path}?per_page={PAGE}&page={page}")
            if not isinstance(values, list):
                raise PublishError("GitHub's answer is no list of comments")
            found += values
            if len(values) < PAGE:
                return found
        raise PublishError(f"the pull request has more than {PAGE * PAGES} comments")


def _parts(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """Edits in documents that are neither long nor slow."""
    part: list[Edit] = []
    for one in edits:
        if part and (len(part) == _TOGETHER or sum(len(each.body) for each in (*part, one)) > _LONGEST_DOCUMENT):
            yield part
            part = []
        part.append(one)
    if part:
        yield part


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
