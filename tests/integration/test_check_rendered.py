"""`check` over repositories of overlays and charts, with the real tools and real git."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.cli import main
from gitops_guard.rendering import session
from gitops_guard.rendering.tools import Tools
from rendering_parts import CHART, real_tools

pytestmark = pytest.mark.real

Json = dict[str, Any]

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example/web:1.0
          securityContext:
            privileged: true
"""
FIX = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          securityContext:
            privileged: false
"""
HOST_NETWORK = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      hostNetwork: true
"""
BASE = {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": DEPLOYMENT}
PRIVILEGED, HOST = "GG-POD-001", "GG-POD-004"


@pytest.fixture(autouse=True)
def _tools() -> None:
    real_tools()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], Path]:
    def write(files: Mapping[str, str]) -> Path:
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return write


def git(folder: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


def committed(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "base")


def checked(folder: Path, *arguments: str, code: int | None = None) -> Json:
    output = folder.parent / "report.json"
    found = main(["check", *arguments, "--format", "json", "--output", str(output)])
    assert code is None or found == code
    report: Json = json.loads(output.read_text())
    return report


def of_rule(report: Json, rule: str) -> list[tuple[str, int, str]]:
    return [(f["path"], f["start_line"], f["origin"]) for f in report["findings"] if f["rule_id"] == rule]


def test_what_an_overlay_mends_is_not_reported(repository: Callable[[Mapping[str, str]], Path]) -> None:
    folder = repository(BASE | {
        "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: fix.yaml}]\n", "prod/fix.yaml": FIX,
    })  # fmt: skip
    report = checked(folder)
    assert of_rule(report, PRIVILEGED) == []
    assert report["coverage"]["rendered"] == ["kustomize:prod"]
    assert any("no rendered result has" in note for note in report["coverage"]["notes"])


def test_five_overlays_of_one_base_have_one_finding(repository: Callable[[Mapping[str, str]], Path]) -> None:
    overlays = {f"envs/{n}/kustomization.yaml": f"resources: [../../base]\nnamePrefix: e{n}-\n" for n in range(5)}
    report = checked(repository(BASE | overlays))
    assert of_rule(report, PRIVILEGED) == [("base/web.yaml", 16, "file")]
    assert len(report["coverage"]["rendered"]) == 5


def test_a_patch_that_makes_it_worse_is_reported_at_its_line(repository: Callable[[Mapping[str, str]], Path]) -> None:
    folder = repository(BASE | {
        "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: host.yaml}]\n",
        "prod/host.yaml": HOST_NETWORK,
    })  # fmt: skip
    report = checked(folder)
    assert [found[:2] for found in of_rule(report, HOST)] == [("prod/host.yaml", 8)]
    lacking = [f for f in report["findings"] if f["path"] == "prod/host.yaml" and f["rule_id"] != HOST]
    assert lacking == []


def chart(values: str, template: str) -> dict[str, str]:
    return {"shop/Chart.yaml": CHART, "shop/values.yaml": values, "shop/templates/web.yaml": template}


TEMPLATED = DEPLOYMENT.replace("privileged: true", "privileged: {{ .Values.web.privileged }}")


def test_a_value_of_a_chart_is_reported_in_the_values_file(repository: Callable[[Mapping[str, str]], Path]) -> None:
    folder = repository(chart("web:\n  privileged: true\n", TEMPLATED))
    report = checked(folder)
    assert of_rule(report, PRIVILEGED) == [("shop/values.yaml", 2, "helm:shop")]
    skipped = {entry["path"]: entry["reason"] for entry in report["coverage"]["skipped"]}
    assert skipped["shop/templates/web.yaml"] == "looked at as part of helm:shop"
    assert all(not f["path"].startswith("/") and "tmp" not in f["path"] for f in report["findings"])


def test_a_comment_in_the_values_file_ignores_it(repository: Callable[[Mapping[str, str]], Path]) -> None:
    values = f"web:\n  # gitops-guard:ignore={PRIVILEGED} it drives the node\n  privileged: true\n"
    report = checked(repository(chart(values, TEMPLATED)))
    assert [f["status"] for f in report["findings"] if f["rule_id"] == PRIVILEGED] == ["waived"]


def test_an_excluded_source_is_not_reported(repository: Callable[[Mapping[str, str]], Path]) -> None:
    files = chart("web:\n  privileged: true\n", TEMPLATED) | {".gitops-guard.yaml": "exclude: [shop/values.yaml]\n"}
    assert of_rule(checked(repository(files)), PRIVILEGED) == []


def test_only_what_a_change_reaches_is_rendered(repository: Callable[[Mapping[str, str]], Path]) -> None:
    overlays = {f"envs/{n}/kustomization.yaml": "resources: [../../base]\n" for n in ("a", "b")}
    folder = repository(BASE | overlays)
    committed(folder)
    text = "resources: [../../base]\npatches: [{path: host.yaml}]\n"
    repository({"envs/a/kustomization.yaml": text, "envs/a/host.yaml": HOST_NETWORK})
    report = checked(folder, "--base", "main", code=1)
    assert report["coverage"]["rendered"] == ["kustomize:envs/a"]
    assert [(f["rule_id"], f["path"], f["start_line"]) for f in report["findings"]] == [(HOST, "envs/a/host.yaml", 8)]


def test_another_namespace_introduces_no_old_problem(repository: Callable[[Mapping[str, str]], Path]) -> None:
    overlays = {f"envs/{n}/kustomization.yaml": "resources: [../../base]\n" for n in ("a", "b", "c")}
    folder = repository(BASE | overlays)
    committed(folder)
    repository({"envs/a/kustomization.yaml": "namespace: shop\nresources: [../../base]\n"})
    report = checked(folder, "--base", "main", code=0)
    assert report["findings"] == []
    (root,) = report["rendered_changes"]
    assert {change["what"] for change in root["objects"]} == {"changed"}


def test_a_change_of_values_shows_what_it_does(repository: Callable[[Mapping[str, str]], Path]) -> None:
    folder = repository(chart("web:\n  privileged: false\n", TEMPLATED))
    committed(folder)
    repository({"shop/values.yaml": "web:\n  privileged: true\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "head")
    report = checked(folder, "--base", "main~1", "--head", "main", code=1)
    assert of_rule(report, PRIVILEGED) == [("shop/values.yaml", 2, "helm:shop")]
    assert of_rule(checked(folder, "--base", "main", "--head", "main~1"), PRIVILEGED) == []


def test_a_fix_of_a_value_is_proved_on_the_result(repository: Callable[[Mapping[str, str]], Path]) -> None:
    folder = repository(chart("web:\n  privileged: false\n", TEMPLATED))
    committed(folder)
    repository({"shop/values.yaml": "web:\n  privileged: true\n"})
    (finding,) = checked(folder, "--base", "main", code=1)["findings"]
    assert "-  privileged: true\n+  privileged: false\n" in finding["fix"]["patch"]
    assert any("rendered before and after" in sentence for sentence in finding["fix"]["proof"])
    (folder / "one.patch").write_text(finding["fix"]["patch"])
    git(folder, "apply", "one.patch")
    assert checked(folder, "--base", "main", code=0)["findings"] == []


def test_a_change_that_mends_a_value_fixes_the_finding(repository: Callable[[Mapping[str, str]], Path]) -> None:
    folder = repository(chart("web:\n  privileged: true\n", TEMPLATED))
    committed(folder)
    repository({"shop/values.yaml": "web:\n  privileged: false\n"})
    report = checked(folder, "--base", "main", code=0)
    assert report["findings"] == []
    assert PRIVILEGED in [f["rule_id"] for f in report["fixed"]]


def test_a_file_that_is_no_candidate_reaches_its_chart(
    repository: Callable[[Mapping[str, str]], Path],
) -> None:
    helper = '{{- define "privileged" -}}false{{- end -}}\n'
    template = DEPLOYMENT.replace("privileged: true", 'privileged: {{ include "privileged" . }}')
    folder = repository(chart("", template) | {"shop/templates/_helpers.tpl": helper})
    committed(folder)
    repository({"shop/templates/_helpers.tpl": helper.replace("false", "true")})
    assert of_rule(checked(folder, "--base", "main"), PRIVILEGED) != []


def test_policies_are_judged_in_the_namespace_that_an_overlay_sets(
    repository: Callable[[Mapping[str, str]], Path],
) -> None:
    deny = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: shop}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n"
    )
    overlay = {"prod/kustomization.yaml": "resources: [../base]\nnamespace: shop\n"}
    assert of_rule(checked(repository(BASE | overlay)), "GG-NET-001") == [("base/web.yaml", 1, "kustomize:prod")]
    assert of_rule(checked(repository({"policies/deny.yaml": deny})), "GG-NET-001") == []


def test_objects_without_a_namespace_are_where_the_application_puts_them(
    repository: Callable[[Mapping[str, str]], Path],
) -> None:
    deny = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: shop}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n"
    )
    application = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\n"
        "spec: {source: {path: base}, destination: {namespace: %s}}\n"
    )
    folder = repository(BASE | {"deny.yaml": deny, "app.yaml": application % "shop"})
    assert of_rule(checked(folder), "GG-NET-001") == []
    repository({"app.yaml": application % "other"})
    assert of_rule(checked(folder), "GG-NET-001") == [("base/web.yaml", 1, "kustomize:base")]


def test_a_change_is_judged_with_the_policies_of_other_roots(repository: Callable[[Mapping[str, str]], Path]) -> None:
    deny = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n"
    )
    policies = {"net/kustomization.yaml": "resources: [deny.yaml]\nnamespace: shop\n", "net/deny.yaml": deny}
    folder = repository(policies)
    committed(folder)
    repository(BASE | {"prod/kustomization.yaml": "resources: [../base]\nnamespace: shop\n"})
    report = checked(folder, "--base", "main", code=1)
    assert of_rule(report, "GG-NET-001") == []
    assert of_rule(report, PRIVILEGED) == [("base/web.yaml", 16, "file")]
    assert report["coverage"]["rendered"] == ["kustomize:prod"]
    repository({"net/deny.yaml": deny.replace("Ingress, Egress", "Egress")})
    assert of_rule(checked(folder, "--base", "main"), "GG-NET-001") == [("base/web.yaml", 1, "kustomize:prod")]


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_tools", lambda *_: Tools())


@pytest.mark.usefixtures("no_tools")
def test_without_tools_the_rest_goes_on_and_it_is_said(repository: Callable[[Mapping[str, str]], Path]) -> None:
    report = checked(repository(BASE))
    assert of_rule(report, PRIVILEGED) == [("base/web.yaml", 16, "file")]
    reasons = {entry["path"]: entry["reason"] for entry in report["coverage"]["skipped"]}
    assert reasons["kustomize:base"].startswith("not rendered: there is no kustomize here")
    assert "pip install 'gitops-guard[render]'" in reasons["kustomize:base"]


@pytest.mark.usefixtures("no_tools")
def test_required_without_tools_ends_with_3(
    repository: Callable[[Mapping[str, str]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    repository(BASE | {".gitops-guard.yaml": "render: {mode: required}\n"})
    assert main(["check", "--fail-level", "none"]) == 3
    assert "rendering is required by the configuration, and there is no kustomize here" in capsys.readouterr().err
    assert main(["render"]) == 3


def test_required_and_a_root_that_does_not_render_ends_with_3(repository: Callable[[Mapping[str, str]], Path]) -> None:
    files = {"a/kustomization.yaml": "resources: ['https://example.com/base']\n"}
    assert checked(repository(files), code=0)["coverage"]["failed"] == []
    failed = checked(repository({".gitops-guard.yaml": "render: {mode: required}\n"}), code=3)["coverage"]["failed"]
    assert failed[0]["path"] == "kustomize:a"


def test_off_renders_nothing(repository: Callable[[Mapping[str, str]], Path]) -> None:
    report = checked(repository(BASE | {".gitops-guard.yaml": "render: {mode: off}\n"}))
    assert report["coverage"]["rendered"] == []
    assert of_rule(report, PRIVILEGED) == [("base/web.yaml", 16, "file")]


def test_nothing_behind_a_link_reaches_a_report(repository: Callable[[Mapping[str, str]], Path]) -> None:
    secret = "what-no-report-may-show"
    folder = repository(BASE | {"prod/kustomization.yaml": "resources: [../base, stolen.yaml]\n"})
    outside = folder.parent / "outside.yaml"
    outside.write_text(DEPLOYMENT.replace("web", secret))
    (folder / "prod/stolen.yaml").symlink_to(outside)
    report = checked(folder)
    assert secret not in json.dumps(report)
    assert "symbolic link" in json.dumps(report["coverage"]["skipped"])
    assert of_rule(report, PRIVILEGED) == [("base/web.yaml", 16, "file")]


def test_nothing_behind_a_link_of_a_commit_reaches_a_report(repository: Callable[[Mapping[str, str]], Path]) -> None:
    folder = repository(BASE | {"prod/kustomization.yaml": "resources: [../base]\n"})
    committed(folder)
    (folder / "prod/stolen.yaml").symlink_to("/etc/hostname")
    repository({"prod/kustomization.yaml": "resources: [../base, stolen.yaml]\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "head")
    report = checked(folder, "--base", "main~1", "--head", "main")
    assert Path("/etc/hostname").read_text().strip() not in json.dumps(report)
    reasons = {entry["path"]: entry["reason"] for entry in report["coverage"]["skipped"]}
    assert "prod/stolen.yaml is a symbolic link" in reasons["kustomize:prod"]


def test_fix_leaves_patches_of_overlays_alone(
    repository: Callable[[Mapping[str, str]], Path], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    repository(BASE | {
        "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: fix.yaml}]\n", "prod/fix.yaml": FIX,
    })  # fmt: skip
    assert main(["fix", "--diff"]) == 0
    diff = capfdbinary.readouterr().out.decode()
    assert "b/base/web.yaml" in diff
    assert "prod/fix.yaml" not in diff
    assert "privileged" not in "".join(line for line in diff.splitlines() if line.startswith(("+", "-")))


def test_a_check_of_plain_files_loads_nothing_of_this(repository: Callable[[Mapping[str, str]], Path]) -> None:
    folder = repository({"web.yaml": DEPLOYMENT})
    script = (
        "import sys; from gitops_guard.cli import main; main(['check', 'web.yaml', '--output', '/dev/null']);"
        "print([name for name in sys.modules if 'render' in name])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, env=os.environ, capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
