"""A bar that shows how far a long run is: only where a person looks, and only when there is something to wait for."""

import time
from collections.abc import Callable
from typing import Protocol

_DELAY = 0.5
_INTERVAL = 0.1
_BAR = 24
_PER_LOOK = 16


class Stream(Protocol):
    """Where a bar is drawn."""

    def isatty(self) -> bool:
        """Whether a person sees it."""
        ...

    def write(self, text: str, /) -> object:
        """Takes text."""
        ...

    def flush(self) -> object:
        """Shows what was written."""
        ...


class Progress:
    """Counts steps. Draws nothing in the first half second, and never where nobody looks.

    `tick` is cheap enough for each of ten thousand files: it looks at the clock at every 16th only.
    """

    __slots__ = ("_clock", "_done", "_drawn", "_next", "_stream", "_total", "_word")

    def __init__(
        self, stream: Stream, total: int, word: str = "files", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._total = total
        self._word = word
        self._clock = clock
        self._done = 0
        self._drawn = False
        self._next = clock() + _DELAY if stream.isatty() else float("inf")

    def tick(self) -> None:
        """One step is done."""
        self._done += 1
        if self._done % _PER_LOOK and not self._drawn:
            return
        now = self._clock()
        if now >= self._next:
            self._next = now + _INTERVAL
            self._draw()

    def finish(self) -> None:
        """Takes the bar away."""
        if self._drawn:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._drawn = False
        self._next = float("inf")

    def _draw(self) -> None:
        self._drawn = True
        share = min(1.0, self._done / self._total) if self._total else 1.0
        full = round(share * _BAR)
        bar = "█" * full + "░" * (_BAR - full)
        self._stream.write(f"\r\x1b[2K{bar} {self._done:,} of {self._total:,} {self._word}")
        self._stream.flush()
