"""Selectors that miss a workload by a slip of the pen."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gitops_guard.model.inventory import WorkloadFact
from gitops_guard.model.selector import Labels

_SHORT = 5
_COMPARED = 500


class NearMiss(NamedTuple):
    """A label that a selector asks for, the one that a workload carries instead, and the workload."""

    wanted: str
    carried: str
    workload: WorkloadFact


def near_miss(wanted: Labels, workloads: Iterable[WorkloadFact]) -> NearMiss | None:
    """The first workload that carries all the wanted labels but one, and something very like that one."""
    for number, workload in enumerate(workloads):
        if number == _COMPARED:
            break
        missing = set(wanted) - set(workload.labels)
        if len(missing) == 1:
            label = missing.pop()
            for other in _alike(label, workload.labels):
                return NearMiss("=".join(label), "=".join(other), workload)
    return None


def _alike(label: tuple[str, str], labels: Labels) -> Iterator[tuple[str, str]]:
    key, value = label
    for other in labels:
        same_key, same_value = other[0] == key, other[1] == value
        if (same_key and is_slip(value, other[1])) or (same_value and is_slip(key, other[0])):
            yield other


def is_slip(one: str, other: str) -> bool:
    """Whether two words differ as by a slip: one letter, two that changed places, or two in words of five and more.

    Words that differ in digits alone are taken as meant.
    """
    limit = 1 if min(len(one), len(other)) < _SHORT else 2
    if one == other or abs(len(one) - len(other)) > limit or _without_digits(one) == _without_digits(other):
        return False
    return _is_swap(one, other) or _distance(one, other) <= limit


def _without_digits(word: str) -> str:
    return "".join(letter for letter in word if not letter.isdigit())


def _is_swap(one: str, other: str) -> bool:
    at = [number for number, (mine, its) in enumerate(zip(one, other, strict=False)) if mine != its]
    swapped = len(at) == 2 and at[1] == at[0] + 1  # noqa: PLR2004 - the two letters
    return swapped and len(one) == len(other) and one[at[0]] == other[at[1]] and one[at[1]] == other[at[0]]


def _distance(one: Sequence[str], other: Sequence[str]) -> int:
    """The least number of letters to insert, delete or replace."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        above, row[0] = row[0], number
        for column, wanted in enumerate(other, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (letter != wanted))
    return row[-1]
