"""What is synthesised: default deny, exactly the needed connections, and what is said where none can be opened."""

from typing import Any

import pytest

from gitops_guard.network.evidence import HIGH, Edge, Inference
from gitops_guard.network.existing import existing
from gitops_guard.network.synthesis import Synthesis, synthesise
from gitops_guard.network_settings import ApiServerSettings, DnsSettings, NetworkSettings, Style, pods_in
from netpol_objects import located
from synth_objects import deployment, policies, synthesis_of

Json = dict[str, Any]
SHOP = (
    deployment("web", "shop", {"CART_ADDR": "cart:80"})
    + deployment("cart", "shop", {"DB_URL": "postgres://db.data.svc.cluster.local:80/cart"}, "http")
    + deployment("db", "data", port=5432)
    + deployment("idle", "shop")
)


def peers(rule: Json) -> list[str]:
    """The peers of a rule in short: `namespace/app`, or a block."""
    found = []
    for peer in rule.get("from", []) + rule.get("to", []):
        space = peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name", "")
        labels = peer.get("podSelector", {}).get("matchLabels", {})
        found.append(peer["ipBlock"]["cidr"] if "ipBlock" in peer else f"{space}/{','.join(labels.values())}")
    return found


def rules(policy: Json, side: str) -> list[tuple[list[str], list[str]]]:
    return [
        (peers(rule), [f"{port['protocol']} {port['port']}" for port in rule.get("ports", [])])
        for rule in policy["spec"].get(side, [])
    ]


def proved(found: Synthesis) -> Synthesis:
    assert not found.refused, found.refused
    assert not found.proof.stopped
    return found


def test_each_namespace_is_closed_in_both_directions() -> None:
    found = policies(proved(synthesis_of(SHOP)))
    for space in ("shop", "data"):
        spec = found[f"{space}/default-deny"]["spec"]
        assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_dns_is_open_over_udp_and_tcp() -> None:
    found = policies(synthesis_of(SHOP))
    assert rules(found["shop/allow-dns"], "egress") == [(["kube-system/kube-dns"], ["TCP 53", "UDP 53"])]


def test_the_node_local_cache_is_a_peer_where_it_is_configured() -> None:
    found = policies(synthesis_of(SHOP, NetworkSettings(dns=DnsSettings(node_local="169.254.20.10"))))
    assert peers(found["shop/allow-dns"]["spec"]["egress"][0]) == ["kube-system/kube-dns", "169.254.20.10/32"]


def test_each_workload_gets_exactly_its_connections() -> None:
    found = policies(proved(synthesis_of(SHOP)))
    assert sorted(found) == [
        "data/allow-dns",
        "data/db-deployment",
        "data/default-deny",
        "shop/allow-dns",
        "shop/cart-deployment",
        "shop/default-deny",
        "shop/web-deployment",
    ]
    assert rules(found["shop/web-deployment"], "egress") == [(["/cart"], ["TCP 8443"])]
    assert rules(found["shop/cart-deployment"], "ingress") == [(["/web"], ["TCP 8443"])]
    assert rules(found["shop/cart-deployment"], "egress") == [(["data/db"], ["TCP 5432"])]
    assert rules(found["data/db-deployment"], "ingress") == [(["shop/cart"], ["TCP 5432"])]


def test_only_the_directions_with_rules_are_governed_by_the_policy_of_a_workload() -> None:
    found = policies(synthesis_of(SHOP))
    assert found["shop/web-deployment"]["spec"]["policyTypes"] == ["Egress"]
    assert found["data/db-deployment"]["spec"]["policyTypes"] == ["Ingress"]


def test_nothing_is_allowed_beyond_what_is_needed() -> None:
    found = proved(synthesis_of(SHOP))
    assert found.proof.beyond == ()
    assert {
        (edge.source, edge.target, edge.ports.words) for edge in found.proof.allowed if "Pods" not in edge.target
    } == {
        ("shop/Deployment/web", "shop/Deployment/cart", ("TCP 8443",)),
        ("shop/Deployment/cart", "data/Deployment/db", ("TCP 5432",)),
    }


def test_pods_are_selected_by_the_selector_and_not_by_all_their_labels() -> None:
    found = policies(synthesis_of(SHOP))
    assert found["shop/web-deployment"]["spec"]["podSelector"] == {"matchLabels": {"app": "web"}}


def test_a_selector_of_expressions_is_taken_over() -> None:
    text = SHOP.replace("matchLabels: {app: web}", "matchExpressions: [{key: app, operator: In, values: [web]}]")
    found = policies(proved(synthesis_of(text)))
    expected = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
    assert found["shop/web-deployment"]["spec"]["podSelector"] == expected
    assert found["shop/cart-deployment"]["spec"]["ingress"][0]["from"] == [{"podSelector": expected}]


def test_a_pod_is_selected_by_its_labels_without_those_that_change() -> None:
    pod = """---
apiVersion: v1
kind: Pod
metadata:
  name: probe
  namespace: shop
  labels: {app: probe, pod-template-hash: "1", app.kubernetes.io/version: "2", helm.sh/chart: probe-2}
spec:
  containers: [{name: main, image: "registry.example.com/probe:1", env: [{name: CART_ADDR, value: "cart:80"}]}]
"""
    found = policies(proved(synthesis_of(SHOP + pod)))
    assert found["shop/probe-pod"]["spec"]["podSelector"] == {"matchLabels": {"app": "probe"}}


def test_the_evidence_stands_above_its_rule() -> None:
    text = synthesis_of(SHOP).groups[1].text
    line = next(i for i, line in enumerate(SHOP.splitlines(), 1) if "CART_ADDR" in line)
    assert f"    # web -> cart: CART_ADDR: cart:80 in app.yaml:{line}\n    - to:\n" in text
    assert "# shop/cart -> data/db: DB_URL: postgres://db.data.svc.cluster.local:80 in app.yaml:" in text


def test_a_workload_without_connections_is_named_as_closed() -> None:
    assert (
        "# No connection is known of Deployment idle: closed by the default deny.\n"
        in synthesis_of(SHOP).groups[1].text
    )


def test_probes_get_no_rule_and_a_sentence() -> None:
    text = SHOP.replace(
        "image: registry.example.com/idle:1", "image: a\n          livenessProbe: {httpGet: {port: 8080}}"
    )
    found = synthesis_of(text)
    assert "shop/idle-deployment" not in policies(found)
    assert "# Probes need no rule:" in found.groups[1].text


def test_members_of_a_stateful_set_reach_each_other() -> None:
    text = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: data}
spec:
  serviceName: store
  replicas: 3
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      containers:
        - name: main
          image: registry.example.com/store:1
          ports: [{name: peer, containerPort: 2380}]
          args: ["--peers=store-0.store:2380,store-1.store:2380,store-2.store:2380"]
---
apiVersion: v1
kind: Service
metadata: {name: store, namespace: data}
spec: {clusterIP: None, selector: {app: store}, ports: [{name: peer, port: 2380}]}
"""
    found = policies(proved(synthesis_of(text)))["data/store-statefulset"]
    assert rules(found, "ingress") == [(["/store"], ["TCP 2380"])]
    assert rules(found, "egress") == [(["/store"], ["TCP 2380"])]


def test_workloads_of_one_name_in_two_namespaces_are_two() -> None:
    text = "".join(
        deployment("web", space, {"DB_ADDR": "db:80"}) + deployment("db", space, port=port)
        for space, port in (("one", 5432), ("two", 3306))
    )
    found = policies(proved(synthesis_of(text)))
    assert rules(found["one/db-deployment"], "ingress") == [(["/web"], ["TCP 5432"])]
    assert rules(found["two/db-deployment"], "ingress") == [(["/web"], ["TCP 3306"])]


def test_a_deployment_and_a_job_of_one_name_have_policies_of_their_own() -> None:
    job = """---
apiVersion: batch/v1
kind: Job
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {job: web}}
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "registry.example.com/a:1", env: [{name: CART_ADDR, value: "cart:80"}]}]
"""
    found = policies(proved(synthesis_of(SHOP + job)))
    assert {"shop/web-deployment", "shop/web-job"} <= set(found)
    assert rules(found["shop/cart-deployment"], "ingress")[0][0] == ["/web"]


INGRESS = """---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
"""
MONITOR = """---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: all, namespace: shop}
spec: {selector: {}, endpoints: [{port: main}]}
"""
RIGHTS = """---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: all, namespace: shop}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: all}
"""


def test_an_unknown_ingress_controller_is_a_gap_with_its_setting_and_opens_nothing() -> None:
    found = proved(synthesis_of(SHOP + INGRESS))
    assert [gap.setting for gap in found.gaps] == ["network.ingress_controllers"]
    assert "ingress" not in policies(found)["shop/web-deployment"]["spec"]
    assert "# Not opened: ingress from the ingress controller on TCP 8080" in found.groups[1].text


def test_a_configured_ingress_controller_is_let_in() -> None:
    settings = NetworkSettings(ingress_controllers=(pods_in("ingress", (("app", "nginx"),)),))
    found = proved(synthesis_of(SHOP + INGRESS, settings))
    assert rules(policies(found)["shop/web-deployment"], "ingress") == [(["ingress/nginx"], ["TCP 8080"])]
    assert found.gaps == ()


def test_a_controller_in_the_repository_is_found_and_may_connect() -> None:
    controller = deployment("ingress-nginx-controller", "edge")
    found = policies(proved(synthesis_of(SHOP + INGRESS + controller)))
    assert rules(found["shop/web-deployment"], "ingress")[0][0] == ["edge/ingress-nginx-controller"]
    assert rules(found["edge/ingress-nginx-controller-deployment"], "egress") == [(["shop/web"], ["TCP 8080"])]


@pytest.mark.parametrize(
    "installed",
    [
        """---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: edge, namespace: flux-system}
spec: {targetNamespace: edge, chart: {spec: {chart: ingress-nginx}}}
""",
        """---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: edge, namespace: argocd}
spec: {source: {chart: ingress-nginx}, destination: {namespace: edge}}
""",
    ],
    ids=("flux", "argo cd"),
)
def test_a_controller_that_a_chart_installs_is_found(installed: str) -> None:
    found = policies(proved(synthesis_of(SHOP + INGRESS + installed)))
    assert rules(found["shop/web-deployment"], "ingress") == [(["edge/ingress-nginx"], ["TCP 8080"])]


def test_monitoring_is_let_in_where_it_is_known() -> None:
    prometheus = """---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: main, namespace: watch}
spec: {}
"""
    text = SHOP + MONITOR.replace("selector: {}", "selector: {}, namespaceSelector: {any: true}")
    text = text.replace(
        "metadata:\n  name: db\n  namespace: data\nspec:\n  selector",
        "metadata:\n  name: db\n  namespace: data\n  labels: {a: b}\nspec:\n  selector",
    )
    without, found = synthesis_of(text), policies(proved(synthesis_of(text + prometheus)))
    assert {gap.setting for gap in without.gaps} == {"network.monitoring"}
    assert (["watch/prometheus"], ["TCP 5432"]) in rules(found["data/db-deployment"], "ingress")


def test_the_api_server_is_reached_by_its_configured_addresses_only() -> None:
    text = SHOP.replace(
        "labels: {app: web, version: v1}\n    spec:", "labels: {app: web}\n    spec:\n      serviceAccountName: web"
    )
    without = proved(synthesis_of(text + RIGHTS))
    assert [gap.setting for gap in without.gaps] == ["network.api_server"]
    settings = NetworkSettings(api_server=ApiServerSettings(("192.0.2.1/32",), (6443,)))
    found = policies(proved(synthesis_of(text + RIGHTS, settings)))
    assert (["192.0.2.1/32"], ["TCP 6443"]) in rules(found["shop/web-deployment"], "egress")


OUTSIDE = {
    "a literal address is a block": ("http://198.51.100.7:9000", (), [(["198.51.100.7/32"], ["TCP 9000"])]),
    "a name is not opened": ("https://api.example.com", (), []),
    "a name with configured blocks": (
        "https://api.example.com",
        (("api.example.com", ("203.0.113.0/24",)),),
        [(["203.0.113.0/24"], ["TCP 443"])],
    ),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_hosts_outside(case: str) -> None:
    url, external, expected = OUTSIDE[case]
    found = proved(synthesis_of(deployment("web", "shop", {"API_URL": url}), NetworkSettings(external=external)))
    policy = policies(found).get("shop/web-deployment")
    assert ([] if policy is None else rules(policy, "egress")) == expected
    assert [gap.peer for gap in found.gaps] == ([] if expected else ["api.example.com"])
    if not expected:
        assert "# Not opened for Deployment web: egress to api.example.com on TCP 443" in found.groups[0].text


@pytest.mark.parametrize("style", ["networkpolicy", "cilium"])
def test_no_egress_is_ever_opened_to_all_addresses(style: Style) -> None:
    every = "0.0.0.0"  # noqa: S104 - what must not be opened
    env = {"A_URL": "https://api.example.com", "B_ADDR": f"{every}:80", "C_URL": f"http://{every}/0"}
    found = synthesis_of(deployment("web", "shop", env), NetworkSettings(style=style))
    text = "".join(group.text for group in found.groups)
    assert every not in text
    assert "world" not in text


def test_a_load_balancer_lets_in_addresses_and_no_pods() -> None:
    text = SHOP.replace(
        "  name: web\n  namespace: shop\nspec:\n  selector:",
        "  name: web\n  namespace: shop\nspec:\n  type: LoadBalancer\n  selector:",
    )
    text = text.replace("replicas: 2", "replicas: 1")
    assert "LoadBalancer" in text
    found = policies(proved(synthesis_of(text)))
    assert (["0.0.0.0/0", "::/0"], ["TCP 8080"]) in rules(found["shop/web-deployment"], "ingress")
    limited = text.replace("type: LoadBalancer", "type: LoadBalancer\n  loadBalancerSourceRanges: [192.0.2.0/24]")
    found = policies(proved(synthesis_of(limited)))
    assert rules(found["shop/web-deployment"], "ingress") == [(["192.0.2.0/24"], ["TCP 8080"])]


def test_pods_on_the_host_network_get_no_policy_and_are_named() -> None:
    text = deployment("agent", "shop", {"CART_ADDR": "cart:80"}, hostNetwork="true") + deployment("cart", "shop")
    found = proved(synthesis_of(text))
    assert "shop/agent-deployment" not in policies(found)
    assert "# Deployment agent is on the host's network: policies do not isolate it." in found.groups[0].text
    assert [gap.setting for gap in found.gaps] == ["network.nodes"]
    found = proved(synthesis_of(text, NetworkSettings(nodes=("192.0.2.0/24",))))
    assert rules(policies(found)["shop/cart-deployment"], "ingress") == [(["192.0.2.0/24"], ["TCP 8080"])]


def test_what_is_closed_is_listed() -> None:
    found = proved(synthesis_of(SHOP))
    closed = {(c.source, c.target) for c in found.proof.change.changes() if not c.closed.is_empty}
    assert ("shop/Deployment/idle", "shop/Deployment/cart") in closed
    assert not any(not change.opened.is_empty for change in found.proof.change.changes())


def test_the_cluster_s_own_namespaces_are_left_alone() -> None:
    found = synthesis_of(deployment("proxy", "kube-system"))
    assert found.groups == ()
    assert "the cluster's own components" in found.refused[0].reason


def test_pods_that_nothing_selects_are_a_reason_not_to_offer() -> None:
    text = SHOP.replace("matchLabels: {app: cart}", "matchLabels: {app: other}")
    found = synthesis_of(text)
    assert found.groups == ()
    reasons = {str(one.scope): one.reason for one in found.refused}
    assert "the policy cart-deployment would select no pods" in reasons["namespace shop"]
    assert "cart -> data/Deployment/db on TCP 5432 is needed and not proved" in reasons["namespace data"]


def test_pods_without_labels_are_a_reason_not_to_offer() -> None:
    pod = """---
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: shop}
spec: {containers: [{name: main, image: "registry.example.com/p:1", env: [{name: CART_ADDR, value: "cart:80"}]}]}
"""
    found = synthesis_of(SHOP + pod)
    assert "no lasting label" in found.refused[0].reason
    assert [str(group.scope) for group in found.groups] == ["namespace data"]


def test_a_namespace_with_a_chart_that_is_not_rendered_is_not_closed() -> None:
    chart = """---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: queue, namespace: data}
spec: {chart: {spec: {chart: rabbitmq}}}
"""
    found = synthesis_of(SHOP + chart)
    assert [(str(one.scope), one.reason.partition(",")[0]) for one in found.refused] == [
        ("namespace data", "HelmRelease data/queue installs rabbitmq here")
    ]
    assert [str(group.scope) for group in found.groups] == ["namespace shop"]


@pytest.mark.parametrize("target", ["0.0.0.0/0", "::/0"])
def test_addresses_that_are_all_addresses_are_not_opened(target: str) -> None:
    objects = list(located(deployment("web", "shop")))
    asked = Inference((Edge("shop/Deployment/web", target, ("TCP 80",), HIGH, ()),))
    found = proved(synthesise(existing(objects, frozenset(), asked), asked, NetworkSettings()))
    assert [gap.reason for gap in found.gaps] == ["all addresses are not opened unasked"]
    assert "shop/web-deployment" not in policies(found)
