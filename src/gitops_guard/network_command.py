"""The `network map` command: who may connect to whom, as the policies of a tree decide."""

import argparse
import os
from datetime import date

from gitops_guard.checking import write
from gitops_guard.errors import CLEAN, INCOMPLETE
from gitops_guard.local_configuration import local_settings
from gitops_guard.manifest_files import ManifestFiles
from gitops_guard.network.analysis import connections
from gitops_guard.network.completeness import complete
from gitops_guard.network.connections import Connections
from gitops_guard.network.listing import listing
from gitops_guard.network.material import INFERENCE_KINDS
from gitops_guard.network.reading import NETWORK_KINDS, cluster
from gitops_guard.network_settings import CLUSTER_DOMAIN
from gitops_guard.settings import Settings
from gitops_guard.sources.tree import walk

FORMATS = ("console", "json", "markdown", "dot", "html")


def network(arguments: argparse.Namespace, today: date) -> int:
    """Runs `network map` and returns the exit code: 3 where something could not be read, so that a part is unknown."""
    root = os.getcwd()  # noqa: PTH109 - as the rest of the way to a scan
    files = ManifestFiles(walk(arguments.paths, root))
    if arguments.format == "html":
        text, found = _picture(files, local_settings(getattr(arguments, "config", None), root, today))
    else:
        text, found = _text(files, arguments.format)
    write(text, arguments.output)
    return INCOMPLETE if files.failed or any(problem.is_error for problem in found.problems) else CLEAN


def _picture(files: ManifestFiles, settings: Settings) -> tuple[str, Connections]:
    """The page, which also shows what the manifests need."""
    from gitops_guard.network.inference import infer  # noqa: PLC0415 - the other formats do not ask what is needed
    from gitops_guard.network.judging import judge  # noqa: PLC0415
    from gitops_guard.publishers.network_picture import render  # noqa: PLC0415

    objects = tuple(files.objects(NETWORK_KINDS | INFERENCE_KINDS))
    domain = CLUSTER_DOMAIN if settings.network is None else settings.network.cluster_domain
    judged = judge(cluster(complete(objects)), infer(objects, domain).edges)
    return render(judged, files.coverage), judged.verification.connections


def _text(files: ManifestFiles, name: str) -> tuple[str, Connections]:
    found = connections(cluster(complete(files.objects(NETWORK_KINDS))))
    if name == "markdown":
        from gitops_guard.publishers.network_markdown import as_markdown  # noqa: PLC0415 - each loads what it needs

        return as_markdown(found, files.coverage), found
    if name == "dot":
        from gitops_guard.publishers.network_dot import as_dot  # noqa: PLC0415

        return as_dot(found, listing(found)), found
    from gitops_guard.publishers import network_map  # noqa: PLC0415

    if name == "json":
        return network_map.as_json(found, listing(found), files.coverage), found
    from gitops_guard.publishers.network_table import as_console  # noqa: PLC0415

    return as_console(found, files.coverage), found
