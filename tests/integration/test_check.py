"""The check and fix commands as a person uses them, on real repositories."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

POD = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
spec:
  automountServiceAccountToken: false
  containers:
    - name: web
      image: nginx:1.27.0
      securityContext:
        privileged: {privileged}
"""


ANNOTATION = "    ignore-check.kube-linter.io/privileged: x\n"


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "c")


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gitops_guard", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def check(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run(folder, "check", "--format", "json", "--fail-level", "none", *arguments)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def found(report: dict[str, Any], rule: str) -> list[tuple[str, str]]:
    return [(f["path"], f["status"]) for f in report["findings"] if f["rule_id"] == rule]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "old.yaml").write_text(POD.format(name="old", privileged="true"))
    commit(tmp_path)
    git(tmp_path, "checkout", "-qb", "change")
    return tmp_path


def test_only_what_is_new_is_reported(repository: Path) -> None:
    (repository / "new.yaml").write_text(POD.format(name="new", privileged="true"))
    (repository / "old.yaml").write_text("# a comment\n" + POD.format(name="old", privileged="true"))
    report = check(repository, "--base", "main")
    assert found(report, "GG-POD-001") == [("new.yaml", "new")]
    assert sum(report["comparison"]["existing"].values()) > 0


@pytest.mark.parametrize("how", ["rename", "split", "reorder", "indent"])
def test_moving_things_around_introduces_nothing(repository: Path, how: str) -> None:
    text = (repository / "old.yaml").read_text()
    if how == "rename":
        git(repository, "mv", "old.yaml", "renamed.yaml")
    elif how == "split":
        (repository / "old.yaml").unlink()
        (repository / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n---\n" + text)
    elif how == "reorder":
        head, spec = text.split("spec:\n")
        (repository / "old.yaml").write_text("spec:\n" + spec + head)
    else:
        body = text.replace("    - name", "      - name").replace("      image", "        image")
        body = body.replace("      securityContext:\n        priv", "        securityContext:\n          priv")
        (repository / "old.yaml").write_text(body)
    report = check(repository, "--base", "main")
    assert report["findings"] == []
    assert report["fixed"] == []


def test_fixed_problems_are_counted(repository: Path) -> None:
    (repository / "old.yaml").write_text(POD.format(name="old", privileged="false"))
    report = check(repository, "--base", "main")
    assert [f["rule_id"] for f in report["fixed"]] == ["GG-POD-001"]


def test_new_findings_carry_proved_patches_that_git_applies(repository: Path) -> None:
    (repository / "new.yaml").write_text(POD.format(name="new", privileged="true"))
    report = check(repository, "--base", "main")
    (finding,) = (f for f in report["findings"] if f["rule_id"] == "GG-POD-001")
    assert finding["fix"]["proof"]
    (repository / "p.patch").write_text(finding["fix"]["patch"])
    git(repository, "apply", "p.patch")
    assert "privileged: false" in (repository / "new.yaml").read_text()


def test_the_configuration_is_that_of_the_base(repository: Path) -> None:
    (repository / ".gitops-guard.yaml").write_text(
        "waivers:\n  - {rule: GG-POD-001, owner: me, reason: mine, expires: 2999-01-01}\n"
    )
    (repository / "new.yaml").write_text(POD.format(name="new", privileged="true"))
    report = check(repository, "--base", "main")
    assert found(report, "GG-POD-001") == [("new.yaml", "new")]
    assert found(report, "GG-GIT-007") == [(".gitops-guard.yaml", "new")]
    assert found(check(repository), "GG-POD-001") == [("new.yaml", "waived"), ("old.yaml", "waived")]


def test_a_deleted_policy_is_a_problem_of_the_unchanged_workload(repository: Path) -> None:
    git(repository, "checkout", "-q", "main")
    policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\n"
    (repository / "policy.yaml").write_text(policy + "spec: {podSelector: {}}\n")
    commit(repository)
    git(repository, "checkout", "-qb", "open")
    (repository / "policy.yaml").unlink()
    report = check(repository, "--base", "main")
    assert found(report, "GG-NET-001") == [("old.yaml", "new")]


@pytest.mark.parametrize(
    "comment",
    [
        "# checkov:skip=CKV_K8S_16: driver\n" + POD,
        POD.replace("  namespace: shop\n", "  namespace: shop\n  annotations:\n" + ANNOTATION),
        POD.replace("        privileged", "        # gitops-guard:ignore=GG-POD-001 driver\n        privileged"),
        POD.replace("privileged: {privileged}", "privileged: {privileged} # gitops-guard:ignore=privileged-container"),
    ],
)  # fmt: skip
def test_ignore_comments_of_other_tools_are_honoured(tmp_path: Path, comment: str) -> None:
    (tmp_path / "a.yaml").write_text(comment.format(name="a", privileged="true"))
    (tmp_path / "b.yaml").write_text(POD.format(name="b", privileged="true"))
    statuses = dict(found(check(tmp_path), "GG-POD-001"))
    assert statuses == {"a.yaml": "waived", "b.yaml": "existing"}


def test_exit_codes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD.format(name="a", privileged="true"))
    assert run(tmp_path, "check").returncode == 1
    assert run(tmp_path, "check", "--fail-level", "none").returncode == 0
    assert run(tmp_path, "check", "--rule", "CKV_K8S_20", "--fail-level", "high").returncode == 0
    (tmp_path / ".gitops-guard.yaml").write_text("rulez: {}\n")
    done = run(tmp_path, "check")
    assert done.returncode == 2
    assert "did you mean 'rules'?" in done.stderr


def test_fix_writes_what_it_showed_and_then_has_nothing_left(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.yaml").write_text(POD.format(name="a", privileged="true"))
    commit(tmp_path)
    shown = run(tmp_path, "fix", "--diff")
    (tmp_path / "p.patch").write_text(shown.stdout)
    git(tmp_path, "apply", "p.patch")
    patched = (tmp_path / "a.yaml").read_text()
    (tmp_path / "a.yaml").write_text(POD.format(name="a", privileged="true"))
    assert run(tmp_path, "fix", "--write").returncode == 0
    assert (tmp_path / "a.yaml").read_text() == patched
    run(tmp_path, "fix", "--write")
    assert (tmp_path / "a.yaml").read_text() == patched
    assert run(tmp_path, "fix", "--diff").stdout == ""


def test_safe_only_leaves_everything_else(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD.format(name="a", privileged="true"))
    assert run(tmp_path, "fix", "--safe-only", "--rule", "GG-POD-001").stdout == ""


@pytest.mark.parametrize(
    "arguments", [("rules",), ("explain", "CKV_K8S_16"), ("rules", "--format", "json"), ("--version",)]
)
def test_commands_that_tell(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 0
    assert len(done.stdout) > 10


def test_many_reports_of_one_run(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD.format(name="a", privileged="true"))
    names = ("json", "sarif", "junit", "markdown", "html")
    done = run(tmp_path, "check", *(f"--report={name}=out.{name}" for name in names))
    assert done.returncode == 1
    for name in names:
        assert (tmp_path / f"out.{name}").stat().st_size > 100
