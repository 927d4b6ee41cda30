"""What an entry of a Kustomization's `images` names, against the real Kustomize."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from gitops_guard.model.file_names import is_kustomization_name
from gitops_guard.model.kustomization import TAG_ELSEWHERE, images_of
from gitops_guard.model.named_image import NamedImage
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference
from gitops_guard.syntax.yaml import parse

DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER = "sha256:" + "fedcba9876543210" * 4


def found(entry: dict[str, object], head: str = "") -> tuple[NamedImage, ...]:
    text = f"{head}images: [{json.dumps(entry)}]\n"
    return images_of(Field(None, "", parse(text).documents[0].root))


COMPLETE: list[tuple[dict[str, object], str, str]] = [
    ({"name": "nginx", "newTag": "1.27"}, "nginx:1.27", "newTag"),
    ({"name": "nginx", "digest": OTHER}, f"nginx@{OTHER}", "digest"),
    ({"name": "nginx", "newTag": "1.27", "digest": OTHER}, f"nginx:1.27@{OTHER}", "digest"),
    ({"name": "nginx", "newName": "ghcr.io/a/b", "newTag": "2"}, "ghcr.io/a/b:2", "newTag"),
    ({"name": "nginx", "newName": "ghcr.io/a/b", "newTag": "", "digest": OTHER}, f"ghcr.io/a/b@{OTHER}", "digest"),
    ({"name": "nginx", "newTag": f"1.27@{OTHER}"}, f"nginx:1.27@{OTHER}", "newTag"),
    ({"name": "nginx", "newTag": "3", "tagSuffix": "-x"}, "nginx:3", "newTag"),
]


@pytest.mark.parametrize(("entry", "text", "at"), COMPLETE)
def test_an_entry_names_what_comes_out_of_it(entry: dict[str, object], text: str, at: str) -> None:
    (named,) = found(entry)
    assert (named.role, named.text, named.at.key, named.container) == ("kustomize", text, at, "nginx")
    assert isinstance(named.reference, ImageReference)


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "nginx", "newName": "ghcr.io/a/b"},
        {"name": "nginx", "newName": "ghcr.io/a/b", "newTag": "", "digest": None},
        {"name": "nginx", "tagSuffix": "-x"},
        {"name": "nginx", "newName": "ghcr.io/a/b:2"},
    ],
)
def test_the_tag_may_come_from_the_resources(entry: dict[str, object]) -> None:
    (named,) = found(entry)
    assert named.reference == TAG_ELSEWHERE


@pytest.mark.parametrize("tag", [1.10, 20240101, True])
def test_kustomize_refuses_a_tag_that_is_no_text(tag: object) -> None:
    (named,) = found({"name": "nginx", "newTag": tag})
    assert isinstance(named.reference, InvalidReference)
    assert "put it in quotes" in named.reference.reason
    assert not named.reference.unresolved


@pytest.mark.parametrize(
    ("head", "count"),
    [
        ("", 1),
        ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", 1),
        ("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n", 1),
        ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n", 0),
        ("apiVersion: v1\nkind: ConfigMap\n", 0),
    ],
)
def test_only_files_of_kustomize_are_read(head: str, count: int) -> None:
    assert len(found({"name": "a", "newTag": "1"}, head)) == count


@pytest.mark.parametrize(
    "text", ["images: 1", "images: [a, 1, null, [b]]", "images: {a: b}", "[]", "images: [{newTag: a}]"]
)
def test_what_is_no_entry_names_nothing(text: str) -> None:
    assert images_of(Field(None, "", parse(text).documents[0].root)) == ()


def test_kustomize_knows_three_file_names() -> None:
    names = ("kustomization.yaml", "kustomization.yml", "Kustomization", "kustomize.yaml", "my-kustomization.yaml")
    assert [name for name in names if is_kustomization_name(name)] == list(names[:3])


_RESOURCE = """apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
    - {name: a, image: "nginx:1.1"}
"""


def kustomize(folder: Path, entry: dict[str, object]) -> str:
    """The image that the real Kustomize puts in the place of `nginx:1.1`; empty where it refuses."""
    (folder / "pod.yaml").write_text(_RESOURCE)
    (folder / "kustomization.yaml").write_text(f"resources: [pod.yaml]\nimages: [{json.dumps(entry)}]\n")
    command = ["kubectl", "kustomize", str(folder)]
    out = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
    return next((line.partition("image: ")[2] for line in out.splitlines() if "image: " in line), "")


@pytest.mark.real
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_the_real_kustomize_gives_the_same_images(tmp_path: Path) -> None:
    assert {text: kustomize(tmp_path, entry) for entry, text, _ in COMPLETE} == {text: text for _, text, _ in COMPLETE}
    assert kustomize(tmp_path, {"name": "nginx", "newName": "ghcr.io/a/b"}) == "ghcr.io/a/b:1.1"
    assert kustomize(tmp_path, {"name": "nginx", "newTag": 1.10}) == ""
    assert kustomize(tmp_path, {"name": "docker.io/library/nginx", "newTag": "2"}) == "nginx:1.1"
    (folder := tmp_path / "digest").mkdir()
    assert kustomize(folder, {"name": "nginx", "newTag": "2", "digest": DIGEST}) == f"nginx:2@{DIGEST}"
