"""AdminNetworkPolicy and BaselineAdminNetworkPolicy: the order of tiers, and what each action does."""

from typing import Any

import pytest

from gitops_guard.network.analysis import connections
from gitops_guard.network.connections import Connections
from netpol_objects import admin, baseline, namespace, of_data, pod, policy

Json = dict[str, Any]
SQL = {"name": "sql", "containerPort": 5432, "protocol": "TCP"}
DNS = {"name": "dns", "containerPort": 53, "protocol": "UDP"}
EVERYBODY: Json = {"namespaces": {}}
SHOP: Json = {"namespaces": {"matchLabels": {"team": "shop"}}}
DB: Json = {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "db"}}}}
ALL = ("all",)
NOT_80 = ("TCP 1-79,81-65535", "UDP 1-65535", "SCTP 1-65535")


def cluster_with(*policies: Json) -> Connections:
    """a/web and b/db."""
    pods = [pod("web", "a", app="web"), pod("db", "b", [SQL, DNS], app="db")]
    return connections(of_data([namespace("a"), namespace("b", team="shop"), *pods, *policies]))


def ports(found: Connections, source: str = "a/Pod/web", target: str = "b/Pod/db") -> tuple[str, ...]:
    return next((e.ports.words for e in found.edges() if (e.source, e.target) == (source, target)), ())


def rule(action: str, *peers: Json, **more: Any) -> Json:
    return {"action": action, "from": list(peers or (EVERYBODY,)), **more}


def to(action: str, *peers: Json, **more: Any) -> Json:
    return {"action": action, "to": list(peers or (EVERYBODY,)), **more}


def on_80(word: str = "portNumber") -> Json:
    return {"ports": [{word: {"protocol": "TCP", "port": 80}}]}


DENY = policy("deny", "b")
ALLOW = policy("allow", "b", ingress=[{}])

CASES: dict[str, tuple[tuple[Json, ...], tuple[str, ...]]] = {
    "a policy without rules decides nothing": ((admin("x", 1),), ALL),
    "Deny comes before a NetworkPolicy that allows": ((admin("x", 1, ingress=[rule("Deny")]), ALLOW), ()),
    "Allow comes before a NetworkPolicy that denies": ((admin("x", 1, ingress=[rule("Allow")]), DENY), ALL),
    "Pass leaves it to the NetworkPolicies": ((admin("x", 1, ingress=[rule("Pass")]), DENY), ()),
    "Pass skips the admin policies of lower precedence": (
        (admin("x", 1, ingress=[rule("Pass")]), admin("y", 2, ingress=[rule("Deny")])),
        ALL,
    ),
    "the lower number comes first": (
        (admin("y", 2, ingress=[rule("Deny")]), admin("x", 1, ingress=[rule("Allow")])),
        ALL,
    ),
    "the first rule of a policy wins": ((admin("x", 1, ingress=[rule("Allow"), rule("Deny")]),), ALL),
    "a rule decides only on its ports": ((admin("x", 1, ingress=[rule("Deny", **on_80())]),), NOT_80),
    "the rest of the ports goes on": (
        (admin("x", 1, ingress=[rule("Allow", **on_80())]), DENY),
        ("TCP 80",),
    ),
    "a range of ports": (
        (admin("x", 1, ingress=[rule("Allow", ports=[{"portRange": {"start": 80, "end": 90}}])]), DENY),
        ("TCP 80-90",),
    ),
    "a named port has the protocol of the pod's": (
        (admin("x", 1, ingress=[rule("Allow", ports=[{"namedPort": "dns"}])]), DENY),
        ("UDP 53",),
    ),
    "egress resolves a named port at the destination": (
        (
            admin("x", 1, egress=[to("Allow", ports=[{"namedPort": "sql"}])]),
            policy("none", "a", policyTypes=["Egress"]),
        ),
        ("TCP 5432",),
    ),
    "peers by namespace": ((admin("x", 1, egress=[to("Deny", SHOP)]),), ()),
    "peers by pods of namespaces": ((admin("x", 1, egress=[to("Deny", DB)]),), ()),
    "a subject by pods": ((admin("x", 1, subject=DB, ingress=[rule("Deny")]),), ()),
    "another subject": ((admin("x", 1, subject=SHOP, egress=[to("Deny")]),), ALL),
    "the baseline decides where no NetworkPolicy does": ((baseline(ingress=[rule("Deny")]),), ()),
    "a NetworkPolicy comes before the baseline": ((baseline(ingress=[rule("Deny")]), ALLOW), ALL),
    "Pass reaches the baseline": ((admin("x", 1, ingress=[rule("Pass")]), baseline(ingress=[rule("Deny")])), ()),
    "Allow comes before the baseline": (
        (admin("x", 1, ingress=[rule("Allow")]), baseline(ingress=[rule("Deny")])),
        ALL,
    ),
    "a block of all IPv4 addresses holds the pods too": (
        (admin("x", 1, egress=[to("Deny", {"networks": ["0.0.0.0/0"]})]),),
        (),
    ),
    "a smaller block is taken to hold no pods": (
        (admin("x", 1, egress=[to("Deny", {"networks": ["10.0.0.0/8"]})]),),
        ALL,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_tiers(case: str) -> None:
    policies, expected = CASES[case]
    found = cluster_with(*policies)
    assert not [problem.message for problem in found.problems if problem.is_error]
    assert ports(found) == expected


def test_networks_decide_on_addresses_outside() -> None:
    found = cluster_with(admin("x", 1, egress=[to("Deny", {"networks": ["0.0.0.0/1", "::/0"]})]))
    assert ports(found, target="128.0.0.0/1") == ALL
    outside = [edge.target for edge in found.edges() if edge.source == "a/Pod/web" and "Pod" not in edge.target]
    assert outside == ["128.0.0.0/1"]


def test_selectors_of_admin_policies_match_no_addresses() -> None:
    found = cluster_with(admin("x", 1, ingress=[rule("Deny")], egress=[to("Deny")]))
    assert ports(found, "external", "b/Pod/db") == ALL
    assert ports(found, "a/Pod/web", "external") == ALL


def test_nodes_are_said_to_be_not_modelled() -> None:
    found = cluster_with(admin("x", 1, egress=[to("Allow", {"nodes": {"matchLabels": {"x": "y"}}})]))
    assert [(p.is_error, "not modelled" in p.message) for p in found.problems] == [(False, True)]
    assert ports(found) == ALL
