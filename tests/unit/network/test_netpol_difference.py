"""Connections that a change opens and closes, and whether needed ones are allowed."""

from typing import Any

import pytest

from gitops_guard.errors import SourceError
from gitops_guard.network.cluster import Cluster
from gitops_guard.network.connections import Edge
from gitops_guard.network.difference import Change, difference
from gitops_guard.network.effort import Effort
from gitops_guard.network.ports import ALL_PORTS, NO_PORTS, parse
from gitops_guard.network.tiers import Opening, disjoint
from gitops_guard.network.verify import verify
from netpol_objects import of_data, pod, policy

Json = dict[str, Any]
WEB: Json = {"podSelector": {"matchLabels": {"app": "web"}}}
DB: Json = {"podSelector": {"matchLabels": {"app": "db"}}}
LOAD_BALANCER: Json = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]},
}


def of(*items: Json) -> Cluster:
    return of_data([pod("web", app="web"), pod("db", app="db"), *items])


def words(change: Change) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    return change.source, change.target, change.opened.words, change.closed.words


def test_no_change_is_no_difference() -> None:
    found = difference(of(policy("p", **WEB)), of(policy("p", **WEB)))
    assert (list(found.changes()), found.exposures, found.added, found.removed) == ([], (), (), ())


def test_a_policy_that_opens_more_and_less() -> None:
    before = policy("p", **WEB, ingress=[{"from": [DB], "ports": [{"port": 80, "endPort": 90}]}])
    after = policy("p", **WEB, ingress=[{"from": [DB], "ports": [{"port": 85, "endPort": 99}]}])
    found = difference(of(before), of(after))
    assert [words(change) for change in found.changes()] == [
        ("default/Pod/db", "default/Pod/web", ("TCP 91-99",), ("TCP 80-84",))
    ]


def test_what_the_outside_may_reach_comes_first() -> None:
    found = difference(of(policy("deny", policyTypes=["Ingress", "Egress"])), of(policy("deny", **WEB)))
    assert [words(change)[:2] for change in found.changes()] == [
        ("external", "default/Pod/db"),
        ("default/Pod/db", "external"),
        ("default/Pod/web", "external"),
        ("default/Pod/web", "default/Pod/db"),
    ]


def test_ranges_of_addresses_are_compared_exactly() -> None:
    def blocks(*cidrs: str) -> Cluster:
        return of(policy("p", **WEB, ingress=[{"from": [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]}]))

    found = difference(blocks("10.0.0.0/8"), blocks("10.0.0.0/9", "192.0.2.0/24"))
    assert [words(change) for change in found.changes()] == [
        ("10.128.0.0/9", "default/Pod/web", (), ("all",)),
        ("192.0.2.0/24", "default/Pod/web", ("all",), ()),
    ]


def test_new_and_removed_workloads_open_and_close_their_connections() -> None:
    one, two = of_data([pod("a"), pod("b")]), of_data([pod("b"), pod("c")])
    found = difference(one, two)
    assert (found.added, found.removed) == (("default/Pod/c",), ("default/Pod/a",))
    inside = {words(change) for change in found.changes() if "external" not in change[:2]}
    assert inside == {
        ("default/Pod/a", "default/Pod/b", (), ("all",)),
        ("default/Pod/b", "default/Pod/a", (), ("all",)),
        ("default/Pod/b", "default/Pod/c", ("all",), ()),
        ("default/Pod/c", "default/Pod/b", ("all",), ()),
    }


def test_changed_labels_change_who_is_selected() -> None:
    deny = policy("p", **WEB)
    found = difference(of_data([pod("a", app="x"), pod("b"), deny]), of_data([pod("a", app="web"), pod("b"), deny]))
    assert [words(change) for change in found.changes()] == [
        ("external", "default/Pod/a", (), ("all",)),
        ("default/Pod/b", "default/Pod/a", (), ("all",)),
    ]


def test_a_policy_that_cannot_be_read_makes_a_change_uncertain() -> None:
    found = difference(of(), of(policy("bad", **WEB, ingress=[{"ports": [{"port": 0}]}])))
    assert {(change.target, change.is_uncertain) for change in found.changes()} == {("default/Pod/web", True)}


def test_new_exposure_is_listed_before_what_is_closed() -> None:
    found = difference(of(LOAD_BALANCER | {"metadata": {"name": "old"}}), of(LOAD_BALANCER))
    assert [(s.before and s.before.via, s.after and s.after.via) for s in found.exposures] == [
        (None, "default/Service/web"),
        ("default/Service/old", None),
    ]


def test_exposure_that_a_policy_closes_is_a_change_of_it() -> None:
    (shift,) = difference(of(LOAD_BALANCER), of(LOAD_BALANCER, policy("deny"))).exposures
    assert shift.before is not None
    assert shift.after is not None
    assert (shift.before.verdict, shift.after.verdict) == ("open", "closed")


RULES: Json = policy(
    "p",
    **WEB,
    policyTypes=["Ingress", "Egress"],
    ingress=[{"from": [DB], "ports": [{"port": 80}, {"port": 81}]}],
    egress=[{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": [{"port": 443}]}],
)
EDGES: dict[str, tuple[tuple[str, str, str], str, tuple[str, ...]]] = {
    "allowed": (("default/Pod/db", "default/Pod/web", "TCP 80"), "allowed", ()),
    "denied": (("default/Pod/db", "default/Pod/web", "UDP 80"), "denied", ("UDP 80",)),
    "denied in part": (("default/Pod/db", "default/Pod/web", "TCP 81-82"), "denied", ("TCP 82",)),
    "no such workload": (("default/Pod/x", "default/Pod/web", "TCP 80"), "absent", ("TCP 80",)),
    "from outside": (("external", "default/Pod/web", "TCP 80"), "denied", ("TCP 80",)),
    "to an allowed block": (("default/Pod/web", "192.0.2.7/32", "TCP 443"), "allowed", ()),
    "to a block that is allowed in part": (("default/Pod/web", "192.0.2.0/23", "TCP 443"), "denied", ("TCP 443",)),
    "to a host of unknown addresses": (("default/Pod/web", "external", "TCP 443"), "unknown", ("TCP 443",)),
    "to a host on a closed port": (("default/Pod/web", "external", "TCP 444"), "denied", ("TCP 444",)),
    "to itself": (("default/Pod/web", "default/Pod/web", "TCP 1"), "allowed", ()),
    "between two addresses": (("external", "192.0.2.0/24", "TCP 1"), "absent", ("TCP 1",)),
}


@pytest.mark.parametrize("case", EDGES)
def test_needed_connections(case: str) -> None:
    (source, target, ports), status, missing = EDGES[case]
    (verdict,) = verify(of(RULES), [Edge(source, target, parse([ports]))]).verdicts
    assert (verdict.status, verdict.missing.words) == (status, missing)


def test_a_needed_connection_is_unknown_where_a_policy_cannot_be_read() -> None:
    bad = policy("bad", **WEB, ingress=[{"ports": [{"port": 0}]}])
    (verdict,) = verify(of(bad), [Edge("default/Pod/db", "default/Pod/web", ALL_PORTS)]).verdicts
    assert verdict.status == "unknown"
    assert "no port number" in verdict.reason


def test_what_is_allowed_beyond_the_needed_connections() -> None:
    found = verify(of(RULES), [Edge("default/Pod/db", "default/Pod/web", parse(["TCP 80"]))])
    assert list(found.beyond()) == [Edge("default/Pod/db", "default/Pod/web", parse(["TCP 81"]))]
    assert found.holds


def test_a_policy_that_selects_nothing_does_not_hold() -> None:
    found = verify(of(policy("idle", podSelector={"matchLabels": {"a": "b"}})), [])
    assert [one.id for one in found.idle] == ["default/NetworkPolicy/idle"]
    assert not found.holds


def test_words_of_ports_are_read_as_they_are_written() -> None:
    for text in ("all", "TCP 80,443", "UDP 1-1024", "SCTP 1-65535"):
        assert parse([text]).words == (text,)
    assert parse([]) == NO_PORTS


@pytest.mark.parametrize("word", ["80", "TCP", "ICMP 1", "TCP x", "TCP 0", "TCP 70000", "TCP 1-x"])
def test_other_words_are_no_ports(word: str) -> None:
    with pytest.raises(ValueError, match="names no ports"):
        parse([word])


def test_work_out_of_all_proportion_ends_in_an_error_for_people() -> None:
    openings = [Opening(parse([f"TCP {port}"]), (1 << 64) - (1 << port)) for port in range(1, 60)]
    assert len(disjoint(openings, Effort())) == 59
    with pytest.raises(SourceError, match="more ways than can be analysed"):
        disjoint(openings, Effort(500))
