"""How long requests may take, and how many bytes an answer may have before it is read as one."""

import math
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from gitops_guard.web.trouble import BrokenError, WebError

HEADER_BYTES = 128 * 1024
"""What may come before the body: interim answers, the status line and the headers."""


class Limits(NamedTuple):
    """Seconds that one request may take.

    `connect` is for each of finding out the addresses, connecting and TLS; `idle` passes without a byte; `answer` is
    for all of it; `wait` is what a server may ask to wait.
    """

    connect: float = 5.0
    idle: float = 10.0
    answer: float = 60.0
    wait: float = 30.0


class Budget:
    """The seconds that all requests of a run may take together; counted from the first request.

    Args:
        seconds: the budget; None for no bound.
        clock: seconds that never go back.
    """

    def __init__(self, seconds: float | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = math.inf if seconds is None else seconds
        self._clock = clock
        self._end: float | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Starts to count; a second start changes nothing."""
        with self._lock:
            if self._end is None:
                self._end = self._clock() + self._seconds

    def left(self) -> float:
        """The seconds that are left, never negative; infinite without a bound."""
        end = self._end
        return max(0.0, self._seconds if end is None else end - self._clock())

    def spent(self) -> WebError:
        """The error for what is not asked any more."""
        return WebError("budget", f"not looked at: the budget of {self._seconds:g} s is spent")


class Pace(threading.local):
    """What the request that runs in this thread may still take. Its sockets ask before each read and write.

    Args:
        budget: what all requests may take.
        limits: what this one may take.
        clock: seconds that never go back.
    """

    def __init__(self, budget: Budget, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._budget = budget
        self._limits = limits
        self._clock = clock
        self._end = math.inf
        self._bytes = 0
        self._in_headers = False
        self._host = ""

    def begin(self, host: str) -> None:
        """Starts to count for one request to `host`."""
        self._host = host
        self._end = self._clock() + self._limits.answer
        self._bytes = HEADER_BYTES
        self._in_headers = True

    def allow(self, count: int) -> None:
        """Sets how many more bytes may come over the wire, once the headers are there."""
        self._bytes = count
        self._in_headers = False

    def received(self, count: int) -> None:
        """Counts bytes that came; none means that the server closed the connection.

        Raises:
            WebError: more came than may, or the end before the end of the headers.
        """
        if not count and self._in_headers:
            # http.client takes headers that were cut short for whole ones.
            raise self._cut_short()
        self._bytes -= count
        if self._bytes < 0:
            raise WebError("too-large", f"{self._host} sends more than may be read")

    def left(self) -> float:
        """The seconds that are left for this request, never negative."""
        return max(0.0, min(self._end - self._clock(), self._budget.left()))

    def patience(self, limit: float | None = None) -> float:
        """How long the next operation may block: `limit` seconds (the idle limit if not given) or what is left.

        Raises:
            WebError: nothing is left.
        """
        seconds = min(self._limits.idle if limit is None else limit, self.left())
        if seconds <= 0:
            raise self.timed_out()
        return seconds

    def connecting(self) -> float:
        """How long connecting may take.

        Raises:
            WebError: nothing is left.
        """
        return self.patience(self._limits.connect)

    def timed_out(self) -> WebError:
        """The error for a host that was too slow."""
        if self._budget.left() <= 0:
            return self._budget.spent()
        return WebError("timeout", f"{self._host} did not answer in time")

    def _cut_short(self) -> BrokenError:
        if self._bytes == HEADER_BYTES:
            return BrokenError("refused", f"{self._host} closed the connection without an answer", sent=True)
        return BrokenError("content", f"the answer of {self._host} ends early", sent=True)
