"""The HTTP side of the stand-in."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from github_double.description import Operation, answer_errors, find, request_errors
from gitops_guard.sources.changed_lines import ChangedLines, parse_patches

_TIME = "2026-11-24T00:00:00Z"
_BODY_LIMIT = 65_536
_OUTSIDE = (
    "Pull request review thread line must be part of the diff, Pull request review thread diff hunk can't be blank"
)


class StandIn:
    """The state of one repository with one pull request.

    Switches: `read_only` answers writes with 403, `cut_after_write` closes the connection once after a write was done,
    `too_many` answers that many requests with 429.
    """

    def __init__(self, repository: Path, token: str, name: str = "acme/shop", number: int = 1) -> None:
        self.repository = repository
        self.token = token
        self.name = name
        self.number = number
        self.base, self.head = "main", "change"
        self.reviews: list[dict[str, Any]] = []
        self.review_comments: list[dict[str, Any]] = []
        self.issue_comments: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.violations: list[str] = []
        self.read_only = False
        self.cut_after_write = False
        self.too_many = 0
        self.url = ""
        self._next = 100

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.repository, check=True, capture_output=True, text=True
        ).stdout.strip()

    def head_sha(self) -> str:
        return self.git("rev-parse", self.head)

    def hunks(self) -> dict[str, ChangedLines]:
        """The hunks that GitHub would show: merge-base to head, three lines of context, renames followed."""
        base = self.git("merge-base", self.base, self.head)
        options = ("diff", "-M", "-U3", base, self.head)
        names = self.git("diff", "-M", "--name-only", "-z", base, self.head).split("\0")
        patch = subprocess.run(["git", *options], cwd=self.repository, check=True, capture_output=True).stdout
        return dict(zip([name for name in names if name], parse_patches(patch), strict=True))

    def identity(self) -> int:
        self._next += 1
        return self._next

    def user(self) -> dict[str, Any]:
        login = "github-actions[bot]"
        links = ("followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events")
        found: dict[str, Any] = {f"{link}_url": f"{self.url}/users/x/{link}" for link in links}
        return found | {
            "login": login,
            "id": 41898282,
            "node_id": "MDM6Qm90",
            "avatar_url": self.url,
            "gravatar_id": "",
            "url": self.url,
            "html_url": self.url,
            "received_events_url": self.url,
            "type": "Bot",
            "site_admin": False,
        }

    def answer(self, operation: Operation, body: Any, query: dict[str, list[str]]) -> tuple[int, Any]:
        """What GitHub would answer."""
        name = operation.path.replace("/repos/{owner}/{repo}", "").replace("{pull_number}", "N")
        match (operation.verb, name):
            case ("get", "/user"):
                return 403, {"message": "Resource not accessible by integration", "documentation_url": self.url}
            case ("get", "/pulls/N/reviews"):
                return 200, _page(self.reviews, query)
            case ("get", "/pulls/N/comments"):
                return 200, _page(self.review_comments, query)
            case ("get", "/issues/{issue_number}/comments"):
                return 200, _page(self.issue_comments, query)
            case ("post", "/pulls/N/reviews"):
                return self._review(body)
            case ("post", "/pulls/N/comments"):
                return self._comment(body)
            case ("post", "/issues/{issue_number}/comments"):
                comment = self._issue_comment(body["body"])
                self.issue_comments.append(comment)
                return 201, comment
            case ("patch", "/pulls/comments/{comment_id}"):
                return self._edit(self.review_comments, operation, body)
            case ("patch", "/issues/comments/{comment_id}"):
                return self._edit(self.issue_comments, operation, body)
            case ("delete", "/pulls/comments/{comment_id}"):
                wanted = int(operation.parameters["comment_id"])
                self.review_comments = [c for c in self.review_comments if c["id"] != wanted]
                return 204, None
        return 404, {"message": "Not Found", "documentation_url": self.url}

    def _review(self, body: dict[str, Any]) -> tuple[int, Any]:
        hunks = self.hunks()
        for comment in body.get("comments", ()):
            problem = _anchor_problem(hunks, comment)
            if problem:
                return 422, {"message": "Unprocessable Entity", "errors": [problem]}
        if not body.get("body") and body.get("event") in {"COMMENT", "REQUEST_CHANGES"}:
            return 422, {"message": "Unprocessable Entity", "errors": ["Body can't be blank"]}
        identity = self.identity()
        review = {
            "id": identity,
            "node_id": "R",
            "user": self.user(),
            "body": body.get("body", ""),
            "state": "COMMENTED",
            "html_url": self.url,
            "pull_request_url": self.url,
            "author_association": "NONE",
            "_links": {"html": {"href": self.url}, "pull_request": {"href": self.url}},
            "submitted_at": _TIME,
            "commit_id": body.get("commit_id") or self.head_sha(),
        }
        self.reviews.append(review)
        self.review_comments += (self._review_comment(comment, identity) for comment in body.get("comments", ()))
        return 200, review

    def _comment(self, body: dict[str, Any]) -> tuple[int, Any]:
        hunks = self.hunks()
        if body.get("subject_type") == "file":
            if body["path"] not in hunks:
                return 422, {
                    "message": "Validation Failed",
                    "errors": [{"resource": "x", "field": "path", "code": "invalid"}],
                }
        elif problem := _anchor_problem(hunks, body):
            return 422, {
                "message": "Validation Failed",
                "errors": [{"resource": "x", "field": problem, "code": "invalid"}],
            }
        comment = self._review_comment(body, None)
        self.review_comments.append(comment)
        return 201, comment

    def _review_comment(self, body: dict[str, Any], review: int | None) -> dict[str, Any]:
        found = self._issue_comment(body["body"]) | {
            "pull_request_review_id": review,
            "diff_hunk": "@@",
            "path": body["path"],
            "commit_id": self.head_sha(),
            "original_commit_id": self.head_sha(),
            "pull_request_url": self.url,
            "_links": {key: {"href": self.url} for key in ("self", "html", "pull_request")},
        }
        if "line" in body:
            found |= {"line": body["line"], "side": "RIGHT", "subject_type": "line"}
            found |= {key: body[key] for key in ("start_line", "start_side") if key in body}
        else:
            found["subject_type"] = "file"
        del found["issue_url"]
        return found

    def _issue_comment(self, text: str) -> dict[str, Any]:
        return {
            "id": self.identity(),
            "node_id": "C",
            "url": self.url,
            "html_url": self.url,
            "issue_url": self.url,
            "body": text,
            "user": self.user(),
            "created_at": _TIME,
            "updated_at": _TIME,
            "author_association": "NONE",
        }

    def _edit(self, comments: list[dict[str, Any]], operation: Operation, body: dict[str, Any]) -> tuple[int, Any]:
        wanted = int(operation.parameters["comment_id"])
        for comment in comments:
            if comment["id"] == wanted:
                comment["body"] = body["body"]
                return 200, comment
        return 404, {"message": "Not Found", "documentation_url": self.url}


def _page(values: list[Any], query: dict[str, list[str]]) -> list[Any]:
    size = min(int(query.get("per_page", ["30"])[0]), 100)
    page = int(query.get("page", ["1"])[0])
    return values[(page - 1) * size : page * size]


def _anchor_problem(hunks: dict[str, ChangedLines], comment: dict[str, Any]) -> str:
    lines, last = hunks.get(comment["path"]), comment.get("line")
    if lines is None or last is None:
        return _OUTSIDE
    first = comment.get("start_line", last)
    if "start_line" in comment and first >= last:
        return "start line must precede the end line"
    if not lines.commentable(first, last):
        return _OUTSIDE if not lines.commentable(last, last) else "start line must be part of the same hunk as the line"
    return ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    standin: StandIn

    def _serve(self) -> None:
        state = self.standin
        address = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        body = json.loads(raw) if raw else None
        state.requests.append((self.command, address.path))
        if self.headers.get("Authorization") not in {f"token {state.token}", f"Bearer {state.token}"}:
            self._send(401, {"message": "Bad credentials"})
            return
        if state.too_many:
            state.too_many -= 1
            self._send(429, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": "0"})
            return
        operation = find(self.command, address.path)
        if operation is None:
            state.violations.append(f"{self.command} {address.path} is not in the description")
            self._send(404, {"message": "Not Found"})
            return
        self._operate(operation, body, parse_qs(address.query))

    def _operate(self, operation: Operation, body: Any, query: dict[str, list[str]]) -> None:
        state = self.standin
        writes = operation.verb != "get"
        errors = request_errors(operation, body)
        if errors:
            state.violations += (f"request {operation.verb} {operation.path}: {error}" for error in errors)
            self._send(500, {"message": "; ".join(errors)})
            return
        if writes and state.read_only:
            text = {"message": "Resource not accessible by integration", "documentation_url": state.url}
            self._send(403, text, {"X-Accepted-GitHub-Permissions": "pull_requests=write"})
            return
        if isinstance(body, dict) and len(str(body.get("body", ""))) > _BODY_LIMIT:
            self._send(
                422, {"message": "Validation Failed", "errors": ["body is too long (maximum is 65536 characters)"]}
            )
            return
        status, answer = state.answer(operation, body, query)
        if status < 300:
            state.violations += (
                f"answer {operation.verb} {operation.path}: {e}" for e in answer_errors(operation, status, answer)
            )
        if writes and state.cut_after_write:
            state.cut_after_write = False
            self.close_connection = True
            return
        self._send(status, answer)

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        raw = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Stays silent."""


@contextmanager
def running(state: StandIn) -> Iterator[str]:
    """Serves a state on a free loopback port; gives the address of the API."""
    handler = type("Handler", (_Handler,), {"standin": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving(repository: Path, *, token: str) -> Iterator[str]:
    """The address of a stand-in that holds `acme/shop` with pull request 1 from `change` into `main`."""
    state = StandIn(repository, token)
    with running(state) as address:
        yield address
    if state.violations:
        raise AssertionError("; ".join(state.violations))
