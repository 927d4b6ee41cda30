"""The rows of a change: single ones where the manifests tell why, groups for everything else."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.network.cluster import EGRESS, INGRESS
from gitops_guard.network.difference import Difference, InsideShift, OutsideShift
from gitops_guard.network.evidence import Evidence, Inference
from gitops_guard.network.grouping import Grouping
from gitops_guard.network.population import bits
from gitops_guard.network.ports import PortSet, parse

_SINGLE = 3
"""Up to so many workloads are named, not grouped."""

Pair = tuple[str, str]


class ChangeRow(NamedTuple):
    """What changed from some sources to some targets, in the same way for each pair of them.

    The names are ids of workloads, `namespace/*` for all workloads of one, `every workload`, `external`, or blocks of
    addresses. `pairs` counts what they stand for. `is_uncertain`: a policy that nobody can read has a say.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    pairs: int
    is_uncertain: bool = False
    evidence: tuple[Evidence, ...] = ()


class _Group:
    __slots__ = ("is_uncertain", "pairs", "targets")

    def __init__(self) -> None:
        self.targets = 0
        self.pairs = 0
        self.is_uncertain = False


class Rows:
    """The rows of a difference. Workloads that are new or gone are left out, but where evidence asks for them.

    A group is whole: it also holds pairs that have a row of their own. `opened` and `closed` count pairs.
    """

    def __init__(self, found: Difference, needs: Inference, told: Iterable[Pair]) -> None:
        self._found = found
        self._stable = sum(1 << number for number in found.base.workloads if number in found.head.workloads)
        self.opened = self.closed = 0
        self._asked = _evidence(needs)
        self._told = frozenset(told)
        self._known = _numbers(found)
        self._doubtful = {direction: _doubtful(found, direction) for direction in (INGRESS, EGRESS)}
        stable = {number: found.head.workloads[number] for number in bits(self._stable)}
        self.names = Grouping(stable).names
        groups, explained = self._inside()
        outside = list(self._outside())
        self.explained = tuple(explained)
        self.reachable = tuple(row for direction, row in outside if direction == INGRESS and row.opened)
        quiet = tuple(row for direction, row in outside if direction == EGRESS or not row.opened)
        self.rest = (*groups, *quiet)

    def _inside(self) -> tuple[list[ChangeRow], list[ChangeRow]]:
        groups: dict[tuple[int, PortSet, PortSet], _Group] = {}
        explained = []
        for shift in self._found.inside:
            mask, target = shift.sources, shift.target
            single = self._explained(mask, target, shift.opened)
            for number, evidence in single.items():
                if evidence is not None:
                    explained.append(self._single(number, target, shift.opened, shift.closed, evidence))
                mask &= ~(1 << number)
            lasting = shift.sources & self._stable if self._stable >> target & 1 else 0
            self._count(lasting.bit_count() + sum(1 for one in single if not lasting >> one & 1), shift)
            if mask & lasting:
                self._add(groups, lasting, target, shift.opened, shift.closed)
        rows = [self._row(key, group) for key, group in groups.items()]
        rows.sort(key=lambda row: -row.pairs)
        return rows, sorted(explained, key=lambda row: (row.sources, row.targets))

    def _count(self, pairs: int, shift: InsideShift | OutsideShift) -> None:
        self.opened += pairs * (not shift.opened.is_empty)
        self.closed += pairs * (not shift.closed.is_empty)

    def _add(
        self,
        groups: dict[tuple[int, PortSet, PortSet], _Group],
        mask: int,
        target: int,
        opened: PortSet,
        closed: PortSet,
    ) -> None:
        side = self._found.head if target in self._found.head.workloads else self._found.base
        shown = mask if side.workloads[target].several or mask.bit_count() < _SINGLE else mask | 1 << target
        group = groups.setdefault((shown, opened, closed), _Group())
        group.targets |= 1 << target
        group.pairs += mask.bit_count()
        doubtful = mask & self._doubtful[EGRESS] or self._doubtful[INGRESS] >> target & 1
        group.is_uncertain = group.is_uncertain or bool(doubtful)

    def _explained(self, mask: int, target: int, opened: PortSet) -> dict[int, tuple[Evidence, ...] | None]:
        """The sources with a row of their own; None where another row already tells of the pair."""
        name = self._found.name(target)
        found: dict[int, tuple[Evidence, ...] | None] = {}
        for source in self._asked.get(name, ()):
            for number in self._numbers(source):
                if mask >> number & 1:
                    wanted, evidence = self._asked[name][source]
                    if (source, name) in self._told:
                        found[number] = None
                    elif not wanted.intersection(opened).is_empty:
                        found[number] = evidence
        return found

    def _numbers(self, name: str) -> Iterable[int]:
        return self._known.get(name, ())

    def _single(
        self, source: int, target: int, opened: PortSet, closed: PortSet, evidence: tuple[Evidence, ...]
    ) -> ChangeRow:
        doubtful = self._doubtful[EGRESS] >> source & 1 or self._doubtful[INGRESS] >> target & 1
        names = (self._found.name(source),), (self._found.name(target),)
        return ChangeRow(*names, _words(opened), _words(closed), 1, bool(doubtful), evidence)

    def _row(self, key: tuple[int, PortSet, PortSet], group: _Group) -> ChangeRow:
        sources, opened, closed = key
        words = _words(opened), _words(closed)
        return ChangeRow(self.names(sources), self.names(group.targets), *words, group.pairs, group.is_uncertain)

    def _outside(self) -> Iterator[tuple[str, ChangeRow]]:
        groups: dict[tuple[str, tuple[str, ...], PortSet, PortSet], int] = {}
        side = self._found.head._replace(names_ipv6=self._found.base.names_ipv6 or self._found.head.names_ipv6)
        for shift in self._found.outside:
            if self._stable >> shift.workload & 1:
                self._count(1, shift)
                key = (shift.direction, side.blocks(shift.addresses), shift.opened, shift.closed)
                groups[key] = groups.get(key, 0) | 1 << shift.workload
        for (direction, blocks, opened, closed), mask in groups.items():
            names = self.names(mask)
            ends = (blocks, names) if direction == INGRESS else (names, blocks)
            doubtful = bool(mask & self._doubtful[direction])
            yield direction, ChangeRow(*ends, _words(opened), _words(closed), mask.bit_count(), doubtful)


def _numbers(found: Difference) -> dict[str, set[int]]:
    known: dict[str, set[int]] = {}
    for side in (found.base, found.head):
        for name, numbers in side.numbers.items():
            known.setdefault(name, set()).update(numbers)
    return known


def _doubtful(found: Difference, direction: str) -> int:
    """The workloads of which not everything is known in a direction."""
    mask = 0
    for side in (found.base, found.head):
        for one in side.unknown:
            if one.direction == direction:
                mask |= 1 << one.workload
    return mask


def _words(ports: PortSet) -> tuple[str, ...]:
    return ports.words


def _evidence(needs: Inference) -> dict[str, dict[str, tuple[PortSet, tuple[Evidence, ...]]]]:
    """By target and source: the ports that are needed, and why."""
    found: dict[str, dict[str, tuple[PortSet, tuple[Evidence, ...]]]] = {}
    for need in needs.edges:
        if need.ports:
            sources = found.setdefault(need.target, {})
            known, evidence = sources.get(need.source, (PortSet(), ()))
            sources[need.source] = known.union(parse(need.ports)), (*evidence, *need.evidence)
    return found
