"""`network synth` on trees of files: what is printed, written, listed in Kustomizations; and the real API server."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from api_server import Server
from gitops_guard.commands.network.synth import synth
from gitops_guard.network.analysis import connections
from gitops_guard.network.policy_text import MARK
from netpol_objects import of_text
from synth_objects import deployment

Json = dict[str, Any]
LABEL = {"app.kubernetes.io/managed-by": "gitops-guard"}
APP = deployment("web", "shop", {"CART_ADDR": "cart:80", "API_URL": "https://api.example.com"}) + deployment(
    "cart", "shop"
)
LOOSE = deployment("web", env={"CART_ADDR": "cart:80"}) + deployment("cart")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fill(tree: Path, **files: str) -> None:
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(*paths: str, **options: Any) -> int:
    given = {
        "write": None,
        "diff": False,
        "style": "networkpolicy",
        "config": None,
        "format": "yaml",
        "output": None,
    } | options
    return synth(argparse.Namespace(paths=list(paths), **given), date(2026, 1, 1))


def contents(tree: Path) -> dict[str, str]:
    return {str(path.relative_to(tree)): path.read_text() for path in sorted(tree.rglob("*")) if path.is_file()}


def test_policies_are_printed_and_the_rest_is_told_beside_them(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fill(tree, **{"app.yaml": APP})
    before = contents(tree)
    assert run() == 0
    out, err = capfd.readouterr()
    documents = [one for one in yaml.safe_load_all(out) if one]
    assert [one["metadata"]["name"] for one in documents] == [
        "default-deny",
        "allow-dns",
        "cart-deployment",
        "web-deployment",
    ]
    assert all(one["metadata"]["labels"] == LABEL for one in documents)
    assert "proved: " in err
    assert "egress to api.example.com on TCP 443" in err
    assert "set network.external" in err
    assert "shop/Deployment/cart -> shop/Deployment/web\n" in err
    assert contents(tree) == before


def test_the_report_for_machines_holds_the_files_and_the_proof(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fill(tree, **{"app.yaml": APP})
    assert run(format="json") == 0
    found = json.loads(capfd.readouterr().out)
    assert [file["path"] for file in found["files"]] == ["network-policies/shop.yaml"]
    assert found["files"][0]["patch"].startswith("diff --git ")
    edge = {"source": "shop/Deployment/web", "target": "shop/Deployment/cart", "ports": ["TCP 8080"]}
    assert edge in found["proof"]["allowed"]
    assert any(edge.items() <= one.items() and one["evidence"] for one in found["edges"])
    assert [(one["peer"], one["setting"]) for one in found["not_opened"]] == [("api.example.com", "network.external")]
    assert ["shop/Deployment/cart", "shop/Deployment/web"] in found["proof"]["closed_first"]
    assert found["refused"] == []


def test_the_patch_applies_and_gives_what_is_written(tree: Path) -> None:
    fill(tree, **{"app.yaml": APP, "network-policies/kustomization.yaml": "resources: []\n"})
    assert run(diff=True, output="../synth.patch") == 0
    patch = (tree / "../synth.patch").resolve()
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "apply", str(patch)], check=True)
    shutil.rmtree(tree / ".git")
    patch.unlink()
    applied = contents(tree)
    assert run(write="network-policies") == 0
    assert contents(tree) == applied


def test_running_twice_changes_nothing(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fill(tree, **{"app.yaml": APP, "base/app.yaml": LOOSE, "base/kustomization.yaml": "resources:\n- app.yaml\n"})
    assert run(write="policies") == 0
    first = contents(tree)
    assert set(first) == {
        "app.yaml",
        "base/app.yaml",
        "base/kustomization.yaml",
        "base/network-policies.yaml",
        "policies/shop.yaml",
    }
    assert first["base/kustomization.yaml"] == "resources:\n- app.yaml\n- network-policies.yaml\n"
    assert run(write="policies") == 0
    assert contents(tree) == first
    capfd.readouterr()
    assert run(diff=True) == 0
    assert capfd.readouterr().out == ""


def test_policies_stay_where_an_earlier_run_put_them(tree: Path) -> None:
    fill(tree, **{"app.yaml": APP})
    assert run(write="one") == 0
    assert run(write="two") == 0
    assert set(contents(tree)) == {"app.yaml", "one/shop.yaml"}


def test_a_change_of_the_application_changes_its_policies(tree: Path) -> None:
    fill(tree, **{"app.yaml": APP})
    run(write="policies")
    fill(tree, **{"app.yaml": APP + deployment("mail", "shop", {"WEB_ADDR": "web:80"})})
    assert run(write="policies") == 0
    assert "# mail -> web: WEB_ADDR: web:80" in contents(tree)["policies/shop.yaml"]


def test_the_entry_of_a_kustomization_keeps_its_style(tree: Path) -> None:
    text = "# ours\nresources:\n    - app.yaml # the app\nimages: [{name: a, newTag: '1'}]\n"
    fill(tree, **{"app.yaml": APP, "policies/kustomization.yaml": text})
    run(write="policies")
    after = contents(tree)["policies/kustomization.yaml"]
    assert after == text.replace("# the app\n", "# the app\n    - shop.yaml\n")


def test_the_kustomization_above_the_folder_lists_it(tree: Path) -> None:
    fill(tree, **{"k8s/app.yaml": APP, "k8s/kustomization.yaml": "resources: [app.yaml]\n"})
    run(write="k8s/policies")
    assert contents(tree)["k8s/kustomization.yaml"] == "resources: [app.yaml, policies/shop.yaml]\n"


def test_a_kustomization_of_another_namespace_is_not_made_to_list_policies(
    tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "namespace: other\nresources: []\n"
    fill(tree, **{"app.yaml": APP, "policies/kustomization.yaml": text})
    assert run(write="policies") == 0
    assert contents(tree)["policies/kustomization.yaml"] == text
    assert "sets the namespace other: shop.yaml is for shop and not listed" in capfd.readouterr().err


def test_folders_that_kustomize_deploys_together_are_one(tree: Path) -> None:
    fill(
        tree,
        **{
            "app/kustomization.yaml": "resources: [web, cart/app.yaml]\n",
            "app/web/kustomization.yaml": "resources: [app.yaml]\n",
            "app/web/app.yaml": deployment("web", env={"CART_ADDR": "cart:80"}),
            "app/cart/app.yaml": deployment("cart"),
        },
    )
    assert run(write="policies") == 0
    found = contents(tree)
    assert "app/network-policies.yaml" in found
    assert sum(MARK in text for text in found.values()) == 1
    assert found["app/kustomization.yaml"] == "resources: [web, cart/app.yaml, network-policies.yaml]\n"


def test_a_file_of_somebody_else_is_never_replaced(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fill(tree, **{"app.yaml": APP, "policies/shop.yaml": "# mine\n"})
    assert run(write="policies") == 1
    assert contents(tree)["policies/shop.yaml"] == "# mine\n"
    assert "exists and was not written by this command" in capfd.readouterr().err


def test_a_link_is_never_written_through(tree: Path) -> None:
    fill(tree, **{"app.yaml": APP, "elsewhere.yaml": MARK + "\n"})
    (tree / "policies").mkdir()
    (tree / "policies/shop.yaml").symlink_to(tree / "elsewhere.yaml")
    assert run("app.yaml", write="policies") == 1
    assert (tree / "elsewhere.yaml").read_text() == MARK + "\n"


def test_a_file_that_cannot_be_read_makes_the_run_incomplete(tree: Path) -> None:
    fill(tree, **{"app.yaml": APP, "broken.yaml": "apiVersion: v1\nkind: [\n"})
    assert run() == 3


def test_names_with_escape_codes_reach_no_terminal(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fill(tree, **{"app.yaml": APP.replace("name: web", 'name: "web\\e[31m\\n# x"', 1)})
    run()
    captured = capfd.readouterr()
    assert "\x1b" not in captured.out + captured.err


@pytest.mark.real
def test_what_kustomize_builds_allows_exactly_what_is_needed(tree: Path) -> None:
    kubectl = shutil.which("kubectl", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if kubectl is None:
        pytest.skip("kubectl is not here")
    settings = "namespace: shop\ncommonLabels: {team: x}\nresources:\n- app.yaml\n"
    fill(tree, **{"base/app.yaml": LOOSE + deployment("idle"), "base/kustomization.yaml": settings})
    assert run(write="policies") == 0
    built = subprocess.run([kubectl, "kustomize", "base"], check=True, capture_output=True, text=True).stdout
    assert list(contents(tree)) == ["base/app.yaml", "base/kustomization.yaml", "policies/shop.yaml"]
    assert {one["metadata"]["namespace"] for one in yaml.safe_load_all(built)} == {"shop"}
    found = connections(of_text(f"{built}---\n{contents(tree)['policies/shop.yaml']}"))
    assert [(edge.source, edge.target, edge.ports.words) for edge in found.edges()] == [
        ("shop/Deployment/web", "shop/Deployment/cart", ("TCP 8080",))
    ]


EVERYTHING = (
    APP
    + deployment("store", "data", port="http")
    + deployment("agent", "data", {"A_ADDR": "store:80", "B_ADDR": "198.51.100.7:9000"}, hostNetwork="true")
    + deployment(
        "client", "shop", {"A_ADDR": "store.data:80", "B_ADDR": "198.51.100.7:9000", "C_URL": "http://[2001:db8::1]:80"}
    )
    + """---
apiVersion: v1
kind: Service
metadata: {name: public, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 443, targetPort: 8080}]}
"""
)


@pytest.mark.real
def test_the_api_server_accepts_every_policy(tree: Path, api_server: Server) -> None:
    fill(tree, **{"app.yaml": EVERYTHING, "base/app.yaml": LOOSE})
    assert run(write="policies") == 0
    texts = [text for text in contents(tree).values() if text.startswith(MARK)]
    documents = [one for text in texts for one in yaml.safe_load_all(text) if one]
    assert len(documents) == 12
    assert [api_server.dry_run(one) for one in documents] == [(201, "")] * len(documents)
