"""The `render` command as a person uses it, with the real tools."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gitops_guard.cli import main
from rendering_parts import CHART, CONFIG_MAP, real_tools

pytestmark = pytest.mark.real

FILES = {
    "base/kustomization.yaml": "resources: [a.yaml]\n",
    "base/a.yaml": CONFIG_MAP,
    "envs/prod/kustomization.yaml": "resources: [../../base]\nnamePrefix: prod-\n",
    "bad/kustomization.yaml": "resources: ['https://example.com/base']\n",
    "shop/Chart.yaml": CHART,
    "shop/templates/a.yaml": CONFIG_MAP.replace("settings", "{{ .Release.Name }}"),
    "app.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: till, namespace: argocd}\n"
    "spec: {source: {path: shop}, destination: {namespace: shop}}\n",
    "gone.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: gone, namespace: argocd}\n"
    "spec: {source: {path: elsewhere, repoURL: 'https://example.com/other'}}\n",
}


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    real_tools()
    _write(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["render", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def test_everything_with_what_asked_for_it(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = run()
    assert code == 3
    assert "# Root: kustomize:envs/prod\n" in out
    assert "name: prod-settings" in out
    assert "# Root: helm:shop\n# Asked for by: app.yaml: Application argocd/till\n" in out
    assert "name: till" in out
    assert "not rendered: kustomize:bad: bad/kustomization.yaml names something remote: https://example.com/base" in err


def test_one_folder_and_one_that_is_a_part(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run("envs")
    assert code == 0
    assert out.count("kind: ConfigMap") == 1
    code, out, _ = run("--root", "base")
    assert code == 0
    assert "name: settings" in out


def test_the_list(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run("--list")
    assert code == 0
    assert "kustomize:envs/prod  rendered\n  includes kustomize:base\n" in out
    assert "helm:shop  rendered\n  asked for by app.yaml: Application argocd/till\n" in out
    assert "kustomize:bad  not rendered\n  why: bad/kustomization.yaml names something remote" in out
    assert "elsewhere of https://example.com/other  not rendered" in out
    assert "base  a base: part of other roots" in out


def test_the_list_as_json(run: Callable[..., tuple[int, str, str]]) -> None:
    found = json.loads(run("--list", "--format", "json")[1])
    roots = {root["name"]: root for root in found["roots"]}
    assert roots["kustomize:envs/prod"]["rendered"] is True
    assert roots["kustomize:envs/prod"]["files"] == [
        "base/a.yaml", "base/kustomization.yaml", "envs/prod/kustomization.yaml",
    ]  # fmt: skip
    assert roots["kustomize:bad"]["hint"] == "vendor it into the repository"
    assert found["elsewhere"][0]["reason"] == "elsewhere is not a folder of this repository"
    assert {"source": "app.yaml: Application argocd/till", "how": "renders", "target": "helm:shop"} in found["edges"]


def test_names_of_hostile_files_print_no_control_characters(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    _write(tmp_path, {"evil\x1b[31m/kustomization.yaml": "resources: [gone.yaml]\n"})
    for arguments in ((), ("--list",)):
        _, out, err = run(*arguments)
        assert "\x1b" not in out + err
        assert "evil?[31m" in out + err


def test_mistakes_are_said(run: Callable[..., tuple[int, str, str]]) -> None:
    assert run("nowhere")[0] == 2
    code, _, err = run("--root", "envs")
    assert code == 2
    assert "envs is neither a kustomization nor a chart" in err
