"""Maps the rendered objects of a root to their sources."""

from collections.abc import Mapping

from gitops_guard.rendering.kustomize_origins import annotated
from gitops_guard.rendering.kustomize_sources import KustomizeSources, origins_of
from gitops_guard.rendering.outcome import Build, NotRendered, Rendered
from gitops_guard.rendering.rendered_objects import by_identity, rendered_objects
from gitops_guard.rendering.source_map import SourceMap
from gitops_guard.rendering.source_place import SourcePlace
from gitops_guard.rendering.source_tree import SourceTree

__all__ = ["SourceMap", "SourcePlace", "map_kustomization"]


def map_kustomization(folder: str, files: Mapping[str, bytes], build: Build, rendered: Rendered) -> SourceMap:
    """The sources of a Kustomize root.

    Args:
        folder: of the root's kustomization; empty for that of the repository.
        files: of the repository, by path.
        build: renders this root.
        rendered: what it gave for these files; the annotations of the second build are not in it.
    """
    tree = SourceTree(files)
    objects = rendered_objects(rendered.text)
    with_origins = annotated(tree, folder, files)
    again = None if with_origins is None else build(with_origins)
    reason, origins = "", {}
    if again is None:
        reason = "the kustomization cannot be edited to ask for origins"
    elif isinstance(again, NotRendered):
        reason = again.reason
    else:
        origins = origins_of(rendered_objects(again.text), folder)
    return SourceMap(by_identity(objects), KustomizeSources(tree, folder, origins).trace, reason)
