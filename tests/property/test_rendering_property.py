"""Whatever objects of Argo CD and Flux, kustomizations and charts say, discovery answers; it never raises."""

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.rendering.build import Renderer, Surroundings, needed
from gitops_guard.rendering.chart_files import allows
from gitops_guard.rendering.graph import discover, reached
from gitops_guard.rendering.roots import NotRendered
from gitops_guard.rendering.substitution import UnknownFunctionError, substitute
from gitops_guard.rendering.tools import Tools
from rendering_parts import tree_of

WORDS = (
    "",
    ".",
    "..",
    "../x",
    "/",
    "/etc",
    "app",
    "shop",
    "a.yaml",
    "$v/a.yaml",
    "\0",
    "\n",
    "https://h/x",
    "{{x}}",
    "${x}",
    "*",
    "1.x",
)
KEYS = (
    "path", "chart", "repoURL", "source", "sources", "ref", "helm", "valueFiles", "values", "valuesObject",
    "parameters", "kustomize", "images", "patches", "components", "namePrefix", "generators", "list", "elements",
    "git", "directories", "files", "matrix", "merge", "mergeKeys", "template", "spec", "metadata", "name",
    "namespace", "sourceRef", "kind", "postBuild", "substitute", "substituteFrom", "targetNamespace", "chartRef",
    "valuesFrom", "dependsOn", "destination", "resources", "bases", "transformers", "configMapGenerator",
    "replacements", "openapi", "dependencies", "repository", "version", "releaseName", "commonMetadata", "labels",
    "value", "targetPath", "valuesKey", "exclude", "url",
)  # fmt: skip
SCALARS = st.sampled_from(WORDS) | st.none() | st.booleans() | st.integers(-5, 5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)
KINDS = st.sampled_from((
    ("argoproj.io/v1alpha1", "Application"), ("argoproj.io/v1alpha1", "ApplicationSet"),
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"), ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
    ("source.toolkit.fluxcd.io/v1", "HelmRepository"), ("source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator"),
))  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(KINDS, VALUES, VALUES, VALUES)
def test_discovery_answers(kind: tuple[str, str], spec: Any, kustomization: Any, chart: Any) -> None:
    declared = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "x", "namespace": "y"}, "spec": spec}
    tree = tree_of({
        "app/kustomization.yaml": json.dumps(kustomization), "app/a.yaml": "{}", "shop/Chart.yaml": json.dumps(chart),
        "shop/values.yaml": "{}", "x.yaml": json.dumps(declared),
    })  # fmt: skip
    renderer = Renderer(Surroundings(Tools()))
    graph = discover(tree, renderer=renderer)
    assert len(graph.roots) == len(graph.needs)
    for root in graph.roots:
        assert isinstance(needed(root, tree), NotRendered | frozenset)
        assert isinstance(renderer.render(root, tree), NotRendered)
    reached(graph, ["x.yaml"])


@given(st.text("^~<>=!|, .x*0123v-", max_size=20), st.text("0123456789.-vab", max_size=10))
def test_a_range_answers(wanted: str, version: str) -> None:
    assert allows(wanted, version) in {True, False}


@given(st.text("$ab{}:-=\n", max_size=60))
def test_a_substitution_answers(text: str) -> None:
    with contextlib.suppress(UnknownFunctionError):
        assert isinstance(substitute(text, {"a": "1"}, keep_unknown=False), str)
