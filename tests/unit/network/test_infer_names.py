"""Names are resolved as a pod's resolver does it."""

import pytest

from gitops_guard.network.inference import infer
from inferred_edges import env, inferred, located, reasons, rows, service, workload

SHOP = service("cart", namespace="shop") + workload("cart", namespace="shop")
OTHER = service("cart", namespace="other") + workload("cart", namespace="other")


@pytest.mark.parametrize(
    "host",
    ["cart.shop", "cart.shop.svc", "cart.shop.svc.cluster.local", "cart.shop.svc.cluster.local.", "CART.Shop"],
)
def test_a_service_of_another_namespace_is_found_in_every_form(host: str) -> None:
    found = inferred(SHOP + OTHER + workload("web", env(f"CART_URL=http://{host}")))
    assert rows(found) == {("web", "shop/cart", "TCP 8080")}


def test_a_short_name_means_the_own_namespace() -> None:
    found = inferred(SHOP + OTHER + workload("web", env("CART_URL=http://cart"), namespace="shop"))
    assert rows(found) == {("shop/web", "shop/cart", "TCP 8080")}


def test_workloads_of_one_name_in_two_namespaces_stay_apart() -> None:
    both = workload("web", env("CART_URL=http://cart"), namespace="shop") + workload("web", namespace="other")
    assert rows(inferred(SHOP + OTHER + both)) == {("shop/web", "shop/cart", "TCP 8080")}


def test_the_search_domains_of_the_pod_count() -> None:
    more = "dnsConfig: {searches: [shop.svc.cluster.local]}"
    assert rows(inferred(SHOP + workload("web", env("CART_URL=http://cart"), more=more))) == {
        ("web", "shop/cart", "TCP 8080")
    }


PEERS = service("db", "[{port: 5432, name: pg}]", more="clusterIP: None") + workload("db", kind="StatefulSet")


@pytest.mark.parametrize(
    "host", ["db-0.db", "db-1.db.default", "db-0.db.default.svc", "db-0.db.default.svc.cluster.local"]
)
def test_a_pod_of_a_stateful_set_is_found_by_its_name(host: str) -> None:
    found = inferred(PEERS + workload("web", env(f"DB_URL=postgres://{host}/x")))
    assert rows(found) == {("web", "db", "TCP 5432")}


def test_a_name_that_no_pod_has_is_listed() -> None:
    found = inferred(PEERS + workload("web", env("DB_URL=postgres://cache-0.db.default.svc/x")))
    assert reasons(found) == {("postgres://cache-0.db.default.svc", "unknown-service")}


def test_a_port_behind_a_headless_service_is_the_pods_own() -> None:
    assert rows(inferred(PEERS + workload("web", env("A=http://db-0.db:9999")))) == {("web", "db", "TCP 9999")}


def test_members_of_a_cluster_talk_to_each_other() -> None:
    own = env("PEERS=db-0.db:5432,db-1.db:5432")
    text = service("db", "[{port: 5432}]", more="clusterIP: None") + workload("db", own, kind="StatefulSet")
    assert rows(inferred(text)) == {("db", "db", "TCP 5432")}


def test_a_workload_that_names_its_own_service_is_no_connection() -> None:
    found = inferred(service("web") + workload("web", env("PUBLIC_URL=http://web")))
    assert not found.edges
    assert reasons(found) == {("http://web", "self")}


def external_name(name: str, target: str) -> str:
    return (
        f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        f"spec: {{type: ExternalName, externalName: {target}}}\n"
    )


def test_an_external_name_is_followed() -> None:
    text = external_name("alias", "cart.shop.svc.cluster.local") + external_name("far", "db.example.com")
    found = inferred(SHOP + text + workload("web", env("A=http://alias:80", "B=http://far:8443")))
    assert rows(found) == {("web", "shop/cart", "TCP 8080"), ("web", "db.example.com", "TCP 8443")}


def test_external_names_in_a_circle_end() -> None:
    text = external_name("a", "b.default.svc.cluster.local") + external_name("b", "a.default.svc.cluster.local")
    assert reasons(inferred(text + workload("web", env("A=http://a:80")))) == {("http://a:80", "cycle")}


def test_a_service_without_pods_is_listed() -> None:
    found = inferred(service("cart") + workload("web", env("A=http://cart")))
    assert reasons(found) == {("http://cart", "no-workload")}


def test_named_ports_are_resolved_on_the_destination() -> None:
    text = service("cart", "[{port: 80, targetPort: web}]") + workload("cart")
    assert rows(inferred(text + workload("web", env("A=http://cart")))) == {("web", "cart", "TCP 8080")}


def test_a_named_port_that_no_container_has_is_listed() -> None:
    text = service("cart", "[{port: 80, targetPort: nope}]") + workload("cart")
    assert reasons(inferred(text + workload("web", env("A=http://cart")))) == {("http://cart", "no-such-port")}


def test_the_kubernetes_service_is_the_api_server() -> None:
    (edge,) = inferred(workload("web", env("A=https://kubernetes.default.svc"))).edges
    assert (edge.target, edge.via, edge.ports) == ("external", "api-server", ("TCP 443", "TCP 6443"))


ENDPOINTS = """
---
apiVersion: v1
kind: Service
metadata: {name: legacy}
spec: {ports: [{port: 80, name: web}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: legacy}
subsets: [{addresses: [{ip: 10.9.8.7}], ports: [{name: web, port: 8443}]}]
---
apiVersion: v1
kind: Service
metadata: {name: sliced}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: sliced-1, labels: {kubernetes.io/service-name: sliced}}
addressType: FQDN
endpoints: [{addresses: [far.example.com]}]
ports: [{port: 9000}]
---
apiVersion: v1
kind: Service
metadata: {name: nowhere}
spec: {ports: [{port: 80}]}
"""


def test_endpoints_that_are_written_by_hand_count() -> None:
    found = inferred(ENDPOINTS + workload("web", env("A=http://legacy", "B=http://sliced", "C=http://nowhere")))
    assert rows(found) == {("web", "10.9.8.7/32", "TCP 8443"), ("web", "far.example.com", "TCP 9000")}
    assert reasons(found) == {("http://nowhere", "no-endpoints")}


def test_of_two_services_with_one_name_the_nearer_one_counts() -> None:
    app = service("db", "[{port: 1}]") + workload("db") + workload("web", env("DB_HOST=db"))
    other = service("db", "[{port: 2}]") + workload("db")
    assert rows(inferred(one__app=app, two__app=other)) == {("web", "db", "TCP 1")}


def test_services_that_are_equally_near_and_differ_are_ambiguous() -> None:
    found = inferred(
        a__x=service("db", "[{port: 1}]"),
        b__x=service("db", "[{port: 2}]"),
        c__x=workload("db") + workload("web", env("DB_HOST=db")),
    )
    assert reasons(found) == {("db", "ambiguous")}
    assert not found.edges


def test_the_domain_of_the_cluster_can_be_another() -> None:
    text = SHOP + workload(
        "web", env("A=http://cart.shop.svc.example.internal", "B=http://cart.shop.svc.cluster.local")
    )
    found = infer(located(text), "example.internal")
    assert [(edge.target, edge.host) for edge in found.edges] == [
        ("external", "cart.shop.svc.cluster.local"),
        ("shop/Deployment/cart", ""),
    ]
