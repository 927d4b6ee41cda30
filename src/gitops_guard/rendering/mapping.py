"""Maps the rendered objects of a root to their sources."""

from collections.abc import Callable, Mapping

from gitops_guard.model.kubernetes_object import ObjectIdentity
from gitops_guard.rendering.helm_sources import HelmSources
from gitops_guard.rendering.kustomize_origins import Origin, origin_of, with_origins
from gitops_guard.rendering.kustomize_sources import KustomizeSources
from gitops_guard.rendering.rendered_objects import by_identity, rendered_objects
from gitops_guard.rendering.roots import Build, NotRendered, Rendered, Root
from gitops_guard.rendering.source_map import SourceMap
from gitops_guard.rendering.source_place import SourcePlace
from gitops_guard.rendering.source_tree import SourceTree

__all__ = ["SourceMap", "SourcePlace", "map_sources"]

BuildOf = Callable[[Root], Build]
"""Binds a root to its tool; the mapping asks for variants of the root."""


def map_sources(root: Root, files: Mapping[str, bytes], build_of: BuildOf, rendered: Rendered) -> SourceMap:
    """The sources of a root.

    Args:
        root: the root.
        files: all files that it needs, by path; more do no harm.
        build_of: renders the root, and variants of it that tell more.
        rendered: what the root gave for these files; nothing of further builds is in it.
    """
    if root.tool == "helm":
        sources = HelmSources(root, files, build_of, rendered)
        return SourceMap(by_identity(rendered_objects(rendered.text)), sources.trace)
    return _map_kustomization(root, files, build_of, rendered)


def _map_kustomization(root: Root, files: Mapping[str, bytes], build_of: BuildOf, rendered: Rendered) -> SourceMap:
    again = build_of(with_origins(root))(files)
    origins: dict[ObjectIdentity, Origin] = {}
    if isinstance(again, Rendered):
        origins = {obj.identity: origin_of(obj) for obj in rendered_objects(again.text)}
    sources = KustomizeSources(SourceTree(files), root, origins)
    reason = again.reason if isinstance(again, NotRendered) else ""
    return SourceMap(by_identity(rendered_objects(rendered.text)), sources.trace, reason)
