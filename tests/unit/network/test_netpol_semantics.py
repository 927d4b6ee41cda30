"""Every sentence of the Kubernetes documentation on NetworkPolicies that decides who may connect, as a case."""

from typing import Any

import pytest

from gitops_guard.network.analysis import connections
from gitops_guard.network.cluster import EGRESS, INGRESS
from gitops_guard.network.connections import Connections
from netpol_objects import namespace, of_data, pod, policy

Json = dict[str, Any]
WEB: Json = {"podSelector": {"matchLabels": {"app": "web"}}}
DB: Json = {"podSelector": {"matchLabels": {"app": "db"}}}
PORTS: list[Json] = [
    {"name": "sql", "containerPort": 5432, "protocol": "TCP"},
    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
]


def cluster_with(*policies: Json) -> Connections:
    """web, db and job in `default`; web and db in `other`, which has a label."""
    pods = [pod(name, space, PORTS, app=name) for space in ("default", "other") for name in ("web", "db")]
    return connections(of_data([namespace("other", team="shop"), *pods, pod("job", tier="batch"), *policies]))


def open_to(found: Connections, target: str, space: str = "default") -> dict[str, tuple[str, ...]]:
    """Who may connect to a pod, and on which ports; the outside included."""
    name = f"{space}/Pod/{target}"
    return {edge.source.replace("/Pod", ""): edge.ports.words for edge in found.edges() if edge.target == name}


def reach_of(found: Connections, source: str, space: str = "default") -> dict[str, tuple[str, ...]]:
    name = f"{space}/Pod/{source}"
    return {edge.target.replace("/Pod", ""): edge.ports.words for edge in found.edges() if edge.source == name}


ALL: tuple[str, ...] = ("all",)
EVERYBODY: dict[str, tuple[str, ...]] = {
    "default/db": ALL,
    "default/job": ALL,
    "other/web": ALL,
    "other/db": ALL,
    "external": ALL,
}


def test_without_a_policy_everything_is_open() -> None:
    found = cluster_with()
    assert open_to(found, "web") == EVERYBODY
    assert reach_of(found, "web") == EVERYBODY
    assert found.isolated == {INGRESS: 0, EGRESS: 0}


INGRESS_CASES: dict[str, tuple[Json, dict[str, tuple[str, ...]]]] = {
    "an absent ingress denies all": ({}, {}),
    "an empty ingress denies all": ({"ingress": []}, {}),
    "a null ingress denies all": ({"ingress": None}, {}),
    "an empty rule allows all": ({"ingress": [{}]}, EVERYBODY),
    "an empty from is an absent from": ({"ingress": [{"from": []}]}, EVERYBODY),
    "a null from is an absent from": ({"ingress": [{"from": None}]}, EVERYBODY),
    "empty ports are absent ports": ({"ingress": [{"from": [DB], "ports": []}]}, {"default/db": ALL}),
    "a podSelector alone means the policy's own namespace": ({"ingress": [{"from": [DB]}]}, {"default/db": ALL}),
    "an empty podSelector is every pod of the namespace": (
        {"ingress": [{"from": [{"podSelector": {}}]}]},
        {"default/db": ALL, "default/job": ALL},
    ),
    "an empty namespaceSelector is every namespace": (
        {"ingress": [{"from": [{"namespaceSelector": {}}]}]},
        {"default/db": ALL, "default/job": ALL, "other/web": ALL, "other/db": ALL},
    ),
    "a namespaceSelector selects by the namespace's labels": (
        {"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}]}]},
        {"other/web": ALL, "other/db": ALL},
    ),
    "two selectors in one item are a conjunction": (
        {"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}} | DB]}]},
        {"other/db": ALL},
    ),
    "two items are alternatives": (
        {"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}, DB]}]},
        {"other/web": ALL, "other/db": ALL, "default/db": ALL},
    ),
    "the name of a namespace is a label of it": (
        {
            "ingress": [
                {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}} | WEB]}
            ]
        },
        {"other/web": ALL},
    ),
    "a namespace without an object has that label too": (
        {
            "ingress": [
                {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}} | DB]}
            ]
        },
        {"default/db": ALL},
    ),
    "In selects listed values": (
        {
            "ingress": [
                {
                    "from": [
                        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["db", "x"]}]}}
                    ]
                }
            ]
        },
        {"default/db": ALL},
    ),
    "NotIn selects pods without the label too": (
        {
            "ingress": [
                {
                    "from": [
                        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]}}
                    ]
                }
            ]
        },
        {"default/job": ALL},
    ),
    "Exists": (
        {"ingress": [{"from": [{"podSelector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}}]}]},
        {"default/job": ALL},
    ),
    "DoesNotExist": (
        {"ingress": [{"from": [{"podSelector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}}]}]},
        {"default/db": ALL},
    ),
    "the protocol is TCP where none is written": (
        {"ingress": [{"from": [DB], "ports": [{"port": 80}]}]},
        {"default/db": ("TCP 80",)},
    ),
    "a protocol without a port is all of its ports": (
        {"ingress": [{"from": [DB], "ports": [{"protocol": "UDP"}]}]},
        {"default/db": ("UDP 1-65535",)},
    ),
    "endPort ends a range": (
        {"ingress": [{"from": [DB], "ports": [{"port": 80, "endPort": 90}, {"port": 91}]}]},
        {"default/db": ("TCP 80-91",)},
    ),
    "a named port is the target's own": (
        {"ingress": [{"from": [DB], "ports": [{"port": "sql"}, {"port": "dns", "protocol": "UDP"}]}]},
        {"default/db": ("TCP 5432", "UDP 53")},
    ),
    "a named port of another protocol is none": ({"ingress": [{"from": [DB], "ports": [{"port": "dns"}]}]}, {}),
    "a named port that nobody declares opens nothing": ({"ingress": [{"from": [DB], "ports": [{"port": "none"}]}]}, {}),
    "egress rules are ignored where only Ingress is listed": (
        {"policyTypes": ["Ingress"], "ingress": [{"from": [DB]}], "egress": []},
        {"default/db": ALL},
    ),
    "a policy for Egress alone leaves ingress open": ({"policyTypes": ["Egress"]}, EVERYBODY),
    "an ipBlock is a range of addresses outside, less its exceptions": (
        {
            "ingress": [
                {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.128.0.0/9"]}}], "ports": [{"port": 80}]}
            ]
        },
        {"10.0.0.0/9": ("TCP 80",)},
    ),
    "an IPv6 block is a range of IPv6 addresses": (
        {"ingress": [{"from": [{"ipBlock": {"cidr": "2001:db8::/32"}}]}]},
        {"2001:db8::/32": ALL},
    ),
}


@pytest.mark.parametrize("case", INGRESS_CASES)
def test_ingress(case: str) -> None:
    spec, expected = INGRESS_CASES[case]
    assert open_to(cluster_with(policy("p", **WEB, **spec)), "web") == expected


EGRESS_CASES: dict[str, tuple[Json, dict[str, tuple[str, ...]]]] = {
    "without policyTypes and egress rules, egress is open": ({}, EVERYBODY),
    "an empty list of egress rules isolates nothing by itself": ({"egress": []}, EVERYBODY),
    "egress rules imply the type Egress": ({"egress": [{"to": [DB]}]}, {"default/db": ALL}),
    "the type Egress without rules denies all": ({"policyTypes": ["Egress"]}, {}),
    "an empty egress rule allows all": ({"egress": [{}]}, EVERYBODY),
    "egress is ignored where only Ingress is listed": (
        {"policyTypes": ["Ingress"], "egress": [{"to": [DB]}]},
        EVERYBODY,
    ),
    "a named port is resolved at each destination, and never outside": (
        {"egress": [{"ports": [{"port": "sql"}]}]},
        {"default/db": ("TCP 5432",), "other/db": ("TCP 5432",), "other/web": ("TCP 5432",)},
    ),
    "a rule with only ports reaches everybody on them": (
        {"egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]},
        dict.fromkeys(EVERYBODY, ("UDP 53",)),
    ),
}


@pytest.mark.parametrize("case", EGRESS_CASES)
def test_egress(case: str) -> None:
    spec, expected = EGRESS_CASES[case]
    assert reach_of(cluster_with(policy("p", **WEB, **spec)), "web") == expected


def test_policies_add_up() -> None:
    one = policy("one", **WEB, ingress=[{"from": [DB], "ports": [{"port": 80}]}])
    other = policy("other", ingress=[{"from": [{"podSelector": {}}], "ports": [{"port": 81}]}])
    assert open_to(cluster_with(one, other), "web") == {"default/db": ("TCP 80-81",), "default/job": ("TCP 81",)}


def test_both_ends_must_allow() -> None:
    out = policy("out", **DB, policyTypes=["Egress"], egress=[{"to": [WEB], "ports": [{"port": 80, "endPort": 90}]}])
    into = policy("into", **WEB, ingress=[{"from": [DB], "ports": [{"port": 85, "endPort": 99}]}])
    assert open_to(cluster_with(out, into), "web") == {"default/db": ("TCP 85-90",)}


def test_a_policy_is_about_its_own_namespace_only() -> None:
    found = cluster_with(policy("p", "other", ingress=[]))
    assert open_to(found, "web") == EVERYBODY
    assert open_to(found, "web", "other") == {}


def test_workloads_of_one_name_in_two_namespaces_stay_apart() -> None:
    found = cluster_with(policy("p", "other", **WEB, ingress=[{"from": [WEB]}]))
    assert open_to(found, "web", "other") == {}
    assert open_to(found, "db", "other")["default/web"] == ALL


def test_ranges_of_the_outside_are_disjoint_and_exact() -> None:
    rules = [
        {"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": [{"port": 80}]},
        {"from": [{"ipBlock": {"cidr": "192.0.2.128/25"}}], "ports": [{"port": 443}]},
    ]
    assert open_to(cluster_with(policy("p", **WEB, ingress=rules)), "web") == {
        "192.0.2.0/25": ("TCP 80",),
        "192.0.2.128/25": ("TCP 80,443",),
    }


def test_a_block_of_all_ipv4_addresses_is_not_the_outside_as_a_whole() -> None:
    found = cluster_with(policy("p", **WEB, ingress=[{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]))
    assert open_to(found, "web") == {"0.0.0.0/0": ALL}


def test_bits_below_the_prefix_of_a_block_are_ignored() -> None:
    found = cluster_with(policy("p", **WEB, ingress=[{"from": [{"ipBlock": {"cidr": "192.0.2.77/24"}}]}]))
    assert open_to(found, "web") == {"192.0.2.0/24": ALL}


def test_pods_of_one_workload_connect_to_each_other_only_where_there_are_several() -> None:
    single = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "one"}}
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": []}}
    single["spec"] = {"replicas": 1, "template": template}
    double = single | {"metadata": {"name": "two"}, "spec": {"replicas": 2, "template": template}}
    pairs = {(edge.source, edge.target) for edge in connections(of_data([single, double])).pairs()}
    assert pairs == {
        ("default/Deployment/one", "default/Deployment/two"),
        ("default/Deployment/two", "default/Deployment/one"),
        ("default/Deployment/two", "default/Deployment/two"),
    }


def owned(name: str, **labels: str) -> Json:
    made = pod(name, "default", (), **labels)
    made["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "web", "controller": True}]
    return made


def test_pods_of_one_controller_are_one_workload() -> None:
    found = connections(of_data([owned("web-1", app="web"), owned("web-2", app="web"), pod("db")]))
    pairs = [(edge.source, edge.target) for edge in found.pairs()]
    web, db = "default/ReplicaSet/web", "default/Pod/db"
    assert pairs == [(db, web), (web, db), (web, web)]


def test_pods_of_one_controller_with_other_labels_are_judged_apart() -> None:
    first, second = owned("web-1", app="web", color="blue"), owned("web-2", app="web", color="green")
    blue: Json = {"podSelector": {"matchLabels": {"color": "blue"}}}
    found = connections(of_data([first, second, policy("p", **blue)]))
    numbers = found.numbers["default/ReplicaSet/web"]
    assert [found.isolated[INGRESS] >> number & 1 for number in numbers] == [1, 0]


def test_pods_on_the_host_network_are_never_called_isolated() -> None:
    host = pod("agent", app="agent")
    host["spec"]["hostNetwork"] = True
    everything: Json = {"namespaceSelector": {}}
    deny = policy("deny", policyTypes=["Ingress", "Egress"], ingress=[{"from": [everything]}])
    found = connections(of_data([host, pod("web", app="web"), pod("free", "other"), deny]))
    assert open_to(found, "agent") == {"other/free": ALL, "external": ALL}
    assert open_to(found, "web") == {"other/free": ALL}
    reasons = {(found.workloads[u.workload].name, u.direction): u.reason for u in found.unknown}
    assert set(reasons) == {("agent", INGRESS), ("agent", EGRESS)}
    assert "host's network" in reasons["agent", INGRESS]


def test_named_ports_of_a_sidecar_count_and_those_of_an_init_container_do_not() -> None:
    target = pod("web", app="web")
    target["spec"]["initContainers"] = [
        {"name": "once", "ports": [{"name": "once", "containerPort": 1000}]},
        {"name": "proxy", "restartPolicy": "Always", "ports": [{"name": "proxy", "containerPort": 2000}]},
    ]
    rule = {"ports": [{"port": "once"}, {"port": "proxy"}]}
    found = connections(of_data([target, pod("db"), policy("p", **WEB, ingress=[rule])]))
    assert open_to(found, "web")["default/db"] == ("TCP 2000",)
