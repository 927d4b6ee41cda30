"""What stands in a pull request: threads of review comments with their state, and the comments of the conversation.

Only GraphQL tells whether a thread is resolved, by whom, and whether a comment is hidden; one query asks for all of it.
Where GraphQL is refused REST tells the rest, and `unknown` says what is missing.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gitops_guard.errors import PublishError

PAGES = 50
PAGE = 100
Query = Callable[[str, dict[str, object]], dict[str, Any]]

# The answers of a thread are not read: that there is one is enough. After a first page threads are read from both ends.
_DOCUMENT = """query(
  $owner: String!, $name: String!, $number: Int!, $threads: String, $before: String, $notes: String,
  $withThreads: Boolean!, $withTail: Boolean!, $withNotes: Boolean!
) {
  viewer {login}
  repository(owner: $owner, name: $name) {pullRequest(number: $number) {
    headRefOid state
    reviewThreads(first: 100, after: $threads) @include(if: $withThreads) {...Threads}
    tail: reviewThreads(last: 100, before: $before) @include(if: $withTail) {...Threads}
    comments(first: 100, after: $notes) @include(if: $withNotes) {
      nodes {fullDatabaseId body author {__typename login}}
      pageInfo {hasNextPage endCursor}
    }
  }}
}
fragment Threads on PullRequestReviewThreadConnection {
  totalCount
  nodes {
    id isResolved isOutdated path line startLine subjectType resolvedBy {login}
    comments(first: 2) {nodes {
      id fullDatabaseId body isMinimized author {__typename login} pullRequestReview {id}
    }}
  }
  pageInfo {hasNextPage endCursor startCursor}
}"""


class Thread(NamedTuple):
    """A review comment and what became of it.

    `node` is the thread and `comment_node` its first comment in GraphQL, both empty where only REST was asked.
    `comment` is the first comment in REST. `line` and `start` are None for a comment on a file (`on_file`) and an
    outdated one. `resolver` is who resolved it, `review` the review that it came with. `answered`: somebody replied.
    """

    comment: int
    author: str
    body: str
    path: str
    line: int | None = None
    start: int | None = None
    on_file: bool = False
    answered: bool = False
    node: str = ""
    comment_node: str = ""
    resolved: bool = False
    resolver: str = ""
    hidden: bool = False
    review: str = ""


class Note(NamedTuple):
    """A comment of the conversation."""

    id: int
    author: str
    body: str


class Conversation(NamedTuple):
    """A pull request as it stands. `login` is who the token acts as, `head` its commit now (empty: not asked).

    `unknown` says why the state of threads is not known, and whether the pull request `is_closed`; empty where it is.
    """

    login: str
    head: str
    threads: tuple[Thread, ...]
    notes: tuple[Note, ...]
    unknown: str = ""
    is_closed: bool = False

    @property
    def own_threads(self) -> tuple[Thread, ...]:
        """Those that the token's own identity began: only their markers may be believed."""
        return tuple(thread for thread in self.threads if thread.author == self.login)

    @property
    def own_notes(self) -> tuple[Note, ...]:
        """Likewise the comments."""
        return tuple(note for note in self.notes if note.author == self.login)


def ask(query: Query, repository: str, number: int) -> Conversation:
    """Reads a pull request over GraphQL: one request for a hundred threads, and one for each two hundred more.

    Raises:
        PublishError: GitHub refused it, or the answer is not what its schema says.
    """
    owner, _, name = repository.partition("/")
    given: dict[str, object] = {"owner": owner, "name": name, "number": number}
    given |= {"threads": None, "before": None, "notes": None, "withTail": False}
    given |= {"withThreads": True, "withNotes": True}
    threads: dict[str, Thread] = {}
    notes: list[Note] = []
    for _ in range(PAGES):
        data = query(_DOCUMENT, given)
        try:
            pull = data["repository"]["pullRequest"]
            for connection in (pull.get("reviewThreads"), pull.get("tail")):
                threads |= {thread.node: thread for thread in map(_thread, _nodes(connection))}
            notes += (Note(_number(node), _author(node), node["body"]) for node in _nodes(pull.get("comments")))
            given |= _both_ends(len(threads), pull.get("reviewThreads"), pull.get("tail"))
            given |= _following("notes", "withNotes", pull.get("comments"))
            login, head, state = str(data["viewer"]["login"]), str(pull["headRefOid"]), pull["state"]
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise PublishError("GitHub's answer to GraphQL is no pull request") from None
        if not (given["withThreads"] or given["withNotes"]):
            found = tuple(sorted(threads.values(), key=lambda thread: thread.comment))
            return Conversation(login, head, found, tuple(notes), is_closed=state != "OPEN")
    raise PublishError(f"the pull request has more than {PAGES * PAGE} comments")


def listed(login: str, comments: list[dict[str, Any]], notes: tuple[Note, ...], unknown: str) -> Conversation:
    """The same from the answers of REST: `comments` are those on lines and files."""
    answered = {comment["in_reply_to_id"] for comment in comments if comment.get("in_reply_to_id")}
    threads = tuple(
        Thread(
            comment=int(comment["id"]),
            author=str((comment.get("user") or {}).get("login", "")),
            body=str(comment.get("body") or ""),
            path=str(comment.get("path") or ""),
            line=_integer(comment.get("line")),
            start=_integer(comment.get("start_line")),
            on_file=comment.get("subject_type") == "file",
            answered=comment["id"] in answered,
        )
        for comment in comments
        if not comment.get("in_reply_to_id")
    )
    return Conversation(login, "", threads, notes, unknown)


def _nodes(connection: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    # GitHub's schema allows null in a list of nodes.
    return (node for node in (connection or {}).get("nodes") or () if node is not None)


def _following(cursor: str, switch: str, connection: dict[str, Any] | None) -> dict[str, object]:
    page = (connection or {}).get("pageInfo") or {}
    more = bool(page.get("hasNextPage"))
    return {switch: more, cursor: page.get("endCursor") if more else None}


def _both_ends(known: int, head: dict[str, Any] | None, tail: dict[str, Any] | None) -> dict[str, object]:
    following = _following("threads", "withThreads", head)
    if known >= int((head or {}).get("totalCount") or 0):
        following["withThreads"] = False
    before = None if tail is None else tail["pageInfo"].get("startCursor")
    return following | {"withTail": following["withThreads"], "before": before}


def _thread(node: dict[str, Any]) -> Thread:
    comments = list(_nodes(node["comments"]))
    first: dict[str, Any] = comments[0] if comments else {"body": "", "fullDatabaseId": "0", "author": None, "id": ""}
    return Thread(
        comment=_number(first),
        author=_author(first),
        body=str(first["body"]),
        path=str(node["path"]),
        line=_integer(node["line"]),
        start=_integer(node["startLine"]),
        on_file=node["subjectType"] == "FILE",
        answered=len(comments) > 1,
        node=str(node["id"]),
        comment_node=str(first["id"]),
        resolved=bool(node["isResolved"]),
        resolver=str((node["resolvedBy"] or {}).get("login", "")),
        hidden=bool(first.get("isMinimized")),
        review=str((first.get("pullRequestReview") or {}).get("id", "")),
    )


def _number(node: dict[str, Any]) -> int:
    return int(node["fullDatabaseId"] or 0)


def _author(node: dict[str, Any]) -> str:
    """The login as REST and `viewer` give it: there an app has a suffix that `author` of GraphQL lacks."""
    author = node["author"] or {}
    login = str(author.get("login", ""))
    is_app = author.get("__typename") == "Bot" and not login.endswith("[bot]")
    return login + "[bot]" if is_app else login


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) else None
