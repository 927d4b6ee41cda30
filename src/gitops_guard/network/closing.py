"""What a change closes, without what lies in folders that are not deployed together."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.network.cluster import INGRESS
from gitops_guard.network.difference import Difference
from gitops_guard.network.population import bits
from gitops_guard.network.worlds import Worlds

OUTSIDE = "addresses outside"
"""One end of a connection that is closed for some or all addresses."""


class Closed(NamedTuple):
    """The connections that were allowed, and are not any more on some port.

    `inside` are the numbers of targets with masks of their sources; `outside` workloads with a direction.
    """

    change: Difference
    inside: tuple[tuple[int, int], ...]
    outside: tuple[tuple[int, str], ...]

    @property
    def total(self) -> int:
        """How many pairs."""
        return len(self.outside) + sum(sources.bit_count() for _, sources in self.inside)

    def ends(self) -> Iterator[tuple[str, str]]:
        """Source and target of each: between workloads first, then with addresses."""
        for target, sources in self.inside:
            yield from ((self.change.name(source), self.change.name(target)) for source in bits(sources))
        for number, direction in self.outside:
            name = self.change.name(number)
            yield (OUTSIDE, name) if direction == INGRESS else (name, OUTSIDE)


def closed(change: Difference, worlds: Worlds) -> Closed:
    """What a change closes."""
    masks = dict.fromkeys(worlds.names, 0)
    for number, workload in change.base.workloads.items():
        if workload.namespace in masks:
            masks[workload.namespace] |= 1 << number
    loose = sum(masks.values())
    found: dict[int, int] = {}
    for shift in change.inside:
        home = (
            masks.get(change.base.workloads[shift.target].namespace) if shift.target in change.base.workloads else None
        )
        sources = shift.sources if home is None else shift.sources & (home | ~loose)
        if sources and not shift.closed.is_empty:
            found[shift.target] = found.get(shift.target, 0) | sources
    ends = {(one.workload, one.direction) for one in change.outside if not one.closed.is_empty}
    return Closed(change, tuple(sorted(found.items())), tuple(sorted(ends)))
