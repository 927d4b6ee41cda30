"""Makes a page fit a limit by leaving out whole rows and whole sections; nothing is ever cut in the middle."""

from collections.abc import Callable, Sequence
from functools import partial

Page = Callable[[int, Sequence[str]], str]
"""Gives the page with so many rows and without these sections; it says itself what it leaves out."""


def packed(page: Page, rows: int, sections: Sequence[str], *, least: int, limit: int) -> str:
    """The fullest page of at most `limit` characters.

    Args:
        page: writes it.
        rows: how many there are, the most important first.
        sections: what can be left out, what is missed least first.
        least: as long as fewer rows than these fit, a section makes way for rows.
        limit: in characters.
    """
    wanted = min(least, rows)
    dropped: tuple[str, ...] = ()
    while (fitting := _most(partial(_fits, page, dropped, limit), rows)) is None or fitting < wanted:
        if len(dropped) == len(sections):
            return page(fitting or 0, dropped)
        dropped = tuple(sections[: len(dropped) + 1])
    # What was small may come back, what is missed most first.
    for section in reversed(dropped):
        without = tuple(one for one in dropped if one != section)
        more = _most(partial(_fits, page, without, limit), rows)
        if more is not None and more >= wanted:
            dropped, fitting = without, more
    return page(fitting, dropped)


def _fits(page: Page, dropped: Sequence[str], limit: int, rows: int) -> bool:
    return len(page(rows, dropped)) <= limit


def _most(fits: Callable[[int], bool], most: int) -> int | None:
    """The largest number from 0 to `most` that fits, where a smaller one fits as well; None where not even 0 does."""
    if fits(most):
        return most
    if not fits(0):
        return None
    low, high = 0, most - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
