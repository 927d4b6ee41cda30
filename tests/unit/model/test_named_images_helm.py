"""What values of a chart name, and what only looks like it."""

import pytest

from gitops_guard.model.file_names import is_values_name
from gitops_guard.model.helm_tag import printed
from gitops_guard.model.helm_values import (
    NO_REPOSITORY,
    NO_TAG,
    PREFIX,
    chart_of,
    default_tag,
    images_of,
)
from gitops_guard.model.image_parts import HelmParts
from gitops_guard.model.named_image import NamedImage, WholeText
from gitops_guard.syntax.field import Field, format_keypath
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference
from gitops_guard.syntax.yaml import parse

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


def root(text: str) -> Field:
    return Field(None, "", parse(text).documents[0].root)


def found(text: str, app_version: str = "") -> tuple[NamedImage, ...]:
    return images_of(root(text), app_version)


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("image: {repository: nginx, tag: '1.27'}", "nginx:1.27"),
        ("image: {registry: ghcr.io, repository: team/web, tag: v2}", "ghcr.io/team/web:v2"),
        ("image: {registry: ghcr.io/, repository: team/web, tag: v2}", "ghcr.io/team/web:v2"),
        (f"image: {{repository: nginx, tag: '1.27', digest: '{DIGEST}'}}", f"nginx:1.27@{DIGEST}"),
        (f"image: {{repository: nginx, tag: '', digest: '{DIGEST}'}}", f"nginx@{DIGEST}"),
        (f"image: {{repository: nginx, tag: '1.27', sha: {HEX}}}", f"nginx:1.27@{DIGEST}"),
        (f"image: {{repository: nginx, tag: '1.27@{DIGEST}'}}", f"nginx:1.27@{DIGEST}"),
        (f"image: {{repository: nginx, tag: v1, digest: '{DIGEST}', useDigest: false}}", "nginx:v1"),
        ("controller: {repository: ghcr.io/team/a, tag: 3.0.1}", "ghcr.io/team/a:3.0.1"),
        ("a: {b: [{c: {repository: a/b, tag: x, pullPolicy: Always}}]}", "a/b:x"),
        ("proxyImage: {name: team/proxy, tag: v1}", "team/proxy:v1"),
        ("image: {repo: team/proxy, tag: v1}", "team/proxy:v1"),
        ("image: {repository: 'nginx:1.27'}", "nginx:1.27"),
        ("image: {registry: quay.io/team/web, tag: v1}", "quay.io/team/web:v1"),
        ("image: {repository: nvcr.io/nvidia, image: gpu, version: v22.9.0}", "nvcr.io/nvidia/gpu:v22.9.0"),
        ("image: {image: a/b, tag: v1}\nglobal: {image: {registry: registry.k8s.io}}", "registry.k8s.io/a/b:v1"),
        ("global: {imageRegistry: r.io}\nimage: {registry: docker.io, repository: a/b, tag: '1'}", "r.io/a/b:1"),
        ("global: {imageRegistry: ''}\nimage: {registry: docker.io, repository: a/b, tag: '1'}", "docker.io/a/b:1"),
        ("image: nginx:1.27", "nginx:1.27"),
        ("image: nginx", "nginx"),
        ("sidecarImage: ghcr.io/team/proxy:2", "ghcr.io/team/proxy:2"),
        ("busybox_image: busybox:1.36", "busybox:1.36"),
        ("'proxy.image': busybox:1.36", "busybox:1.36"),
        ("imageName: ghcr.io/team/db:16", "ghcr.io/team/db:16"),
        ("image: docker.elastic.co/a/b\nimageTag: 7.17.3", "docker.elastic.co/a/b:7.17.3"),
        ("image: team/web\ntag: 7.17.3", "team/web:7.17.3"),
        ("dbImage: team/db\ndbImageTag: 7.17.3", "team/db:7.17.3"),
        ("imageRepository: team/db\nimageTag: 7.17.3", "team/db:7.17.3"),
        ("global: {hub: docker.io/istio, tag: 1.20.0, proxy: {image: proxyv2}}", "docker.io/istio/proxyv2:1.20.0"),
        ("images: {web: 'ghcr.io/team/web:1'}", "ghcr.io/team/web:1"),
        ("images: {tags: {api: 'ghcr.io/team/api:1'}}", "ghcr.io/team/api:1"),
        ("prepull: {images: ['ghcr.io/team/api:1']}", "ghcr.io/team/api:1"),
    ],
)  # fmt: skip
def test_a_chart_is_free_in_how_it_names_an_image(text: str, image: str) -> None:
    (named,) = found(text)
    assert named.text == image
    assert isinstance(named.reference, ImageReference)
    assert named.role == "helm-values"


@pytest.mark.parametrize(
    "text",
    [
        "image: {pullPolicy: Always}",
        "image: {}",
        "image: null",
        "image: true",
        "image: [a, b]",
        "imagePullSecrets: [{name: a}]",
        "imagePullPolicy: Always",
        "icon: https://example.com/a.png",
        "image: https://example.com/a/b:1",
        "image: ./images/logo.png",
        "image: /var/lib/vm/disk.img",
        "backgroundImage: images/logo.svg",
        "vmImage: debian",
        "image: a picture of a ship",
        "chart: {repository: https://charts.example.com, tag: v1}",
        "chart: {repository: 'oci://ghcr.io/team/charts', tag: v1}",
        "source: {repository: 'git@example.com:team/app.git', tag: v1}",
        "source: {repository: team/app, branch: main, tag: v1}",
        "source: {repository: team/app}",
        "dependencies: [{name: redis, version: 1.0.0, repository: '@stable'}]",
        "imageRegistry: ghcr.io",
        "imageRepository: registry.k8s.io",
        "images: {count: 3, kind: png, path: 'a/b'}",
        "user: {name: team/someone, tag: v1}",
        "apiVersion: v1\nkind: Pod\nspec: {image: 'a:1'}",
    ],
)
def test_what_merely_looks_alike_names_no_image(text: str) -> None:
    assert found(text) == ()


@pytest.mark.parametrize(
    ("text", "app_version", "image", "reference"),
    [
        ("image: {repository: a/b}", "", "a/b", NO_TAG),
        ("image: {repository: a/b, tag: ''}", "", "a/b", NO_TAG),
        ("image: {repository: a/b, tag: null}", "", "a/b", NO_TAG),
        ("image: team/web\nimageTag: ''", "", "team/web", NO_TAG),
        ("image: {tag: v2}", "1.0.0", ":v2", NO_REPOSITORY),
        ("images: {repository: ghcr.io/team, tag: v1}", "", "ghcr.io/team:v1", PREFIX),
        (
            "image: '{{ .Values.registry }}/web:1'", "", "{{ .Values.registry }}/web:1",
            InvalidReference("unresolved variable {{ .Values.registry }}", unresolved=True),
        ),
        (
            "image: {repository: a/b, tag: 1.10}", "", "a/b:1.1",
            InvalidReference("Helm makes 1.1 of the unquoted 1.10: put it in quotes"),
        ),
        (
            "image: {repository: a/b, tag: 20240101}", "", "a/b:2.0240101e+07",
            InvalidReference("Helm makes 2.0240101e+07 of the unquoted 20240101: put it in quotes"),
        ),
        ("image: nginx:latest@sha256:12", "", "nginx:latest@sha256:12",
         InvalidReference("the digest is not sha256: and 64 hexadecimal digits")),
    ],
)  # fmt: skip
def test_what_is_not_known_or_not_what_it_seems_says_why(
    text: str, app_version: str, image: str, reference: InvalidReference
) -> None:
    (named,) = found(text, app_version)
    assert (named.text, named.reference) == (image, reference)


def test_the_app_version_is_the_tag_that_is_not_written() -> None:
    text = "image: {repository: a/b, tag: ''}\nother: {image: c/d:1}\nredis: {image: {repository: e/f}}\n"
    images = images_of(root(text), "2.0.0", dependencies=frozenset(("redis",)))
    assert [named.text for named in images] == ["a/b:2.0.0", "c/d:1", "e/f"]
    assert images[2].reference == NO_TAG


def test_a_chart_says_its_version_and_its_dependencies() -> None:
    text = "appVersion: '1.10'\ndependencies: [{name: redis}, {name: postgresql, alias: db}]\n"
    assert chart_of(root(text)) == ("1.10", frozenset(("redis", "db")))
    assert [chart_of(root(f"appVersion: {value}")).app_version for value in ("1.10", "20240101", "null")] == [
        "1.1", "20240101", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("template", "tag"),
    [
        ('{{ .Values.image.tag | default (printf "v%s" .Chart.AppVersion) }}', "v1.2.3"),
        ('{{- print "v" .Chart.AppVersion -}}', "v1.2.3"),
        ("image: a/b:v{{ .Chart.AppVersion }}", "v1.2.3"),
        ("image: a/b:{{ .Values.image.tag | default .Chart.AppVersion }}", "1.2.3"),
        ("", "1.2.3"),
    ],
)
def test_templates_say_whether_a_v_is_put_before_the_version(template: str, tag: str) -> None:
    assert default_tag("1.2.3", [template]) == tag
    assert default_tag("", [template]) == ""


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("1.10", "1.1"), ("20240101", "2.0240101e+07"), ("012", "10"), ("on", "true"), ("1_000", "1000"),
        ("2024-01-01", "2024-01-01"), ("1e3", "1000"), ("1.27", "1.27"), ("3", "3"), ("0x1f", "31"),
        ("123456789012345678901", "1.2345678901234568e+20"), ("1.0", "1"), ("3.0.1", "3.0.1"), ("12:30", "12:30"),
        ("1.", "1"), ("+1", "1"), ("1234567.5", "1.2345675e+06"), ("0.00001", "1e-05"), ("~", ""), ("999999", "999999"),
        ("1000000", "1e+06"), ("'1.10'", "1.10"), ("123456.5", "123456.5"), ("0.0001", "0.0001"), ("0", "0"),
    ],
)  # fmt: skip
def test_helm_prints_numbers_as_go_does(written: str, text: str) -> None:
    """The right-hand sides are what Helm 3.22 printed."""
    assert printed(root(f"tag: {written}")["tag"]) == text


def test_the_place_of_an_image_is_what_decides_on_it() -> None:
    text = f"a: {{repository: a/b, tag: v1}}\nb: {{repository: a/b, tag: v1, digest: '{DIGEST}'}}\nimage: c/d:1\n"
    assert {format_keypath(named.at.keypath) for named in found(text)} == {"a.tag", "b.digest", "image"}


def test_parts_and_labels_tell_where_to_edit() -> None:
    text = "web:\n  image:\n    repository: a/b\n    tag: v1\nsidecarImage: c/d:1\n"
    by_label = {named.container: named for named in found(text)}
    assert set(by_label) == {"web.image", "sidecarImage"}
    parts = by_label["web.image"].parts
    assert isinstance(parts, HelmParts)
    assert [field.written is not None for field in parts] == [False, True, True, False]
    assert parts.digest.keypath == ("web", "image", "digest")
    assert isinstance(by_label["sidecarImage"].parts, WholeText)


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("a: &a\n  image: {repository: a/b, tag: v1}\nb: *a\nc:\n  <<: *a\n", ["a.image"]),
        ("a: &a {image: a/b, imageTag: v1}\nb: {<<: *a, imageTag: v2}\nc: {<<: *a}\n", ["a", "b"]),
        ("a: &a {repository: a/b, tag: v1}\nb: {<<: *a, tag: v2}\n", ["a", "b"]),
        ("a: &a {name: a/b, tag: v1}\nimage: *a\n", ["image"]),
        ("version: &a 'a/b:1'\nimage: *a\n", ["image"]),
    ],
)
def test_what_an_anchor_repeats_is_listed_once(text: str, images: list[str]) -> None:
    assert [named.container for named in found(text)] == images


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("values.yaml", True),
        ("charts/web/values.yml", True),
        ("values-prod.yaml", True),
        ("values.prod.yaml", True),
        ("values_prod.yaml", True),
        ("prod-values.yaml", True),
        ("prod.values.yaml", True),
        ("web/values/prod.yaml", True),
        ("values.schema.json", False),
        ("evaluation.yaml", False),
        ("my-values/prod.yaml", False),
        ("valuesets.yaml", False),
        ("values", False),
    ],
)
def test_values_are_known_by_their_name(path: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_values_name(path) is expected
