"""Policies that cannot be read: a located problem, and never a wrong "allowed" or "denied"."""

from typing import Any

import pytest

from gitops_guard.network.analysis import connections
from gitops_guard.network.cluster import EGRESS, INGRESS
from gitops_guard.network.connections import Connections
from gitops_guard.syntax.field import format_keypath
from netpol_objects import admin, baseline, namespace, of_data, of_text, pod, policy

Json = dict[str, Any]
WEB: Json = {"podSelector": {"matchLabels": {"app": "web"}}}


def ingress_port(**port: Any) -> Json:
    return {"ingress": [{"ports": [port]}]}


def ingress_block(cidr: Any, *holes: Any) -> Json:
    return {"ingress": [{"from": [{"ipBlock": {"cidr": cidr, "except": list(holes)}}]}]}


def expression(**value: Any) -> Json:
    return {"podSelector": {"matchExpressions": [value]}}


NOWHERE = "ingress[0].from[0].ipBlock"
BAD: dict[str, tuple[Json, str, str]] = {
    "no CIDR": (ingress_block("300.1.2.3/8"), f"{NOWHERE}.cidr", "no CIDR block"),
    "an address without a length": (ingress_block("10.0.0.1"), f"{NOWHERE}.cidr", "no CIDR block"),
    "a mask for a length": (ingress_block("10.0.0.0/255.0.0.0"), f"{NOWHERE}.cidr", "no CIDR block"),
    "leading zeros": (ingress_block("010.0.0.0/8"), f"{NOWHERE}.cidr", "no CIDR block"),
    "a number": (ingress_block(10), f"{NOWHERE}.cidr", "no CIDR block"),
    "IPv4 as IPv6": (ingress_block("::ffff:10.0.0.0/104"), f"{NOWHERE}.cidr", "readers take differently"),
    "an exception outside": (ingress_block("10.0.0.0/8", "192.0.2.0/24"), f"{NOWHERE}.except[0]", "not inside"),
    "an exception of everything": (ingress_block("10.0.0.0/8", "10.0.0.0/8"), f"{NOWHERE}.except[0]", "not inside"),
    "an exception that is no CIDR": (ingress_block("10.0.0.0/8", "x"), f"{NOWHERE}.except[0]", "no CIDR block"),
    "endPort below port": (ingress_port(port=90, endPort=80), "ingress[0].ports[0].endPort", "ends at 80"),
    "endPort with a name": (ingress_port(port="web", endPort=80), "ingress[0].ports[0].endPort", "numeric `port`"),
    "endPort alone": (ingress_port(endPort=80), "ingress[0].ports[0].endPort", "numeric `port`"),
    "port 0": (ingress_port(port=0), "ingress[0].ports[0].port", "no port number"),
    "port 70000": (ingress_port(port=70000), "ingress[0].ports[0].port", "no port number"),
    "a number as text": (ingress_port(port="80"), "ingress[0].ports[0].port", "no name of a port"),
    "a list as a port": (ingress_port(port=[80]), "ingress[0].ports[0].port", "no port number"),
    "an unknown protocol": (ingress_port(protocol="tcp"), "ingress[0].ports[0].protocol", "unknown protocol 'tcp'"),
    "a peer of nothing": ({"ingress": [{"from": [{}]}]}, "ingress[0].from[0]", "names no podSelector"),
    "a peer of both kinds": (
        {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]},
        "ingress[0].from[0]",
        "not both",
    ),
    "an unknown operator": (expression(key="a", operator="Is"), "podSelector.matchExpressions[0].operator", "'Is'"),
    "In without values": (expression(key="a", operator="In"), "podSelector.matchExpressions[0]", "needs values"),
    "Exists with values": (
        expression(key="a", operator="Exists", values=["b"]),
        "podSelector.matchExpressions[0].values",
        "takes no values",
    ),
    "a label value that is a number": (
        {"podSelector": {"matchLabels": {"version": 1}}},
        "podSelector.matchLabels.version",
        "not text",
    ),
    "a misspelt field": ({"ingress": [{"form": [WEB]}]}, "ingress[0].form", "unknown field `form`"),
    "a selector without matchLabels": (
        {"ingress": [{"from": [{"podSelector": {"app": "web"}}]}]},
        "ingress[0].from[0].podSelector.app",
        "unknown field `app`",
    ),
    "rules that are no list": ({"ingress": {"from": []}}, "ingress", "not a list"),
    "an unknown policy type": ({"policyTypes": ["ingress"]}, "policyTypes[0]", "unknown policy type"),
    "a selector that is text": ({"podSelector": "app=web"}, "podSelector", "not a mapping"),
}


def isolated(*policies: Json) -> Connections:
    return connections(of_data([pod("web", app="web"), pod("db", app="db"), pod("far", "other"), *policies]))


def unknown(found: Connections) -> set[tuple[str, str]]:
    return {(found.workloads[entry.workload].name, entry.direction) for entry in found.unknown}


@pytest.mark.parametrize("case", BAD)
def test_a_policy_that_the_api_server_refuses_decides_nothing_that_is_known(case: str) -> None:
    spec, keypath, message = BAD[case]
    found = isolated(policy("bad", **(WEB | spec)))
    errors = [problem for problem in found.problems if problem.is_error]
    assert [format_keypath(error.place.keypath).partition("spec.")[2] for error in errors] == [keypath]
    assert message in errors[0].message
    assert errors[0].place.start.line > 1
    assert ("web", INGRESS) in unknown(found)
    assert ("far", INGRESS) not in unknown(found)
    assert not [edge for edge in found.edges() if edge.target == "default/Pod/web"]


def test_what_other_policies_allow_stays_allowed_beside_one_that_cannot_be_read() -> None:
    good = policy("good", **WEB, ingress=[{"from": [{"podSelector": {}}]}])
    found = isolated(good, policy("bad", **WEB, **ingress_port(port=0)))
    assert [edge.source for edge in found.edges() if edge.target == "default/Pod/web"] == ["default/Pod/db"]
    assert unknown(found) == {("web", INGRESS)}


def test_egress_without_policy_types_is_unknown_too_where_a_policy_cannot_be_read() -> None:
    assert ("web", EGRESS) in unknown(isolated(policy("bad", **WEB, egress="x")))


@pytest.mark.parametrize("version", ["networking.k8s.io/v2", "networking.k8s.io/v1beta1", "extensions/v1beta1"])
def test_an_unknown_version_of_the_api_makes_its_namespace_unknown(version: str) -> None:
    found = isolated(policy("old", **WEB) | {"apiVersion": version})
    assert unknown(found) == {(name, way) for name in ("web", "db") for way in (INGRESS, EGRESS)}
    assert version in found.problems[0].message


def test_policies_of_other_apis_are_not_taken_for_known() -> None:
    foreign = policy("calico") | {"apiVersion": "projectcalico.org/v3"}
    cilium = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "c", "namespace": "other"},
    }
    found = isolated(foreign, cilium)
    assert {name for name, _ in unknown(found)} == {"web", "db", "far"}
    assert not list(found.pairs())


def network(role: str, kind: str = "UserDefinedNetwork") -> Json:
    layer: Json = {"topology": "Layer2", "layer2": {"role": role}}
    spec: Json = layer if kind == "UserDefinedNetwork" else {"namespaceSelector": {}, "network": layer}
    return {"apiVersion": "k8s.ovn.org/v1", "kind": kind, "metadata": {"name": "n", "namespace": "other"}, "spec": spec}


def test_a_primary_network_of_its_own_makes_the_connections_of_its_namespace_unknown() -> None:
    assert {name for name, _ in unknown(isolated(network("Primary")))} == {"far"}
    cluster_wide = isolated(network("Primary", "ClusterUserDefinedNetwork"))
    assert {name for name, _ in unknown(cluster_wide)} == {"web", "db", "far"}


def test_secondary_networks_change_nothing_on_the_pod_network() -> None:
    multi = policy("m") | {"apiVersion": "k8s.cni.cncf.io/v1beta1", "kind": "MultiNetworkPolicy"}
    found = isolated(network("Secondary"), multi)
    assert (found.unknown, found.problems, found.pair_count) == ((), (), 6)


def test_two_different_policies_of_one_name_make_their_namespace_unknown() -> None:
    found = isolated(policy("p", **WEB), policy("p", **WEB, ingress=[{}]))
    assert {name for name, _ in unknown(found)} == {"web", "db"}
    assert "differ" in found.problems[0].message


def test_a_policy_that_is_written_twice_is_one() -> None:
    found = isolated(policy("p", **WEB), policy("p", **WEB))
    assert not found.problems
    assert not found.unknown


def test_a_policy_of_that_name_in_another_namespace_is_another() -> None:
    assert not isolated(policy("p", **WEB), policy("p", "other", ingress=[{}])).unknown


def test_an_empty_selector_selects_the_whole_namespace() -> None:
    assert isolated(policy("deny")).isolated[INGRESS].bit_count() == 2


def test_a_named_port_that_is_nowhere_defined_is_said() -> None:
    found = isolated(policy("p", **WEB, **ingress_port(port="nowhere")))
    assert [(p.is_error, "'nowhere'" in p.message) for p in found.problems] == [(False, True)]


def test_a_policy_that_selects_nothing_is_said() -> None:
    found = isolated(policy("idle", podSelector={"matchLabels": {"app": "gone"}}))
    assert [p.message for p in found.problems] == ["default/NetworkPolicy/idle: selects no pods"]


BAD_ADMIN: dict[str, tuple[Json, str]] = {
    "a priority out of range": (admin("x", 1001), "priority"),
    "an unknown action": (admin("x", 1, ingress=[{"action": "Drop", "from": [{"namespaces": {}}]}]), "unknown action"),
    "no peers": (admin("x", 1, ingress=[{"action": "Allow", "from": []}]), "must name a peer"),
    "two kinds of peer": (
        admin("x", 1, ingress=[{"action": "Deny", "from": [{"namespaces": {}, "pods": {}}]}]),
        "exactly one",
    ),
    "addresses as sources": (
        admin("x", 1, ingress=[{"action": "Deny", "from": [{"networks": ["10.0.0.0/8"]}]}]),
        "unknown field `networks`",
    ),
    "an empty list of ports": (
        admin("x", 1, ingress=[{"action": "Deny", "from": [{"namespaces": {}}], "ports": []}]),
        "empty list of ports",
    ),
    "an empty range": (
        admin(
            "x",
            1,
            egress=[{"action": "Deny", "to": [{"namespaces": {}}], "ports": [{"portRange": {"start": 9, "end": 8}}]}],
        ),
        "ends at 8",
    ),
    "a baseline that passes": (
        baseline(ingress=[{"action": "Pass", "from": [{"namespaces": {}}]}]),
        "unknown action 'Pass'",
    ),
    "a baseline of another name": (baseline() | {"metadata": {"name": "mine"}}, "must be named `default`"),
    "no subject": (admin("x", 1, subject=None), "exactly one"),
    "rules that are no list": (admin("x", 1, ingress={"action": "Deny"}), "not a list"),
    "another version": (admin("x", 1) | {"apiVersion": "policy.networking.k8s.io/v1alpha2"}, "v1alpha2"),
}


@pytest.mark.parametrize("case", BAD_ADMIN)
def test_an_admin_policy_that_cannot_be_read_leaves_nothing_known(case: str) -> None:
    item, message = BAD_ADMIN[case]
    found = isolated(item)
    assert any(message in problem.message for problem in found.problems if problem.is_error)
    assert {name for name, _ in unknown(found)} == {"web", "db", "far"}
    assert not list(found.pairs())


def test_an_admin_policy_of_higher_precedence_holds_beside_one_that_cannot_be_read() -> None:
    allow = admin("allow", 1, ingress=[{"action": "Allow", "from": [{"namespaces": {}}]}])
    found = isolated(allow, admin("bad", 2, ingress=[{"action": "?", "from": [{"namespaces": {}}]}]))
    assert found.pair_count == 0
    egress = allow["spec"] | {"egress": [{"action": "Allow", "to": [{"namespaces": {}}]}]}
    assert isolated(allow | {"spec": egress}, admin("bad", 2, ingress=[{"action": "?"}])).pair_count == 6


def test_two_admin_policies_of_one_priority_leave_nothing_known() -> None:
    rules = [{"action": "Allow", "from": [{"namespaces": {}}]}]
    found = isolated(admin("x", 1, ingress=rules), admin("y", 1, ingress=rules))
    assert {way for _, way in unknown(found)} == {INGRESS}
    assert any("priority 1" in problem.message for problem in found.problems)


def test_namespaces_that_are_defined_twice_differently_are_an_error() -> None:
    problems = of_data([namespace("a", team="x"), namespace("a", team="y")]).problems
    assert ["defined twice" in problem.message for problem in problems] == [True]


@pytest.mark.parametrize(("team", "doubted"), [("x", {"web", "db", "far"}), ("z", set())])
def test_labels_of_a_namespace_that_are_in_doubt_matter_where_a_policy_asks_for_them(
    team: str, doubted: set[str]
) -> None:
    rule = {"from": [{"namespaceSelector": {"matchLabels": {"team": team}}}]}
    twice = (namespace("other", team="x"), namespace("other", team="y"))
    found = isolated(*twice, policy("p", **WEB, ingress=[rule]))
    assert {name for name, _ in unknown(found)} == doubted


def test_a_workload_that_is_defined_twice_differently_is_an_error_and_twice_alike_is_not() -> None:
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": []}}
    one = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": template}}
    other = one | {"spec": {"template": template | {"metadata": {"labels": {"app": "y"}}}}}
    assert not of_data([one, one]).problems
    assert len(of_data([one, one]).workloads) == 1
    assert ["defined twice" in problem.message for problem in of_data([one, other]).problems] == [True]


def test_a_pod_that_cannot_exist_is_no_peer() -> None:
    read = of_text("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, ports: 7}]}\n")
    assert not read.workloads
    assert "wrong type at spec.containers[0].ports" in read.problems[0].message


ODD: tuple[Any, ...] = (
    None,
    1,
    True,
    "x",
    [],
    {},
    [None],
    [1],
    {"a": None},
    [{}],
    [[]],
    {"matchLabels": [1]},
    {"matchExpressions": [1]},
)


def test_nothing_that_stands_in_a_policy_raises() -> None:
    for value in ODD:
        for key in ("podSelector", "ingress", "egress", "policyTypes"):
            isolated(policy("p", **{key: value}))
        for rule in ({"from": value}, {"ports": value}, value):
            isolated(policy("p", ingress=[rule]))
        for peer in ({"ipBlock": value}, {"podSelector": value}, {"ipBlock": {"cidr": value}}, value):
            isolated(policy("p", ingress=[{"from": [peer]}]))
        for key in ("subject", "ingress", "egress", "priority"):
            isolated(admin("p", 1) | {"spec": admin("p", 1)["spec"] | {key: value}})
        isolated(admin("p", 1, egress=[{"action": value, "to": [{"networks": value}], "ports": value}]))
        for obj in ({"spec": value}, {"metadata": value}):
            isolated(policy("p") | obj)
