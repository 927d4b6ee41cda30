"""A fix of policies is proved only if it loses nothing that is needed."""

from typing import Any

import pytest

from gitops_guard.network.cluster import Cluster
from gitops_guard.network.connections import Edge
from gitops_guard.network.difference import Change
from gitops_guard.network.fix_proof import FixProof, prove_fix
from gitops_guard.network.ports import parse
from netpol_objects import of_data, pod, policy

Json = dict[str, Any]
WEB: Json = {"podSelector": {"matchLabels": {"app": "web"}}}
DB: Json = {"podSelector": {"matchLabels": {"app": "db"}}}
WEB_TO_DB = Edge("default/Pod/web", "default/Pod/db", parse(["TCP 5432"]))
DB_TO_WEB = Edge("default/Pod/db", "default/Pod/web", parse(["TCP 80"]))
WEB_OUT = Edge("default/Pod/web", "198.51.100.7/32", parse(["TCP 443"]))
METADATA = "169.254.169.254/32"
DENY: Json = policy("deny", policyTypes=["Ingress"])
ALLOW_DB: Json = policy("db", **DB, ingress=[{"from": [WEB], "ports": [{"port": 5432}]}])
UNREADABLE: Json = policy("db", **DB, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/99"}}]}])


def of(*items: Json) -> Cluster:
    return of_data([pod("web", app="web"), pod("db", app="db"), *items])


def everywhere(*holes: str) -> Json:
    block: Json = {"cidr": "0.0.0.0/0"} | ({"except": list(holes)} if holes else {})
    return policy("out", **WEB, policyTypes=["Egress"], egress=[{"to": [{"ipBlock": block}, DB]}])


def rows(changes: tuple[Change, ...]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(change.source, change.target, (*change.opened.words, *change.closed.words)) for change in changes]


def lost(proof: FixProof) -> list[tuple[Edge, tuple[str, ...]]]:
    return [(one.edge, one.ports.words) for one in proof.lost]


def test_a_fix_that_changes_nothing_is_proved() -> None:
    proof = prove_fix(of(ALLOW_DB), of(ALLOW_DB), [WEB_TO_DB])
    assert proof == FixProof((), (), (), (), 1)
    assert proof.holds
    assert proof.statement == "0 connections closed, 0 connections opened; of 1 connection with evidence none is lost"


def test_leaving_out_the_metadata_service_closes_exactly_that() -> None:
    proof = prove_fix(of(everywhere()), of(everywhere(METADATA)), [WEB_OUT, WEB_TO_DB])
    assert rows(proof.closed) == [("default/Pod/web", METADATA, ("all",))]
    assert proof.only_closes
    assert proof.holds


def test_a_needed_connection_that_is_cut_is_listed() -> None:
    proof = prove_fix(of(), of(DENY), [WEB_TO_DB])
    assert lost(proof) == [(WEB_TO_DB, ("TCP 5432",))]
    assert not proof.holds
    assert proof.statement == ("cuts default/Pod/web -> default/Pod/db on TCP 5432, which there is evidence for")


def test_only_the_ports_that_are_cut_are_lost() -> None:
    needed = WEB_TO_DB._replace(ports=parse(["TCP 5432,8080"]))
    proof = prove_fix(of(), of(ALLOW_DB), [needed])
    assert lost(proof) == [(needed, ("TCP 8080",))]


def test_what_was_closed_before_is_not_lost() -> None:
    proof = prove_fix(of(DENY), of(DENY, ALLOW_DB), [DB_TO_WEB, WEB_TO_DB])
    assert proof.lost == ()
    assert rows(proof.opened) == [("default/Pod/web", "default/Pod/db", ("TCP 5432",))]
    assert not proof.only_closes


def test_a_default_deny_beside_what_is_needed_is_proved() -> None:
    proof = prove_fix(of(), of(DENY, ALLOW_DB), [WEB_TO_DB])
    assert proof.holds
    assert ("default/Pod/db", "default/Pod/web", ("all",)) in rows(proof.closed)


def test_a_fix_that_nobody_can_read_is_no_fix() -> None:
    proof = prove_fix(of(ALLOW_DB), of(UNREADABLE), [])
    assert proof.errors
    assert not proof.holds
    assert proof.statement.startswith("not proved: ")


def test_what_was_unreadable_before_is_not_held_against_the_fix() -> None:
    proof = prove_fix(of(UNREADABLE), of(UNREADABLE), [WEB_TO_DB])
    assert (proof.errors, proof.lost) == ((), ())


def test_what_may_have_been_open_and_is_closed_counts_as_lost() -> None:
    proof = prove_fix(of(UNREADABLE), of(DENY), [WEB_TO_DB])
    assert lost(proof) == [(WEB_TO_DB, ("TCP 5432",))]
    assert proof.lost[0].reason


@pytest.mark.parametrize("gone", ["web", "db"])
def test_a_workload_that_is_gone_loses_its_connections(gone: str) -> None:
    rest = [pod(name, app=name) for name in ("web", "db") if name != gone]
    assert lost(prove_fix(of(), of_data(rest), [WEB_TO_DB])) == [(WEB_TO_DB, ("TCP 5432",))]
