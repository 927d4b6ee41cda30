"""Trees in memory and the real tools, for tests of rendering."""

import os
from collections.abc import Iterable, Mapping

import pytest

from gitops_guard.rendering.build import Renderer, Surroundings
from gitops_guard.rendering.chart_files import Archives
from gitops_guard.rendering.graph import Graph, discover
from gitops_guard.rendering.roots import NotRendered, Rendered, Root
from gitops_guard.rendering.sandbox import Limits
from gitops_guard.rendering.tools import Tools, find_tools
from gitops_guard.rendering.trees import ListedTree

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {key: value}\n"
CHART = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"
QUICK = Limits(cpu_seconds=3, wall_seconds=8)


def real_tools() -> Tools:
    """The tools of this machine; a test that needs a missing one is skipped, which CI makes a failure."""
    tools = find_tools(os.environ)
    if tools.kustomize is None:
        pytest.skip("no kustomize and no kubectl here")
    if tools.helm is None:
        pytest.skip("no Helm here: CI builds it with Go, as it does the oracles")
    return tools


def tree_of(files: Mapping[str, str | bytes], links: Iterable[str] = ()) -> ListedTree:
    """A tree that holds these files."""
    raw = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    return ListedTree(raw, links, raw.get)


def renderer(limits: Limits = QUICK, archives: Archives | None = None) -> Renderer:
    """Renders with the real tools."""
    return Renderer(Surroundings(real_tools(), limits, archives))


def rendered(root: Root, files: Mapping[str, str | bytes], archives: Archives | None = None) -> str:
    """The text of a root that must render."""
    found = renderer(archives=archives).render(root, tree_of(files))
    assert isinstance(found, Rendered), found
    return found.text


def refused(
    root: Root, files: Mapping[str, str | bytes], links: Iterable[str] = (), limits: Limits = QUICK
) -> NotRendered:
    """Why a root that must not render does not."""
    found = renderer(limits).render(root, tree_of(files, links))
    assert isinstance(found, NotRendered), found
    return found


def graph_of(files: Mapping[str, str | bytes], *, follow: bool = False) -> Graph:
    """What a tree would apply; `follow` renders roots that declare further ones."""
    return discover(tree_of(files), renderer=renderer() if follow else None)
