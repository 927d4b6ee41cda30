"""Applications and ApplicationSets of Argo CD: what they render, and with which inputs."""

import pytest

from gitops_guard.rendering.argo_cd import image
from gitops_guard.rendering.declared import Edge
from gitops_guard.rendering.roots import Parameter, Root
from rendering_parts import CHART, CONFIG_MAP, graph_of, rendered, renderer, tree_of

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:1.0}]}
"""
TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {{ .Values | toJson }}\n"
SHOP = {"shop/Chart.yaml": CHART, "shop/values.yaml": "a: chart\nb: chart\n", "shop/templates/a.yaml": TEMPLATE}
HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{name: web, namespace: argocd}}\nspec:\n"


def application(spec: str) -> str:
    lines = "".join(f"  {line}\n" for line in spec.strip("\n").split("\n"))
    return HEAD.format(kind="Application") + lines


def application_set(spec: str) -> str:
    lines = "".join(f"  {line}\n" for line in spec.strip("\n").split("\n"))
    return HEAD.format(kind="ApplicationSet") + lines


def only_root(files: dict[str, str]) -> Root:
    roots = graph_of(files).roots
    assert len(roots) == 1, roots
    return roots[0]


@pytest.mark.real
def test_what_an_application_adds_to_a_kustomization() -> None:
    files = {
        "web/kustomization.yaml": "resources: [d.yaml]\n", "web/d.yaml": DEPLOYMENT,
        "app.yaml": application("""
source:
  repoURL: https://example.com/a
  path: web
  kustomize:
    namePrefix: prod-
    namespace: shop
    images: ['nginx=registry.example/nginx:2.0']
    commonLabels: {team: shop}
    replicas: [{name: web, count: 3}]
    patches:
    - target: {kind: Deployment}
      patch: '[{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]'
"""),
    }  # fmt: skip
    root = only_root(files)
    assert root.source == "app.yaml: Application argocd/web"
    text = rendered(root, files)
    for expected in (
        "name: prod-web",
        "namespace: shop",
        "image: registry.example/nginx:2.0",
        "replicas: 3",
        "a: b",
        "team: shop",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        ("nginx:2", {"name": "nginx", "newTag": "2"}),
        ("a=b:2", {"name": "a", "newName": "b", "newTag": "2"}),
        ("a=host:5000/b", {"name": "a", "newName": "host:5000/b"}),
        ("host:5000/b:3", {"name": "host:5000/b", "newTag": "3"}),
        ("a=b@sha256:00", {"name": "a", "newName": "b", "digest": "sha256:00"}),
        ("a=b:2@sha256:00", {"name": "a", "newName": "b", "newTag": "2", "digest": "sha256:00"}),
    ],
)
def test_images_as_kustomize_edits_them(entry: str, fields: dict[str, str]) -> None:
    assert image(entry) == fields


@pytest.mark.real
def test_values_of_an_application_in_their_order() -> None:
    files = SHOP | {
        "shop/prod.yaml": "b: file\nc: file\nd: file\ne: file\n",
        "app.yaml": application("""
destination: {namespace: shop}
source:
  path: shop
  helm:
    releaseName: till
    valueFiles: [prod.yaml, missing.yaml]
    ignoreMissingValueFiles: true
    valuesObject: {c: object, d: object}
    parameters: [{name: d, value: 'a,b'}, {name: e, value: '1', forceString: true}]
"""),
    }
    root = only_root(files)
    assert root.parameters == (Parameter("d", "a\\,b"), Parameter("e", "1", text=True))
    text = rendered(root, files)
    assert '{"a":"chart","b":"file","c":"object","d":"a,b","e":"1"}' in text
    assert "name: till" in text


@pytest.mark.real
def test_a_second_source_brings_the_values() -> None:
    files = SHOP | {
        "envs/prod/values.yaml": "a: prod\n",
        "app.yaml": application("""
sources:
- {repoURL: 'https://example.com/charts', path: shop, helm: {valueFiles: [$values/envs/prod/values.yaml]}}
- {repoURL: 'https://example.com/envs', ref: values}
"""),
    }
    root = only_root(files)
    assert root.values_files == ("envs/prod/values.yaml",)
    assert '"a":"prod"' in rendered(root, files)


def test_a_chart_of_a_repository_of_charts_is_said_to_be_missing() -> None:
    files = {
        "app.yaml": application("""
source: {repoURL: 'https://charts.example.com', chart: redis, targetRevision: 1.2.x}
""")
    }
    root = only_root(files)
    found = renderer().render(root, tree_of(files))
    hint = "helm pull redis --repo https://charts.example.com --version '1.2.x' -d FOLDER"
    assert found[1:] == (
        "chart redis 1.2.x from https://charts.example.com is not here",
        f"{hint} (and name the folder as render.helm_cache)",
    )


def test_folders_of_manifests_plugins_and_other_repositories() -> None:
    files = {
        "plain/a.yaml": CONFIG_MAP, "shop/Chart.yaml": CHART,
        "a.yaml": application("source: {path: plain}"),
        "b.yaml": application("source: {path: shop, plugin: {name: x}}"),
        "c.yaml": application("source: {path: gone, repoURL: 'https://example.com/other'}\nproject: team"),
    }  # fmt: skip
    graph = graph_of(files)
    assert [(one.folder, one.source) for one in graph.plain] == [("plain", "a.yaml: Application argocd/web")]
    assert [one.reason for one in graph.elsewhere] == [
        "a plugin of the cluster renders it", "gone is not a folder of this repository",
    ]  # fmt: skip
    assert Edge("c.yaml: Application argocd/web", "belongs to", "AppProject team") in graph.edges


FOLDERS = {
    f"apps/{name}/kustomization.yaml": "resources: [a.yaml]\n" for name in ("cart", "shop", "old")
} | {f"apps/{name}/a.yaml": CONFIG_MAP for name in ("cart", "shop", "old")}  # fmt: skip


def rooted(files: dict[str, str]) -> list[tuple[str, str]]:
    """The roots that an ApplicationSet asks for: path, and what is put around."""
    return [(root.path, root.around) for root in graph_of(files).roots if root.source]


def test_a_list_generator() -> None:
    text = application_set("""
generators:
- list: {elements: [{name: cart, ns: a}, {name: shop, ns: b}]}
template:
  metadata: {name: '{{name}}'}
  spec: {source: {path: 'apps/{{name}}', kustomize: {namespace: '{{ns}}'}}}
""")
    assert rooted(FOLDERS | {"set.yaml": text}) == [
        ("apps/cart", '{"namespace": "a"}'), ("apps/shop", '{"namespace": "b"}'),
    ]  # fmt: skip


def test_a_generator_of_folders_with_go_templates() -> None:
    text = application_set("""
goTemplate: true
generators:
- git: {directories: [{path: 'apps/*'}, {path: apps/old, exclude: true}]}
template:
  metadata: {name: '{{ .path.basename }}'}
  spec: {source: {path: '{{ .path.path }}', kustomize: {namespace: '{{ index .path.segments 1 }}'}}}
""")
    assert rooted(FOLDERS | {"set.yaml": text}) == [
        ("apps/cart", '{"namespace": "cart"}'), ("apps/shop", '{"namespace": "shop"}'),
    ]  # fmt: skip


def test_a_generator_of_files() -> None:
    files = FOLDERS | {
        "clusters/a/config.json": '{"cluster": {"name": "a"}, "app": "cart"}',
        "clusters/b/config.json": '{"cluster": {"name": "b"}, "app": "shop"}',
        "set.yaml": application_set("""
generators:
- git: {files: [{path: 'clusters/**/config.json'}]}
template:
  metadata: {name: '{{cluster.name}}'}
  spec: {source: {path: 'apps/{{app}}', kustomize: {namePrefix: '{{cluster.name}}-{{path.basename}}-'}}}
"""),
    }
    assert rooted(files) == [("apps/cart", '{"namePrefix": "a-a-"}'), ("apps/shop", '{"namePrefix": "b-b-"}')]


def test_a_matrix_and_a_merge() -> None:
    matrix = application_set("""
generators:
- matrix:
    generators:
    - list: {elements: [{app: cart}, {app: shop}]}
    - list: {elements: [{env: dev}, {env: prod}]}
template:
  metadata: {name: '{{app}}-{{env}}'}
  spec: {source: {path: 'apps/{{app}}', kustomize: {namespace: '{{env}}'}}}
""")
    assert len(rooted(FOLDERS | {"set.yaml": matrix})) == 4
    merge = application_set("""
generators:
- merge:
    mergeKeys: [app]
    generators:
    - list: {elements: [{app: cart, env: dev}, {app: shop, env: dev}]}
    - list: {elements: [{app: shop, env: prod}]}
template:
  metadata: {name: '{{app}}'}
  spec: {source: {path: 'apps/{{app}}', kustomize: {namespace: '{{env}}'}}}
""")
    assert rooted(FOLDERS | {"set.yaml": merge}) == [
        ("apps/cart", '{"namespace": "dev"}'), ("apps/shop", '{"namespace": "prod"}'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("generators", "reason"),
    [
        ("[{clusters: {}}]", "its generator clusters asks something outside the repository"),
        ("[{list: {elements: [{a: b}]}, selector: {matchLabels: {}}}]", "selector"),
        ("[{list: {elements: [{a: b}]}}]", "{{name | upper}} of its template cannot be told"),
        ("[{matrix: {generators: [{list: {elements: []}}]}}]", "a matrix takes two generators"),
        ("[{list: {elements: [" + "{name: a}, " * 300 + "{name: a}]}}]", "cannot be told"),
    ],
)
def test_what_cannot_be_told(generators: str, reason: str) -> None:
    text = application_set(f"""
generators: {generators}
template:
  metadata: {{name: '{{{{name | upper}}}}'}}
  spec: {{source: {{path: apps/cart}}}}
""")
    assert reason in graph_of({"set.yaml": text}).elsewhere[0].reason


def test_too_many_applications_are_bounded() -> None:
    elements = ", ".join(f"{{name: a{n}}}" for n in range(40))
    text = application_set(f"""
generators:
- matrix:
    generators:
    - list: {{elements: [{elements}]}}
    - list: {{elements: [{elements}]}}
template:
  metadata: {{name: '{{{{name}}}}'}}
  spec: {{source: {{path: 'apps/cart', kustomize: {{namePrefix: '{{{{name}}}}'}}}}}}
""")
    graph = graph_of(FOLDERS | {"set.yaml": text})
    assert len(graph.roots) < 250
    assert graph.elsewhere[0].reason == "it makes more than 200 Applications"


@pytest.mark.real
def test_applications_that_a_chart_makes_are_followed() -> None:
    template = application("source: {path: 'apps/{{ .Values.app }}', kustomize: {namePrefix: made-}}")
    files = FOLDERS | {
        "root/Chart.yaml": CHART, "root/values.yaml": "app: cart\n", "root/templates/app.yaml": template,
    }  # fmt: skip
    asked = [root for root in graph_of(files, follow=True).roots if root.source]
    assert [(root.path, root.source) for root in asked] == [("apps/cart", "helm:root: Application argocd/web")]
