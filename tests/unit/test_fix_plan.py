"""Groups of fix pull requests from a tree: by what they are grouped, what is in them, and that each stands alone."""

from datetime import date
from pathlib import Path

import pytest

from gitops_guard import configuration, pipeline
from gitops_guard.errors import ConfigurationError
from gitops_guard.finding import NEEDS_REVIEW, SAFE
from gitops_guard.fix_pull_requests.plan import NOBODY, Planned, Request, planned
from gitops_guard.rendering.build import Renderer
from gitops_guard.settings import FixPullRequests, Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.tree_fixes import fix_tree
from rendering_parts import CHART, real_tools

POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
spec:
  containers:
    - name: web
      image: nginx:1.27.0
      volumeMounts:
        - name: tls
          mountPath: /tls
      securityContext:
        privileged: true
  volumes:
    - name: tls
      secret:
        secretName: tls
"""
TODAY = date(2026, 7, 1)


@pytest.fixture
def run(tmp_path: Path) -> pipeline.Run:
    for name in ("apps/shop/web.yaml", "apps/bank/web.yaml", "tools/web.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(POD)
    (tmp_path / "CODEOWNERS").write_text("/apps/ @acme/apps @octocat\n/apps/bank/ @bank\n")
    return pipeline.Run(str(tmp_path), Settings(), TODAY)


def keys(run: pipeline.Run, **values: object) -> list[str]:
    setting = FixPullRequests()._replace(**values)  # type: ignore[arg-type]
    return [group.key for group in planned(run, Request(setting)).groups]


def test_only_safe_fixes_unless_others_are_asked_for(run: pipeline.Run) -> None:
    (group,) = planned(run, Request(FixPullRequests())).groups
    assert (group.key, group.safety, len(group.files)) == ("GG-SEC-004", SAFE, 3)
    assert all(b"readOnly: true" in (file.after or b"") and b"privileged: true" in (file.after or b"")
               for file in group.files)  # fmt: skip
    assert group.owners == ("@bank", "@acme/apps", "@octocat")
    assert group.proof
    more = planned(run, Request(FixPullRequests(needs_review=True))).groups
    assert {"GG-SEC-004", "GG-POD-001"} < {one.key for one in more}
    assert {one.safety for one in more} == {SAFE, NEEDS_REVIEW}


def test_the_groups(run: pipeline.Run) -> None:
    assert keys(run, group_by="family") == ["SEC"]
    assert keys(run, group_by="directory") == ["apps/bank", "apps/shop", "tools"]
    assert keys(run, group_by="directory", depth=1) == ["apps", "tools"]
    assert keys(run, group_by="owner") == ["@acme/apps @octocat", "@bank", NOBODY]
    assert keys(run, rules=("GG-POD-001",), needs_review=True) == ["GG-POD-001"]
    assert keys(run, rules=("GG-POD-001",)) == []


def test_the_worst_come_first_and_each_group_holds_its_own(run: pipeline.Run) -> None:
    groups = planned(run, Request(FixPullRequests(needs_review=True))).groups
    by_key = {group.key: group for group in groups}
    assert groups[0].key == "GG-POD-001"
    after = by_key["GG-POD-001"].files[0].after or b""
    assert b"privileged: false" in after
    assert b"readOnly" not in after
    assert {problem.rule_id for problem in by_key["GG-POD-001"].findings} == {"GG-POD-001"}


def test_a_group_changes_nothing_that_fix_would_not(run: pipeline.Run) -> None:
    (by_directory,) = planned(run, Request(FixPullRequests(group_by="directory", depth=1, needs_review=True))).groups[
        :1
    ]
    whole = {one.file.path: one.after for one in fix_tree(run, (), safe_only=False, everything=False)}
    assert {file.path: (file.after or b"").decode() for file in by_directory.files}.items() <= whole.items()


def test_modes_are_told(run: pipeline.Run) -> None:
    (Path(run.root) / "tools/web.yaml").chmod(0o755)
    (group,) = planned(run, Request(FixPullRequests(), frozenset(("GG-SEC-004",)))).groups
    assert {file.path: file.mode for file in group.files}["tools/web.yaml"] == "100755"
    assert group.requested


def test_a_title_names_nobody(run: pipeline.Run) -> None:
    groups = planned(run, Request(FixPullRequests(group_by="owner"))).groups
    assert all("@" not in group.title for group in groups)


def read(text: str) -> Settings:
    return configuration.read(SourceFile("c.yaml", text), {"GG-POD-001"}, TODAY)


def test_reads_the_configuration() -> None:
    assert read("{}").fix_pull_requests is None
    assert read("fix_pull_requests: {}").fix_pull_requests == FixPullRequests()
    text = (
        "fix_pull_requests: {group_by: owner, rules: [GG-POD-001], limit: 3, depth: 1, labels: [], needs_review: true}"
    )
    assert read(text).fix_pull_requests == FixPullRequests("owner", ("GG-POD-001",), 1, 3, (), needs_review=True)


@pytest.mark.parametrize(
    "text", ["group_by: team", "rules: [GG-X]", "limit: 0", "limit: 51", "depth: 0", "labels: [a, '']", "open: 5",
             "needs_review: maybe", "labels: ['" + "x" * 51 + "']"],
)  # fmt: skip
def test_a_mistake_is_an_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"c\.yaml:2"):
        read("fix_pull_requests:\n  " + text + "\n")


@pytest.mark.real
def test_a_rendered_object_is_fixed_at_its_source_and_its_files_are_one_change(tmp_path: Path) -> None:
    real_tools()
    template = POD.replace("privileged: true", "privileged: {{ .Values.privileged }}")
    files = {
        "shop/Chart.yaml": CHART,
        "shop/values.yaml": "privileged: true\n",
        "shop/templates/web.yaml": template,
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": POD,
        "prod/kustomization.yaml": "resources: [../base]\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    run = pipeline.Run(str(tmp_path), Settings(), TODAY)
    found = planned(run, Request(FixPullRequests(needs_review=True))).groups
    group = next(one for one in found if one.key == "GG-POD-001")
    assert {(file.path, file.before, file.after) for file in group.files} == {
        ("shop/values.yaml", b"privileged: true\n", b"privileged: false\n"),
        ("base/web.yaml", POD.encode(), POD.replace("privileged: true", "privileged: false").encode()),
    }
    assert {(one.path, one.line) for one in group.findings} == {("shop/values.yaml", 1), ("base/web.yaml", 14)}
    assert any("rendered before and after" in step for step in group.proof)


@pytest.mark.real
def test_groups_that_take_too_long_are_left_out_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_tools()
    (tmp_path / "kustomization.yaml").write_text("resources: [web.yaml]\n")
    (tmp_path / "web.yaml").write_text(POD)
    run = pipeline.Run(str(tmp_path), Settings(), TODAY)
    request = Request(FixPullRequests(needs_review=True, rules=("GG-POD-001",)))
    assert planned(run, request).complete
    monkeypatch.setattr(Renderer, "renew", lambda renderer: setattr(renderer, "_spent", 1e9))
    assert planned(run, request) == Planned((), complete=False)
