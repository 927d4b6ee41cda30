"""The `network` commands over overlays and charts, with the real tools."""

import json
import subprocess
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.change_check import Request, judge
from gitops_guard.cli import main
from gitops_guard.sources.git import open_change
from rendering_parts import real_tools

pytestmark = pytest.mark.real

Json = dict[str, Any]
Write = Callable[[Mapping[str, str]], Path]


def workload(name: str, **env: str) -> str:
    listed = "".join(f"            - {{name: {key}, value: '{value}'}}\n" for key, value in env.items())
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
        - name: {name}
          image: registry.example/{name}:1.0
          ports: [{{containerPort: 8080}}]
          env:
            - {{name: LOG_LEVEL, value: info}}
{listed}---
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector: {{app: {name}}}
  ports: [{{port: 80, targetPort: 8080}}]
"""


BASE = {
    "base/kustomization.yaml": "resources: [web.yaml, cart.yaml]\n",
    "base/web.yaml": workload("web", CART_ADDR="cart:80"),
    "base/cart.yaml": workload("cart"),
}
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
spec:
  template:
    spec:
      containers:
        - name: cart
          env:
            - name: STOCK_ADDR
              value: stock.store.svc:80
"""
DENY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec: {podSelector: {matchLabels: {app: cart}}, policyTypes: [Ingress]}
"""
STORE = {
    "store/kustomization.yaml": "namespace: store\nresources: [stock.yaml]\n",
    "store/stock.yaml": workload("stock"),
}
DEV = {"overlays/dev/kustomization.yaml": "namespace: shop\nresources: [../../base]\n"}
PROD = {
    "overlays/prod/kustomization.yaml": (
        "namespace: shop\nresources: [../../base, deny.yaml]\npatches: [path: p.yaml]\n"
    ),
    "overlays/prod/deny.yaml": DENY,
    "overlays/prod/p.yaml": PATCH,
}


@pytest.fixture(autouse=True)
def _tools() -> None:
    real_tools()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    def write(files: Mapping[str, str]) -> Path:
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return write


def report(folder: Path, *arguments: str, code: int = 0) -> Json:
    output = folder.parent / "report.json"
    assert main(["network", *arguments, "--format", "json", "--output", str(output)]) == code
    found: Json = json.loads(output.read_text())
    return found


def edges(found: Json) -> list[str]:
    return [f"{edge['source']} -> {edge['target']} {' '.join(edge['ports'])}" for edge in found["edges"]]


def places(found: Json, source: str) -> list[str]:
    of_source = (edge for edge in found["edges"] if edge["source"] == source)
    return [f"{proof['path']}:{proof['line']}" for edge in of_source for proof in edge["evidence"]]


def git(folder: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


def test_objects_of_a_root_have_its_namespace_its_patches_and_their_sources(repository: Write) -> None:
    folder = repository(BASE | PROD | STORE)
    found = report(folder, "infer")
    assert edges(found) == [
        "shop/Deployment/cart -> store/Deployment/stock TCP 8080",
        "shop/Deployment/web -> shop/Deployment/cart TCP 8080",
    ]
    assert places(found, "shop/Deployment/cart") == ["overlays/prod/p.yaml:12"]
    assert places(found, "shop/Deployment/web") == ["base/web.yaml:18"]
    assert found["coverage"]["rendered"] == ["kustomize:overlays/prod", "kustomize:store"]
    assert {"path": "base/web.yaml", "reason": "looked at as part of kustomize:overlays/prod"} in found["coverage"][
        "skipped"
    ]


def test_a_chart_gives_connections_at_its_values(repository: Write) -> None:
    template = workload("web", CART_ADDR="{{ .Values.cart }}").replace("name: web\n", "name: web\n", 1)
    folder = repository({
        "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        "chart/values.yaml": "# where carts are\ncart: cart:80\n",
        "chart/templates/web.yaml": template, "chart/templates/cart.yaml": workload("cart"),
    })  # fmt: skip
    found = report(folder, "infer")
    assert edges(found) == ["default/Deployment/web -> default/Deployment/cart TCP 8080"]
    assert places(found, "default/Deployment/web") == ["chart/values.yaml:2"]


def test_the_namespace_of_an_application_is_that_of_its_objects(repository: Write) -> None:
    application = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  destination: {namespace: shop, server: https://kubernetes.default.svc}
  source: {repoURL: https://git.example/acme/shop, path: base}
"""
    found = report(repository(BASE | {"apps/shop.yaml": application}), "infer")
    assert edges(found) == ["shop/Deployment/web -> shop/Deployment/cart TCP 8080"]


def test_overlays_of_one_base_are_clusters_of_their_own(repository: Write) -> None:
    folder = repository(BASE | DEV | PROD | STORE)
    found = report(folder, "verify", code=1)
    assert found["roots"] == ["kustomize:overlays/dev", "kustomize:store"]
    assert found["summary"]["denied"] == 0
    (prod,) = found["variants"]
    assert prod["roots"] == ["kustomize:overlays/prod", "kustomize:store"]
    denied = [edge for edge in prod["edges"] if edge["status"] == "denied"]
    assert [(edge["source"], edge["target"]) for edge in denied] == [("shop/Deployment/web", "shop/Deployment/cart")]
    assert [workload["id"] for workload in report(folder, "map")["workloads"]] == [
        "shop/Deployment/cart", "shop/Deployment/web", "store/Deployment/stock",
    ]  # fmt: skip
    assert report(folder, "verify", "overlays/dev")["summary"]["allowed"] == 1


def test_policies_for_a_namespace_of_roots_are_one_file_and_a_second_run_changes_nothing(repository: Write) -> None:
    overlay = "namespace: shop\nresources: [../../base]\npatches: [path: p.yaml]\n"
    prod = {"overlays/prod/kustomization.yaml": overlay, "overlays/prod/p.yaml": PATCH}
    folder = repository(BASE | prod | STORE)
    assert main(["network", "synth", "--write", "policies"]) == 0
    first = {path.name: path.read_text() for path in (folder / "policies").iterdir()}
    assert sorted(first) == ["shop.yaml", "store.yaml"]
    assert "overlays/prod/p.yaml:12" in first["shop.yaml"]
    assert main(["network", "synth", "--write", "policies"]) == 0
    assert {path.name: path.read_text() for path in (folder / "policies").iterdir()} == first
    assert report(folder, "verify")["summary"]["denied"] == 0


def test_what_cannot_be_rendered_is_said_and_its_files_are_read(repository: Write) -> None:
    broken = {"overlays/prod/kustomization.yaml": "namespace: shop\nresources: [../../base, missing.yaml]\n"}
    found = report(repository(BASE | broken), "infer")
    assert edges(found) == ["default/Deployment/web -> default/Deployment/cart TCP 8080"]
    reasons = {one["path"]: one["reason"] for one in found["coverage"]["skipped"]}
    assert reasons["kustomize:overlays/prod"].startswith("not rendered: ")


def test_rendering_can_be_left_out(repository: Write) -> None:
    found = report(repository(BASE | PROD | {".gitops-guard.yaml": "render:\n  mode: off\n"}), "infer")
    assert "rendered" not in found["coverage"]
    assert all(edge.startswith("default/") for edge in edges(found))


ALLOW = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open}
spec: {podSelector: {matchLabels: {app: cart}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}
"""


def committed(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "base")
    git(folder, "checkout", "-q", "-b", "change")


def changed(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "change")


def checked(folder: Path, *arguments: str) -> Json:
    output = folder.parent / "report.json"
    main(["check", "--base", "main", "--head", "change", *arguments, "--format", "json", "--output", str(output)])
    found: Json = json.loads(output.read_text())
    return found


def test_a_value_that_opens_a_connection_is_a_change_of_connections(repository: Write) -> None:
    folder = repository({
        "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        "chart/values.yaml": "closed: cart\n",
        "chart/templates/web.yaml": workload("web", CART_ADDR="cart:80"),
        "chart/templates/cart.yaml": workload("cart"),
        "chart/templates/closed.yaml": DENY.replace("app: cart", "app: {{ .Values.closed }}"),
    })  # fmt: skip
    committed(folder)
    changed(folder, {"chart/values.yaml": "closed: nothing\n"})
    found = report(folder, "diff", "--base", "main", "--head", "change")
    assert found["coverage"]["rendered"] == ["helm:chart"]
    assert edges(found) == [
        "external -> default/Deployment/cart all",
        "default/Deployment/web -> default/Deployment/cart all",
    ]


def test_an_overlay_that_opens_a_path_is_named_with_its_own_file(repository: Write) -> None:
    folder = repository(BASE | PROD | STORE)
    committed(folder)
    changed(folder, {"overlays/prod/deny.yaml": DENY + "---\n" + ALLOW})
    found = checked(folder, "--rule", "GG-NET-012")
    opened = [(one["path"], one["start_line"]) for one in found["findings"]]
    assert opened == [("overlays/prod/deny.yaml", 6)]


def test_a_kustomization_that_leaves_out_a_policy_opens_what_it_closed(repository: Write) -> None:
    folder = repository(BASE | DEV | PROD | STORE)
    committed(folder)
    without = PROD["overlays/prod/kustomization.yaml"].replace(", deny.yaml", "")
    changed(folder, {"overlays/prod/kustomization.yaml": without})
    found = checked(folder, "--rule", "GG-NET-012")
    assert [one["resource"]["name"] for one in found["findings"]] == ["cart"]
    told = report(folder, "diff", "--base", "main", "--head", "change")
    assert "shop/Deployment/web -> shop/Deployment/cart all" in edges(told)
    assert "variants" not in told


def test_a_change_of_a_base_is_told_for_each_overlay_and_once_where_it_is_the_same(repository: Write) -> None:
    overlays = {f"envs/{n}/kustomization.yaml": "namespace: shop\nresources: [../../base]\n" for n in ("a", "b")}
    with_policy = {"base/kustomization.yaml": "resources: [web.yaml, cart.yaml, deny.yaml]\n", "base/deny.yaml": DENY}
    folder = repository(BASE | overlays | with_policy)
    committed(folder)
    changed(folder, {"base/deny.yaml": ALLOW})
    told = report(folder, "diff", "--base", "main", "--head", "change")
    assert told["roots"] == ["kustomize:envs/a"]
    assert [one["roots"] for one in told["variants"]] == [["kustomize:envs/b"]]
    assert edges(told) == edges(told["variants"][0]) != []
    opened = [one for one in checked(folder, "--rule", "GG-NET-012")["findings"] if one["rule_id"] == "GG-NET-012"]
    assert [(one["path"], one["start_line"]) for one in opened] == [("base/deny.yaml", 1)]


def test_a_change_that_reaches_no_root_renders_nothing(repository: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repository(BASE | PROD | {"plain/deny.yaml": DENY})
    committed(folder)
    changed(folder, {"plain/deny.yaml": ALLOW})

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("gitops_guard.rendering.build.build_of", never)
    assert checked(folder, "--rule", "GG-NET-012")["coverage"]["rendered"] == []


def test_a_root_inside_the_folder_of_another_has_policies_of_its_own(repository: Write) -> None:
    files = {f"app/{path}": text for path, text in BASE.items()} | {
        "app/kustomization.yaml": "resources: [base]\n",
        "app/tests/slow/kustomization.yaml": "resources: [../../base]\nlabels: [{pairs: {a: b}}]\n",
    }
    folder = repository(files)
    assert main(["network", "synth", "--write", "policies"]) == 0
    for path in ("app/network-policies.yaml", "app/tests/slow/network-policies.yaml"):
        assert "CART_ADDR: cart:80 in app/base/web.yaml:18" in (folder / path).read_text()
    verified = report(folder, "verify")
    assert [one["summary"]["denied"] for one in (verified, *verified["variants"])] == [0, 0]
    assert len(verified["edges"]) == 1


def test_policies_are_not_listed_where_labels_would_change_their_peers(
    repository: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = repository(BASE | {"prod/kustomization.yaml": "resources: [../base]\ncommonLabels: {team: x}\n"})
    assert main(["network", "synth", "--write", "policies"]) == 0
    assert "prod/kustomization.yaml adds labels to all selectors" in capsys.readouterr().err
    assert "network-policies" not in (folder / "prod/kustomization.yaml").read_text()


def test_where_rendering_is_required_what_is_not_rendered_makes_the_run_incomplete(repository: Write) -> None:
    broken = {"overlays/prod/kustomization.yaml": "namespace: shop\nresources: [../../base, missing.yaml]\n"}
    folder = repository(BASE | broken | {".gitops-guard.yaml": "render:\n  mode: required\n"})
    for action in ("infer", "map", "verify"):
        found = report(folder, action, code=3)
        assert [one["path"] for one in found["coverage"]["failed"]] == ["kustomize:overlays/prod"]


def test_what_lies_elsewhere_is_read_as_it_is_written(
    repository: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository({f"there/{path}": text for path, text in (BASE | PROD).items()})
    (folder / "here").mkdir()
    monkeypatch.chdir(folder / "here")
    assert "rendered" not in report(folder, "infer", str(tmp_path / "there"))["coverage"]


def test_a_review_tells_what_an_overlay_does_to_connections(repository: Write) -> None:
    folder = repository(BASE | DEV | PROD | STORE)
    committed(folder)
    without = PROD["overlays/prod/kustomization.yaml"].replace(", deny.yaml", "")
    changed(folder, {"overlays/prod/kustomization.yaml": without})
    with open_change(str(folder), "main", "change") as change:
        asked = Request("main", "change", (), frozenset(), None, None, date(2026, 1, 1), network=True)
        network = judge(change, asked).report.network
    assert network is not None
    assert network.opened > 0
    assert {source for row in network.explained for source in row.sources} == {"shop/Deployment/web"}
