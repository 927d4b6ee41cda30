"""The text of synthesised policies: valid YAML for every name, comments that end where they should, Cilium's form."""

from typing import Any

import pytest
import yaml

from gitops_guard.model.selector import Expression, Selector
from gitops_guard.network import cilium_text, policy_text
from gitops_guard.network.cluster import PodPeer
from gitops_guard.network.needs import Blocks, HostName
from gitops_guard.network.policy_text import Draft, Rule
from gitops_guard.network.ports import ALL_PORTS, port_range
from gitops_guard.network_settings import ApiServerSettings, NetworkSettings
from synth_objects import deployment, policies, synthesis_of

Json = dict[str, Any]
HOSTILE = (
    'a"b',
    "a'b",
    "a: b",
    "a # b",
    "- a",
    "{a}",
    "*a",
    "&a",
    "!a",
    "yes",
    "1",
    "null",
    "0o7",
    "1e3",
    "a\nb: c",
    "a\r\nb",
    "a\tb",
    "\u2028a",
    "\x85",
    "a\x00b",
    "\u202ea",
    "---",
    "...",
    "",
    " a ",
    "a" * 5000,
    "日本",
)


def draft(text: str) -> Draft:
    selector = Selector((("app", text),), (Expression("x", "In", (text,)),))
    peer = PodPeer(Selector((("space", text),)), Selector((("peer", text),)))
    rule = Rule((peer, Blocks(("192.0.2.0/24",))), port_range("TCP", 80, 90), (text, text + "x"))
    return Draft("shop", "web", selector, (rule,), (rule._replace(ports=ALL_PORTS),), (text,))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("style", [policy_text, cilium_text], ids=("networkpolicy", "cilium"))
def test_any_text_in_labels_and_comments_is_read_back_as_it_is(text: str, style: Any) -> None:
    documents = list(yaml.safe_load_all(style.render(draft(text))))
    assert len(documents) == 1
    assert set(documents[0]) == {"apiVersion", "kind", "metadata", "spec"}
    assert documents[0]["metadata"] == {
        "name": "web",
        "namespace": "shop",
        "labels": {"app.kubernetes.io/managed-by": "gitops-guard"},
    }
    chosen = documents[0]["spec"]["podSelector" if style is policy_text else "endpointSelector"]
    assert chosen == {
        "matchLabels": {"app": text},
        "matchExpressions": [{"key": "x", "operator": "In", "values": [text]}],
    }


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_comment_is_one_short_line(text: str) -> None:
    found = policy_text.comment(text)
    assert found.startswith("# ")
    assert len(found) <= 250
    assert found.isprintable()


def test_a_range_of_ports_and_all_ports() -> None:
    found = yaml.safe_load(policy_text.render(draft("a")))
    assert found["spec"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": 80, "endPort": 90}]
    assert "ports" not in found["spec"]["egress"][0]


def test_a_rule_whose_peers_have_no_words_is_left_out_and_opens_nothing() -> None:
    rule = Rule((HostName("api.example.com"),), ALL_PORTS, ())
    found = yaml.safe_load(policy_text.render(Draft("", "web", Selector(()), None, (rule,))))
    assert found["spec"] == {"podSelector": {}, "policyTypes": ["Egress"]}


def test_at_most_three_pieces_of_evidence_stand_above_a_rule() -> None:
    rule = Rule((Blocks(("192.0.2.0/24",)),), ALL_PORTS, tuple("abcde"))
    text = policy_text.render(Draft("", "web", Selector(()), None, (rule,)))
    assert "    # a\n    # b\n    # c\n    # and 2 more\n    - to:\n" in text


def test_hostile_names_of_workloads_give_names_that_the_server_takes() -> None:
    text = deployment("web", "shop", {"A_ADDR": "cart:80"}).replace("  name: web", '  name: "../we\\nb"', 1)
    found = synthesis_of(text + deployment("cart", "shop"))
    assert [name.rpartition("-")[0] for name in policies(found) if "cart" not in name] == [
        "shop/default",
        "shop/allow",
        "shop/workload",
    ]
    assert "\n# Deployment ../we\\nb\napiVersion:" in found.groups[0].text


def test_labels_that_the_server_refuses_are_a_reason_not_to_offer() -> None:
    text = deployment("WEB", "shop", {"A_ADDR": "cart:80"}).replace("WEB", '"we\\nb"') + deployment("cart", "shop")
    found = synthesis_of(text)
    assert found.groups == ()
    assert "is no label value" in found.refused[0].reason


def test_a_namespace_that_no_cluster_can_have_gets_no_file() -> None:
    found = synthesis_of(deployment("web", '"../../etc"'))
    assert found.groups == ()
    assert "no name that a namespace can have" in found.refused[0].reason


CILIUM = NetworkSettings(style="cilium")


def spec(text: str, name: str, settings: NetworkSettings = CILIUM) -> Json:
    found = synthesis_of(text, settings)
    assert not found.refused
    policy: Json = policies(found)[name]
    assert (policy["apiVersion"], policy["kind"]) == ("cilium.io/v2", "CiliumNetworkPolicy")
    body: Json = policy["spec"]
    return body


APP = deployment("web", "shop", {"DB_ADDR": "db.data:80", "API_URL": "https://api.example.com"}) + deployment(
    "db", "data"
)


def test_cilium_denies_by_an_empty_rule() -> None:
    assert spec(APP, "shop/default-deny") == {"endpointSelector": {}, "ingress": [{}], "egress": [{}]}


def test_cilium_reads_dns_for_rules_on_names() -> None:
    kube_dns = {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns"}
    ports = [{"port": "53", "protocol": "TCP"}, {"port": "53", "protocol": "UDP"}]
    assert spec(APP, "shop/allow-dns")["egress"] == [
        {
            "toEndpoints": [{"matchLabels": kube_dns}],
            "toPorts": [{"ports": ports, "rules": {"dns": [{"matchPattern": "*"}]}}],
        }
    ]


def test_cilium_opens_names_and_pods_of_other_namespaces() -> None:
    assert spec(APP, "shop/web-deployment") == {
        "endpointSelector": {"matchLabels": {"app": "web"}},
        "egress": [
            {
                "toEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "data", "k8s:app": "db"}}],
                "toPorts": [{"ports": [{"port": "8080", "protocol": "TCP"}]}],
            },
            {
                "toFQDNs": [{"matchName": "api.example.com"}],
                "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}],
            },
        ],
    }
    assert synthesis_of(APP, CILIUM).proof.unproved == 1


def test_cilium_knows_the_api_server_and_the_world() -> None:
    text = APP.replace(
        "labels: {app: web, version: v1}\n    spec:", "labels: {app: web}\n    spec:\n      serviceAccountName: web"
    )
    text = text.replace(
        "  name: web\n  namespace: shop\nspec:\n  selector:",
        "  name: web\n  namespace: shop\nspec:\n  type: LoadBalancer\n  selector:",
    )
    rights = """---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: all, namespace: shop}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
"""
    for settings in (CILIUM, CILIUM._replace(api_server=ApiServerSettings(("192.0.2.1/32",), (6443,)))):
        found = spec(text + rights, "shop/web-deployment", settings)
        assert any(rule.get("toEntities") == ["kube-apiserver"] for rule in found["egress"])
        assert any(rule.get("fromEntities") == ["world"] for rule in found["ingress"])
