"""The `init` command: a configuration from what the repository uses, and the workflows that run this program."""

import argparse
import os
import sys
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
from gitops_guard.settings import Settings
from gitops_guard.sources.tree import walk
from gitops_guard.starter import Findings, Segmentation, configuration


def init(arguments: argparse.Namespace, today: date) -> int:
    """Runs `init`: writes what is not there yet, and says what it wrote and what it left alone.

    Raises:
        UsageError: there is a configuration already; it is left as it is.
    """
    folder = os.getcwd()  # noqa: PTH109 - as the rest of the way to a scan
    for name in FILE_NAMES:
        if (Path(folder) / name).exists():
            raise UsageError("exists already", path=name, hint="edit it, or delete it first")
    del arguments
    text = configuration(looked(folder, today), today)
    (Path(folder) / FILE_NAMES[0]).write_text(text, encoding="utf-8")
    sys.stdout.write(f"wrote {FILE_NAMES[0]}\n")
    return CLEAN


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
