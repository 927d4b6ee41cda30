"""The rule on paths that a change opens, from the command line and in a pull request's report, on real git."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.cli import main

Json = dict[str, Any]

POD = """apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {space}, labels: {{app: {name}}}}}
spec:
  containers:
    - {{name: main, image: "registry.example.com/{name}:1", ports: [{{containerPort: 8080}}]}}
---
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
DENY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: NAME, namespace: shop}
spec:
  podSelector: {matchLabels: {app: NAME}}
  policyTypes: [Ingress]
"""
ALLOW = (
    DENY
    + """  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 8080}]
"""
)
PODS = "".join(POD.format(name=name, space="shop") for name in ("web", "db", "cache"))


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def changed(folder: Path, base: dict[str, str], head: dict[str, str | None]) -> None:
    git(folder, "init", "-q", "-b", "main")
    for name, text in base.items():
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "base")
    git(folder, "checkout", "-qb", "change")
    for name, new in head.items():
        (folder / name).unlink() if new is None else (folder / name).write_text(new)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "change", "--allow-empty")


def report(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Json:
    monkeypatch.chdir(folder)
    target = folder / ".git" / "report.json"
    main(["check", "--base", "main", "--format", "json", "--output", str(target), "--offline", *options])
    value: Json = json.loads(target.read_text())
    return value


def opened(value: Json) -> list[tuple[str, int, str, str]]:
    found = [one for one in value["findings"] if one["rule_id"] == "GG-NET-012"]
    return [(one["path"], one["start_line"], one["resource"]["name"], one["message"]) for one in found]


def test_a_wider_policy_is_reported_at_the_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(
        tmp_path, {"pods.yaml": PODS, "db.yaml": DENY.replace("NAME", "db")}, {"db.yaml": ALLOW.replace("NAME", "db")}
    )
    value = report(tmp_path, monkeypatch)
    words = "this change opens TCP 8080 from shop/Pod/web to shop/Pod/db"
    assert opened(value) == [("db.yaml", 1, "db", words)]
    (one,) = (one for one in value["findings"] if one["rule_id"] == "GG-NET-012")
    assert (one["status"], one["severity"], one["fix"]) == ("new", "medium", None)
    assert "sp800_53:CM-3" in one["controls"]


def test_what_removed_policies_closed_is_one_finding_for_the_namespace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = {f"{name}.yaml": DENY.replace("NAME", name) for name in ("db", "cache", "web")}
    changed(tmp_path, {"pods.yaml": PODS, "space.yaml": NAMESPACE, **policies}, dict.fromkeys(policies))
    ((path, line, name, message),) = opened(report(tmp_path, monkeypatch))
    assert (path, line, name) == ("space.yaml", 1, "shop")
    assert "from addresses outside" in message
    for policy in ("db", "cache", "web"):
        assert f"shop/NetworkPolicy/{policy}" in message


def test_two_policies_are_two_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = {f"{name}.yaml": DENY.replace("NAME", name) for name in ("db", "cache")}
    head = {f"{name}.yaml": ALLOW.replace("NAME", name) for name in ("db", "cache")}
    changed(tmp_path, {"pods.yaml": PODS, **base}, {**head})
    assert [path for path, *_ in opened(report(tmp_path, monkeypatch))] == ["cache.yaml", "db.yaml"]


def test_a_new_workload_and_a_closed_path_open_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = {"db.yaml": DENY.replace("NAME", "db"), "new.yaml": POD.format(name="new", space="shop")}
    changed(tmp_path, {"pods.yaml": PODS, "db.yaml": ALLOW.replace("NAME", "db")}, {**head})
    assert opened(report(tmp_path, monkeypatch)) == []


def test_a_waiver_and_the_configuration_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiver = (
        "waivers:\n  - rule: GG-NET-012\n    paths: [db.yaml]\n    owner: platform\n"
        "    reason: agreed\n    expires: 2999-01-01\n"
    )
    base = {"pods.yaml": PODS, "db.yaml": DENY.replace("NAME", "db"), ".gitops-guard.yaml": waiver}
    changed(tmp_path, base, {"db.yaml": ALLOW.replace("NAME", "db")})
    value = report(tmp_path, monkeypatch)
    assert [one["status"] for one in value["findings"] if one["rule_id"] == "GG-NET-012"] == ["waived"]


def test_switched_off_it_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    off = "rules:\n  GG-NET-012: off\n"
    base = {"pods.yaml": PODS, "db.yaml": DENY.replace("NAME", "db"), ".gitops-guard.yaml": off}
    changed(tmp_path, base, {"db.yaml": ALLOW.replace("NAME", "db")})
    assert opened(report(tmp_path, monkeypatch)) == []


def test_a_manifest_that_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x\n"
    base = {"pods.yaml": PODS, "db.yaml": DENY.replace("NAME", "db"), "broken.yaml": broken}
    changed(tmp_path, base, {"db.yaml": ALLOW.replace("NAME", "db")})
    value = report(tmp_path, monkeypatch)
    assert [path for path, *_ in opened(value)] == ["db.yaml"]
    (skipped,) = (one for one in value["skipped_rules"] if one["rule_id"] == "GG-NET-012")
    assert "broken.yaml" in skipped["reason"]


def test_sarif_has_it_at_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(
        tmp_path, {"pods.yaml": PODS, "db.yaml": DENY.replace("NAME", "db")}, {"db.yaml": ALLOW.replace("NAME", "db")}
    )
    monkeypatch.chdir(tmp_path)
    target = tmp_path / ".git" / "out.sarif"
    main(["check", "--base", "main", "--format", "sarif", "--output", str(target), "--offline"])
    results = json.loads(target.read_text())["runs"][0]["results"]
    (one,) = (one for one in results if one["ruleId"] == "GG-NET-012")
    assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "db.yaml"
