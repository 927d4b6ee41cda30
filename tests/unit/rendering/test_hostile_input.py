"""Attacks on rendering, each with the real tools: the root is not rendered, and says why; the rest goes on."""

import re
import resource
import socket
import time
from pathlib import Path

import pytest

from gitops_guard.rendering import sandbox
from gitops_guard.rendering.build import Renderer, Surroundings
from gitops_guard.rendering.roots import NotRendered, Parameter, Rendered, Root
from gitops_guard.rendering.sandbox import Limits, Output, Refused, Tool, run
from gitops_guard.rendering.trees import DiskTree
from listening import nobody_came
from rendering_parts import CHART, CONFIG_MAP, QUICK, graph_of, real_tools, refused, renderer, tree_of

pytestmark = pytest.mark.real

SECRET = "what-no-report-may-show"
TOP = Root("kustomize", "app")
SHOP = Root("helm", "shop")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {SECRET}}}\n")
    (folder / "kustomization.yaml").write_text("resources: [secret.yaml]\n")
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "app").mkdir(parents=True)
    return folder


def on_disk(repository: Path, root: Root) -> Rendered | NotRendered:
    return renderer().render(root, DiskTree(str(repository)))


def test_a_link_to_a_file_outside(repository: Path, outside: Path) -> None:
    (repository / "app/kustomization.yaml").write_text("resources: [secret.yaml]\n")
    (repository / "app/secret.yaml").symlink_to(outside / "secret.yaml")
    found = on_disk(repository, TOP)
    assert isinstance(found, NotRendered)
    assert "symbolic link" in found.reason
    assert SECRET not in repr(found)


def test_a_link_to_a_folder_outside(repository: Path, outside: Path) -> None:
    (repository / "app/kustomization.yaml").write_text("resources: [../base]\n")
    (repository / "base").symlink_to(outside)
    found = on_disk(repository, TOP)
    assert isinstance(found, NotRendered)
    assert "base is a symbolic link" in found.reason
    assert SECRET not in repr(found)


def test_the_kustomization_itself_is_a_link(repository: Path, outside: Path) -> None:
    (repository / "app/kustomization.yaml").symlink_to(outside / "kustomization.yaml")
    assert isinstance(on_disk(repository, TOP), NotRendered)


@pytest.mark.parametrize("place", ["files/secret.yaml", "templates/secret.yaml", "values.yaml", "charts/inner"])
def test_a_link_in_a_chart(repository: Path, outside: Path, place: str) -> None:
    chart = repository / "shop"
    (chart / "templates").mkdir(parents=True)
    (chart / "files").mkdir()
    (chart / "charts").mkdir()
    (chart / "Chart.yaml").write_text(CHART)
    (chart / "templates/a.yaml").write_text('data: {{ .Files.Get "files/secret.yaml" | quote }}\n')
    (chart / place).symlink_to(outside / "secret.yaml" if "." in place else outside)
    found = on_disk(repository, SHOP)
    assert isinstance(found, NotRendered)
    assert f"shop/{place} is a symbolic link" in found.reason
    assert SECRET not in repr(found)


@pytest.mark.parametrize("entry", ["/etc/hostname", "../../outside/secret.yaml", "../../../../etc"])
def test_paths_that_leave_the_repository(entry: str) -> None:
    assert "outside the repository" in refused(TOP, {"app/kustomization.yaml": f"resources: [{entry}]\n"}).reason


@pytest.mark.parametrize(
    "text",
    [
        "resources: [{0}]", "bases: [{0}]", "components: [{0}]", "patches: [{{path: '{0}'}}]", "crds: ['{0}']",
        "openapi: {{path: '{0}'}}", "configMapGenerator: [{{name: a, files: ['k={0}']}}]", "transformers: ['{0}']",
        "configMapGenerator: [{{name: a, envs: ['{0}']}}]", "replacements: [{{path: '{0}'}}]",
        "configurations: ['{0}']",
        "generators:\n- |-\n  apiVersion: a\n  kind: ConfigMapGenerator\n  metadata: {{name: a}}\n  files: ['{0}']",
    ],
)  # fmt: skip
@pytest.mark.parametrize("network", ["of its own", "this one"])
def test_nothing_remote_is_fetched(
    text: str, network: str, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    if network == "this one":
        monkeypatch.setattr(sandbox, "_no_network", tuple)
    port = listener.getsockname()[1]
    for address in (
        f"http://127.0.0.1:{port}/base",
        f"ssh://git@127.0.0.1:{port}/base",
        f"git::http://127.0.0.1:{port}/a.git",
    ):
        found = refused(TOP, {"app/kustomization.yaml": text.format(address) + "\n"})
        assert "remote" in found.reason
    assert nobody_came(listener)


@pytest.mark.parametrize("entry", ["github.com/owner/name", "git@host:owner/name", "https://host/owner/name?ref=v1"])
def test_a_folder_that_is_named_like_a_remote_base(entry: str) -> None:
    files = {
        "app/kustomization.yaml": f"resources: ['{entry}']\n",
        f"app/{entry}/kustomization.yaml": "resources: []\n",
    }
    assert "remote" in refused(TOP, files).reason


def test_helm_charts_in_a_kustomization() -> None:
    text = "helmCharts: [{name: minecraft, repo: 'http://127.0.0.1:1', version: 1.0.0}]\n"
    assert "helmCharts" in refused(TOP, {"app/kustomization.yaml": text}).reason


def test_a_function_that_would_run_a_program() -> None:
    function = """
        apiVersion: example.com/v1
        kind: Runner
        metadata:
          name: run
          annotations:
            config.kubernetes.io/function: "exec: {path: ./run.sh}"
        """
    files = {
        "app/kustomization.yaml": "resources: [a.yaml]\ntransformers: [run.yaml]\n",
        "app/a.yaml": CONFIG_MAP, "app/run.yaml": function, "app/run.sh": "#!/bin/sh\ntouch /tmp/ran\n",
    }  # fmt: skip
    assert refused(TOP, files).reason


def test_a_bomb_of_aliases() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    bomb = "\n".join(lines)
    assert "aliases" in refused(TOP, {"app/kustomization.yaml": f"{bomb}\nresources: []\n"}).reason
    resource_bomb = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{bomb}\n"
    files = {"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": resource_bomb}
    start = time.monotonic()
    assert refused(TOP, files).reason
    assert time.monotonic() - start < QUICK.wall_seconds + 2
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < 2.2 * 1024**3


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('{{- $s := "xxxxxxxx" -}}{{- range until 60 -}}{{- $s = printf "%s%s" $s $s -}}{{- end -}}', "memory"),
        ("{{- range until 2000000000 -}}{{- end -}}", "memory"),
        ("{{- range until 100000 -}}{{- range until 100000 -}}{{- end -}}{{- end -}}", "processor time|took longer"),
        ('{{- define "a" -}}{{- include "a" . -}}{{- end -}}{{- include "a" . -}}', "nested reference"),
        ('{{ fail "the values are wrong" }}', "the values are wrong"),
        ("{{ .Values.missing.deep }}", "nil pointer"),
        ("{{ not closed", "parse error"),
    ],
)
def test_a_template_that_hurts(template: str, reason: str) -> None:
    start = time.monotonic()
    found = refused(SHOP, {"shop/Chart.yaml": CHART, "shop/templates/a.yaml": template})
    assert re.search(reason, found.reason)
    assert time.monotonic() - start < QUICK.wall_seconds + 2
    assert "/tmp" not in found.reason  # noqa: S108 - it must name no place of this machine


def test_an_output_of_seven_megabytes() -> None:
    template = "{{- range until 70000 }}\n# " + "x" * 100 + "\n{{- end }}\n"
    found = refused(SHOP, {"shop/Chart.yaml": CHART, "shop/templates/a.yaml": template})
    assert found.reason == "helm printed more than 6 MiB"


def test_values_of_twenty_megabytes() -> None:
    files: dict[str, str | bytes] = {"shop/Chart.yaml": CHART, "shop/values.yaml": b"a: " + b"x" * (20 * 1024 * 1024)}
    assert refused(SHOP, files).reason == "shop/values.yaml is larger than 5 MiB"


def test_bases_in_a_circle() -> None:
    files = {"app/kustomization.yaml": "resources: [../base]\n", "base/kustomization.yaml": "resources: [../app]\n"}
    assert refused(TOP, files).reason == "its bases go in a circle: app -> base -> app"
    assert [root.path for root in graph_of(files).roots] == ["app"]


def test_an_application_that_points_outside_the_repository() -> None:
    files = {
        "app.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: out, namespace: argocd}\n"
        "spec: {source: {repoURL: 'https://example.com/a', path: ../../etc}}\n"
    }
    graph = graph_of(files)
    assert graph.roots == ()
    assert [one.reason for one in graph.elsewhere] == ["its path leaves the repository"]


@pytest.mark.parametrize("release", ["--post-renderer=sh", "a b", "../x", "A"])
def test_words_that_would_be_options_of_helm(release: str) -> None:
    files = {"shop/Chart.yaml": CHART, "shop/templates/a.yaml": CONFIG_MAP}
    assert "release name" in refused(SHOP._replace(release=release), files).reason


def test_words_and_names_that_no_program_takes() -> None:
    files = {"shop/Chart.yaml": CHART, "shop/templates/a.yaml": CONFIG_MAP}
    root = SHOP._replace(parameters=(Parameter("a", "b\0c"),))
    assert refused(root, files).reason == "one of its words holds a NUL character"
    long = "x" * 300 + ".yaml"
    assert "cannot be copied" in refused(SHOP, files | {f"shop/templates/{long}": CONFIG_MAP}).reason
    parameters = tuple(Parameter(f"a{n}", "x" * 1000) for n in range(4000))
    assert "cannot be run" in refused(SHOP._replace(parameters=parameters), files).reason


def test_helm_asks_no_cluster_and_no_name_server(listener: socket.socket) -> None:
    template = (
        'data: {{ lookup "v1" "Secret" "default" "a" | toJson }}\nhost: {{ getHostByName "localhost" | quote }}\n'
    )
    found = renderer().render(SHOP, tree_of({"shop/Chart.yaml": CHART, "shop/templates/a.yaml": template}))
    assert isinstance(found, Rendered)
    assert "data: {}" in found.text
    assert 'host: ""' in found.text
    assert nobody_came(listener)


def test_one_bad_root_leaves_the_others() -> None:
    files = {
        "bad/kustomization.yaml": "resources: ['https://example.com/base']\n",
        "good/kustomization.yaml": "resources: [a.yaml]\n", "good/a.yaml": CONFIG_MAP,
    }  # fmt: skip
    graph, render = graph_of(files), renderer()
    results = {root.path: render.render(root, tree_of(files)) for root in graph.roots}
    assert isinstance(results["bad"], NotRendered)
    assert isinstance(results["good"], Rendered)


def test_any_number_of_slow_roots_is_bounded() -> None:
    files = {f"{n}/kustomization.yaml": "resources: [a.yaml]\n" for n in range(3)}
    files |= {f"{n}/a.yaml": CONFIG_MAP.replace("value", str(n)) for n in range(3)}
    found = Renderer(Surroundings(real_tools(), QUICK, total_seconds=0.001))
    results = [found.render(root, tree_of(files)) for root in graph_of(files).roots]
    assert isinstance(results[0], Rendered)
    assert [one[1] for one in results[1:]] == ["the 0.001 s that rendering may take in a run are used up"] * 2


def test_the_environment_of_the_tool_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    found = run(Tool("env", ("/usr/bin/env",)), {"a": b""}, (), QUICK)
    assert isinstance(found, Output)
    assert SECRET not in found.text
    assert "PATH=/nonexistent" in found.text
    assert str(tmp_path) not in found.text


def test_a_child_that_starts_others_is_ended_with_them(tmp_path: Path) -> None:
    mark = tmp_path / "still-alive"
    script = f"(/bin/sleep 2; : >{mark}) & /bin/sleep 60"
    start = time.monotonic()
    found = run(Tool("sh", ("/bin/sh", "-c", script)), {"a": b""}, (), Limits(wall_seconds=0.5))
    assert found == Refused("sh took longer than 0.5 s")
    assert time.monotonic() - start < 2
    time.sleep(2)
    assert not mark.exists()


@pytest.mark.parametrize("path", ["../a", "/etc/a", "a/../../b", "", "a//b", "a\0b"])
def test_a_path_that_is_not_inside_is_never_written(path: str) -> None:
    found = run(Tool("true", ("/bin/true",)), {path: b""}, (), QUICK)
    assert isinstance(found, Refused)


def test_a_tool_that_is_not_there_is_said() -> None:
    found = Renderer(Surroundings(real_tools()._replace(helm=None))).render(SHOP, tree_of({"shop/Chart.yaml": CHART}))
    assert isinstance(found, NotRendered)
    assert "there is no helm here" in found.reason
    assert found.hint
