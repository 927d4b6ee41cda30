"""Policies that exist already are respected, those of earlier runs are replaced, and variants are kept apart."""

from typing import Any

from gitops_guard.network.synthesis import Synthesis
from gitops_guard.network_settings import NetworkSettings, pods_in
from synth_objects import deployment, policies, synthesis_of

Json = dict[str, Any]
APP = deployment("web", "shop", {"CART_ADDR": "cart:80", "MAIL_ADDR": "mail:80"}) + "".join(
    deployment(name, "shop") for name in ("cart", "mail")
)


def written(name: str, spec: str, space: str = "  namespace: shop\n") -> str:
    return (
        f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {name}\n{space}spec: {spec}\n"
    )


DENY = written("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}")
WEB_TO_CART = written(
    "web",
    "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], "
    "egress: [{to: [{podSelector: {matchLabels: {app: cart}}}], ports: [{port: 8080}]}]}",
)
CART_FROM_WEB = written(
    "cart", "{podSelector: {matchLabels: {app: cart}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}"
)
DNS = written(
    "dns", "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}, {port: 53}]}]}"
)


def apps(found: Synthesis, name: str, side: str) -> list[str]:
    policy = policies(found).get(name, {"spec": {}})
    ends = (peer for rule in policy["spec"].get(side, []) for peer in rule.get("to", []) + rule.get("from", []))
    return [peer["podSelector"]["matchLabels"]["app"] for peer in ends]


def names(found: Synthesis) -> list[str]:
    return [name.removeprefix("shop/") for name in policies(found)]


def test_a_namespace_with_a_default_deny_gets_none() -> None:
    found = synthesis_of(APP + DENY)
    assert "default-deny" not in names(found)
    assert not found.refused


def test_only_the_direction_that_is_open_is_closed() -> None:
    found = synthesis_of(APP + written("deny", "{podSelector: {}}"))
    assert policies(found)["shop/default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Egress"]}


def test_dns_that_is_allowed_is_not_repeated() -> None:
    assert "allow-dns" in names(synthesis_of(APP + DENY))
    assert "allow-dns" not in names(synthesis_of(APP + DNS))


def test_only_the_missing_connections_of_a_governed_workload_are_added() -> None:
    found = synthesis_of(APP + DENY + WEB_TO_CART + CART_FROM_WEB)
    assert apps(found, "shop/web-deployment", "egress") == ["mail"]
    assert "cart-deployment" not in names(found)
    assert apps(found, "shop/mail-deployment", "ingress") == ["web"]
    assert not found.refused


def test_only_the_missing_ports_are_added() -> None:
    text = APP.replace(
        "ports: [{name: main, port: 80, targetPort: 8080}]",
        "ports: [{name: a, port: 80, targetPort: 8080}, {name: b, port: 81, targetPort: 8081}]",
    )
    text = text.replace('"cart:80"', '"cart:80,cart:81"')
    found = policies(synthesis_of(text + DENY + WEB_TO_CART))
    egress = found["shop/web-deployment"]["spec"]["egress"]
    assert [port["port"] for port in egress[0]["ports"]] == [8081]


def test_a_workload_that_policies_do_not_isolate_gets_all_of_its_connections() -> None:
    found = synthesis_of(APP + CART_FROM_WEB)
    assert apps(found, "shop/web-deployment", "egress") == ["cart", "mail"]


def test_the_name_of_another_s_policy_is_not_taken() -> None:
    taken = written("default-deny", "{podSelector: {matchLabels: {app: cart}}}") + written(
        "web-deployment", "{podSelector: {}}"
    )
    found = names(synthesis_of(APP + taken))
    assert "default-deny-2" in found
    assert "web-deployment-2" in found


def test_a_policy_that_cannot_be_read_is_named_and_nothing_is_left_to_it() -> None:
    odd = written("odd", "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{ipBlock: {cidr: x}}]}]}")
    found = synthesis_of(APP + odd)
    assert apps(found, "shop/web-deployment", "egress") == ["cart", "mail"]
    assert {"default-deny", "allow-dns"} <= set(names(found))
    assert ["no CIDR block" in problem for problem in found.proof.problems] == [True]


def test_an_admin_policy_that_denies_a_connection_is_the_reason() -> None:
    deny = """---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: no}
spec:
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
"""
    found = synthesis_of(APP + deny)
    assert not found.groups
    assert "shop/Deployment/web -> shop/Deployment/" in found.refused[0].reason


def test_a_second_run_changes_nothing() -> None:
    first = synthesis_of({"app.yaml": APP + CART_FROM_WEB})
    second = synthesis_of({"app.yaml": APP + CART_FROM_WEB, "network-policies/shop.yaml": first.groups[0].text})
    assert [group.text for group in second.groups] == [group.text for group in first.groups]
    assert not any(True for _ in second.proof.change.changes())


def test_what_an_earlier_run_allowed_and_is_not_needed_any_more_is_closed() -> None:
    first = synthesis_of({"app.yaml": APP})
    without = APP.replace("MAIL_ADDR", "MAIL_NOTHING").replace("mail:80", "none")
    second = synthesis_of({"app.yaml": without, "network-policies/shop.yaml": first.groups[0].text})
    assert [(c.source, c.target, c.closed.words) for c in second.proof.change.changes()] == [
        ("shop/Deployment/web", "shop/Deployment/mail", ("TCP 8080",))
    ]


def test_a_policy_with_our_label_in_another_s_file_is_another_s() -> None:
    text = synthesis_of(APP).groups[0].text
    found = synthesis_of({"app.yaml": APP, "mine.yaml": text.split("\n", 1)[1]})
    assert names(found) == []
    assert not found.refused


def test_manifests_without_a_namespace_get_policies_without_one() -> None:
    found = synthesis_of({"base/app.yaml": deployment("web", env={"CART_ADDR": "cart:80"}) + deployment("cart")})
    assert [str(group.scope) for group in found.groups] == ["folder base"]
    assert all("namespace" not in policy["metadata"] for policy in policies(found).values())
    assert apps(found, "/web-deployment", "egress") == ["cart"]


def test_variants_in_two_folders_do_not_govern_each_other() -> None:
    one = deployment("web", env={"CART_ADDR": "cart:80"}) + deployment("cart")
    other = one.replace("containerPort: 8080", "containerPort: 9090").replace("targetPort: 8080", "targetPort: 9090")
    closed = written("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}", "")
    found = synthesis_of({"one/app.yaml": one, "two/app.yaml": other + closed})
    assert not found.refused
    ports = []
    for group in found.groups:
        own = policies(found._replace(groups=(group,)))
        ports.append(own["/web-deployment"]["spec"]["egress"][0]["ports"])
        assert ("/default-deny" in own) == (group.scope.folder == "one")
    assert ports == [[{"protocol": "TCP", "port": 8080}], [{"protocol": "TCP", "port": 9090}]]


def test_a_patch_of_a_workload_is_none() -> None:
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
    patch += "spec: {template: {spec: {containers: [{name: main}]}}}\n"
    app = deployment("web", env={"CART_ADDR": "cart:80"}) + deployment("cart")
    found = synthesis_of({"base/app.yaml": app, "overlay/patch.yaml": patch})
    assert [str(group.scope) for group in found.groups] == ["folder base"]
    assert not found.refused


def test_policies_of_an_api_that_is_not_modelled_leave_nothing_proved() -> None:
    cilium = (
        "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: x, namespace: shop}\nspec: {}\n"
    )
    found = synthesis_of(APP + cilium)
    assert not found.groups
    assert "objects of this kind are not modelled" in found.refused[0].reason


def test_our_own_cilium_policies_are_no_obstacle() -> None:
    settings = NetworkSettings(style="cilium")
    first = synthesis_of({"app.yaml": APP}, settings)
    second = synthesis_of({"app.yaml": APP, "network-policies/shop.yaml": first.groups[0].text}, settings)
    assert [group.text for group in second.groups] == [group.text for group in first.groups]


def test_policies_in_a_folder_below_belong_to_the_workloads_above() -> None:
    app = deployment("web", env={"CART_ADDR": "cart:80"}) + deployment("cart")
    closed = written("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}", "")
    found = synthesis_of({"app/app.yaml": app, "app/policies/deny.yaml": closed})
    assert "/default-deny" not in policies(found)


def test_folders_that_are_connected_are_one_namespace() -> None:
    found = synthesis_of(
        {"shop/web/app.yaml": deployment("web", env={"CART_ADDR": "cart:80"}), "shop/cart/app.yaml": deployment("cart")}
    )
    assert not found.refused
    by_folder = {group.scope.folder: policies(found._replace(groups=(group,))) for group in found.groups}
    assert set(by_folder) == {"shop/web", "shop/cart"}
    (rule,) = by_folder["shop/cart"]["/cart-deployment"]["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app": "web"}}}]


def test_a_namespace_that_is_not_written_is_taken_to_be_default_and_said() -> None:
    app = deployment("web", env={"DB_ADDR": "db.data:80"})
    found = synthesis_of({"web/app.yaml": app, "data.yaml": deployment("db", "data")})
    assert not found.refused
    text = next(group.text for group in found.groups if group.scope.namespace)
    assert "# the manifest at the other end names no namespace: it is taken to be `default`\n" in text


def test_a_need_of_pods_elsewhere_that_our_policies_would_stop_is_a_reason_not_to_offer() -> None:
    """The configured monitoring lies in a namespace of the repository, and no workload there is it."""
    text = APP.replace(
        "labels: {app: cart, version: v1}", "labels: {app: cart}\n      annotations: {prometheus.io/scrape: 'true'}"
    )
    settings = NetworkSettings(monitoring=(pods_in("watch", (("app", "prometheus"),)),))
    found = synthesis_of(text + deployment("other", "watch"), settings)
    assert [str(one.scope) for one in found.refused] == ["namespace watch"]
    assert [str(group.scope) for group in found.groups] == ["namespace shop"]


def test_what_the_policies_of_one_variant_allow_is_still_written_for_another() -> None:
    one = deployment("web", env={"CART_ADDR": "cart:80", "EXTRA_ADDR": "extra:80"}) + deployment("cart")
    mine = "".join(text.replace("  namespace: shop\n", "") for text in (DENY, WEB_TO_CART, CART_FROM_WEB))
    found = synthesis_of({"one/app.yaml": one + mine, "two/app.yaml": one, "extra/app.yaml": deployment("extra")})
    two = next(policies(found._replace(groups=(group,))) for group in found.groups if group.scope.folder == "two")
    ends = [rule["to"][0]["podSelector"]["matchLabels"]["app"] for rule in two["/web-deployment"]["spec"]["egress"]]
    assert ends == ["cart", "extra"]
