"""Rendering as a run has decided on it: the tools that are there, the limits, which roots are looked at."""

import os
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from gitops_guard.render_settings import OFF, REQUIRED, RenderSettings
from gitops_guard.rendering.build import Renderer, Surroundings
from gitops_guard.rendering.chart_files import Archives
from gitops_guard.rendering.graph import Graph, Versions, discover
from gitops_guard.rendering.kustomize_files import below
from gitops_guard.rendering.roots import NotRendered, Rendered, Root, Tree
from gitops_guard.rendering.sandbox import Limits
from gitops_guard.rendering.tools import Tools, find_tools
from gitops_guard.rendering.trees import MOST_FILES
from gitops_guard.settings import Settings
from gitops_guard.suppression import matches

_ARCHIVE = ".tgz"
_LARGEST_ARCHIVE = 20 * 1024 * 1024


class TreeArchives:
    """Chart archives in a folder of the repository."""

    def __init__(self, tree: Tree, folder: str) -> None:
        self._tree, self._folder = tree, folder
        start = below(folder, "")
        self.names = tuple(
            sorted(
                path.removeprefix(start)
                for path in tree.paths
                if path.startswith(start) and path.endswith(_ARCHIVE) and "/" not in path.removeprefix(start)
            )
        )

    def read(self, name: str) -> bytes | None:
        """The content of one."""
        return self._tree.read(below(self._folder, name))


class DiskArchives:
    """Chart archives in a folder of this machine, which only a trusted configuration names."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        try:
            self.names = tuple(sorted(name for name in os.listdir(folder) if name.endswith(_ARCHIVE)))  # noqa: PTH208
        except OSError:
            self.names = ()

    def read(self, name: str) -> bytes | None:
        """The content of one."""
        try:
            with open(os.path.join(self._folder, name), "rb") as file:  # noqa: PTH118, PTH123
                return file.read(_LARGEST_ARCHIVE)
        except OSError:
            return None


class Session(NamedTuple):
    """Rendering of one side of a change, or of a tree. `why_not` says why nothing is rendered at all."""

    tree: Tree
    graph: Graph
    renderer: Renderer
    settings: RenderSettings
    tools: Tools
    why_not: str = ""

    def render(self, root: Root) -> Rendered | NotRendered:
        """The result of a root, unless the configuration leaves it out."""
        if self.why_not:
            return NotRendered(root, self.why_not)
        if not _is_wanted(root, self.settings):
            return NotRendered(root, "left out by the configuration (render)")
        return self.renderer.render(root, self.tree)

    def prepare(self, roots: Iterable[Root]) -> None:
        """Builds several roots at once."""
        if not self.why_not:
            self.renderer.prepare([root for root in roots if _is_wanted(root, self.settings)], self.tree)

    @property
    def lacks_tools(self) -> tuple[str, ...]:
        """The tools that roots need and that are not there."""
        wanted = sorted({root.tool for root in self.graph.roots if _is_wanted(root, self.settings)})
        return tuple(tool for tool in wanted if self.tools.of(tool) is None)


def open_session(  # noqa: PLR0913 - all that a session rests on
    tree: Tree,
    settings: Settings,
    environment: Mapping[str, str],
    top: str,
    *,
    renderer: Renderer | None = None,
    changed: Collection[str] | None = None,
) -> Session:
    """Finds the roots of a tree and the tools for them.

    Args:
        tree: the files.
        settings: the run's.
        environment: where PATH is read.
        top: the repository's folder on disk.
        renderer: that of the other side, whose results are used again.
        changed: the paths of a change, which limit what is rendered to find further roots; None for a tree.
    """
    chosen = settings.render or RenderSettings()
    tools = find_tools(environment, top)
    limits = Limits(wall_seconds=chosen.seconds, cpu_seconds=chosen.seconds)
    archives = _archives(tree, chosen.helm_cache)
    found = renderer or Renderer(Surroundings(tools, limits, archives, chosen.helm_cache, chosen.total_seconds))
    versions = Versions(settings.kubernetes_version, chosen.api_versions)
    why_not = "rendering is off in the configuration" if chosen.mode == OFF else ""
    if len(tree.paths) > MOST_FILES:
        why_not = f"the repository has more than {MOST_FILES} files"
    graph = discover(tree, versions, None if why_not else found, changed)
    return Session(tree, graph, found, chosen, tools, why_not)


def fails_without_tools(session: Session) -> bool:
    """Whether the configuration requires rendering, and a tool for it is missing."""
    return session.settings.mode == REQUIRED and bool(session.lacks_tools)


def _archives(tree: Tree, folder: str) -> Archives | None:
    if not folder:
        return None
    return DiskArchives(folder) if os.path.isabs(folder) else TreeArchives(tree, folder)  # noqa: PTH117


def _is_wanted(root: Root, settings: RenderSettings) -> bool:
    place = root.chart.name if root.chart else root.path
    if any(matches(place, pattern) or place == pattern.rstrip("/") for pattern in settings.exclude):
        return False
    return not settings.include or any(
        matches(place, pattern) or place == pattern.rstrip("/") for pattern in settings.include
    )
