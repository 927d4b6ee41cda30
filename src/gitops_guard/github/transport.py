"""Requests to GitHub's REST API on PyGithub's requester: bounded waits, repeats that never write twice, clear refusals.

PyGithub's own repeats stay off: they obey any `Retry-After`, and repeat a POST whose answer was lost: two comments.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from gitops_guard.errors import PublishError

_ATTEMPTS = 4
_TIMEOUT = 30
_BAD_REQUEST, _SERVER_ERROR = 400, 500
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE, _TOO_MANY = 401, 403, 404, 422, 429
_WITHOUT_A_WORD = 60.0
"""Seconds to wait when GitHub names none (GitHub's documentation on secondary rate limits)."""


class ReviewRefusedError(PublishError):
    """GitHub refused a whole review (422): one of its comments stands where none may stand. `errors` is its wording."""

    def __init__(self, message: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


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
            seconds_between_writes=pause,
        ).requester
        self._left = wait
        self._recovery = recovery

    def call(self, verb: str, path: str, body: object = None, *, written: Callable[[], bool] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Sends one request and returns the JSON of its answer.

        Args:
            verb: GET, POST, PATCH or DELETE.
            path: below the API's address.
            body: JSON to send.
            written: tells whether a POST whose answer was lost has been done all the same; without it no such POST is
                repeated.

        Raises:
            ReviewRefusedError: a review has an anchor outside the hunks.
            PublishError: anything else that GitHub refused, and silence.
        """
        for attempt in range(_ATTEMPTS):
            status, headers, data = self._sent(verb, path, body)
            if 0 < status < _BAD_REQUEST:
                return data
            if _is_rate_limit(status, headers, data):
                self._wait(headers)
                continue
            if 0 < status < _SERVER_ERROR:
                if verb == "DELETE" and status == _NOT_FOUND and attempt:
                    return None
                raise _explained(verb, path, status, headers, data)
            if verb == "POST" and written is None:
                break
            time.sleep(self._recovery * 2**attempt)
            if written is not None and written():
                return None
        raise PublishError(f"GitHub did not answer {verb} {path}", hint="see githubstatus.com, and run it again")

    def _sent(self, verb: str, path: str, body: object) -> tuple[int, Mapping[str, str], Any]:
        """Status, headers and JSON; the status is 0 when no answer came."""
        import requests  # noqa: PLC0415 - loaded with PyGithub

        try:
            status, headers, text = self._requester.requestJson(verb, path, input=body)
        except requests.RequestException:
            # Its text and its request hold headers, the token among them.
            return 0, {}, None
        except RuntimeError as error:
            raise PublishError(f"GitHub sent {verb} {path} elsewhere: {error}") from None
        try:
            return status, headers, json.loads(text) if text else None
        except ValueError:
            if status < _SERVER_ERROR and status not in {_FORBIDDEN, _TOO_MANY}:
                raise PublishError(
                    f"the answer to {verb} {path} is not JSON", hint="is GITHUB_API_URL right?"
                ) from None
            return status, headers, None

    def _wait(self, headers: Mapping[str, str]) -> None:
        seconds = _asked_wait(headers)
        if seconds > self._left:
            hint = f"it asks to wait {seconds:.0f} s: run the job again after that"
            raise PublishError("GitHub's rate limit is used up", hint=hint)
        self._left -= seconds
        time.sleep(seconds)


def _asked_wait(headers: Mapping[str, str]) -> float:
    # A wait of nothing would be repeated at once, until all attempts are gone.
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.isdigit():
        return max(float(after), 0.05)
    if reset.isdigit() and headers.get("x-ratelimit-remaining") == "0":
        return max(float(reset) - time.time() + 1, 1.0)
    return _WITHOUT_A_WORD


def _is_rate_limit(status: int, headers: Mapping[str, str], data: object) -> bool:
    if status == _TOO_MANY:
        return True
    exhausted = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return status == _FORBIDDEN and (exhausted or "rate limit" in _message(data).lower())


def _message(data: object) -> str:
    return str(data.get("message", "")) if isinstance(data, dict) else ""


def _explained(verb: str, path: str, status: int, headers: Mapping[str, str], data: object) -> PublishError:
    message = _message(data)
    given = data.get("errors") if isinstance(data, dict) else None
    errors = tuple(str(error) for error in given) if isinstance(given, list) else ()
    if status == _UNPROCESSABLE and path.endswith("/reviews"):
        return ReviewRefusedError("; ".join((f"GitHub refused the review: {message}", *errors)), errors)
    text = "; ".join((f"GitHub answered {status} to {verb} {path}: {message}", *errors))
    if status == _UNAUTHORIZED:
        return PublishError(text, hint="the token is wrong or has expired")
    if status in {_FORBIDDEN, _NOT_FOUND}:
        missing = headers.get("x-accepted-github-permissions", "pull_requests=write")
        hint = f"the token needs {missing}; a pull request from a fork has a token that only reads"
        return PublishError(text, hint=hint)
    return PublishError(text)
