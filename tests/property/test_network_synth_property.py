"""Synthesis on random small applications: what is needed is allowed, and nothing beyond it between workloads."""

import json
from typing import Any, NamedTuple

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_guard.network.analysis import connections
from gitops_guard.network.connections import Connections
from gitops_guard.network.policy_text import MARK
from gitops_guard.network.ports import NO_PORTS, PortSet, port_range
from netpol_objects import of_data, policy
from synth_objects import synthesis_of

Json = dict[str, Any]
SPACES = ("a", "b")
MOST = 6


class App(NamedTuple):
    """A workload with a Service; `numbered` is its port, and whether the Service names it. `calls` are other apps."""

    number: int
    space: str
    kind: str
    port: int
    is_named: bool
    replicas: int
    calls: tuple[int, ...]

    @property
    def id(self) -> str:
        return f"{self.space}/{self.kind}/app{self.number}"


@st.composite
def applications(draw: st.DrawFn) -> tuple[App, ...]:
    count = draw(st.integers(1, MOST))
    return tuple(
        App(
            number,
            draw(st.sampled_from(SPACES)),
            draw(st.sampled_from(("Deployment", "StatefulSet", "DaemonSet"))),
            draw(st.sampled_from((80, 8080, 5432))),
            draw(st.booleans()),
            draw(st.integers(1, 2)),
            tuple(sorted(draw(st.sets(st.integers(0, count - 1), max_size=3)) - {number})),
        )
        for number in range(count)
    )


SELECTORS: st.SearchStrategy[Json] = st.sampled_from(
    [{}, {"matchLabels": {"app": "app0"}}, {"matchLabels": {"app": "app1"}}]
)
RULES: st.SearchStrategy[list[Json]] = st.sampled_from([[], [{}], [{"ports": [{"port": 80}]}]])


@st.composite
def written_by_hand(draw: st.DrawFn) -> list[Json]:
    found = []
    for number in range(draw(st.integers(0, 3))):
        spec: Json = {"podSelector": draw(SELECTORS), "policyTypes": []}
        for side, word in (("ingress", "Ingress"), ("egress", "Egress")):
            if draw(st.booleans()) or (word == "Egress" and not spec["policyTypes"]):
                spec[side] = draw(RULES)
                spec["policyTypes"].append(word)
        found.append(policy(f"mine{number}", draw(st.sampled_from(SPACES)), **spec))
    return found


def objects(apps: tuple[App, ...]) -> list[Json]:
    found: list[Json] = []
    for app in apps:
        labels = {"app": f"app{app.number}"}
        env = [{"name": f"APP{other}_ADDR", "value": f"app{other}.{apps[other].space}.svc:1000"} for other in app.calls]
        container = {"name": "main", "ports": [{"name": "main", "containerPort": app.port}], "env": env}
        spec: Json = {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels | {"version": "1"}}, "spec": {"containers": [container]}},
        }
        if app.kind != "DaemonSet":
            spec["replicas"] = app.replicas
        meta = {"name": f"app{app.number}", "namespace": app.space}
        found.append({"apiVersion": "apps/v1", "kind": app.kind, "metadata": meta, "spec": spec})
        port = {"port": 1000, "targetPort": "main" if app.is_named else app.port}
        found.append(
            {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"selector": labels, "ports": [port]}}
        )
    return found


def text_of(items: list[Json]) -> str:
    return "---\n".join(json.dumps(item) + "\n" for item in items)


def synthesised(items: list[Json]) -> tuple[list[Json], dict[str, str]]:
    """The new policies, and the files with them."""
    files = {"app.yaml": text_of(items)}
    found = synthesis_of(files)
    assert not found.refused, found.refused
    assert not found.gaps
    files |= {f"policies/{group.scope.namespace}.yaml": group.text for group in found.groups}
    texts = [text for text in files.values() if text.startswith(MARK)]
    return [one for text in texts for one in yaml.safe_load_all(text) if one], files


def between(found: Connections, source: App, target: App) -> PortSet:
    (one,), (other,) = found.numbers[source.id], found.numbers[target.id]
    return found.between(one, other)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(applications())
def test_exactly_what_is_needed_is_allowed(apps: tuple[App, ...]) -> None:
    items = objects(apps)
    new, _ = synthesised(items)
    found = connections(of_data(items + new))
    assert not [problem.message for problem in found.problems]
    for source in apps:
        for target in apps:
            is_needed = target.number in source.calls
            expected = port_range("TCP", target.port, target.port) if is_needed else NO_PORTS
            assert between(found, source, target) == expected, (source, target)
        number = found.numbers[source.id][0]
        assert found.outside[number] == ((), ())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(applications(), written_by_hand())
def test_with_policies_written_by_hand_nothing_needed_is_lost_and_nothing_else_is_opened(
    apps: tuple[App, ...], mine: list[Json]
) -> None:
    items = objects(apps) + mine
    new, files = synthesised(items)
    before, after = connections(of_data(items)), connections(of_data(items + new))
    for source in apps:
        for target in apps:
            now = between(after, source, target)
            needed = port_range("TCP", target.port, target.port) if target.number in source.calls else NO_PORTS
            assert needed.difference(now).is_empty, (source, target)
            assert now.difference(needed).difference(between(before, source, target)).is_empty, (source, target)
    again = synthesis_of(files)
    assert {f"policies/{group.scope.namespace}.yaml": group.text for group in again.groups}.items() <= files.items()
