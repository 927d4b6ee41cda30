"""Layers a directed graph from left to right: cycles are broken, columns ordered to cross little, heights aligned.

The method is the usual one for such drawings (Sugiyama, Tagawa, Toda 1981): ranks by the longest path, a place in each
column that a long link passes, order by the mean of the neighbours, and a few sweeps.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

_SWEEPS = 12
_PASSING = 10
"""The height of a place that a link passes through."""

Pair = tuple[str, str]
_Place = tuple[str, str, int]
"""A node (`key`, empty, 0), or a place that the link of two keys passes, with its column."""


class Point(NamedTuple):
    """A point of a picture, in pixels."""

    x: float
    y: float


class Flow(NamedTuple):
    """The corner of each node, the points each long link goes through, and the size of all."""

    nodes: dict[str, Point]
    bends: dict[Pair, tuple[Point, ...]]
    width: float
    height: float


class Grid(NamedTuple):
    """The size of each node, and the gaps between columns and between the nodes of one."""

    width: float
    height: float
    column_gap: float
    row_gap: float


def layered(keys: Sequence[str], pairs: Iterable[Pair], grid: Grid, crossing: Iterable[Pair] = ()) -> Flow:
    """Lays out a graph.

    Args:
        keys: the nodes, in the order that decides where nothing else does.
        pairs: the links between them.
        grid: the sizes.
        crossing: links of which one end is no node: they come in from the left, or go out to the right.
    """
    if not keys:
        return Flow({}, {}, 0, 0)
    links = _acyclic(keys, dict.fromkeys(pairs))
    ranks = _ranks(keys, links)
    chains = {(a, b): _chain(a, b, ranks[a] + 1, ranks[b]) for a, b in links}
    last = max(ranks.values())
    for a, b in dict.fromkeys(crossing):
        chains[a, b] = _chain(a, b, 0, ranks[b])[1:] if b in ranks else _chain(a, b, ranks[a] + 1, last + 1)[:-1]
    columns, neighbours = _columns(keys, chains.values(), ranks)
    _order(columns, neighbours)
    tops = _tops(columns, neighbours, grid.height, grid.row_gap)
    pitch = grid.width + grid.column_gap
    nodes = {place[0]: Point(ranks[place[0]] * pitch, top) for place, top in tops.items() if not place[1]}
    flat = {
        pair: tuple(point for place in chain if place[1] for point in _through(place, tops, pitch, grid.width))
        for pair, chain in chains.items()
    }
    bottom = max(top + _size(place, grid.height) for place, top in tops.items())
    return Flow(nodes, {pair: points for pair, points in flat.items() if points}, last * pitch + grid.width, bottom)


def _through(place: _Place, tops: dict[_Place, float], pitch: float, width: float) -> tuple[Point, Point]:
    """Where a long link enters and leaves a column."""
    x, y = place[2] * pitch, tops[place] + _PASSING / 2
    return Point(x, y), Point(x + width, y)


def _size(place: _Place, height: float) -> float:
    return _PASSING if place[1] else height


def _acyclic(keys: Sequence[str], pairs: Iterable[Pair]) -> list[Pair]:
    """The links without those that lead back to where a walk came from. No recursion: chains may be long."""
    targets: dict[str, list[str]] = {key: [] for key in keys}
    entered = dict.fromkeys(keys, 0)
    for a, b in pairs:
        if a != b:
            targets[a].append(b)
            entered[b] += 1
    state: dict[str, int] = {}
    kept: list[Pair] = []
    for start in sorted(keys, key=lambda key: (entered[key] > 0, -len(targets[key]))):
        if start in state:
            continue
        stack = [(start, iter(targets[start]))]
        state[start] = 1
        while stack:
            key, left = stack[-1]
            following = next(left, None)
            if following is None:
                state[key] = 2
                stack.pop()
            elif state.get(following) != 1:
                kept.append((key, following))
                if following not in state:
                    state[following] = 1
                    stack.append((following, iter(targets[following])))
    return kept


def _ranks(keys: Sequence[str], links: Sequence[Pair]) -> dict[str, int]:
    """The longest path to each node; sources then move next to their nearest target."""
    targets: dict[str, list[str]] = {key: [] for key in keys}
    waiting = dict.fromkeys(keys, 0)
    for a, b in links:
        targets[a].append(b)
        waiting[b] += 1
    sources = [key for key in keys if not waiting[key]]
    ready, ranks = list(sources), dict.fromkeys(keys, 0)
    for key in ready:
        for target in targets[key]:
            ranks[target] = max(ranks[target], ranks[key] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for key in sources:
        if targets[key]:
            ranks[key] = min(ranks[target] for target in targets[key]) - 1
    return ranks


def _chain(a: str, b: str, first: int, end: int) -> list[_Place]:
    """A link as the places it goes through: its ends, and one in each column between."""
    return [(a, "", 0), *((a, b, rank) for rank in range(first, end)), (b, "", 0)]


def _columns(
    keys: Sequence[str], chains: Iterable[list[_Place]], ranks: dict[str, int]
) -> tuple[list[list[_Place]], dict[_Place, list[_Place]]]:
    columns: list[list[_Place]] = [[] for _ in range(max(ranks.values()) + 1)]
    for key in keys:
        columns[ranks[key]].append((key, "", 0))
    neighbours: dict[_Place, list[_Place]] = {}
    for chain in chains:
        for place in chain:
            if place[1]:
                columns[place[2]].append(place)
        for one, other in pairwise(chain):
            neighbours.setdefault(one, []).append(other)
            neighbours.setdefault(other, []).append(one)
    return columns, neighbours


def _order(columns: list[list[_Place]], neighbours: dict[_Place, list[_Place]]) -> None:
    """Sweeps over the columns: each place goes to the mean of its neighbours in the column before it."""
    column_of = {place: number for number, column in enumerate(columns) for place in column}
    position = {place: at for column in columns for at, place in enumerate(column)}
    for sweep in range(_SWEEPS):
        numbers = range(1, len(columns)) if sweep % 2 == 0 else range(len(columns) - 2, -1, -1)
        side = -1 if sweep % 2 == 0 else 1
        for number in numbers:
            weights = {
                place: _mean(
                    [position[one] for one in neighbours.get(place, ()) if column_of[one] == number + side],
                    position[place],
                )
                for place in columns[number]
            }
            columns[number].sort(key=weights.__getitem__)
            position.update((place, at) for at, place in enumerate(columns[number]))


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _tops(
    columns: list[list[_Place]], neighbours: dict[_Place, list[_Place]], height: float, gap: float
) -> dict[_Place, float]:
    """The top of each place: as near as can be to the middle of its neighbours, in the order of its column."""
    middles: dict[_Place, float] = {}
    for column in columns:
        y = 0.0
        for place in column:
            middles[place] = y + _size(place, height) / 2
            y += _size(place, height) + gap
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = [_mean([middles[one] for one in neighbours.get(place, ())], middles[place]) for place in column]
            sizes = [_size(place, height) for place in column]
            middles.update(zip(column, _apart(wanted, sizes, gap), strict=True))
    least = min(middles[place] - _size(place, height) / 2 for place in middles)
    return {place: middle - _size(place, height) / 2 - least for place, middle in middles.items()}


class _Run(NamedTuple):
    """Places that stand as close as they may: the mean wish for its first middle, and the offsets of all."""

    wish: float
    offsets: list[float]


def _apart(wanted: Sequence[float], sizes: Sequence[float], gap: float) -> list[float]:
    """Middles in this order that keep apart and are near to what is wanted: runs that collide become one."""
    runs: list[_Run] = []
    for number, want in enumerate(wanted):
        runs.append(_Run(want, [0.0]))
        while len(runs) > 1:
            before, last = runs[-2:]
            at = number - len(last.offsets) + 1
            step = before.offsets[-1] + (sizes[at - 1] + sizes[at]) / 2 + gap
            if before.wish + step <= last.wish:
                break
            several, few = len(before.offsets), len(last.offsets)
            wish = (before.wish * several + (last.wish - step) * few) / (several + few)
            runs[-2:] = [_Run(wish, [*before.offsets, *(step + offset for offset in last.offsets)])]
    return [run.wish + offset for run in runs for offset in run.offsets]
