"""`network map` as people and scripts run it: files in, rows out, and what it costs for a large cluster."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.cli import main
from gitops_guard.network.analysis import connections
from gitops_guard.network.difference import difference
from gitops_guard.network.listing import EVERY_WORKLOAD, MOST_PAIRS, listing
from netpol_objects import of_text

Json = dict[str, Any]

SHOP = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: data}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: data}
spec:
  podSelector: {}
  ingress:
    - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}}]
      ports: [{port: 5432}]
"""


def run(folder: Path, capfd: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = main(["network", "map", str(folder), *options])
    return code, capfd.readouterr().out


def mapped(folder: Path, capfd: pytest.CaptureFixture[str]) -> tuple[int, Json]:
    code, out = run(folder, capfd, "--format", "json")
    return code, json.loads(out)


def test_json_holds_every_connection_with_names_of_three_parts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    code, found = mapped(tmp_path, capfd)
    web, db = "default/Deployment/web", "data/StatefulSet/db"
    assert code == 0
    assert [(e["source"], e["target"], e["ports"]) for e in found["edges"]] == [
        (db, web, ["all"]),
        (web, db, ["TCP 5432"]),
        (db, "external", ["all"]),
        ("external", web, ["all"]),
        (web, "external", ["all"]),
    ]
    assert [(w["id"], w["isolated"], w["line"]) for w in found["workloads"]] == [(db, ["ingress"], 9), (web, [], 1)]


def test_the_console_shows_the_same(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    code, out = run(tmp_path, capfd)
    assert code == 0
    assert f"data/StatefulSet/db\n  <- {'default/Deployment/web':<55}TCP 5432\n" in out
    assert "2 workloads (1 isolated for ingress, 0 isolated for egress)" in out


def test_a_policy_that_cannot_be_read_is_located_and_makes_the_run_incomplete(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP.replace("port: 5432", "port: 5432, endPort: 1"))
    code, found = mapped(tmp_path, capfd)
    assert code == 3
    (problem,) = found["problems"]
    assert (problem["line"], problem["keypath"]) == (25, "spec.ingress[0].ports[0].endPort")
    assert [(u["workload"], u["direction"]) for u in found["unknown"]] == [("data/StatefulSet/db", "ingress")]
    assert run(tmp_path, capfd)[1].count("may be open") == 1


def test_a_file_that_cannot_be_parsed_is_listed_and_makes_the_run_incomplete(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_text("apiVersion: v1\nkind: [\n")
    code, found = mapped(tmp_path, capfd)
    assert code == 3
    assert [entry["path"].rpartition("/")[2] for entry in found["coverage"]["failed"]] == ["bad.yaml"]


def test_items_of_a_typed_list_need_no_kind(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pods = {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "a"}, "spec": {}}]}
    (tmp_path / "pods.json").write_text(json.dumps(pods))
    assert [workload["id"] for workload in mapped(tmp_path, capfd)[1]["workloads"]] == ["default/Pod/a"]


def test_names_cannot_disturb_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    hostile = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a\u001b[2Jb\u202e"}, "spec": {}}
    (tmp_path / "pod.json").write_text(json.dumps(hostile))
    assert "\x1b" not in run(tmp_path, capfd)[1]


def large(workloads: int) -> str:
    """Ten workloads and twenty policies in each namespace."""
    return "---\n".join(_namespace(number) for number in range(workloads // 10))


def _namespace(number: int) -> str:
    name, neighbour = f"team-{number:04}", f"team-{number // 2:04}"
    items: list[Json] = []
    for app in range(10):
        labels = {"app": f"app-{app}"}
        metadata = {"name": f"app-{app}", "namespace": name}
        container = {"name": "main", "ports": [{"name": "web", "containerPort": 8000 + app}]}
        pods = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        items.append({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": pods}})
        near = {"podSelector": {"matchLabels": {"app": f"app-{(app + 1) % 10}"}}}
        far = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": neighbour}}}
        wide: Json = {"namespaceSelector": {}}
        into = [{"from": [wide if app == 3 else near, far], "ports": [{"port": "web"}]}]
        out = [{"to": [near, far, {"ipBlock": {"cidr": f"10.{number % 256}.0.0/16"}}]}]
        for kind, rules in (("Ingress", {"ingress": into}), ("Egress", {"egress": out})):
            spec: Json = {"podSelector": {"matchLabels": labels}, "policyTypes": [kind]} | rules
            policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": spec}
            items.append(policy | {"metadata": {"name": f"{kind.lower()}-{app}", "namespace": name}})
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}) + "\n"


def test_a_large_cluster_is_mapped_whole(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text(large(1000))
    command = (sys.executable, "-m", "gitops_guard", "network", "map", str(tmp_path), "--format", "json")
    assert subprocess.run((*command, "--output", str(tmp_path / "map.json")), check=False).returncode == 0
    assert len(json.loads((tmp_path / "map.json").read_text())["workloads"]) == 1000


def test_pairs_that_are_too_many_stand_in_groups_and_say_the_same() -> None:
    text = "---\n".join(
        f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p{n}\n  namespace: n{n % 3}\nspec: {{}}\n" for n in range(300)
    )
    found = connections(of_text(text))
    rows = listing(found)
    assert found.pair_count == 300 * 299 > MOST_PAIRS
    assert rows.is_grouped
    assert rows.groups == {EVERY_WORKLOAD: ("n0/*", "n1/*", "n2/*")}
    assert sum(1 for edge in rows.edges if edge.source == EVERY_WORKLOAD) == 300


def test_the_difference_of_large_clusters_is_exact_and_compact() -> None:
    base, head = of_text(large(500)), of_text(large(500).replace("app-3", "app-x"))
    assert not difference(base, base).inside
    found = difference(base, head)
    assert {name.rpartition("/")[2] for name in found.added} == {"app-x"}
    inside = [change for change in found.changes() if change.source.count("/") == change.target.count("/") == 2]
    assert found.pair_count == len(inside) > 0


@pytest.mark.parametrize("name", ["json", "console", "markdown", "dot"])
def test_a_patch_of_a_workload_is_no_workload(tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str) -> None:
    labelled = SHOP.replace("podSelector: {}", "podSelector: {matchLabels: {app: db}}")
    (tmp_path / "b.yaml").write_text(labelled.replace("  replicas: 3\n", "  selector: {matchLabels: {app: db}}\n"))
    _, alone = run(tmp_path, capfd, "--format", name)
    head = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: data}\n"
    (tmp_path / "a.yaml").write_text(head + "spec: {template: {spec: {containers: [{name: db, resources: {}}]}}}\n")
    _, patched = run(tmp_path, capfd, "--format", name)
    if name == "json":
        assert [json.loads(text)["workloads"] for text in (alone, patched)] == [json.loads(alone)["workloads"]] * 2
        assert json.loads(patched)["edges"] == json.loads(alone)["edges"]
    else:
        assert patched.replace("2 files", "1 file") == alone
