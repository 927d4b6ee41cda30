"""Requests to hosts that a pull request may have chosen."""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from gitops_guard.errors import GuardError

Trouble = Literal[
    "address", "budget", "refused", "dns", "tls", "timeout", "too-large", "redirect", "rate-limited", "content"
]


class WebError(GuardError):
    """No usable answer came; `trouble` says in one word why. Its text holds no header and no credential."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


class Answer(NamedTuple):
    """An answer: its status, its headers with names in lower case, its decoded body, and the address that gave it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Budget:
    """The seconds that all requests of a run may take together; counted from the first request.

    Args:
        seconds: the budget; None for no bound.
    """

    def __init__(self, seconds: float | None) -> None:
        raise NotImplementedError

    def left(self) -> float:
        """The seconds that are left, never negative; infinite without a bound."""
        raise NotImplementedError


class Web:
    """Sends requests; safe for use by several threads.

    Args:
        budget: what all requests may take.
        private: `host` or `host:port` that may lie at a loopback, link-local or private address, and be spoken to over
            plain HTTP when they lie at a loopback address or their `http://` was configured.
        retries: how often an answer 429, 502, 503 or 504 or a broken connection is asked again.
    """

    def __init__(self, budget: Budget, *, private: Collection[str] = (), retries: int = 2) -> None:
        raise NotImplementedError

    def request(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = 4 * 1024 * 1024,
        follow: bool = True,
    ) -> Answer:
        """Sends one request and reads the answer, of any status.

        Args:
            method: HEAD, GET or POST.
            url: the address.
            headers: sent to this host only: `Authorization` never reaches another one by a redirect.
            body: for POST.
            limit: bytes that the decoded body may have.
            follow: whether redirects are followed (at most 5, each one's address checked like the first).

        Raises:
            WebError: there is no answer, or none that may be used.
        """
        raise NotImplementedError

    @property
    def requests(self) -> int:
        """How many requests were sent so far, repeats and redirects included."""
        raise NotImplementedError
