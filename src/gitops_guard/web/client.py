"""Requests to hosts that a pull request may have chosen."""

import re
import threading
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from gitops_guard.web.address import HostNames, Target, read_target
from gitops_guard.web.budget import Budget, Limits, Pace
from gitops_guard.web.redirect import MAX_REDIRECTS, is_redirect, redirected
from gitops_guard.web.request import Answer, Request
from gitops_guard.web.retry import TOO_MANY_REQUESTS, asked_wait, may_pass, may_repeat, own_wait, when
from gitops_guard.web.surroundings import Surroundings
from gitops_guard.web.trouble import BrokenError, Trouble, WebError

if TYPE_CHECKING:
    from gitops_guard.web.exchange import Exchange

__all__ = ["Answer", "Budget", "Limits", "Surroundings", "Trouble", "Web", "WebError"]

_METHODS = frozenset({"HEAD", "GET", "POST"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LIMITS = Limits()
_SURROUNDINGS = Surroundings()


class Web:
    """Sends requests; safe for use by several threads.

    A name is resolved once per connection, each of its addresses is checked, and the connection is made to a checked
    one. Through a proxy of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`) it is the proxy that resolves:
    there only hosts written as addresses and names of this machine are refused. No other setting, no ~/.netrc and no
    cookie is read or kept.

    Args:
        budget: what all requests may take.
        private: `host` or `host:port` that may lie at a loopback, link-local or private address; `*` stands for one
            label of a name.
        plain_http: the same for hosts that may be spoken to over `http://`; all others only over `https://`.
        retries: how often an answer 429, 502, 503 or 504 or a broken connection is asked again.
        connections: how many are kept per host; more are opened when more are needed.
        limits: what one request may take.
        surroundings: the machine's resolver, clocks and chance.
    """

    def __init__(  # noqa: PLR0913 - each is a limit of its own
        self,
        budget: Budget,
        *,
        private: Collection[str] = (),
        plain_http: Collection[str] = (),
        retries: int = 2,
        connections: int = 8,
        limits: Limits = _LIMITS,
        surroundings: Surroundings = _SURROUNDINGS,
    ) -> None:
        self._budget = budget
        self._private = HostNames(private)
        self._plain_http = HostNames(plain_http)
        self._retries = retries
        self._connections = connections
        self._limits = limits
        self._surroundings = surroundings
        self._sent = 0
        self._lock = threading.Lock()
        self._exchange: Exchange | None = None

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
        """Sends one request and reads the answer, of any status but 429.

        Args:
            method: HEAD, GET or POST.
            url: the address.
            headers: sent to this scheme, host and port only: a redirect elsewhere takes `Accept` and `User-Agent`
                along, and nothing else.
            body: for POST.
            limit: bytes that the body may have, encoded and decoded.
            follow: whether redirects are followed (at most 5, each one's address checked like the first).

        Raises:
            WebError: there is no answer, or none that may be used.
            ValueError: the method is another one.
        """
        if method not in _METHODS:
            raise ValueError(method)
        request = Request(method, self._target(url), _checked(headers or {}), body, limit)
        seen = {(method, request.target.url)}
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._answered(request)
            if not (follow and is_redirect(answer)):
                return answer
            request = redirected(request, answer, private=self._private, plain_http=self._plain_http)
            if (request.method, request.target.url) in seen:
                raise WebError("redirect", f"{request.target.host} redirects in a circle")
            seen.add((request.method, request.target.url))
        raise WebError("redirect", f"more than {MAX_REDIRECTS} redirects, the last one to {request.target.host}")

    def close(self) -> None:
        """Closes the connections that were kept."""
        with self._lock:
            exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.close()

    @property
    def requests(self) -> int:
        """How many requests were sent so far, repeats and redirects included."""
        return self._sent

    def _target(self, url: str) -> Target:
        target = read_target(url, self._private)
        if target.scheme == "http" and not self._plain_http.hold(target.host, target.port):
            raise WebError("address", f"{target.host} may not be asked over http without TLS")
        return target

    def _answered(self, request: Request) -> Answer:
        attempt = 0
        while True:
            try:
                answer = self._exchanged(request)
            except BrokenError as error:
                wait = self._own_wait(attempt) if may_repeat(request, error) else None
                if wait is None:
                    raise
            else:
                wait = self._wait_after(request, answer, attempt)
                if wait is None:
                    return answer
            self._surroundings.sleep(wait)
            attempt += 1

    def _exchanged(self, request: Request) -> Answer:
        self._budget.start()
        if self._budget.left() <= 0:
            raise self._budget.spent()
        with self._lock:
            self._sent += 1
            exchange = self._exchange = self._exchange or self._opened()
        return exchange.send(request)

    def _opened(self) -> "Exchange":
        from gitops_guard.web.connection import Dialler  # noqa: PLC0415 - with exchange
        from gitops_guard.web.exchange import Exchange  # noqa: PLC0415 - loads requests and urllib3

        pace = Pace(self._budget, self._limits, self._surroundings.clock)
        return Exchange(pace, self._limits, Dialler(pace, self._surroundings, self._private), self._connections)

    def _wait_after(self, request: Request, answer: Answer, attempt: int) -> float | None:
        """Seconds until the request is sent again; None: this answer is the last one."""
        asked = asked_wait(answer.headers, self._surroundings.now())
        wait = None
        if may_pass(request, answer) and attempt < self._retries:
            if asked is not None and not self._fits(asked):
                raise self._rate_limited(request, asked)
            wait = self._own_wait(attempt) if asked is None else asked
        if wait is None and answer.status == TOO_MANY_REQUESTS:
            raise self._rate_limited(request, asked)
        return wait

    def _own_wait(self, attempt: int) -> float | None:
        wait = own_wait(attempt, self._surroundings.chance())
        return wait if attempt < self._retries and self._fits(wait) else None

    def _fits(self, wait: float) -> bool:
        return wait <= self._limits.wait and wait < self._budget.left()

    def _rate_limited(self, request: Request, asked: float | None) -> WebError:
        again = "later" if asked is None else when(asked, self._surroundings.now())
        return WebError("rate-limited", f"{request.target.host} limits the rate of requests: ask again {again}")


def _checked(headers: Mapping[str, str]) -> Mapping[str, str]:
    # http.client would say the whole header in its error.
    for name, value in headers.items():
        if not (_HEADER_NAME.fullmatch(name) and all(" " <= letter <= "~" for letter in value)):
            raise WebError("content", f"the header {name!a} holds a character that no header may hold, as a line end")
    return headers
