"""What a change does to connections: what comes first, what is said of it, and what stays quiet."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from gitops_guard.network.change import (
    BLOCKS,
    CLOSED,
    GONE,
    HOST,
    PROBES,
    NetworkChange,
    NetworkSide,
    compare,
    names_in,
)
from gitops_guard.network.inference import infer
from gitops_guard.network.reading import cluster
from gitops_guard.publishers import network_changes
from gitops_guard.publishers.network_words import first, namer
from netpol_objects import located, namespace, pod, policy

Json = dict[str, Any]

WEB, CART, DB = "shop/Pod/web", "shop/Pod/cart", "shop/Pod/db"


def app(name: str, port: int, **env: str) -> Json:
    found = pod(name, "shop", [{"containerPort": port}], app=name)
    found["spec"]["containers"][0]["env"] = [{"name": key, "value": value} for key, value in env.items()]
    return found


def service(name: str, port: int, **spec: Any) -> Json:
    spec = {"selector": {"app": name}, "ports": [{"port": port}]} | spec
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def allow(name: str, source: str, port: int) -> Json:
    peers = [{"podSelector": {"matchLabels": {"app": source}}}]
    selector = {"matchLabels": {"app": name}}
    return policy(name, "shop", podSelector=selector, ingress=[{"from": peers, "ports": [{"port": port}]}])


SHOP = (
    namespace("shop"),
    app("web", 8080, CART_ADDR="cart:7070"),
    app("cart", 7070, DB_URL="postgres://db:5432/cart"),
    app("db", 5432),
    service("web", 8080),
    service("cart", 7070),
    service("db", 5432),
    allow("cart", "web", 7070),
    allow("db", "cart", 5432),
)


def side(items: Iterable[Json]) -> NetworkSide:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}, indent=1, ensure_ascii=False)
    found = tuple(located(text, "shop.json"))
    return NetworkSide(cluster(found), infer(found))


def changed(*items: Json, without: Iterable[str] = (), base: Iterable[Json] = SHOP) -> NetworkChange:
    """The base with some objects replaced or added, and others left out (`Kind/name`)."""
    by_name = {f"{one['kind']}/{one['metadata']['name']}": one for one in base}
    new = {name: one for name, one in by_name.items() if name not in set(without)}
    new |= {f"{one['kind']}/{one['metadata']['name']}": one for one in items}
    return compare(side(base), side(new.values())).change


def test_a_change_of_nothing_is_empty() -> None:
    assert changed().is_empty
    assert changed(app("db", 5432) | {"metadata": {**app("db", 5432)["metadata"], "annotations": {"a": "b"}}}).is_empty


def test_a_policy_that_closes_what_an_env_still_names_probably_breaks_it() -> None:
    found = changed(allow("db", "nobody", 5432))
    (broken,) = found.broken
    assert (broken.need.source, broken.need.target, broken.ports, broken.cause) == (CART, DB, ("TCP 5432",), CLOSED)
    assert broken.evidence[0].text.startswith("DB_URL")
    assert not found.rest
    text = "\n".join(network_changes.section(found))
    assert "| **closed** | `shop/cart` | `shop/db` | TCP 5432 | probably breaks: `DB_URL: " in text
    assert "`shop.json:" in text


def test_what_was_denied_before_is_not_reported_as_broken_by_the_change() -> None:
    base = (*SHOP[:-1], allow("db", "nobody", 5432))
    found = changed(service("web", 8080, type="NodePort"), base=base)
    assert not found.broken
    assert not found.needed_but_denied
    assert [shift.after.via for shift in found.exposures if shift.after] == ["shop/Service/web"]


def test_a_new_need_that_the_policies_deny_is_reported_with_its_evidence() -> None:
    found = changed(app("web", 8080, CART_ADDR="cart:7070", DB_HOST="db:5432"))
    (denied,) = found.needed_but_denied
    assert (denied.need.source, denied.need.target, denied.missing.words) == (WEB, DB, ("TCP 5432",))
    assert not found.broken
    assert "needed by `DB_HOST: db:5432` in `shop.json:" in "\n".join(network_changes.section(found))


def test_a_service_that_is_gone_breaks_what_names_it() -> None:
    found = changed(without=["Service/db"])
    (broken,) = found.broken
    assert (broken.need.source, broken.need.target, broken.cause) == (CART, DB, GONE)
    assert "no Service db" in broken.detail


def test_an_opened_connection_that_the_manifests_ask_for_says_why() -> None:
    base = (*SHOP[:-1], allow("db", "nobody", 5432))
    found = changed(allow("db", "cart", 5432), base=base)
    (row,) = found.explained
    assert (row.sources, row.targets, row.opened, row.closed) == ((CART,), (DB,), ("TCP 5432",), ())
    assert row.evidence[0].text.startswith("DB_URL")


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_new_exposure_comes_first(kind: str) -> None:
    found = changed(service("web", 8080, type=kind), allow("db", "nobody", 5432))
    lines = first(found, namer(names_in(found)))
    assert [(line.what, line.source, line.target) for line in lines] == [
        ("exposed", "the internet", "shop/web"),
        ("closed", "shop/cart", "shop/db"),
    ]


def test_exposure_that_policies_block_is_no_new_exposure() -> None:
    deny = policy("deny", "shop", podSelector={"matchLabels": {"app": "db"}}, ingress=[])
    found = changed(service("db", 5432, type="NodePort"), deny, without=["NetworkPolicy/db"], base=SHOP)
    assert "exposed" not in [line.what for line in first(found, namer(()))]


def test_a_removed_policy_makes_a_workload_reachable_and_the_rest_is_one_row() -> None:
    found = changed(without=["NetworkPolicy/db"])
    assert [(row.sources, row.targets) for row in found.reachable] == [(("external",), (DB,))]
    opened = {(row.sources, row.targets, row.opened) for row in found.rest}
    assert ((WEB,), (DB,), ("all",)) in opened
    assert (found.opened, found.closed) == (3, 0)


def test_many_workloads_of_a_namespace_are_one_group() -> None:
    crowd = [pod(f"p{number}", "crowd", app=f"p{number}") for number in range(30)]
    lone = pod("lone", "quiet", app="lone")
    deny = policy("deny", "quiet", ingress=[])
    found = changed(deny, base=(*crowd, lone))
    (row,) = [row for row in found.rest if "external" not in row.sources]
    assert (row.sources, row.targets, row.pairs) == (("every workload",), ("quiet/Pod/lone",), 30)
    found = changed(policy("deny", "crowd", ingress=[]), base=(*crowd, lone))
    (row,) = [row for row in found.rest if "external" not in row.sources]
    assert (row.targets, row.pairs) == (("crowd/*",), 30 * 30)


def test_probes_are_spoken_of_where_pods_become_isolated() -> None:
    assert PROBES in changed(policy("deny", "shop", ingress=[])).notes
    assert PROBES not in changed(without=["NetworkPolicy/db"]).notes


def test_blocks_of_addresses_are_said_to_lie_outside() -> None:
    block = [{"ipBlock": {"cidr": "192.0.2.0/24"}}]
    found = changed(policy("db", "shop", podSelector={"matchLabels": {"app": "db"}}, ingress=[{"from": block}]))
    assert BLOCKS in found.notes
    assert [row.sources for row in found.reachable] == [("192.0.2.0/24",)]


def test_a_new_workload_is_a_sentence_and_not_a_row_for_each_pair() -> None:
    found = changed(app("worker", 9000, CART_ADDR="cart:7070"))
    (arrival,) = found.arrivals
    assert (arrival.workload, arrival.isolated, arrival.sources) == ("shop/Pod/worker", (), 3)
    assert not found.rest
    (denied,) = found.needed_but_denied
    assert (denied.need.source, denied.need.target) == ("shop/Pod/worker", CART)
    assert "`shop/worker` is new: no policy isolates it" in "\n".join(network_changes.section(found))


def test_a_new_workload_on_the_hosts_network_is_not_called_isolated() -> None:
    agent = app("agent", 9000)
    agent["spec"]["hostNetwork"] = True
    found = changed(agent, policy("deny", "shop", ingress=[]))
    assert HOST.format("shop/Pod/agent") in found.notes
    text = network_changes.as_console(found)
    assert "which policies do not isolate" in text.replace("\n    ", " ").replace("\n", " ")


def test_a_policy_that_nobody_can_read_makes_the_change_uncertain() -> None:
    broken = allow("db", "cart", 5432)
    broken["spec"]["ingress"][0]["ports"][0]["endPort"] = 1
    found = changed(broken)
    assert found.doubts
    assert any(problem.is_error for problem in found.problems)
    assert not found.broken


def test_a_policy_for_pods_of_another_repository_is_no_change_of_connections() -> None:
    assert changed(policy("deny", "elsewhere", ingress=[])).is_empty


def test_a_workload_that_is_written_in_parts_is_no_problem_of_the_network() -> None:
    patch = app("web", 8080)
    del patch["spec"]["containers"][0]["ports"], patch["metadata"]["labels"]
    assert not compare(side(SHOP), side((*SHOP, patch))).change.problems


def test_moved_lines_alone_are_no_change() -> None:
    assert compare(side(SHOP), side((namespace("other"), *SHOP))).change.is_empty


HOSTILE = (
    'a"]; end\n```\n</details><script>alert(1)</script> | @acme #1 [x](https://example.com) \u001b[2J%%{init: {}}%%'
)


def test_hostile_names_open_no_markup_no_block_and_no_row() -> None:
    evil = pod(HOSTILE, "shop", [{"containerPort": 80}], app="evil")
    found = changed(evil, service("evil", 80, type="LoadBalancer"), without=["NetworkPolicy/db"])
    text = network_changes.as_markdown(found)
    assert "<script" not in text
    assert text.count("</details>") == text.count("<details>")
    assert text.count("```") == 2
    assert "](" not in text.replace("\\](", "")
    assert "\u001b" not in text + network_changes.as_console(found)
    rows = [line for line in text.split("\n") if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}


def test_the_console_has_at_most_80_columns() -> None:
    found = changed(
        service("web", 8080, type="NodePort"), app("worker-with-a-rather-long-name" * 3, 9000, CART_ADDR="cart:7070"),
        without=["NetworkPolicy/db"],
    )  # fmt: skip
    text = network_changes.as_console(found)
    assert max(map(len, text.split("\n"))) <= 80
    assert text.endswith(".\n")


def test_a_section_is_bounded_whatever_changes() -> None:
    crowd = [pod(f"{'p' * 200}{number}", f"{'n' * 60}{number}", app=str(number)) for number in range(120)]
    found = changed(base=crowd, without=[f"Pod/{crowd[0]['metadata']['name']}"])
    opened = compare(
        side([*crowd, *(policy("deny", one["metadata"]["namespace"], ingress=[]) for one in crowd)]), side(crowd)
    )
    for change in (found, opened.change):
        text = "\n".join(network_changes.section(change))
        assert len(text) <= network_changes.LIMIT
