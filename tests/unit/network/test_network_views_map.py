"""The pictures of a cluster: what is drawn, where, and that names of the repository stay text."""

import json
import re
from collections.abc import Iterable
from itertools import combinations, pairwise
from typing import Any

import pytest

from gitops_guard.network.inference import infer
from gitops_guard.network.judging import Judgement, judge
from gitops_guard.network.layers import Grid, layered
from gitops_guard.network.layout import Rectangle, layout
from gitops_guard.network.listing import listing
from gitops_guard.network.reading import cluster
from gitops_guard.network.scene import MOST_NODES, Scene, scene
from gitops_guard.publishers import network_verification
from gitops_guard.publishers.network_dot import as_dot, quoted
from gitops_guard.publishers.network_markdown import as_markdown
from gitops_guard.publishers.network_mermaid import label
from gitops_guard.publishers.network_picture import render
from gitops_guard.publishers.network_table import as_console
from gitops_guard.report import Coverage
from netpol_objects import located, namespace, pod, policy

Json = dict[str, Any]

HOSTILE = "<script>alert(1)</script>\"'`|\n\u001b[2J@acme"


def judged(items: Iterable[Json]) -> Judgement:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}, indent=1, ensure_ascii=False)
    found = tuple(located(text))
    return judge(cluster(found), infer(found).edges)


def app(name: str, port: int, space: str = "shop", **env: str) -> Json:
    found = pod(name, space, [{"containerPort": port}], app=name)
    found["spec"]["containers"][0]["env"] = [{"name": key, "value": value} for key, value in env.items()]
    return found


def service(name: str, port: int, space: str = "shop", **spec: Any) -> Json:
    spec = {"selector": {"app": name}, "ports": [{"port": port}]} | spec
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space}, "spec": spec}


SHOP = (
    app("web", 8080, CART_ADDR="cart:7070", MAIL_HOST="smtp.example.com:587"),
    app("cart", 7070, DB_URL="postgres://db:5432/cart"),
    app("db", 5432),
    app("tool", 9000),
    app("metrics", 9090, "watch"),
    service("web", 8080, type="LoadBalancer"),
    service("cart", 7070),
    service("db", 5432),
    policy("db", "shop", podSelector={"matchLabels": {"app": "db"}}, ingress=[{"from": [{"podSelector": {}}]}]),
    policy("cart", "shop", podSelector={"matchLabels": {"app": "cart"}}, ingress=[]),
    policy("tool", "shop", podSelector={"matchLabels": {"app": "tool"}}, ingress=[{}]),
)


def kinds(found: Scene) -> set[tuple[str, str, str]]:
    return {(link.source.rpartition("/")[2], link.target.rpartition("/")[2], link.kind) for link in found.links}


def test_links_are_what_is_needed_exposed_or_singled_out() -> None:
    assert kinds(scene(judged(SHOP))) == {
        ("the internet", "web", "into"),
        ("web", "cart", "denied"),
        ("cart", "db", "needed"),
        ("web", "smtp.example.com", "needed"),
        ("box:shop", "db", "extra"),
    }


def test_a_workload_shows_how_open_it_is() -> None:
    states = {node.title: (node.ingress, node.egress) for node in scene(judged(SHOP)).nodes if node.box}
    assert states == {
        "web": ("open", "open"),
        "cart": ("closed", "open"),
        "db": ("limited", "open"),
        "tool": ("wide", "open"),
        "metrics": ("open", "open"),
    }


def test_pods_on_the_hosts_network_are_shown_as_such() -> None:
    agent = app("agent", 9000)
    agent["spec"]["hostNetwork"] = True
    (node,) = scene(judged([agent, policy("deny", "shop", ingress=[])])).nodes
    assert node.ingress == "host"


def test_large_clusters_are_drawn_by_namespace() -> None:
    crowd = [pod(f"p{number}", f"n{number % 20}") for number in range(MOST_NODES + 1)]
    found = scene(judged([*crowd, *SHOP]))
    assert found.is_collapsed
    assert len([node for node in found.nodes if node.kind]) == 22
    assert ("the internet", "shop", "into") in kinds(found)


def rectangles_touch(one: Rectangle, other: Rectangle) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height


@pytest.mark.parametrize("count", [1, 5, 17, 60])
def test_nodes_neither_overlap_nor_leave_their_box(count: int) -> None:
    items = [
        app(f"w{n}", 8000 + n, f"n{n % 4}", NEXT_ADDR=f"w{n // 2}.n{n // 2 % 4}:{8000 + n // 2}") for n in range(count)
    ]
    items += [
        service(f"w{n}", 8000 + n, f"n{n % 4}", type="NodePort" if n % 9 == 0 else "ClusterIP") for n in range(count)
    ]
    shown = scene(judged(items))
    places = layout(shown)
    assert not [pair for pair in combinations(places.nodes.values(), 2) if rectangles_touch(*pair)]
    assert not [pair for pair in combinations(places.boxes.values(), 2) if rectangles_touch(*pair)]
    for node in shown.nodes:
        place = places.nodes[node.key]
        assert 0 <= place.x < place.x + place.width <= places.width
        assert 0 <= place.y < place.y + place.height <= places.height
        if node.box:
            box = places.boxes[node.box]
            assert box.x < place.x < place.x + place.width < box.x + box.width
            assert box.y < place.y < place.y + place.height < box.y + box.height


def test_layers_survive_cycles_and_long_chains() -> None:
    keys = [str(number) for number in range(2_000)]
    chain = list(pairwise(keys))
    found = layered(keys, [*chain, (keys[-1], keys[0]), (keys[5], keys[5])], Grid(10, 5, 4, 2))
    assert [found.nodes[key].x for key in keys] == sorted(found.nodes[key].x for key in keys)


def test_the_same_cluster_gives_the_same_page() -> None:
    assert render(judged(SHOP), Coverage()) == render(judged(SHOP), Coverage())
    shuffled = scene(judged(tuple(reversed(SHOP))))
    assert {node.key: layout(shuffled).nodes[node.key] for node in shuffled.nodes} == layout(scene(judged(SHOP))).nodes


def test_the_page_loads_nothing_runs_nothing_and_escapes_names() -> None:
    evil = pod(HOSTILE, "shop", [{"containerPort": 80}], app="evil")
    page = render(judged([*SHOP, evil, namespace("shop", x="y")]), Coverage())
    assert "<script" not in page
    assert 'content="default-src &#39;none&#39;; style-src &#39;sha256-' in page
    assert " style=" not in page.split("</style>")[1]
    assert re.findall(r"(?:src|href)=(.)(.)", page) == [('"', "#")]
    assert "\u001b" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_page_says_what_is_denied_and_why() -> None:
    page = render(judged(SHOP), Coverage())
    assert "The policies deny 1 connection that the manifests need" in page
    assert "CART_ADDR: cart:7070 in cluster.yaml:" in page


def test_graphviz_gets_every_connection_and_hostile_names_stay_quoted() -> None:
    found = judged(SHOP).verification.connections
    text = as_dot(found, listing(found))
    assert '  "shop/Pod/cart" -> "shop/Pod/db" [label="all"];' in text
    assert text.count(" -> ") == len(listing(found).edges)
    assert quoted('a"]; b -> c\n\\') == '"a\\"]; b -> c\\\\n\\\\"'


def test_labels_of_mermaid_hold_nothing_that_ends_them() -> None:
    assert re.fullmatch(r"[A-Za-z0-9 ./*:,#;-]+", label(HOSTILE))
    assert label('a"b') == "a#34;b"


def test_the_table_names_groups_and_keeps_to_80_columns() -> None:
    found = judged(
        [*SHOP, app("a-workload-with-a-name-that-fills-a-good-part-of-the-line", 1)]
    ).verification.connections
    text = as_console(found, Coverage())
    assert max(map(len, text.split("\n"))) <= 80
    assert "shop/Pod/db\n  <- shop/*" in text
    assert "shop/Pod/cart\n  <- nobody\n" in text
    assert "shop/Pod/web\n  <- anyone: no policy limits it\n" in text


def test_markdown_has_a_table_for_each_namespace() -> None:
    text = as_markdown(judged([*SHOP, pod(HOSTILE, "shop", app="evil")]).verification.connections, Coverage())
    assert "### `shop`" in text
    assert "| `Pod/cart` | none | **not limited** |" in text
    rows = [line for line in text.split("\n") if line.startswith("| `Pod")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {4}
    assert text.count("<script") == text.count("| `` Pod/<script>") == 1


def test_verification_says_which_needs_are_denied_and_counts_what_is_beyond() -> None:
    found = judged(SHOP)
    text = network_verification.as_console(found, infer(()), Coverage())
    assert max(map(len, text.split("\n"))) <= 80
    assert "denied: shop/Pod/web -> shop/Pod/cart  TCP 7070\n    needed by CART_ADDR: cart:7070 in" in text
    value = json.loads(network_verification.as_json(found, infer(()), Coverage()))
    assert value["beyond"]["pairs"] == len(value["beyond"]["edges"]) == len(list(found.verification.beyond()))
    assert value["summary"] == {"allowed": 3, "denied": 1, "unknown": 0, "absent": 0}


INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 8080}}}},
}
INSIDE = [{"namespaceSelector": {"matchLabels": {"team": "edge"}}}]


@pytest.mark.parametrize(
    ("rules", "status"),
    [(None, "allowed"), ([{}], "allowed"), ([], "denied"), ([{"from": INSIDE}], "unknown"),
     ([{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}], "denied")],
)  # fmt: skip
def test_what_comes_through_an_ingress_controller_is_judged_by_what_is_admitted(rules: Any, status: str) -> None:
    items: list[Json] = [app("web", 8080), service("web", 8080), INGRESS]
    items += [] if rules is None else [policy("web", "shop", ingress=rules)]
    assert [one.status for one in judged(items).needs] == [status]


def test_a_load_balancer_for_some_addresses_is_as_it_is_meant() -> None:
    office = policy("web", "shop", ingress=[{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}])
    (need,) = judged([app("web", 8080), service("web", 8080, type="LoadBalancer"), office]).needs
    assert (need.status, need.reason) == ("allowed", "from a part of all addresses")


def test_long_names_keep_their_ends() -> None:
    names = [f"a-very-long-name-that-is-shared-by-several-workloads-{end}" for end in ("dev", "prod")]
    page = render(judged(app(name, 80, f"{'n' * 200}-{name}") for name in names), Coverage())
    shown = re.findall(r'<text class="name"[^>]*>([^<]*)<', page)
    assert [name.rpartition("-")[2] for name in shown] == ["dev", "prod"]
    assert max(map(len, shown)) < 40
    titles = re.findall(r'<g class="box"><text[^>]*>([^<]*)<', page)
    assert [title.rpartition("-")[2] for title in titles] == ["dev", "prod"]
