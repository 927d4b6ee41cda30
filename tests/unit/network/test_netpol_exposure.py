"""What Services, Ingresses and routes open to the outside, and what the policies leave of it."""

from typing import Any

import pytest

from gitops_guard.network.analysis import connections
from gitops_guard.network.cluster import Cluster
from gitops_guard.network.connections import CONTROLLER, Exposure
from netpol_objects import admin, of_data, pod, policy

Json = dict[str, Any]
HTTP = {"name": "http", "containerPort": 8080, "protocol": "TCP"}
DNS = {"name": "dns", "containerPort": 5353, "protocol": "UDP"}
EVERY_NAMESPACE: list[Json] = [{"namespaceSelector": {}}]


def service(kind: str = "ClusterIP", ports: list[Json] | None = None, **spec: Any) -> Json:
    default = [{"name": "web", "port": 80, "targetPort": "http"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": kind, "selector": {"app": "web"}, "ports": ports or default} | spec,
    }


def ingress(**port: Any) -> Json:
    backend = {"service": {"name": "web", "port": port}}
    spec = {"rules": [{"http": {"paths": [{"path": "/", "backend": backend}]}}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "in"}, "spec": spec}


def default_backend() -> Json:
    spec = {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "in"}, "spec": spec}


def gateway_route(kind: str = "HTTPRoute", **ref: Any) -> Json:
    spec = {"rules": [{"backendRefs": [{"name": "web"} | ref]}]}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": {"name": "in"}, "spec": spec}


def openshift_route(**spec: Any) -> Json:
    spec = {"to": {"kind": "Service", "name": "web"}} | spec
    return {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": {"name": "in"}, "spec": spec}


def cluster_with(*items: Json) -> Cluster:
    return of_data([pod("web", "default", [HTTP, DNS], app="web"), pod("db"), *items])


def exposed(*items: Json) -> Exposure:
    (found,) = connections(cluster_with(*items)).exposures
    return found


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_a_service_that_is_open_to_the_outside_reaches_its_pods_on_their_own_ports(kind: str) -> None:
    found = exposed(service(kind))
    assert (found.workload, found.via, found.verdict) == ("default/Pod/web", "default/Service/web", "open")
    assert found.ports.words == ("TCP 8080",)


def test_a_service_inside_the_cluster_exposes_nothing() -> None:
    assert not connections(cluster_with(service())).exposures


def test_source_ranges_limit_a_load_balancer() -> None:
    cluster = cluster_with(service("LoadBalancer", loadBalancerSourceRanges=["192.0.2.0/24"]))
    found = connections(cluster)
    addresses = found.exposures[0].addresses
    assert addresses is not None
    assert found.blocks(addresses) == ("192.0.2.0/24",)
    assert found.exposures[0].verdict == "open"


def test_policies_close_what_a_service_opens() -> None:
    found = exposed(service("LoadBalancer"), policy("deny"))
    assert (found.verdict, found.ports.words) == ("closed", ())
    assert found.asked.words == ("TCP 8080",)


def test_policies_that_admit_only_pods_close_what_a_service_opens() -> None:
    assert exposed(service("NodePort"), policy("p", ingress=[{"from": EVERY_NAMESPACE}])).verdict == "closed"


def test_a_block_leaves_a_part_of_it() -> None:
    rules = [{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]
    assert exposed(service("LoadBalancer"), policy("p", ingress=rules)).verdict == "partly"


ENTRIES: dict[str, tuple[Json, tuple[str, ...]]] = {
    "an Ingress by number": (ingress(number=80), ("TCP 8080",)),
    "an Ingress by name": (ingress(name="web"), ("TCP 8080",)),
    "a default backend": (default_backend(), ("TCP 8080",)),
    "an HTTPRoute": (gateway_route(port=80), ("TCP 8080",)),
    "a GRPCRoute": (gateway_route("GRPCRoute", port=80), ("TCP 8080",)),
    "a TLSRoute": (gateway_route("TLSRoute", port=80), ("TCP 8080",)),
    "an OpenShift Route": (openshift_route(), ("TCP 8080",)),
    "an OpenShift Route by target port": (openshift_route(port={"targetPort": "http"}), ("TCP 8080",)),
}


@pytest.mark.parametrize("case", ENTRIES)
def test_entry_points_lead_to_the_pods_behind_their_service(case: str) -> None:
    entry, expected = ENTRIES[case]
    found = exposed(service(), entry)
    assert (found.ports.words, found.verdict, found.addresses) == (expected, "open", None)


def test_a_udp_route_leads_to_udp_ports() -> None:
    ports = [{"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"}]
    assert exposed(service(ports=ports), gateway_route("UDPRoute", port=53)).ports.words == ("UDP 5353",)


def test_a_target_port_need_not_be_declared_by_a_container() -> None:
    found = exposed(service(ports=[{"port": 80, "targetPort": 9999}]), ingress(number=80))
    assert found.ports.words == ("TCP 9999",)


@pytest.mark.parametrize("entry", [ingress(number=81), gateway_route(port=80, kind="Other"), ingress(name="x")])
def test_a_backend_that_does_not_exist_leads_nowhere(entry: Json) -> None:
    assert not connections(cluster_with(service(), entry)).exposures


VERDICTS: dict[str, tuple[list[Json], str]] = {
    "everybody": ([{}], "open"),
    "every namespace": ([{"from": EVERY_NAMESPACE}], "open"),
    "some namespace": ([{"from": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]}], "depends"),
    "pods of the namespace": ([{"from": [{"podSelector": {}}]}], "depends"),
    "addresses": ([{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}], "closed"),
    "another port": ([{"ports": [{"port": 1}]}], "closed"),
    "nobody": ([], "closed"),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_a_controller_of_an_unknown_namespace_is_surely_admitted_only_where_every_pod_is(case: str) -> None:
    rules, verdict = VERDICTS[case]
    found = connections(cluster_with(service(), ingress(number=80), policy("p", ingress=rules)))
    assert [exposure.verdict for exposure in found.exposures] == [verdict]
    assert [edge.target for edge in found.edges() if edge.source == CONTROLLER] == (
        ["default/Pod/web"] if verdict == "open" else []
    )


@pytest.mark.parametrize(
    ("action", "selector", "verdict"),
    [
        ("Deny", {}, "closed"),
        ("Deny", {"matchLabels": {"a": "b"}}, "depends"),
        ("Pass", {"matchLabels": {"a": "b"}}, "depends"),
        ("Allow", {"matchLabels": {"a": "b"}}, "open"),
    ],
)
def test_admin_policies_count_for_an_unknown_controller(action: str, selector: Json, verdict: str) -> None:
    rule = {"action": action, "from": [{"namespaces": selector}]}
    assert exposed(service(), ingress(number=80), admin("x", 1, ingress=[rule])).verdict == verdict


def test_a_rule_that_may_pass_a_connection_on_does_not_hide_the_one_after_it() -> None:
    some = {"action": "Pass", "from": [{"namespaces": {"matchLabels": {"a": "b"}}}]}
    every = {"action": "Deny", "from": [{"namespaces": {}}]}
    assert exposed(service(), ingress(number=80), admin("x", 1, ingress=[some, every])).verdict == "depends"
