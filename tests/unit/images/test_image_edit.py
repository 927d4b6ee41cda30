"""What is written so that a place names another image: applied by the real editor and read again."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from gitops_guard.editing.yaml import Edited, apply
from gitops_guard.images.image_edit import Change, with_digest, with_reference, with_tag
from gitops_guard.model import helm_values, kustomization
from gitops_guard.model.kubernetes_object import objects
from gitops_guard.model.named_image import NamedImage
from gitops_guard.model.named_images import named_images
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.image_reference import ImageReference, parse
from gitops_guard.syntax.yaml import parse as parse_yaml

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"
OLD = "sha256:" + "f" * 64


def images(text: str) -> list[NamedImage]:
    (document,) = parse_yaml(text).documents
    root = Field(None, "", document.root)
    found = [named for obj in objects(document) for named in named_images(obj)]
    return found or [*kustomization.images_of(root), *helm_values.images_of(root, "2.0.0")]


def reference(text: str) -> ImageReference:
    found = parse(text)
    assert isinstance(found, ImageReference)
    return found


def applied(text: str, change: Change) -> str:
    assert not isinstance(change, str), change
    edited = apply(text, 0, change)
    assert isinstance(edited, Edited), edited
    return edited.text


def pod(image: str) -> str:
    return f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      image: {image}\n"


def entry(**values: str) -> str:
    return f"images:\n  - {json.dumps(values)}\n"


def application(source: str) -> str:
    return f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {{source: {source}}}\n"


def parameters(**values: str) -> str:
    items = ", ".join(f'{{name: image.{name}, value: "{value}"}}' for name, value in values.items())
    return application(f"{{helm: {{parameters: [{items}]}}}}")


PINNED = [
    (pod("nginx:1.27"), pod(f"nginx:1.27@{DIGEST}")),
    (pod('"nginx:1.27" # web'), pod(f'"nginx:1.27@{DIGEST}" # web')),
    (pod(f"nginx:1.27@{OLD}"), pod(f"nginx:1.27@{DIGEST}")),
    (pod("nginx"), pod(f"nginx@{DIGEST}")),
    (pod("docker.io/library/nginx:1"), pod(f"docker.io/library/nginx:1@{DIGEST}")),
    ("image: {repository: a/b, tag: '1'}\n", f"image: {{repository: a/b, tag: '1@{DIGEST}'}}\n"),
    ("image: {repository: a/b, tag: '1', digest: ''}\n", f"image: {{repository: a/b, tag: '1', digest: '{DIGEST}'}}\n"),
    ("image: {repository: a/b, tag: '1', sha: ''}\n", f"image: {{repository: a/b, tag: '1', sha: '{HEX}'}}\n"),
    ("image:\n  repository: a/b\n", f"image:\n  repository: a/b\n  tag: 2.0.0@{DIGEST}\n"),
    ("image:\n  repository: a/b\n  tag: ''\n", f"image:\n  repository: a/b\n  tag: '2.0.0@{DIGEST}'\n"),
    (
        f"image:\n  repository: a/b\n  tag: v1\n  digest: {OLD}\n  useDigest: false\n",
        f"image:\n  repository: a/b\n  tag: v1@{DIGEST}\n  digest: {OLD}\n  useDigest: false\n",
    ),
    ("image: nginx:1.27\n", f"image: nginx:1.27@{DIGEST}\n"),
    ("image: a/b\nimageTag: v1\n", f"image: a/b\nimageTag: v1@{DIGEST}\n"),
    (entry(name="nginx", newTag="1.27"), entry(name="nginx", newTag="1.27", digest=DIGEST)),
    (entry(name="nginx", digest=OLD), entry(name="nginx", digest=DIGEST)),
    (entry(name="nginx", newTag=f"1@{OLD}"), entry(name="nginx", newTag="1", digest=DIGEST)),
    (parameters(repository="a/b", tag="v1"), parameters(repository="a/b", tag=f"v1@{DIGEST}")),
    (parameters(repository="a/b", tag="v1", digest=""), parameters(repository="a/b", tag="v1", digest=DIGEST)),
    (
        application("{kustomize: {images: ['a=b/c:1']}}"),
        application(f"{{kustomize: {{images: ['a=b/c:1@{DIGEST}']}}}}"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), PINNED)
def test_a_digest_is_written_and_the_tag_kept(before: str, after: str) -> None:
    (named,) = images(before)
    assert applied(before, with_digest(named, DIGEST)) == after
    (pinned,) = images(after)
    assert isinstance(named.reference, ImageReference)
    assert pinned.reference == named.reference._replace(digest=DIGEST)
    assert with_digest(pinned, DIGEST) == ()


@pytest.mark.parametrize(
    ("before", "tag", "digest", "after"),
    [
        (pod("nginx:1.27"), "1.28", None, pod("nginx:1.28")),
        (pod(f"nginx:1.27@{OLD}"), "1.28", None, pod("nginx:1.28")),
        (pod(f"nginx:1.27@{OLD}"), "1.28", DIGEST, pod(f"nginx:1.28@{DIGEST}")),
        ("image: {repository: a/b, tag: v1}\n", "v2", None, "image: {repository: a/b, tag: v2}\n"),
        ("image: {repository: a/b, tag: v1}\n", "1.10", None, 'image: {repository: a/b, tag: "1.10"}\n'),
        (
            f"image:\n  repository: a/b\n  tag: v1\n  digest: {OLD}\n", "v2", None,
            'image:\n  repository: a/b\n  tag: v2\n  digest: ""\n',
        ),
        (
            f"image:\n  repository: a/b\n  tag: v1\n  digest: {OLD}\n", "v2", DIGEST,
            f"image:\n  repository: a/b\n  tag: v2\n  digest: {DIGEST}\n",
        ),
        (entry(name="a", newTag="1"), "2", None, entry(name="a", newTag="2")),
        (entry(name="a", newTag="1", digest=OLD), "2", None, entry(name="a", newTag="2")),
        (entry(name="a", digest=OLD), "2", DIGEST, entry(name="a", digest=DIGEST, newTag="2")),
        (parameters(repository="a/b", tag="v1"), "v2", None, parameters(repository="a/b", tag="v2")),
    ],
)  # fmt: skip
def test_a_tag_is_written_and_the_digest_of_the_former_goes(
    before: str, tag: str, digest: str | None, after: str
) -> None:
    (named,) = images(before)
    assert applied(before, with_tag(named, tag, digest)) == after
    (changed,) = images(after)
    assert isinstance(named.reference, ImageReference)
    assert changed.reference == named.reference._replace(tag=tag, digest=digest)


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        (pod("nginx:1.27"), "r.example.com/hub/nginx:1.27", pod("r.example.com/hub/nginx:1.27")),
        (pod("quay.io/a/b:1"), "docker.io/library/nginx:1", pod("nginx:1")),
        (pod("docker.io/nginx:1"), "docker.io/team/web:2", pod("docker.io/team/web:2")),
        (
            "image: {registry: docker.io, repository: a/b, tag: v1}\n", "quay.io/c/d:v2",
            "image: {registry: quay.io, repository: c/d, tag: v2}\n",
        ),
        (
            "image: {registry: docker.io, repository: a/b, tag: v1}\n", "docker.io/library/nginx:v2",
            "image: {registry: docker.io, repository: library/nginx, tag: v2}\n",
        ),
        (
            "image: {registry: quay.io/team, repository: b, tag: v1}\n", "r.example.com/x/y/b:v1",
            "image: {registry: r.example.com/x/y, repository: b, tag: v1}\n",
        ),
        ("image: {repository: a/b, tag: v1}\n", "quay.io/c/d:v1", "image: {repository: quay.io/c/d, tag: v1}\n"),
        (
            "image: {registry: '', repository: a/b, tag: v1}\n", "quay.io/c/d:v1",
            "image: {registry: '', repository: quay.io/c/d, tag: v1}\n",
        ),
        (
            "global: {imageRegistry: quay.io}\nimage: {registry: docker.io, repository: a/b, tag: v1}\n",
            "quay.io/c/d:v1",
            "global: {imageRegistry: quay.io}\nimage: {registry: docker.io, repository: c/d, tag: v1}\n",
        ),
        (entry(name="a", newTag="1"), "quay.io/c/d:2", entry(name="a", newTag="2", newName="quay.io/c/d")),
        (
            parameters(registry="docker.io", repository="a/b", tag="v1"), "quay.io/c/d:v2",
            parameters(registry="quay.io", repository="c/d", tag="v2"),
        ),
        (
            application("{kustomize: {images: ['a=b/c:1']}}"), "quay.io/c/d:2",
            application("{kustomize: {images: ['a=quay.io/c/d:2']}}"),
        ),
    ],
)  # fmt: skip
def test_another_image_is_written_in_the_keys_that_are_there(before: str, new: str, after: str) -> None:
    (named,) = images(before)
    assert applied(before, with_reference(named, reference(new))) == after
    (changed,) = images(after)
    assert changed.reference == reference(new)


@pytest.mark.parametrize(
    ("text", "index", "why"),
    [
        (pod("nginx:${TAG}"), 0, "unresolved variable ${TAG}"),
        ("image: {repository: a/b, tag: 1.10}\n", 0, "Helm makes 1.1 of the unquoted 1.10: put it in quotes"),
        (entry(name="a", newName="b"), 0, "the tag comes from the resources"),
        ("a: &a {name: a/b, tag: v1}\nimage: *a\n", 0, "image.tag is written elsewhere too (an anchor or a merge)"),
        ("image: {repository: 'a/b:1'}\n", 0, "image.repository holds the tag as well as the name"),
        ("imageRegistry: quay.io\nimage: a/b\n", 0, "no imageTag is written for the image"),
        (
            "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nspec: {valuesContent: 'image: a/b:1'}\n", 0,
            "the values are a text within the manifest, which is not edited",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_exactly_is_refused_with_the_reason(text: str, index: int, why: str) -> None:
    assert with_digest(images(text)[index], DIGEST) == why


def test_a_merge_is_edited_in_what_is_its_own() -> None:
    text = "a: &a {repository: a/b, tag: v1}\nb:\n  <<: *a\n  tag: v2\n"
    _, named = images(text)
    assert applied(text, with_digest(named, DIGEST)) == text.replace("v2", f"v2@{DIGEST}")
    change = with_reference(named, reference("quay.io/c/d:v2"))
    assert change == "b.repository is written elsewhere too (an anchor or a merge)"


def test_the_registry_of_all_images_is_not_changed_for_one() -> None:
    text = "global: {imageRegistry: quay.io}\nimage: {registry: docker.io, repository: a/b, tag: v1}\n"
    change = with_reference(images(text)[0], reference("ghcr.io/c/d:1"))
    assert change == "global.imageRegistry is the registry of other images too"


def test_a_chart_without_a_key_for_digests_needs_a_tag() -> None:
    text = "image: {repository: a/b, tag: v1}\n"
    change = with_reference(images(text)[0], reference(f"a/b@{DIGEST}"))
    assert change == "without a tag there is nothing that a digest can stand behind"


@pytest.mark.real
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_the_real_kustomize_reads_the_edit_as_it_is_meant(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(pod("nginx:1.1").replace("spec:", "metadata: {name: a}\nspec:"))
    before = "resources: [pod.yaml]\n" + entry(name="nginx", newTag="1.27")
    after = applied(before, with_digest(images(before)[0], DIGEST))
    (tmp_path / "kustomization.yaml").write_text(after)
    command = ["kubectl", "kustomize", str(tmp_path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert f"image: nginx:1.27@{DIGEST}\n" in out
