"""Fixes of what is rendered, and the difference that a change makes to it, over real git repositories."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.cli import main
from rendering_parts import CHART, real_tools

pytestmark = pytest.mark.real

Json = dict[str, Any]

APP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: nginx:1.25.1
"""
SIDECAR = """\
        - name: extra
          image: redis:7.2.1
          securityContext: {privileged: false}
"""
OVERLAYS = {
    "base/kustomization.yaml": "resources: [app.yaml]\n",
    "base/app.yaml": APP,
    "prod/kustomization.yaml": "resources: [../base]\nnamespace: prod\n",
    "test/kustomization.yaml": "resources: [../base]\nnamespace: test\n",
}
SHOP = {
    "shop/Chart.yaml": CHART,
    "shop/values.yaml": "securityContext:\n  allowPrivilegeEscalation: false\ndbPassword: Hunter22Hunter\n",
    "shop/templates/app.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: nginx:1.25.1
          securityContext: {{- toYaml .Values.securityContext | nindent 12 }}
          env:
            - name: DB_PASSWORD
              value: {{ .Values.dbPassword }}
""",
}


class Repository:
    """A repository with one commit, whose working tree is then changed."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder
        self.write(files)
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "base")

    def write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    def git(self, *arguments: str) -> None:
        settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *settings, *arguments], cwd=self.folder, check=True, capture_output=True)

    def report(self) -> Json:
        found: Json = json.loads(self.text("json"))
        return found

    def text(self, form: str) -> str:
        output = self.folder.parent / f"report.{form}"
        main(["check", "--base", "main", "--format", form, "--output", str(output)])
        return output.read_text()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    real_tools()
    inner = tmp_path / "repository"
    inner.mkdir()
    monkeypatch.chdir(inner)
    return inner


def fixes(report: Json) -> dict[str, Json]:
    return {found["rule_id"]: found["fix"] for found in report["findings"] if found["fix"]}


def test_the_problems_of_one_object_have_one_patch_that_lists_all_overlays(folder: Path) -> None:
    repository = Repository(folder, OVERLAYS)
    repository.write({"base/app.yaml": APP + SIDECAR})
    found = fixes(repository.report())
    together = [found[rule] for rule in ("GG-POD-009", "GG-POD-010", "GG-POD-011")]
    assert len({fix["patch"] for fix in together}) == 1
    for fix in together:
        assert fix["safety"] == "needs-review"
        assert "the source is shared: it changes kustomize:prod, kustomize:test" in fix["note"]
        assert "in 2 objects of 2 roots" in " ".join(fix["proof"])
    assert found["GG-POD-013"]["safety"] == "display-only"
    (folder / "fix.patch").write_text(together[0]["patch"])
    repository.git("apply", "fix.patch")
    left = fixes(repository.report())
    assert left.keys() == {"GG-POD-013"}


def test_each_root_is_fixed_where_its_own_field_is_decided(folder: Path) -> None:
    undo = "- op: add\n  path: /spec/template/spec/containers/1/securityContext\n  value: {privileged: false}\n"
    files = OVERLAYS | {
        "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: undo.yaml, target: {kind: Deployment}}]\n",
        "prod/undo.yaml": undo,
        "base/app.yaml": APP + SIDECAR.replace("extra", "other"),
    }
    repository = Repository(folder, files)
    repository.write({"base/app.yaml": APP + SIDECAR})
    found = [one for one in repository.report()["findings"] if one["rule_id"] == "GG-POD-010"]
    assert [(one["path"], one["start_line"], one["origin"]) for one in found] == [
        ("base/app.yaml", 14, "file"),
        ("prod/undo.yaml", 3, "kustomize:prod"),
    ]
    for one in found:
        assert f"+++ b/{one['path']}\n" in one["fix"]["patch"]
        assert "in 1 object of 1 root" in " ".join(one["fix"]["proof"])


def test_a_value_is_fixed_in_the_values_file_and_the_difference_masks_secrets(folder: Path) -> None:
    repository = Repository(folder, SHOP)
    changed = SHOP["shop/values.yaml"].replace("allowPrivilegeEscalation: false", "runAsUser: 1000")
    repository.write({"shop/values.yaml": changed.replace("Hunter22Hunter", "Hunter33Hunter")})
    report = repository.report()
    fix = fixes(report)["GG-POD-010"]
    assert "+  allowPrivilegeEscalation: false" in fix["patch"]
    assert "Hunter" not in fix["patch"]
    (root,) = report["rendered_changes"]
    assert root["root"] == "helm:shop"
    fields = {field["path"]: (field["before"], field["after"]) for field in root["objects"][0]["fields"]}
    container = "spec.template.spec.containers[web]"
    assert fields[f"{container}.securityContext.runAsUser"] == (None, "1000")
    assert fields[f"{container}.env[DB_PASSWORD].value"][0] == "(secret, not shown)"
    assert "Hunter" not in json.dumps(report["rendered_changes"])


def test_the_summary_shows_the_difference_folded_by_root(folder: Path) -> None:
    repository = Repository(folder, OVERLAYS)
    repository.write(
        {"prod/kustomization.yaml": "resources: [../base]\nnamespace: prod\nreplicas: [{name: web, count: 3}]\n"}
    )
    text = repository.text("markdown")
    assert "### Rendered" in text
    assert "<summary><code>kustomize:prod</code>: 1 changed</summary>" in text
    assert "| `Deployment prod/web` | `spec.replicas` |  | `3` |" in text
    assert "kustomize:test" not in text


def test_a_root_that_breaks_is_not_an_empty_difference(folder: Path) -> None:
    repository = Repository(folder, OVERLAYS)
    repository.write({"prod/kustomization.yaml": "resources: [../base, missing.yaml]\n"})
    (root,) = repository.report()["rendered_changes"]
    assert "not rendered after the change" in root["unknown"]
    assert root["objects"] == []
