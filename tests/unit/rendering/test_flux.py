"""Kustomizations and HelmReleases of Flux: what they render, and with which inputs."""

import io
import tarfile

import pytest

from gitops_guard.rendering.graph import discover, reached
from gitops_guard.rendering.roots import NotRendered, Rendered, Root
from gitops_guard.rendering.session import TreeArchives
from gitops_guard.rendering.substitution import UnknownFunctionError, substitute
from rendering_parts import CHART, CONFIG_MAP, graph_of, rendered, renderer, tree_of

TEMPLATE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data: {{ .Values | toJson }}
"""
SHOP = {"shop/Chart.yaml": CHART, "shop/values.yaml": "a: chart\n", "shop/templates/a.yaml": TEMPLATE}


def kustomization(spec: str, name: str = "apps") -> str:
    lines = "".join(f"  {line}\n" for line in spec.strip("\n").split("\n"))
    head = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
    return f"{head}metadata: {{name: {name}, namespace: flux-system}}\nspec:\n{lines}"


def release(spec: str) -> str:
    lines = "".join(f"  {line}\n" for line in spec.strip("\n").split("\n"))
    head = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
    return f"{head}metadata: {{name: till, namespace: shop}}\nspec:\n{lines}"


def source(kind: str, spec: str) -> str:
    head = f"apiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\n"
    return f"{head}metadata: {{name: main, namespace: shop}}\nspec: {spec}\n"


def asked(files: dict[str, str]) -> Root:
    roots = [root for root in graph_of(files).roots if root.source]
    assert len(roots) == 1, roots
    return roots[0]


@pytest.mark.real
def test_a_folder_without_a_kustomization_gets_one() -> None:
    files = {
        "apps/a.yaml": CONFIG_MAP, "apps/b/kustomization.yaml": "resources: [c.yaml]\nnamePrefix: b-\n",
        "apps/b/c.yaml": CONFIG_MAP, "apps/b/not-listed.yaml": CONFIG_MAP,
        "apps/d/e.yml": CONFIG_MAP.replace("settings", "e"),
        "flux.yaml": kustomization("path: ./apps\ntargetNamespace: prod\nsourceRef: {kind: GitRepository, name: main}"),
    }  # fmt: skip
    root = asked(files)
    assert root.resources == ("a.yaml", "b", "d/e.yml")
    text = rendered(root, files)
    assert text.count("namespace: prod") == 3
    assert "name: b-settings" in text


def test_folders_that_a_written_kustomization_lists_are_parts_of_it() -> None:
    files = {
        "apps/b/kustomization.yaml": "resources: [c.yaml]\n", "apps/b/c.yaml": CONFIG_MAP,
        "flux.yaml": kustomization("path: ./apps"),
    }  # fmt: skip
    graph = graph_of(files)
    assert [root.path for root in graph.roots] == ["apps"]
    assert ("apps/b", "base") in graph.parts


@pytest.mark.real
def test_patches_images_and_variables() -> None:
    files = {
        "apps/kustomization.yaml": "resources: [a.yaml]\n",
        "apps/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
        "data: {one: '${one}', two: '${two:=default}', gone: 'x${gone}y', kept: '$${kept}', "
        "shell: $HOME, map: '${region}'}\n",
        "vars.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\n"
        "data: {region: eu, one: overridden}\n",
        "flux.yaml": kustomization("""
path: apps
sourceRef: {kind: GitRepository, name: main}
commonMetadata: {labels: {team: shop}}
patches: [{target: {kind: ConfigMap}, patch: '[{"op": "add", "path": "/data/patched", "value": "yes"}]'}]
postBuild:
  substitute: {one: "1"}
  substituteFrom: [{kind: ConfigMap, name: vars}]
"""),
    }
    text = rendered(asked(files), files)
    for line in (
        'one: "1"',
        "two: default",
        "gone: xy",
        "kept: ${kept}",
        "shell: $HOME",
        "map: eu",
        "patched:",
        "team: shop",
    ):
        assert line.replace('"', "") in text.replace('"', "")


def test_variables_of_a_secret_are_named_as_unknown_and_stay() -> None:
    files = {
        "apps/kustomization.yaml": "resources: [a.yaml]\n", "apps/a.yaml": CONFIG_MAP.replace("value", "'${password}'"),
        "flux.yaml": kustomization("path: apps\npostBuild: {substituteFrom: [{kind: Secret, name: keys}]}"),
    }  # fmt: skip
    root = asked(files)
    assert root.unknown == ("Secret keys",)
    assert "${password}" in rendered(root, files)


def test_a_function_of_the_substitution_is_refused() -> None:
    with pytest.raises(UnknownFunctionError):
        substitute("a: ${name^^}\n", {"name": "a"}, keep_unknown=False)


def test_an_object_may_opt_out_of_the_substitution() -> None:
    text = "metadata:\n  labels:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\na: ${x}\n---\nb: ${x}\n"
    assert substitute(text, {"x": "1"}, keep_unknown=False).endswith("a: ${x}\n---\nb: 1\n")


def test_the_nearest_of_several_clusters_is_taken() -> None:
    files = {"apps/kustomization.yaml": "resources: [a.yaml]\n", "apps/a.yaml": CONFIG_MAP}
    for name in ("dev", "prod"):
        files[f"clusters/{name}/flux.yaml"] = kustomization(
            "path: apps\npostBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}"
        )
        head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\n"
        files[f"clusters/{name}/vars.yaml"] = f"{head}data: {{env: {name}}}\n"
    assert [root.substitutions for root in graph_of(files).roots] == [(("env", "dev"),), (("env", "prod"),)]


def test_a_path_that_leaves_the_repository_and_one_that_is_not_here() -> None:
    files = {"a.yaml": kustomization("path: ../x"), "b.yaml": kustomization("path: gone\ndependsOn: [{name: infra}]")}
    graph = graph_of(files)
    assert [one.reason for one in graph.elsewhere] == [
        "its path leaves the repository", "gone is not a folder of this repository",
    ]  # fmt: skip
    assert ("waits for", "Kustomization flux-system/infra") in [edge[1:] for edge in graph.edges]


@pytest.mark.real
def test_a_release_of_a_chart_in_the_repository() -> None:
    files = SHOP | {
        "values.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: shop}\n"
        "data: {values.yaml: 'b: map', port: '8080'}\n",
        "git.yaml": source("GitRepository", "{url: 'https://example.com/a'}"),
        "release.yaml": release("""
targetNamespace: prod
chart: {spec: {chart: ./shop, sourceRef: {kind: GitRepository, name: main}}}
valuesFrom:
- {kind: ConfigMap, name: more}
- {kind: ConfigMap, name: more, valuesKey: port, targetPath: server.port}
- {kind: Secret, name: keys}
values: {c: inline}
"""),
    }
    root = asked(files)
    assert root.unknown == ("Secret keys",)
    text = rendered(root, files)
    assert '{"a":"chart","b":"map","c":"inline","server":{"port":8080}}' in text
    assert "{name: prod-till, namespace: prod}" in text


def packed(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


REPOSITORY = source("HelmRepository", "{url: 'https://charts.example.com'}")
RELEASE = release(
    "chart: {spec: {chart: shop, version: 1.x, sourceRef: {kind: HelmRepository, name: main}}}\nvalues: {b: c}"
)


@pytest.mark.real
def test_a_chart_of_a_repository_comes_from_the_configured_folder() -> None:
    files: dict[str, str | bytes] = {
        "repository.yaml": REPOSITORY, "release.yaml": RELEASE,
        "vendor/shop-1.0.0.tgz": packed(SHOP), "vendor/shop-2.0.0.tgz": b"not this one",
    }  # fmt: skip
    tree = tree_of(files)
    (root,) = discover(tree).roots
    found = renderer(archives=TreeArchives(tree, "vendor")).render(root, tree)
    assert isinstance(found, Rendered), found
    assert '{"a":"chart","b":"c"}' in found.text
    missing = renderer().render(root, tree)
    assert isinstance(missing, NotRendered)
    assert missing.reason == "chart shop 1.x from https://charts.example.com is not here"
    assert missing.hint.startswith("helm pull shop --repo https://charts.example.com --version '1.x'")


@pytest.mark.real
def test_dependencies_are_taken_from_charts_from_the_repository_or_the_configured_folder() -> None:
    inner = {"inner/Chart.yaml": CHART.replace("shop", "inner"), "inner/templates/a.yaml": TEMPLATE}
    chart = f"{CHART}dependencies: [{{name: inner, version: 1.0.0, repository: '%s'}}]\n"
    root = Root("helm", "shop")
    local = {"shop/Chart.yaml": chart % "file://../inner", **inner}
    assert "# Source: shop/charts/inner/templates/a.yaml" in rendered(root, local)
    remote = chart % "https://charts.example.com"
    vendored: dict[str, str | bytes] = {"shop/Chart.yaml": remote, "shop/charts/inner-1.0.0.tgz": packed(inner)}
    assert "# Source: shop/charts/inner/templates/a.yaml" in rendered(root, vendored)
    cached: dict[str, str | bytes] = {"shop/Chart.yaml": remote, "vendor/inner-1.0.0.tgz": packed(inner)}
    archives = TreeArchives(tree_of(cached), "vendor")
    assert "# Source: shop/charts/inner/templates/a.yaml" in rendered(root, cached, archives)
    missing = renderer().render(root, tree_of({"shop/Chart.yaml": remote}))
    assert missing[1:] == (
        "chart inner 1.0.0 from https://charts.example.com is not here",
        "helm dependency build shop",
    )


@pytest.mark.real
def test_a_release_is_taken_as_its_overlay_leaves_it() -> None:
    files = SHOP | {
        "base/kustomization.yaml": "resources: [release.yaml]\n",
        "base/release.yaml": release("chart: {spec: {chart: shop, sourceRef: {kind: GitRepository, name: main}}}"),
        "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
        "prod/p.yaml": release("values: {b: prod}"),
    }
    graph = graph_of(files, follow=True)
    (root,) = [root for root in graph.roots if root.tool == "helm"]
    assert root.source == "kustomize:prod: HelmRelease shop/till"
    assert '"b":"prod"' in rendered(root, files)
    assert {found.name for found in reached(graph, ["prod/p.yaml"])} == {"kustomize:prod", "helm:shop"}
    assert {found.name for found in reached(graph, ["shop/values.yaml"])} == {"helm:shop"}
    assert reached(graph, ["README.md"]) == ()


def test_a_copied_folder_of_an_artifact_is_found() -> None:
    generator = """
apiVersion: source.extensions.fluxcd.io/v1beta1
kind: ArtifactGenerator
metadata: {name: main, namespace: flux-system}
spec:
  artifacts:
  - {name: apps, copy: [{from: '@repo/apps/prod/**', to: '@artifact/prod/'}]}
"""
    files = {
        "g.yaml": generator, "apps/prod/kustomization.yaml": "resources: [a.yaml]\n", "apps/prod/a.yaml": CONFIG_MAP,
        "flux.yaml": kustomization("path: ./prod\nsourceRef: {kind: ExternalArtifact, name: apps}"),
    }  # fmt: skip
    assert asked(files).path == "apps/prod"
