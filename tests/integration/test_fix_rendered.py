"""`fix` and `check --format html` over overlays and charts: edits of sources, proved on what the real tools render."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gitops_guard.cli import main
from rendering_parts import CHART, real_tools

pytestmark = pytest.mark.real

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers:
        - name: app
          image: registry.example/app:1.0
          securityContext:
            privileged: PRIVILEGED
"""
PRIVILEGED = "GG-POD-001"
Write = Callable[[Mapping[str, str]], Path]
Output = Callable[[], tuple[str, str]]


def deployment(name: str, privileged: str = "true") -> str:
    return DEPLOYMENT.replace("NAME", name).replace("PRIVILEGED", privileged)


SHOP = {
    "shop/Chart.yaml": CHART,
    "shop/values.yaml": "privileged: true\nother: 1\n",
    "shop/templates/app.yaml": deployment("a", "{{ .Values.privileged }}") + "---\n"
    + deployment("b", "{{ .Values.privileged }}"),
}  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    real_tools()

    def write(files: Mapping[str, str]) -> Path:
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return write


@pytest.fixture
def output(capfdbinary: pytest.CaptureFixture[bytes]) -> Output:
    def read() -> tuple[str, str]:
        out, err = capfdbinary.readouterr()
        return out.decode(), err.decode()

    return read


def built(folder: Path, *words: str) -> str:
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout


def applied(folder: Path, diff: str) -> None:
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "apply", "-"], cwd=folder, check=True, input=diff.encode())


def test_several_objects_of_one_file_end_in_one_diff_that_applies(repository: Write, output: Output) -> None:
    folder = repository({
        "base/kustomization.yaml": "resources: [apps.yaml]\n",
        "base/apps.yaml": f"{deployment('a')}---\n{deployment('b')}",
        "prod/kustomization.yaml": "resources: [../base]\nnamespace: prod\n",
        "test/kustomization.yaml": "resources: [../base]\nnamespace: test\n",
    })  # fmt: skip
    before = {root: built(folder, "kubectl", "kustomize", root) for root in ("prod", "test")}
    assert main(["fix", "--diff", "--rule", PRIVILEGED]) == 0
    diff, said = output()
    assert diff.count("diff --git") == 1
    assert said == "would fix 2 problems in 1 files; 0 have no proved fix\n"
    applied(folder, diff)
    for root, text in before.items():
        assert text.count("privileged: true") == 2
        assert built(folder, "kubectl", "kustomize", root) == text.replace("privileged: true", "privileged: false")


def test_a_value_that_two_objects_share_is_edited_once(repository: Write, output: Output) -> None:
    folder = repository(SHOP)
    assert main(["fix", "--write", "--rule", PRIVILEGED]) == 0
    assert (folder / "shop/values.yaml").read_text() == "privileged: false\nother: 1\n"
    assert "fixed 1 problems in 1 files" in output()[1]
    assert "privileged: true" not in built(folder, "helm", "template", "x", "shop")


def test_an_edit_that_reaches_other_objects_is_not_made_where_only_safe_ones_are_asked_for(
    repository: Write, output: Output
) -> None:
    mounting = deployment("a", "false") + (
        "          volumeMounts: [{name: s, mountPath: /s, readOnly: {{ .Values.readOnly }}}]\n"
        "      volumes: [{name: s, secret: {secretName: s}}]\n"
    )
    other = deployment("b", "{{ not .Values.readOnly }}")
    words = ["fix", "--write", "--safe-only", "--rule", "GG-SEC-004"]
    files = SHOP | {"shop/values.yaml": "readOnly: false\n", "shop/templates/app.yaml": mounting}
    folder = repository(files | {"shop/templates/b.yaml": mounting.replace(": a", ": b")})
    assert main(words) == 0
    assert (folder / "shop/values.yaml").read_text() == "readOnly: false\n"
    assert "GG-SEC-004: no fix: it needs review: it changes" in output()[1]
    repository({"shop/templates/b.yaml": other})
    assert main(words) == 0
    assert (folder / "shop/values.yaml").read_text() == "readOnly: false\n"
    (folder / "shop/templates/b.yaml").unlink()
    assert main(words) == 0
    assert (folder / "shop/values.yaml").read_text() == "readOnly: true\n"


def test_a_template_is_not_edited_and_it_is_said(repository: Write, output: Output) -> None:
    repository(SHOP | {"shop/templates/app.yaml": deployment("{{ .Release.Name }}")})
    assert main(["fix", "--diff", "--rule", PRIVILEGED]) == 0
    diff, said = output()
    assert diff == ""
    assert f"shop/templates/app.yaml:13 {PRIVILEGED}: no fix: shop/templates/app.yaml:13 is a template" in said
    assert "would fix 0 problems in 0 files; 1 have no proved fix\n" in said


def test_a_patch_is_added_where_nothing_else_can_be_edited(repository: Write, output: Output) -> None:
    replacement = (
        "replacements:\n- source: {kind: ConfigMap, name: c, fieldPath: data.p}\n"
        "  targets:\n  - select: {kind: Deployment}\n"
        "    fieldPaths: ['spec.template.spec.containers.0.image']\n"
    )
    folder = repository({
        "kustomization.yaml": "resources: [app.yaml, c.yaml]\n" + replacement,
        "c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {p: registry.example/app:2.0}\n",
        "app.yaml": deployment("a"),
    })  # fmt: skip
    before = built(folder, "kubectl", "kustomize", ".")
    assert main(["fix", "--write", "--rule", PRIVILEGED]) == 0
    assert "fixed 1 problems" in output()[1]
    assert built(folder, "kubectl", "kustomize", ".") == before.replace("privileged: true", "privileged: false")


def test_waived_and_excluded_sources_stay(repository: Write, output: Output) -> None:
    ignored = f"# gitops-guard:ignore={PRIVILEGED} it drives the node\nprivileged: true\n"
    folder = repository(SHOP | {"shop/values.yaml": ignored})
    assert main(["fix", "--write", "--rule", PRIVILEGED]) == 0
    repository(SHOP | {".gitops-guard.yaml": "exclude: [shop/values.yaml]\n"})
    assert main(["fix", "--write", "--rule", PRIVILEGED]) == 0
    assert (folder / "shop/values.yaml").read_text() == SHOP["shop/values.yaml"]
    assert "fixed 1" not in output()[1]


def test_a_source_outside_of_what_was_asked_for_stays(repository: Write, output: Output) -> None:
    folder = repository({
        "base/kustomization.yaml": "resources: [app.yaml]\n",
        "base/app.yaml": deployment("a"),
        "prod/kustomization.yaml": "resources: [../base]\n",
    })  # fmt: skip
    assert main(["fix", "prod", "--write", "--rule", PRIVILEGED]) == 0
    assert (folder / "base/app.yaml").read_text() == deployment("a")
    assert "base/app.yaml lies outside of what was asked for" in output()[1]


def test_a_report_with_patches_proves_them_on_the_result(repository: Write) -> None:
    folder = repository(SHOP)
    place = folder.parent / "report.json"
    main(["check", "--patches", "--rule", PRIVILEGED, "--format", "json", "--output", str(place)])
    (found,) = json.loads(place.read_text())["findings"]
    assert "-privileged: true\n+privileged: false\n" in found["fix"]["patch"]
    assert any("rendered before and after" in sentence for sentence in found["fix"]["proof"])
    assert "it changes" in found["fix"]["note"]
    page = folder.parent / "report.html"
    main(["check", "--rule", PRIVILEGED, "--format", "html", "--output", str(page)])
    assert "rendered before and after" in page.read_text()


def test_files_that_plain_and_rendered_fixes_edit_have_one_diff(repository: Write, output: Output) -> None:
    """The image's policy is judged in the file, the rest on what is rendered."""
    folder = repository({
        "kustomization.yaml": "resources: [app.yaml]\nnamespace: prod\n",
        "app.yaml": deployment("a").replace("app:1.0", "app:latest"),
    })  # fmt: skip
    assert main(["fix", "--diff"]) == 0
    diff, _ = output()
    assert diff.count("diff --git a/app.yaml") == 1
    applied(folder, diff)
    text = built(folder, "kubectl", "kustomize", ".")
    assert "privileged: false" in text
    assert "seccompProfile" in text
    assert main(["fix", "--diff"]) == 0
    assert output()[0] == ""


POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec:
  podSelector: {matchLabels: {app: a}}
  policyTypes:
    - Ingress
  egress:
    - to: [{podSelector: {matchLabels: {app: TARGET}}}]
      ports: [{port: 8080}]
"""
TALKING = """\
          env: [{name: B_ADDR, value: "b:8080"}]
---
apiVersion: v1
kind: Service
metadata: {name: b}
spec:
  selector: {app: b}
  ports: [{port: 8080}]
---
"""


def test_a_fix_of_a_policy_is_proved_on_the_connections_of_the_result(repository: Write, output: Output) -> None:
    folder = repository({
        "base/kustomization.yaml": "resources: [apps.yaml, policy.yaml]\n",
        "base/apps.yaml": deployment("a", "false") + TALKING + deployment("b", "false"),
        "base/policy.yaml": POLICY.replace("TARGET", "other"),
        "prod/kustomization.yaml": "resources: [../base]\nnamespace: prod\n",
    })  # fmt: skip
    words = ["fix", "--write", "--rule", "GG-NET-005"]
    assert main(words) == 0
    said = output()[1]
    assert "GG-NET-005: no fix: kustomize:prod: " in said
    assert "a" in said.partition("no fix")[2]
    assert (folder / "base/policy.yaml").read_text() == POLICY.replace("TARGET", "other")
    repository({"base/policy.yaml": POLICY.replace("TARGET", "b")})
    assert main(words) == 0
    assert "fixed 1 problems in 1 files; 0 have no proved fix" in output()[1]
    assert "- Egress" in built(folder, "kubectl", "kustomize", "prod")


def test_line_ends_and_the_mark_at_the_start_of_a_file_stay(repository: Write) -> None:
    folder = repository(SHOP)
    (folder / "shop/values.yaml").write_bytes(b"\xef\xbb\xbfprivileged: true\r\nother: 1\r\n")
    assert main(["fix", "--write", "--rule", PRIVILEGED]) == 0
    assert (folder / "shop/values.yaml").read_bytes() == b"\xef\xbb\xbfprivileged: false\r\nother: 1\r\n"


def test_a_secret_in_an_edited_source_is_not_printed(repository: Write, output: Output) -> None:
    secret = "Hunter22Hunter22"
    folder = repository(SHOP | {"shop/values.yaml": f"privileged: true\ndbPassword: {secret}\n"})
    assert main(["fix", "--diff", "--rule", PRIVILEGED]) == 0
    diff, said = output()
    assert "+privileged: false" in diff
    assert secret not in diff + said
    assert "shop/values.yaml: a secret is masked in this patch: use `gitops-guard fix --write` to apply it" in said
    assert main(["fix", "--write", "--rule", PRIVILEGED]) == 0
    assert (folder / "shop/values.yaml").read_text() == f"privileged: false\ndbPassword: {secret}\n"


def test_where_a_base_cannot_be_edited_every_overlay_gets_a_patch_or_a_reason(
    repository: Write, output: Output
) -> None:
    """An overlay insists on the base as it is: what would not be rendered any more is no fix."""
    insist = "- op: test\n  path: /spec/template/spec/containers/0/securityContext/privileged\n  value: true\n"
    folder = repository({
        "base/kustomization.yaml": "resources: [app.yaml]\n",
        "base/app.yaml": deployment("a"),
        "prod/kustomization.yaml": "resources: [../base]\n",
        "test/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml, target: {kind: Deployment}}]\n",
        "test/p.yaml": insist,
    })  # fmt: skip
    assert main(["fix", "--write", "--rule", PRIVILEGED]) == 0
    assert (folder / "base/app.yaml").read_text() == deployment("a")
    assert [built(folder, "kubectl", "kustomize", root).count("privileged: false") for root in ("prod", "test")] == [
        1,
        1,
    ]
    assert "fixed 1 problems in 4 files; 0 have no proved fix" in output()[1]


def test_a_report_says_where_a_patch_mends_one_of_several_overlays(repository: Write) -> None:
    insist = "- op: test\n  path: /spec/template/spec/containers/0/securityContext/privileged\n  value: true\n"
    folder = repository({
        "base/kustomization.yaml": "resources: [app.yaml]\n",
        "base/app.yaml": deployment("a"),
        "prod/kustomization.yaml": "resources: [../base]\n",
        "test/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml, target: {kind: Deployment}}]\n",
        "test/p.yaml": insist,
    })  # fmt: skip
    place = folder.parent / "one.json"
    main(["check", "--patches", "--rule", PRIVILEGED, "--format", "json", "--output", str(place)])
    (found,) = json.loads(place.read_text())["findings"]
    assert found["rendered_in"] == ["kustomize:prod", "kustomize:test"]
    assert "it mends kustomize:prod only" in found["fix"]["note"]
