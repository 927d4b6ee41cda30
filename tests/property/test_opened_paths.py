"""Every opening of a change between lasting workloads has a cause, and changes that open are never passed over."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.network.difference import difference
from gitops_guard.network.evidence import Inference
from gitops_guard.network.opened_paths import OUTSIDE, opened_paths
from gitops_guard.network.opening_causes import may_open
from gitops_guard.network.reading import cluster
from netpol_objects import located, of_data, pod
from netpol_strategies import LABELS, meant, pods, policies

Json = dict[str, Any]


@settings(max_examples=200, deadline=None)
@given(pods(), policies(), policies(), st.integers(0, 2), LABELS)
def test_the_causes_cover_what_opens(
    workloads: list[Json], before: list[Json], after: list[Json], relabelled: int, label: str
) -> None:
    moved = [pod(f"p{at}", one["metadata"]["namespace"], app=label) for at, one in enumerate(workloads[:relabelled])]
    base, head = of_data([*workloads, *before]), of_data([*moved, *workloads[relabelled:], *after])
    found = difference(base, head)
    known = {one.place for one in head.policies} | {one.place for one in head.workloads}
    known |= {one.place for one in head.namespaces if one.place is not None}
    paths = list(opened_paths(found, base, head, Inference(), lambda place: place))  # type: ignore[arg-type, return-value]
    stable = found.base.workloads.keys() & found.head.workloads.keys()
    lasting = sum(1 << number for number in stable)
    inside = [one for one in found.inside if one.target in stable and not one.opened.is_empty]
    outside = [one for one in found.outside if one.workload in stable and not one.opened.is_empty]
    assert sum(one.pairs for one in paths) == len(outside) + sum((s.sources & lasting).bit_count() for s in inside)
    assert all(one.place in known for one in paths)
    names = {found.head.workloads[number].id for number in stable}
    for shift in inside:
        for source in (number for number in stable if shift.sources >> number & 1):
            ends = found.name(source), found.name(shift.target)
            assert any(ends[0] in meant(one.sources, names) and ends[1] in meant(one.targets, names) for one in paths)
    assert any(OUTSIDE in (*one.sources, *one.targets) for one in paths) == bool(outside)
    if paths:
        assert may_open(base, head)


def test_the_same_on_nothing() -> None:
    text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"
    empty = cluster(located(text))
    assert not may_open(empty, empty)
