"""Rows of a change, in groups, say exactly what changed pair by pair."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.network.change import NetworkSide, compare
from gitops_guard.network.change_rows import ChangeRow
from gitops_guard.network.connections import Connections
from gitops_guard.network.evidence import Inference
from netpol_objects import namespace, of_data
from netpol_strategies import SPACES, meant, pods, policies

Json = dict[str, Any]


def side(items: list[Json]) -> NetworkSide:
    return NetworkSide(of_data([*(namespace(space) for space in SPACES), *items]), Inference())


def pairs(rows: tuple[ChangeRow, ...], stable: set[str]) -> Iterator[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    for row in rows:
        for source in meant(row.sources, stable):
            for target in meant(row.targets, stable):
                if source != target:
                    yield source, target, row.opened, row.closed


def ids(found: Connections) -> set[str]:
    return {workload.id for workload in found.workloads.values()}


@settings(max_examples=200, deadline=None)
@given(pods(), policies(), policies(), st.integers(0, 3))
def test_groups_mean_the_pairs_that_changed(
    workloads: list[Json], before: list[Json], after: list[Json], left_out: int
) -> None:
    base, head = side([*workloads, *before]), side([*workloads[left_out:], *after])
    found = compare(base, head)
    stable = ids(found.difference.base) & ids(found.difference.head)
    inside = tuple(row for row in found.change.rest if set(row.sources + row.targets).isdisjoint({"external"}))
    expected = {
        (change.source, change.target, _words(change.opened), _words(change.closed))
        for change in found.difference.changes()
        if change.source in stable and change.target in stable
    }
    told = list(pairs(inside, stable))
    assert set(told) == expected
    assert len(told) == len(expected)
    assert sum(row.pairs for row in inside) == len(expected)


def _words(ports: Any) -> tuple[str, ...]:
    return tuple(ports.words)
