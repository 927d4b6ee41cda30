"""The SDK of Helm from PyPI renders what Helm does, in the same sandbox."""

import importlib.util
import os

import pytest
import yaml

from gitops_guard.rendering.helm_sdk import merged
from gitops_guard.rendering.sandbox import Limits, Output, Refused, Tool, run
from gitops_guard.rendering.tools import find_tools

CHART = {
    "shop/Chart.yaml": b"apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "shop/values.yaml": b"replicas: 1\nimage: {name: web, tag: '1'}\nextra: {keep: a, drop: b}\n",
    "shop/crds/shop.yaml": (
        b"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: shops.example.org}\n"
    ),
    "shop/templates/_helpers.tpl": b'{{ define "label" }}app: {{ .Release.Name }}{{ end }}\n',
    "shop/templates/NOTES.txt": b"thank you\n",
    "shop/templates/none.yaml": b"{{ if .Values.nothing }}a: b{{ end }}\n",
    "shop/templates/map.yaml": (
        b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"
        b'  namespace: {{ .Release.Namespace }}\n  labels: {{ include "label" . | nindent 4 }}\n'
        b"data:\n  image: {{ .Values.image.name }}:{{ .Values.image.tag }}\n"
        b"  extra: {{ .Values.extra | toJson | quote }}\n  replicas: {{ .Values.replicas | quote }}\n"
    ),
    "shop/charts/sub/Chart.yaml": b"apiVersion: v2\nname: sub\nversion: 1.0.0\n",
    "shop/charts/sub/templates/map.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sub}\n",
    "one.yaml": b"image: {tag: '2'}\nextra: {drop: null}\n",
}
WORDS = (
    "template", "rel", "shop", "--values=one.yaml", "--set=image.name=api", "--set-string=replicas=3",
    "--namespace=prod", "--include-crds",
)  # fmt: skip


@pytest.fixture(scope="module")
def sdk() -> Tool:
    if importlib.util.find_spec("helm_python") is None:
        if os.environ.get("GITOPS_GUARD_REQUIRE_REAL") == "1":
            pytest.fail("helm-python-sdk is not installed")
        pytest.skip("helm-python-sdk is not installed")
    found = find_tools({}).helm
    assert found is not None
    return found


def objects(output: Output | Refused) -> dict[str, object]:
    assert isinstance(output, Output), output
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in yaml.safe_load_all(output.text) if one}


@pytest.mark.real
def test_it_renders_what_helm_renders(sdk: Tool) -> None:
    helm = find_tools(os.environ).helm
    assert helm is not None
    assert helm.program != sdk.program, "there is no Helm on the PATH to compare with"
    ours = objects(run(sdk, CHART, WORDS, Limits()))
    assert ours == objects(run(helm, CHART, WORDS, Limits()))
    assert sorted(ours) == ["ConfigMap/rel", "ConfigMap/sub", "CustomResourceDefinition/shops.example.org"]


@pytest.mark.real
def test_each_document_names_its_template(sdk: Tool) -> None:
    found = run(sdk, CHART, WORDS, Limits())
    assert isinstance(found, Output)
    assert "# Source: shop/templates/map.yaml\n" in found.text
    assert "# Source: shop/charts/sub/templates/map.yaml\n" in found.text
    assert "thank you" not in found.text


@pytest.mark.real
def test_a_template_that_fails_and_one_that_eats_memory_are_refused(sdk: Tool) -> None:
    failing = CHART | {"shop/templates/map.yaml": b'{{ fail "no such shop" }}\n'}
    found = run(sdk, failing, WORDS, Limits())
    assert isinstance(found, Refused)
    assert "no such shop" in found.reason
    eating = CHART | {
        "shop/templates/map.yaml": b'{{ $s := "xxxx" }}{{ range until 40 }}{{ $s = print $s $s }}{{ end }}{{ $s }}\n'
    }
    assert isinstance(run(sdk, eating, WORDS, Limits(cpu_seconds=5)), Refused)


@pytest.mark.real
def test_what_it_cannot_take_into_account_is_said(sdk: Tool) -> None:
    found = run(sdk, CHART, (*WORDS, "--kube-version=1.30", "--api-versions=example.org/v1"), Limits())
    assert isinstance(found, Output)
    assert "own version of Kubernetes" in found.warnings


def test_values_are_joined_as_helm_joins_files() -> None:
    assert merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"c": 3}, "d": [2]}) == {"a": {"b": 1, "c": 3}, "d": [2]}
    assert merged({"a": {"b": 1}}, {"a": None}) == {"a": None}
