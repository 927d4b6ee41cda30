"""Rows of a change, in groups, say exactly what changed pair by pair."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.network.change import NetworkSide, compare
from gitops_guard.network.change_rows import ChangeRow
from gitops_guard.network.connections import Connections
from gitops_guard.network.evidence import Inference
from gitops_guard.network.listing import EVERY_WORKLOAD
from netpol_objects import namespace, of_data, pod, policy

Json = dict[str, Any]

SPACES = ("a", "b", "c")
LABELS = st.sampled_from(("x", "y", "z"))


@st.composite
def pods(draw: st.DrawFn) -> list[Json]:
    places = draw(st.lists(st.tuples(st.sampled_from(SPACES), LABELS), min_size=1, max_size=12))
    return [pod(f"p{number}", space, app=label) for number, (space, label) in enumerate(places)]


@st.composite
def policies(draw: st.DrawFn) -> list[Json]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        selector = draw(st.one_of(st.just({}), LABELS.map(lambda label: {"matchLabels": {"app": label}})))
        peer: Json = draw(st.one_of(
            st.just({"podSelector": {}}),
            st.just({"namespaceSelector": {}}),
            LABELS.map(lambda label: {"podSelector": {"matchLabels": {"app": label}}, "namespaceSelector": {}}),
        ))  # fmt: skip
        rule: Json = {draw(st.sampled_from(("from", "to"))): [peer]}
        ports = draw(st.sampled_from((None, [{"port": 80}])))
        rule |= {"ports": ports} if ports else {}
        side = "ingress" if "from" in rule else "egress"
        spec = {side: draw(st.sampled_from(([], [rule]))), "policyTypes": [side.capitalize()]}
        found.append(policy(f"n{number}", draw(st.sampled_from(SPACES)), podSelector=selector, **spec))
    return found


def side(items: list[Json]) -> NetworkSide:
    return NetworkSide(of_data([*(namespace(space) for space in SPACES), *items]), Inference())


def meant(names: tuple[str, ...], stable: set[str]) -> set[str]:
    """The workloads that some names stand for."""
    found: set[str] = set()
    for name in names:
        if name.startswith(EVERY_WORKLOAD):
            others = name.removeprefix(EVERY_WORKLOAD).removeprefix(" but ")
            found |= stable - meant(tuple(others.split(", ")) if others else (), stable)
        elif name.endswith("/*"):
            found |= {one for one in stable if one.startswith(name[:-1])}
        else:
            found.add(name)
    return found


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
