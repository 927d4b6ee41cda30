"""Objects that speak of connections: entry points, webhooks, monitoring, rights on the API server."""

import pytest

from inferred_edges import inferred, reasons, service, workload

WEB = service("web", "[{name: http, port: 80, targetPort: web}]") + workload("web")


def edges(text: str) -> set[tuple[str, str, str, tuple[str, ...]]]:
    return {(edge.source, edge.target, edge.via, edge.ports) for edge in inferred(text).edges}


OUTSIDE = ("external", "default/Deployment/web")
BY_INGRESS = {(*OUTSIDE, "ingress-controller", ("TCP 8080",))}

ENTRIES = [
    """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: in}
spec:
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
""",
    """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: in}
spec: {defaultBackend: {service: {name: web, port: {name: http}}}}
""",
    """
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: in}
spec: {backend: {serviceName: web, servicePort: 80}}
""",
    """
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: in}
spec: {to: {kind: Service, name: web}, port: {targetPort: web}}
""",
    """
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: in}
spec: {to: {name: nothing}, alternateBackends: [{kind: Service, name: web}]}
""",
    *(
        f"""
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: in}}
spec: {{parentRefs: [{{name: gw}}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}
"""
        for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute")
    ),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_points_lead_from_outside_to_the_pods(entry: str) -> None:
    assert edges(WEB + "---" + entry) == BY_INGRESS


def test_a_udp_route_leads_to_a_udp_port() -> None:
    text = service("web", "[{port: 53, protocol: UDP, targetPort: 5353}]") + workload("web")
    route = ENTRIES[-1].replace("TCPRoute", "UDPRoute").replace("port: 80", "port: 53")
    assert edges(text + "---" + route) == {(*OUTSIDE, "ingress-controller", ("UDP 5353",))}


def test_the_one_controller_of_the_repository_is_the_source_of_an_ingress() -> None:
    controller = workload("ctl", namespace="ingress").replace(
        "registry.example.com/main:1", "registry.k8s.io/ingress-nginx/controller:v1"
    )
    assert {edge[0] for edge in edges(WEB + controller + "---" + ENTRIES[0])} == {"ingress/Deployment/ctl"}


def test_a_route_between_workloads_is_said_to_be_not_modelled() -> None:
    route = ENTRIES[-1].replace("{name: gw}", "{kind: Service, name: x}")
    found = inferred(WEB + "---" + route)
    assert not found.edges
    assert reasons(found) == {("web:80", "unsupported")}


def test_an_ingress_of_another_api_is_not_one() -> None:
    assert not edges(WEB + "---" + ENTRIES[0].replace("networking.k8s.io/v1", "config.openshift.io/v1"))


def test_a_backend_that_is_not_there_is_listed() -> None:
    found = inferred("---" + ENTRIES[0])
    assert reasons(found) == {("web:80", "unknown-service")}
    assert found.unresolved[0].source == "default/Ingress/in"


@pytest.mark.parametrize(
    ("more", "via"),
    [
        ("type: LoadBalancer", "load-balancer"),
        ("type: NodePort", "node-port"),
        ("externalIPs: [192.0.2.1]", "load-balancer"),
    ],
)
def test_services_that_are_open_to_the_outside(more: str, via: str) -> None:
    assert edges(service("web", more=more) + workload("web")) == {(*OUTSIDE, via, ("TCP 8080",))}


def test_the_ranges_of_a_load_balancer_are_the_sources() -> None:
    more = "type: LoadBalancer\nloadBalancerSourceRanges: [192.0.2.0/24, 198.51.100.7/32]"
    assert {edge[0] for edge in edges(service("web", more=more) + workload("web"))} == {
        "192.0.2.0/24",
        "198.51.100.7/32",
    }


def test_a_host_port_is_open_to_the_outside() -> None:
    text = workload("web").replace("containerPort: 8080}", "containerPort: 8080, hostPort: 80}")
    assert edges(text) == {(*OUTSIDE, "host-port", ("TCP 8080",))}


HOOKS = [
    """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hook}
webhooks: [{name: a, clientConfig: {service: {name: web, namespace: default, port: 80}}}]
""",
    """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crd}
spec: {conversion: {strategy: Webhook, webhook: {clientConfig: {service: {name: web, namespace: default, port: 80}}}}}
""",
    """
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.example.com}
spec: {service: {name: web, namespace: default, port: 80}}
""",
]


@pytest.mark.parametrize("hook", HOOKS)
def test_the_api_server_calls_webhooks_and_aggregated_apis(hook: str) -> None:
    assert edges(WEB + "---" + hook) == {(*OUTSIDE, "api-server", ("TCP 8080",))}


def test_a_webhook_without_port_is_called_on_443() -> None:
    found = inferred(WEB + "---" + HOOKS[0].replace(", port: 80", ""))
    assert reasons(found) == {("default/web:443", "no-such-port")}


SCRAPED = "annotations: {prometheus.io/scrape: 'true', prometheus.io/port: '9100'}"


def test_annotations_of_services_and_pods_say_what_is_scraped() -> None:
    by_service = WEB.replace(
        "metadata: {name: web}\nspec:\n  selector", f"metadata: {{name: web, {SCRAPED}}}\nspec:\n  selector"
    )
    by_pod = workload("web").replace("metadata: {labels: {app: web}}", f"metadata: {{labels: {{app: web}}, {SCRAPED}}}")
    for text in (by_service, by_pod):
        assert edges(text) == {(*OUTSIDE, "monitoring", ("TCP 9100",))}


def test_annotations_without_port_mean_every_declared_port() -> None:
    text = workload("web").replace(
        "{labels: {app: web}}", "{labels: {app: web}, annotations: {prometheus.io/scrape: 'true'}}"
    )
    (edge,) = inferred(text).edges
    assert (edge.ports, edge.confidence) == (("TCP 8080",), "low")


def monitor(kind: str, ports: str, namespaces: str = "") -> str:
    where = f", namespaceSelector: {namespaces}" if namespaces else ""
    return (
        f"---\napiVersion: monitoring.coreos.com/v1\nkind: {kind}\nmetadata: {{name: m, namespace: mon}}\n"
        f"spec: {{selector: {{matchLabels: {{app: web}}}}, {ports}{where}}}\n"
    )


LABELLED = WEB.replace(
    "metadata: {name: web}\nspec:\n  selector", "metadata: {name: web, labels: {app: web}}\nspec:\n  selector"
)


@pytest.mark.parametrize(
    "text",
    [
        monitor("ServiceMonitor", "endpoints: [{port: http}]", "{any: true}"),
        monitor("ServiceMonitor", "endpoints: [{targetPort: web}]", "{matchNames: [default]}"),
        monitor("ServiceMonitor", "endpoints: [{targetPort: 8080}]", "{any: true}"),
        monitor("PodMonitor", "podMetricsEndpoints: [{port: web}]", "{any: true}"),
        monitor("PodMonitor", "podMetricsEndpoints: [{portNumber: 8080}]", "{any: true}"),
    ],
)
def test_monitors_say_what_is_scraped(text: str) -> None:
    assert edges(LABELLED + text) == {(*OUTSIDE, "monitoring", ("TCP 8080",))}


def test_a_monitor_looks_into_its_own_namespace_only_unless_told() -> None:
    found = inferred(LABELLED + monitor("ServiceMonitor", "endpoints: [{port: http}]"))
    assert not found.edges
    assert reasons(found) == {("ServiceMonitor", "no-workload")}


def test_the_one_prometheus_of_the_repository_is_the_source() -> None:
    prometheus = workload("prom", namespace="mon").replace(
        "registry.example.com/main:1", "quay.io/prometheus/prometheus:v3"
    )
    text = LABELLED + prometheus + monitor("ServiceMonitor", "endpoints: [{port: http}]", "{any: true}")
    assert {edge[0] for edge in edges(text)} == {"mon/Deployment/prom"}


BINDING = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: bound}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: op, namespace: default}]
"""
ACCOUNT = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: op}\nautomountServiceAccountToken: false\n"
TO_API = {("default/Deployment/op", "external", "api-server", ("TCP 443", "TCP 6443"))}


def test_rights_with_a_mounted_token_mean_the_api_server() -> None:
    text = workload("op", more="serviceAccountName: op") + BINDING
    assert edges(text) == TO_API
    (edge,) = inferred(text).edges
    assert (edge.confidence, edge.host) == ("medium", "kubernetes.default.svc")
    assert "ClusterRoleBinding bound" in edge.evidence[0].text


@pytest.mark.parametrize(
    ("more", "objects"),
    [
        ("serviceAccountName: op", ""),
        ("serviceAccountName: other", BINDING),
        ("serviceAccountName: op\nautomountServiceAccountToken: false", BINDING),
        ("serviceAccountName: op", BINDING + ACCOUNT),
    ],
)
def test_without_rights_or_token_there_is_no_such_connection(more: str, objects: str) -> None:
    assert not edges(workload("op", more=more) + objects)


def test_a_projected_token_counts_as_mounted() -> None:
    more = (
        "serviceAccountName: op\nautomountServiceAccountToken: false\n"
        "volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: token}}]}}]"
    )
    assert edges(workload("op", more=more) + BINDING) == TO_API


def test_a_pod_that_says_so_itself_gets_the_token() -> None:
    more = "serviceAccountName: op\nautomountServiceAccountToken: true"
    assert edges(workload("op", more=more) + BINDING + ACCOUNT) == TO_API


def test_what_is_left_out_on_purpose_is_said() -> None:
    scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {}\n"
    found = inferred(workload("web", more="hostNetwork: true") + scaler)
    assert sorted(note.text.split(":")[0] for note in found.notes) == [
        "HorizontalPodAutoscaler",
        "pods on the host network",
    ]
