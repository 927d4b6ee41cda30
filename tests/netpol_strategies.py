"""Random pods and policies for property tests, and what the names in rows of a change stand for."""

from typing import Any

from hypothesis import strategies as st

from gitops_guard.network.listing import EVERY_WORKLOAD
from netpol_objects import pod, policy

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
