"""`images` over overlays and charts, with the real tools and real git."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.cli import main
from rendering_parts import CHART, real_tools

pytestmark = pytest.mark.real

Json = dict[str, Any]
Write = Callable[[Mapping[str, str]], Path]

DEPLOYMENT = """\
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
          image: registry.example/web:1.0
"""
BASE = {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": DEPLOYMENT}
OVERLAY = """\
namespace: shop
resources: [../base]
images:
  - name: registry.example/web
    newTag: "2.0"
"""


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


def git(folder: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


def images(folder: Path, *arguments: str) -> Json:
    output = folder.parent / "images.json"
    assert main(["images", "--offline", *arguments, "--format", "json", "--output", str(output)]) == 0
    found: Json = json.loads(output.read_text())
    return found


def listed(found: Json) -> dict[str, list[str]]:
    return {
        one["text"]: [f"{at['path']}:{at['line']} {at['resource']['kind']}".rstrip() for at in one["places"]]
        for one in found["images"]
    }


def test_an_overlay_that_sets_a_tag_is_the_place_of_the_image(repository: Write) -> None:
    found = images(repository(BASE | {"prod/kustomization.yaml": OVERLAY}))
    assert listed(found) == {"registry.example/web:2.0": ["prod/kustomization.yaml:5 Deployment"]}
    assert found["coverage"]["rendered"] == ["kustomize:prod"]
    assert found["coverage"]["notes"] == [
        "1 place of an image in bases and patches left out: no rendered result has that image"
    ]


def test_an_image_that_several_overlays_leave_as_it_is_has_one_place(repository: Write) -> None:
    plain = {f"envs/{n}/kustomization.yaml": f"namespace: e{n}\nresources: [../../base]\n" for n in range(3)}
    found = images(repository(BASE | plain))
    assert listed(found) == {"registry.example/web:1.0": ["base/web.yaml:11 Deployment"]}


def test_an_image_of_a_chart_stands_at_the_value_that_names_it(repository: Write) -> None:
    template = DEPLOYMENT.replace("registry.example/web:1.0", "{{ .Values.web.host }}/web:{{ .Values.web.release }}")
    found = images(repository({
        "chart/Chart.yaml": CHART, "chart/templates/web.yaml": template,
        "chart/values.yaml": "web:\n  host: registry.example\n  release: '3.1'\n",
    }))  # fmt: skip
    (places,) = (listed(found)[text] for text in listed(found) if text == "registry.example/web:3.1")
    assert [place.partition(":")[0] for place in places] == ["chart/values.yaml"]


def test_a_value_that_a_change_moves_is_a_new_image(repository: Write) -> None:
    template = DEPLOYMENT.replace("registry.example/web:1.0", "registry.example/web:{{ .Values.web.release }}")
    folder = repository({
        "chart/Chart.yaml": CHART, "chart/templates/web.yaml": template,
        "chart/values.yaml": "web:\n  release: '3.1'\n",
    })  # fmt: skip
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "base")
    git(folder, "checkout", "-q", "-b", "change")
    (folder / "chart/values.yaml").write_text("web:\n  release: '3.2'\n")
    git(folder, "commit", "-qam", "change")
    found = images(folder, "--base", "main", "--head", "change")
    assert [(one["text"], one["status"]) for one in found["images"]] == [("registry.example/web:3.2", "new")]
    assert listed(found)["registry.example/web:3.2"] == ["chart/values.yaml:2 Deployment"]


def test_rendering_can_be_left_out(repository: Write) -> None:
    settings = {".gitops-guard.yaml": "render:\n  mode: off\n"}
    found = images(repository(BASE | {"prod/kustomization.yaml": OVERLAY} | settings))
    assert sorted(listed(found)) == ["registry.example/web:1.0", "registry.example/web:2.0"]
    assert "rendered" not in found["coverage"]
