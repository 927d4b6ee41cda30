"""Sets of whole numbers as sorted ranges that neither touch nor overlap."""

from collections.abc import Iterable

Intervals = tuple[tuple[int, int], ...]
"""Inclusive ranges, ascending."""


def normal(ranges: Iterable[tuple[int, int]]) -> Intervals:
    """Any ranges in normal form."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            if high > found[-1][1]:
                found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return tuple(found)


def union(one: Intervals, other: Intervals) -> Intervals:
    """What is in either."""
    if not one or one == other:
        return other
    return normal((*one, *other)) if other else one


def intersection(one: Intervals, other: Intervals) -> Intervals:
    """What is in both."""
    if one == other:
        return one
    found = []
    i = j = 0
    while i < len(one) and j < len(other):
        low, high = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if low <= high:
            found.append((low, high))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def difference(one: Intervals, other: Intervals) -> Intervals:
    """What is in the first and not in the second."""
    found = []
    j = 0
    for start, end in one:
        low = start
        while j < len(other) and other[j][1] < low:
            j += 1
        k = j
        while k < len(other) and other[k][0] <= end:
            if other[k][0] > low:
                found.append((low, other[k][0] - 1))
            low = max(low, other[k][1] + 1)
            k += 1
        if low <= end:
            found.append((low, end))
    return tuple(found)
