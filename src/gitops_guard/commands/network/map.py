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
from gitops_guard.report import Coverage
from gitops_guard.settings import Settings
from gitops_guard.tree_manifests import manifests

_FIRST = "a page shows one cluster; the same workloads are also given by {}: name the folder of one to see it"
FORMATS = ("console", "json", "markdown", "dot", "html")


def network(arguments: argparse.Namespace, today: date) -> int:
    """Runs `network map` and returns the exit code: 3 where something could not be read, so that a part is unknown."""
    root = os.getcwd()  # noqa: PTH109 - as the rest of the way to a scan
    settings = local_settings(getattr(arguments, "config", None), root, today)
    files = manifests(arguments.paths, root, settings)
    if arguments.format == "html":
        text, every = _picture(files, settings)
    else:
        text, every = _text(files, arguments.format)
    write(text, arguments.output)
    wrong = any(problem.is_error for found in every for problem in found.problems)
    return INCOMPLETE if files.failed or wrong else CLEAN


def _picture(files: ManifestFiles, settings: Settings) -> tuple[str, list[Connections]]:
    """The page, which also shows what the manifests need; of several variants the first."""
    from gitops_guard.network.inference import infer  # noqa: PLC0415 - the other formats do not ask what is needed
    from gitops_guard.network.judging import judge  # noqa: PLC0415
    from gitops_guard.publishers.network_picture import render  # noqa: PLC0415

    first, *others = files.variants(NETWORK_KINDS | INFERENCE_KINDS)
    domain = CLUSTER_DOMAIN if settings.network is None else settings.network.cluster_domain
    judged = judge(cluster(complete(first.objects)), infer(first.objects, domain).edges)
    coverage = files.coverage
    if others:
        names = ", ".join(dict.fromkeys(name for one in others for name in one.names if name not in first.names))
        note = _FIRST.format(names or "files that are applied as they are")
        coverage = coverage._replace(rendered=first.names, notes=(*coverage.notes, note))
    return render(judged, coverage), [judged.verification.connections]


def _text(files: ManifestFiles, name: str) -> tuple[str, list[Connections]]:
    from gitops_guard.publishers import network_variants  # noqa: PLC0415 - each format loads what it needs

    every: list[Connections] = []
    reports: list[network_variants.Told] = []
    for one in files.variants(NETWORK_KINDS):
        found = connections(cluster(complete(one.objects)))
        coverage = Coverage(rendered=one.names) if every else files.coverage
        reports.append((one.names, _shown(found, coverage, name)))
        every.append(found)
    return network_variants.joined(reports, name), every


def _shown(found: Connections, coverage: Coverage, name: str) -> str:
    if name == "markdown":
        from gitops_guard.publishers.network_markdown import as_markdown  # noqa: PLC0415 - each loads what it needs

        return as_markdown(found, coverage)
    if name == "dot":
        from gitops_guard.publishers.network_dot import as_dot  # noqa: PLC0415

        return as_dot(found, listing(found))
    from gitops_guard.publishers import network_map  # noqa: PLC0415

    if name == "json":
        return network_map.as_json(found, listing(found), coverage)
    from gitops_guard.publishers.network_table import as_console  # noqa: PLC0415

    return as_console(found, coverage)
