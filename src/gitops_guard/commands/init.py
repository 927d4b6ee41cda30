"""The `init` command: a configuration from what the repository uses, and the workflows that run this program."""

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from gitops_guard import pipeline
from gitops_guard.configuration import FILE_NAMES
from gitops_guard.errors import CLEAN, UsageError
from gitops_guard.images.table import Decisions, rows
from gitops_guard.model.inventory import Inventory, inventory
from gitops_guard.network.discovered import discovered
from gitops_guard.network.inference import infer
from gitops_guard.network_repository import Repository
from gitops_guard.network_settings import NetworkSettings
from gitops_guard.publishers.templates import example_workflow
from gitops_guard.settings import Settings
from gitops_guard.sources.tree import walk
from gitops_guard.starter import Findings, Segmentation, configuration

WORKFLOWS = {"pull-request.yml": "gitops-guard.yml", "sweep.yml": "gitops-guard-sweep.yml"}
"""The example workflows that are written, and the names that they get."""


def init(arguments: argparse.Namespace, today: date) -> int:
    """Runs `init`: writes what is not there yet, and says what it wrote and what it left alone.

    Raises:
        UsageError: there is a configuration already; it is left as it is.
    """
    folder = os.getcwd()  # noqa: PTH109 - as the rest of the way to a scan
    top = Path(folder)
    for name in FILE_NAMES:
        if os.path.lexists(top / name):
            raise UsageError("exists already", path=name, hint="edit it, or delete it first")
    _create(top / FILE_NAMES[0], configuration(looked(folder, today), today))
    told = [f"wrote {FILE_NAMES[0]}", *(_workflows(top) if arguments.workflows else ())]
    sys.stdout.write("".join(f"{line}\n" for line in told))
    return CLEAN


def _workflows(top: Path) -> Iterator[str]:
    """Writes the workflows that are not there, and tells of each."""
    for source, name in WORKFLOWS.items():
        path = f".github/workflows/{name}"
        if os.path.lexists(top / path):
            yield f"left {path} as it is"
            continue
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        _create(top / path, example_workflow(source))
        yield f"wrote {path}: put the commit of a release in place of the zeros"


def _create(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", path=str(path)) from None


def looked(root: str, today: date) -> Findings:
    """What the files below a folder use; registries are not asked."""
    run = pipeline.Run(root, Settings(), today)
    side = pipeline.look(walk([], root), pipeline.no_rules(pipeline.read_disk(root)), run)
    images = rows(side.images, Decisions(run.settings, run.known, today, side.builds))
    repository = Repository(walk([], root))
    around = repository.existing(infer(repository.objects))
    return Findings(images, discovered(around, NetworkSettings()), _segmentation(inventory(side.facts)))


def _segmentation(found: Inventory) -> Segmentation:
    inhabited = {workload.scope for workload in found.workloads}
    closed = {policy.scope for policy in found.policies if policy.ingress and policy.selector.is_empty}
    return Segmentation(len(inhabited), len(inhabited & closed))
