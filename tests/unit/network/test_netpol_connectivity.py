"""Fixes of network rules are proved against all manifests of a run."""

from pathlib import Path

import pytest

from gitops_guard import cli, connectivity
from gitops_guard.connectivity import Connectivity
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.verify import Rejected

NAMESPACE = """apiVersion: v1
kind: Namespace
metadata: {name: shop}
"""
APP = """apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{port: 80}]
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers: [{name: main, image: cart:1}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: main, image: web:1, env: [{name: CART, value: "http://cart"}]}]
"""
DENY = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
ALLOW = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}]
"""


def of(**files: str) -> Connectivity:
    return Connectivity(lambda: [SourceFile(f"{name}.yaml", text) for name, text in files.items()], Settings())


BEFORE = SourceFile("namespace.yaml", NAMESPACE)
AFTER = SourceFile("namespace.yaml", NAMESPACE + DENY)


def test_a_fix_that_cuts_a_connection_with_evidence_is_not_offered() -> None:
    said = of(namespace=NAMESPACE, app=APP).prove(BEFORE, AFTER)
    assert said == Rejected(
        "cuts shop/Pod/web -> shop/Pod/cart on TCP 80, which there is evidence for; `gitops-guard network synth` writes"
        " policies that keep it"
    )


def test_what_a_fix_closes_is_listed() -> None:
    said = of(namespace=NAMESPACE, app=APP, allow=ALLOW).prove(BEFORE, AFTER)
    assert not isinstance(said, Rejected)
    (sentence,) = said
    assert sentence.startswith("2 connections closed, 0 connections opened; of 1 connection with evidence none is lost")
    assert "shop/Pod/cart -> shop/Pod/web" in sentence


def test_a_text_that_the_run_does_not_have_is_compared_with_itself() -> None:
    prove = of(namespace=NAMESPACE, app=APP).prove
    denied = SourceFile("namespace.yaml", NAMESPACE + DENY)
    assert prove(denied, denied._replace(text=denied.text + "# the same\n")) == (
        "0 connections closed, 0 connections opened; of 1 connection with evidence none is lost",
    )


def test_policies_of_namespaces_without_pods_change_nothing() -> None:
    idle = ALLOW.replace("namespace: shop", "namespace: idle").replace("name: allow", "name: idle")
    with_idle = of(namespace=NAMESPACE, app=APP, allow=ALLOW, idle=idle)
    assert with_idle.prove(BEFORE, AFTER) == of(namespace=NAMESPACE, app=APP, allow=ALLOW).prove(BEFORE, AFTER)


def test_the_work_of_a_run_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectivity, "MOST_OBJECTS", 3)
    said = of(namespace=NAMESPACE, app=APP).prove(BEFORE, AFTER)
    assert isinstance(said, Rejected)
    assert "too many fixes of connections for one run" in said.reason


def test_too_many_files_are_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectivity, "MOST_FILES", 1)
    said = of(namespace=NAMESPACE, app=APP).prove(BEFORE, AFTER)
    assert said == Rejected("its connections cannot be compared: there are more than 1 files")


def test_the_command_says_why_a_default_deny_is_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "namespace.yaml").write_text(NAMESPACE)
    (tmp_path / "app.yaml").write_text(APP)
    monkeypatch.chdir(tmp_path)
    cli.main(["fix", "--all", "--rule", "GG-NET-003", "--diff"])
    said = capsys.readouterr()
    assert "kind: NetworkPolicy" not in said.out
    assert "cuts shop/Pod/web -> shop/Pod/cart on TCP 80" in said.err
    (tmp_path / "app.yaml").unlink()
    cli.main(["fix", "--all", "--rule", "GG-NET-003", "--diff"])
    assert "kind: NetworkPolicy" in capsys.readouterr().out
