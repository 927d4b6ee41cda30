"""Short names for many workloads: all of them, all of a namespace, or each."""

from collections.abc import Iterator

from gitops_guard.network.cluster import Workload
from gitops_guard.network.listing import EVERY_WORKLOAD
from gitops_guard.network.population import bits

_SINGLE = 3
"""Up to so many workloads are named, not grouped."""


class Grouping:
    """Names masks over the numbers of some workloads."""

    def __init__(self, workloads: dict[int, Workload]) -> None:
        self._workloads = workloads
        self.everyone = sum(1 << number for number in workloads)
        self.namespaces: dict[str, int] = {}
        for number, workload in workloads.items():
            self.namespaces[workload.namespace] = self.namespaces.get(workload.namespace, 0) | 1 << number

    def names(self, mask: int) -> tuple[str, ...]:
        """The ids, `namespace/*`, `every workload`, or all but a few."""
        if mask.bit_count() <= _SINGLE:
            return self._each(mask)
        if mask == self.everyone:
            return (EVERY_WORKLOAD,)
        found = tuple(self._by_namespace(mask))
        if len(found) > _SINGLE and mask.bit_count() * 2 > self.everyone.bit_count():
            others = tuple(self._by_namespace(self.everyone & ~mask))
            if len(others) <= _SINGLE:
                return (f"{EVERY_WORKLOAD} but {', '.join(others)}",)
        return found

    def others(self, mask: int, number: int) -> tuple[str, ...]:
        """The names of those that connect to one workload: whether it is among them itself does not count."""
        bit = 1 << number
        if mask.bit_count() > _SINGLE and not mask & bit:
            whole = self.namespaces[self._workloads[number].namespace]
            if (mask | bit) == self.everyone or (mask | bit) & whole == whole:
                return self.names(mask | bit)
        return self.names(mask)

    def _by_namespace(self, mask: int) -> Iterator[str]:
        for namespace in sorted(self.namespaces):
            whole = self.namespaces[namespace]
            if mask & whole == whole and whole.bit_count() > 1:
                yield f"{namespace}/*"
            else:
                yield from self._each(mask & whole)

    def _each(self, mask: int) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._workloads[number].id for number in bits(mask)))
