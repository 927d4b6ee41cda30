"""Requests to GitHub on PyGithub's requester: bounded waits, repeats that never write twice, clear refusals.

PyGithub's own repeats stay off: they obey any `Retry-After`, and repeat a POST whose answer was lost: two comments.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gitops_guard.errors import PublishError

_ATTEMPTS = 4
_TIMEOUT = 30
_GRAPHQL = "GraphQL"
_BAD_REQUEST, _SERVER_ERROR = 400, 500
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE, _TOO_MANY = 401, 403, 404, 422, 429
_WITHOUT_A_WORD = 60.0
"""Seconds to wait when GitHub names none (GitHub's documentation on secondary rate limits)."""


class ReviewRefusedError(PublishError):
    """GitHub refused a whole review (422): one of its comments stands where none may stand. `errors` is its wording."""

    def __init__(self, message: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


class QueryRefusedError(PublishError):
    """GitHub answered a GraphQL document with errors, whose HTTP status is 200.

    `types` are the kinds of the errors (`FORBIDDEN`, `NOT_FOUND`, `STALE_DATA`), `data` is what was answered all the
    same: of several mutations in one document those that worked.
    """

    def __init__(self, message: str, *, hint: str | None, types: tuple[str, ...], data: dict[str, Any]) -> None:
        super().__init__(message, hint=hint)
        self.types = types
        self.data = data


class Transport:
    """Sends requests. The token is only ever given to PyGithub.

    Args:
        api_url: as in GITHUB_API_URL.
        token: what to authenticate with.
        pause: seconds between writes.
        wait: seconds that rate limits may cost altogether.
        recovery: seconds before a request is repeated whose answer was lost.
        timeout: seconds to wait for an answer, at least 1.
    """

    def __init__(  # noqa: PLR0913 - each is a limit of its own
        self, api_url: str, token: str, *, pause: float, wait: float, recovery: float, timeout: int = _TIMEOUT
    ) -> None:
        from github import Auth, Github  # noqa: PLC0415 - costs as much as eighteen interpreter starts

        self._requester = Github(
            auth=Auth.Token(token),
            base_url=api_url,
            timeout=timeout,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
        ).requester
        self._pause = pause
        self._next_write = 0.0
        self._left = wait
        self._recovery = recovery

    def call(self, verb: str, path: str, body: object = None, *, written: Callable[[], bool] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Sends one request and returns the JSON of its answer.

        Args:
            verb: GET, POST, PATCH, PUT or DELETE.
            path: below the API's address.
            body: JSON to send.
            written: tells whether a POST whose answer was lost has been done all the same; without it no such POST is
                repeated.

        Raises:
            ReviewRefusedError: a review has an anchor outside the hunks.
            PublishError: anything else that GitHub refused, and silence.
        """
        return self._answered(_Request(verb, path, path, body, verb != "GET", verb != "POST"), written)

    def graphql(
        self, document: str, variables: Mapping[str, object], *, written: Callable[[], bool] | None = None
    ) -> dict[str, Any]:
        """Sends a GraphQL document with one operation and returns the `data` of the answer.

        Args:
            document: a query, which is repeated when its answer is lost, or a mutation, which is not.
            variables: of the operation.
            written: tells whether a mutation whose answer was lost has been done all the same, which gives an empty
                answer; where the answer is no, it is sent again.

        Raises:
            QueryRefusedError: GitHub answered with errors.
            PublishError: it did not answer, or the limit of requests is used up.
        """
        changes = document.lstrip().startswith("mutation")
        body = {"query": document, "variables": dict(variables)}
        data = self._answered(
            _Request("POST", self._requester.graphql_url, _GRAPHQL, body, changes, not changes), written
        )
        if data is None:
            return {}
        if not isinstance(data, dict):
            raise PublishError("GitHub's answer to GraphQL is no JSON object", hint="is GITHUB_API_URL right?")
        given = data.get("data")
        answered: dict[str, Any] = given if isinstance(given, dict) else {}
        if errors := _query_errors(data):
            raise _refused_query(errors, answered)
        return answered

    def _answered(self, request: "_Request", written: Callable[[], bool] | None) -> Any:  # noqa: ANN401 - JSON
        limited = 0
        for attempt in range(_ATTEMPTS):
            status, headers, data = self._sent(request)
            if _is_rate_limit(status, headers, data):
                self._wait(headers, limited)
                limited += 1
                continue
            if 0 < status < _BAD_REQUEST:
                return data
            if 0 < status < _SERVER_ERROR:
                if request.verb == "DELETE" and status == _NOT_FOUND:
                    return None
                raise _explained(request.verb, request.name, status, headers, data)
            if not request.repeatable and written is None:
                break
            time.sleep(self._recovery * 2**attempt)
            if written is not None and written():
                return None
        if limited == _ATTEMPTS:
            raise PublishError("GitHub's rate limit is used up", hint="run the job again in a few minutes")
        raise PublishError(
            f"GitHub did not answer {request.verb} {request.name}", hint="see githubstatus.com, and run it again"
        )

    def _sent(self, request: "_Request") -> tuple[int, Mapping[str, str], Any]:
        """Status, headers and JSON; the status is 0 when no answer came."""
        import requests  # noqa: PLC0415 - loaded with PyGithub

        if request.changes:
            # One writer, with time between its writes: GitHub's best practices for the REST API ask for a second.
            time.sleep(max(0.0, self._next_write - time.monotonic()))
        try:
            status, headers, text = self._requester.requestJson(request.verb, request.path, input=request.body)
        except requests.RequestException:
            # Its text and its request hold headers, the token among them.
            return 0, {}, None
        except RuntimeError as error:
            raise PublishError(f"GitHub sent {request.verb} {request.name} elsewhere: {error}") from None
        finally:
            if request.changes:
                self._next_write = time.monotonic() + self._pause
        try:
            return status, headers, json.loads(text) if text else None
        except ValueError:
            if status < _SERVER_ERROR and status not in {_FORBIDDEN, _TOO_MANY}:
                raise PublishError(
                    f"the answer to {request.verb} {request.name} is not JSON", hint="is GITHUB_API_URL right?"
                ) from None
            return status, headers, None

    def _wait(self, headers: Mapping[str, str], before: int) -> None:
        seconds = _asked_wait(headers, before)
        if seconds > self._left:
            hint = f"it asks to wait {seconds:.0f} s: run the job again after that"
            raise PublishError("GitHub's rate limit is used up", hint=hint)
        self._left -= seconds
        time.sleep(seconds)


class _Request(NamedTuple):
    """What is sent. `name` is for messages; `changes` spaces it from other writes."""

    verb: str
    path: str
    name: str
    body: object
    changes: bool
    repeatable: bool


def _asked_wait(headers: Mapping[str, str], before: int) -> float:
    # A wait of nothing would be repeated at once, until all attempts are gone.
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.isdigit():
        return max(float(after), 0.05)
    if reset.isdigit() and headers.get("x-ratelimit-remaining") == "0":
        return max(float(reset) - time.time() + 1, 1.0)
    return _WITHOUT_A_WORD * float(2**before)


def _is_rate_limit(status: int, headers: Mapping[str, str], data: object) -> bool:
    if status == _TOO_MANY or any(
        error.get("type") == "RATE_LIMITED" or "rate limit" in _message(error).lower() for error in _query_errors(data)
    ):
        return True
    exhausted = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return status == _FORBIDDEN and (exhausted or "rate limit" in _message(data).lower())


def _query_errors(data: object) -> list[dict[str, Any]]:
    """The errors of a GraphQL answer; those of REST stand beside a message."""
    given = data.get("errors") if isinstance(data, dict) and "message" not in data else None
    return [error for error in given if isinstance(error, dict)] if isinstance(given, list) else []


def _refused_query(errors: list[dict[str, Any]], data: dict[str, Any]) -> QueryRefusedError:
    types = tuple(dict.fromkeys(str(error.get("type") or "") for error in errors))
    words = dict.fromkeys(" ".join(filter(None, (str(e.get("type") or ""), _message(e)))) for e in errors)
    text = "; ".join(word[:500] for word in list(words)[:5])
    hint = "the token needs a right that it has not" if "FORBIDDEN" in types else None
    return QueryRefusedError(f"GitHub refused GraphQL: {text}", hint=hint, types=types, data=data)


def _message(data: object) -> str:
    return str(data.get("message", "")) if isinstance(data, dict) else ""


def _explained(verb: str, path: str, status: int, headers: Mapping[str, str], data: object) -> PublishError:
    message = _message(data)
    given = data.get("errors") if isinstance(data, dict) else None
    errors = tuple(str(error) for error in given) if isinstance(given, list) else ()
    if status == _UNPROCESSABLE and path.endswith("/reviews"):
        return ReviewRefusedError("; ".join((f"GitHub refused the review: {message}", *errors)), errors)
    text = "; ".join((f"GitHub answered {status} to {verb} {path}: {message}", *errors))
    if path == _GRAPHQL and status != _UNAUTHORIZED:
        return QueryRefusedError(text, hint=None, types=(), data={})
    if status == _UNAUTHORIZED:
        return PublishError(text, hint="the token is wrong or has expired")
    if status in {_FORBIDDEN, _NOT_FOUND}:
        missing = headers.get("x-accepted-github-permissions", "pull_requests=write")
        hint = f"the token needs {missing}; a pull request from a fork has a token that only reads"
        return PublishError(text, hint=hint)
    return PublishError(text)
