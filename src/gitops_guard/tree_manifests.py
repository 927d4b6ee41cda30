"""The manifests of a tree; rendering is loaded where the tree holds something to render."""

import os
from collections.abc import Iterable, Sequence

from gitops_guard.manifest_files import ManifestFiles
from gitops_guard.pipeline import has_roots
from gitops_guard.render_settings import OFF, RenderSettings
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.tree import names, walk


def manifests(paths: Sequence[str], root: str, settings: Settings) -> ManifestFiles:
    """The manifests of files and folders; those of rendered roots in place of the files they are of.

    Args:
        paths: files and folders; none means the root.
        root: the folder that all paths are relative to.
        settings: how roots are rendered.

    Raises:
        SourceError: the configuration requires rendering, and a tool is missing.
    """
    return as_deployed(walk(paths, root), paths, root, settings)


def as_deployed(
    files: Iterable[SourceFile | Skipped], paths: Sequence[str], root: str, settings: Settings
) -> ManifestFiles:
    """The same for files that were found below the paths; raises alike."""
    inside = [path for path in paths or (root,) if _is_inside(path, root)]
    if (settings.render or RenderSettings()).mode == OFF or not has_roots(names(inside, root) if inside else ()):
        return ManifestFiles(files)
    from gitops_guard.rendered_manifests import rendered_manifests  # noqa: PLC0415 - many trees have no roots

    return rendered_manifests(files, paths, root, settings)


def _is_inside(path: str, root: str) -> bool:
    """Whether a path lies below the root; nothing else is rendered."""
    relative = os.path.relpath(os.path.join(root, path), root)  # noqa: PTH118 - as the rest of the way to a scan
    return relative != os.pardir and not relative.startswith(os.pardir + os.sep)
