"""`init`: a configuration that approves what a repository uses, and never overwrites one."""

from datetime import date
from pathlib import Path

import pytest

from gitops_guard.cli import main
from gitops_guard.configuration import read
from gitops_guard.network_settings import pods_in
from gitops_guard.pipeline import all_rules
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: SPACE}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: NAME}}
  template:
    metadata: {labels: {app.kubernetes.io/name: NAME}}
    spec:
      containers:
        - {name: main, image: "IMAGE"}
"""
DENY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""


def deployment(name: str, space: str, image: str) -> str:
    return DEPLOYMENT.replace("NAME", name).replace("SPACE", space).replace("IMAGE", image)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path) -> Settings:
    text = (folder / ".gitops-guard.yaml").read_text()
    ids = frozenset(rule.id for rule in all_rules())
    return read(SourceFile(".gitops-guard.yaml", text), ids, date(2026, 11, 24))


def test_it_approves_the_images_and_names_the_controller(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "web.yaml").write_text(deployment("web", "shop", "registry.example.com/web:1.2.3"))
    (repository / "policy.yaml").write_text(DENY)
    (repository / "nginx.yaml").write_text(deployment("ingress-nginx", "edge", "registry.example.com/nginx:2"))
    assert main(["init"]) == 0
    settings = written(repository)
    assert [one.repository for one in settings.approved_images] == [
        "registry.example.com/nginx", "registry.example.com/web"
    ]  # fmt: skip
    assert settings.network is not None
    (controller,) = settings.network.ingress_controllers
    assert controller == pods_in("edge", (("app.kubernetes.io/name", "ingress-nginx"),))
    assert "1 of 2 namespaces close ingress by default" in (repository / ".gitops-guard.yaml").read_text()
    capsys.readouterr()
    main(["check", "--offline", "--rule", "GG-IMG-001", "--format", "json"])
    assert '"findings":[]' in capsys.readouterr().out


def test_an_empty_repository_gets_one_too(repository: Path) -> None:
    assert main(["init"]) == 0
    assert written(repository) == Settings(path=".gitops-guard.yaml")


def test_it_never_overwrites(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / ".gitops-guard.yaml").write_text("fail_level: low\n")
    assert main(["init"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (repository / ".gitops-guard.yaml").read_text() == "fail_level: low\n"
