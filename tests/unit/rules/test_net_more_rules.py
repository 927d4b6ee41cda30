"""What the rules on networks say of several objects together."""

from collections.abc import Iterable
from datetime import date

import pytest

from gitops_guard.engine import Detection, rule_set, scan_repository
from gitops_guard.finding import LOW, MEDIUM
from gitops_guard.fixing import groups, solve
from gitops_guard.inspection import Rules, inspect
from gitops_guard.model.inventory import Fact, inventory
from gitops_guard.network.connections import Edge
from gitops_guard.network.fix_proof import prove_fix
from gitops_guard.network.ports import parse
from gitops_guard.rule import Rule, RuleContext
from gitops_guard.rules.net import NET
from gitops_guard.rules.net.near_misses import is_slip
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.workbench import Workbench
from netpol_objects import of_text

POD = """apiVersion: v1
kind: Pod
metadata: {{name: {0}, namespace: shop, labels: {{app: {0}}}}}
spec:
  containers:
    - {{name: main, image: "nginx:1.27.0", ports: [{{name: http, containerPort: 8080}}]}}
"""
POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {0}, namespace: {1}}}
spec: {2}
"""
SERVICE = """apiVersion: v1
kind: Service
metadata: {{name: {0}, namespace: shop}}
spec:
  selector: {{app: {1}}}
  ports: [{{port: 80, targetPort: http}}]
"""
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: shop\n"
APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: cart, namespace: argocd}
spec: {destination: {namespace: shop}}
"""
CONTEXT = RuleContext(Settings(), date(2026, 11, 24))


def rule(number: str) -> Rule:
    return next(one for one in NET if one.id == f"GG-NET-{number}")


def rules_of(number: str) -> Rules:
    one = rule_set((rule(number),))
    return Rules(one, lambda: one)


def found(number: str, *texts: str) -> list[Detection]:
    """What a rule on the whole repository finds in files `0.yaml`, `1.yaml` and so on, one in each folder."""
    rules = rules_of(number)
    facts: list[Fact] = []
    for place, text in enumerate(texts):
        facts += inspect(SourceFile(f"{place}/{place}.yaml", text), rules, CONTEXT).facts
    return scan_repository(inventory(facts), rules.manifest, CONTEXT)


def messages(detections: Iterable[Detection]) -> list[str]:
    return [one.finding.message for one in detections]


@pytest.mark.parametrize("number", ["001", "002"])
def test_a_namespace_is_reported_once(number: str) -> None:
    (one,) = found(number, *(POD.format(name) for name in ("web", "db", "api", "cart", "mail")))
    assert (one.finding.resource.kind, one.finding.resource.name) == ("Namespace", "shop")
    assert one.finding.place.path == "0/0.yaml"
    assert "Pod api, Pod cart, Pod db and 2 more" in one.finding.message


def test_a_namespace_stays_the_same_problem_when_its_workloads_change() -> None:
    before = found("001", POD.format("web"), POD.format("db"))
    after = found("001", POD.format("cart"))
    assert [one.finding.stem for one in before] == [one.finding.stem for one in after]


def test_only_the_workloads_that_no_policy_selects_are_named() -> None:
    policy = POLICY.format("p", "shop", "{podSelector: {matchLabels: {app: web}}}")
    assert messages(found("001", POD.format("web"), POD.format("db"), policy)) == [
        "no NetworkPolicy limits who may connect to the pods of Pod db"
    ]


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("frontend", "front-end", True),
        ("payments", "payment", True),
        ("api", "apis", True),
        ("cart", "catr", True),
        ("cart", "cost", False),
        ("web", "db", False),
        ("cart", "carrot", False),
        ("web-1", "web-2", False),
        ("v1", "v", False),
        ("web", "web", False),
    ],
)
def test_a_slip_is_a_letter_or_two_and_no_number(one: str, other: str, slip: bool) -> None:  # noqa: FBT001 - a table
    assert is_slip(one, other) is slip
    assert is_slip(other, one) is slip


def test_a_near_miss_says_which_label_of_which_workload() -> None:
    (one,) = found("008", SERVICE.format("cart", "catr"), POD.format("cart"))
    assert one.finding.severity == MEDIUM
    assert one.finding.message == (
        "the Service's selector matches no workload: it asks for app=catr, and Pod shop/cart carries app=cart"
    )


def test_a_selector_far_from_everything_is_low_and_says_what_is_known() -> None:
    (one,) = found("008", SERVICE.format("cart", "basket"), POD.format("cart"))
    assert one.finding.severity == LOW
    assert one.finding.message.endswith("matches no workload that the repository holds for namespace shop")


@pytest.mark.parametrize(
    "other",
    [
        POD.format("basket").replace(", namespace: shop", ""),
        KUSTOMIZATION,
        APPLICATION,
        "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {name: k, namespace: shop}\n",
    ],
    ids=["a pod whose namespace is not known", "Kustomize", "a chart", "an operator"],
)
def test_a_selector_is_left_alone_where_its_pods_may_come_from_elsewhere(other: str) -> None:
    assert found("008", SERVICE.format("cart", "basket"), POD.format("cart"), other) == []


def test_a_slip_is_reported_although_kustomize_adds_pods() -> None:
    assert len(found("008", SERVICE.format("cart", "catr"), POD.format("cart"), KUSTOMIZATION)) == 1


def test_a_free_label_is_reported_once_for_all_policies() -> None:
    spec = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}}]}]}"
    texts = [POLICY.format("p", space, spec) for space in ("a", "b", "c")]
    (one,) = found("009", *texts)
    assert one.finding.message == (
        "NetworkPolicy a/p (and 2 more policies) chooses namespaces by team=ops, which whoever may edit a Namespace can"
        " set"
    )
    assert one.finding.place.path == "0/0.yaml"
    assert one.fix is None
    assert [one.finding.stem] == [other.finding.stem for other in found("009", *texts[1:])]


def test_a_label_of_two_namespaces_gets_no_fix() -> None:
    spec = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {name: ops}}}]}]}"
    spaces = "".join(
        f"---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{name: ops}}}}\n"
        for name in ("ops", "tenant")
    )
    (one,) = found("009", POLICY.format("p", "a", spec) + spaces)
    assert one.fix is None


def test_a_port_of_pods_that_may_be_elsewhere_is_not_judged() -> None:
    spec = "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: https}]}]}"
    texts = [POD.format("web"), POLICY.format("p", "shop", spec)]
    assert len(found("011", *texts)) == 1
    assert found("011", *texts, KUSTOMIZATION) == []
    assert found("011", *texts, POD.format("web").replace(", namespace: shop", "")) == []


def test_a_named_port_in_another_namespace_is_judged_by_its_pods() -> None:
    peer = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}, podSelector: {}}"
    spec = f"{{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{peer}], ports: [{{port: PORT}}]}}]}}"
    texts = [POD.format("web"), POD.format("db"), POLICY.format("p", "front", spec)]
    assert messages(found("011", *(text.replace("PORT", "https") for text in texts))) == [
        "no container of Pod shop/db and 1 more declares a port named https"
    ]
    assert found("011", *(text.replace("PORT", "http") for text in texts)) == []


def test_the_policies_without_effect_are_named() -> None:
    network = (
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: f, namespace: kube-flannel}\nspec:\n  template:\n"
        "    spec: {containers: [{name: f, image: flannel/flannel:v0.26.0}]}\n"
    )
    policies = [POLICY.format(name, "shop", "{podSelector: {}}") for name in "abcde"]
    assert messages(found("017", network, *policies)) == [
        "flannel enforces no NetworkPolicy: without effect are shop/a, shop/b, shop/c and 2 more"
    ]


def test_workloads_with_an_identity_of_the_cloud_are_listed_clients() -> None:
    policy = POLICY.format("out", "shop", "{podSelector: {}, policyTypes: [Egress], egress: [{}]}")
    client = POD.format("web").replace("labels: {app: web}", "labels: {app: web, azure.workload.identity/use: 'true'}")
    assert messages(found("018", client, POD.format("db"), policy)) == [
        "the pods of Pod db can reach the cloud's metadata service: by NetworkPolicy out"
    ]


@pytest.mark.parametrize(
    "text",
    [
        POLICY.format("p", "shop", "[]"),
        POLICY.format("p", "shop", "{podSelector: 1, ingress: {from: x}, egress: [1, {to: x, ports: 3}, null]}"),
        POLICY.format("p", "shop", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: [1], except: {a: 1}}}, 7]}]}"),
        POLICY.format("p", "shop", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/99}}]}]}"),
        POLICY.format(
            "p", "shop", "{podSelector: {matchExpressions: [1, {key: a}]}, ingress: [{ports: [{port: {}}]}]}"
        ),
        SERVICE.format("s", "x").replace("[{port: 80, targetPort: http}]", "[7, {port: x, targetPort: []}]"),
        SERVICE.format("s", "x").replace("{app: x}", "[app]") + "  externalIPs: {a: b}\n",
        "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nmetadata: {name: c}\nspec: {networking: 7}\n",
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, annotations: [7]}\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: {sources: {chart: 1}}\n",
    ],
)
def test_no_object_is_too_broken_to_look_at(text: str) -> None:
    every = rule_set(NET)
    rules = Rules(every, lambda: every)
    bench = Workbench(rules, CONTEXT, {})
    seen, detections = bench.detections(
        SourceFile("a.yaml", text + "---\n" + POD.format("web").replace("shop", "front"))
    )
    assert seen.failed is None
    assert {one.finding.rule_id for one in detections} >= {"GG-NET-002"}


def test_the_fix_of_an_unlimited_block_closes_the_metadata_service_and_nothing_else() -> None:
    spec = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"
    text = POLICY.format("out", "shop", spec) + "---\n" + POD.format("web")
    bench = Workbench(rules_of("010"), CONTEXT, {})
    file = SourceFile("a.yaml", text)
    detections = bench.detections(file)[1]
    patch = solve(file, groups(detections)[0], bench.bench(detections)).patch
    assert patch is not None
    needed = [Edge("shop/Pod/web", "198.51.100.7/32", parse(["TCP 443"]))]
    proof = prove_fix(of_text(text), of_text(patch.files[0].after), needed)
    assert [(change.source, change.target) for change in proof.closed] == [("shop/Pod/web", "169.254.169.254/32")]
    assert proof.only_closes
    assert proof.holds
