"""`network synth`: policies that close everything but what is needed, printed, as a patch, or written to files."""

import argparse
import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple

from gitops_guard.checking import write
from gitops_guard.editing.diff import unified_diff
from gitops_guard.errors import CLEAN, FINDINGS, INCOMPLETE
from gitops_guard.local_configuration import local_settings
from gitops_guard.network.discovered import discovered
from gitops_guard.network.drafting import Group, Refusal
from gitops_guard.network.evidence import Inference
from gitops_guard.network.existing import Existing
from gitops_guard.network.inference import infer
from gitops_guard.network.policy_text import MARK
from gitops_guard.network.synthesis import Synthesis, synthesise
from gitops_guard.network.worlds import Scope
from gitops_guard.network_files import (
    FOLDER,
    Change,
    Unplaced,
    listed_in,
    read_target,
    replace_file,
)
from gitops_guard.network_repository import Repository
from gitops_guard.network_settings import NetworkSettings
from gitops_guard.network_told import as_values, told
from gitops_guard.publishers import coverage_values
from gitops_guard.publishers.escape import printable_unicode, valid_json
from gitops_guard.report import SCHEMA_VERSION
from gitops_guard.settings import Settings
from gitops_guard.sources.tree import walk
from gitops_guard.tree_manifests import as_deployed

_CHART = "Chart.yaml"


class Placed(NamedTuple):
    """The files that a synthesis changes, and the scopes that have no place."""

    changes: tuple[Change, ...]
    refused: tuple[Refusal, ...]
    remarks: tuple[str, ...]


def synth(arguments: argparse.Namespace, today: date) -> int:
    """Runs `network synth` and returns the exit code.

    1 where policies for a part of the repository cannot be offered, 3 where something could not be read.
    """
    root = os.getcwd()  # noqa: PTH109 - as the rest of the way to a scan
    every = local_settings(arguments.config, root, today)
    settings = every.network or NetworkSettings()
    if arguments.style:
        settings = settings._replace(style=arguments.style)
    repository = read(arguments.paths, root, every)
    connections = infer(repository.objects, settings.cluster_domain)
    around = repository.existing(connections)
    found = synthesise(around, connections, discovered(around, settings))
    placed = place(found, repository, around, Target(root, arguments.write or FOLDER))
    if arguments.format == "json":
        write(as_json(connections, found, placed, repository), arguments.output)
    _emit(arguments, root, placed)
    _say(told(found, placed.refused, placed.remarks, [change.path for change in placed.changes]))
    _say(printable_unicode(line) for line in coverage_values.on_rendering(repository.files.coverage))
    if repository.files.failed:
        return INCOMPLETE
    return FINDINGS if found.refused or placed.refused else CLEAN


def read(paths: list[str], root: str, settings: Settings) -> Repository:
    """Reads files and folders, rendered where there is a root."""
    return Repository(walk(paths, root), lambda files: as_deployed(files, paths, root, settings))


class Target(NamedTuple):
    """Where files are written: the root of all paths, and the folder for policies of namespaces."""

    root: str
    folder: str


def place(found: Synthesis, repository: Repository, around: Existing, where: Target) -> Placed:
    """The files that the policies go to, with the entries in Kustomizations that list them."""
    changes: dict[str, Change] = {}
    refused: list[Refusal] = []
    remarks: list[str] = []
    used: set[str] = set()
    for group in found.groups:
        path = target(group.scope, around, where.folder)
        used.add(path)
        present = read_target(path, where.root)
        if isinstance(present, Unplaced):
            refused.append(Refusal(group.scope, present.reason))
            continue
        changes[path] = Change(path, present, group.text)
        remarks += _list_in_kustomization(group, path, changes, where.root)
        remarks += _beside_chart(path, where.root)
    stale = sorted(repository.own_files - used)
    remarks += [f"{path} was written by this command and belongs to nothing that is offered now" for path in stale]
    real = tuple(change for change in changes.values() if change.after != change.before_text)
    return Placed(real, tuple(refused), tuple(remarks))


def target(scope: Scope, around: Existing, folder: str) -> str:
    """Where the policies of a scope go: where they are already; a folder of policies; beside manifests without one."""
    known = next((own.path for own in around.own if own.scope == scope), "")
    if known:
        return known
    if scope.namespace:
        return f"{folder.rstrip('/')}/{scope.namespace}.yaml"
    return f"{scope.folder}/{FOLDER}.yaml" if scope.folder else f"{FOLDER}.yaml"


def _beside_chart(path: str, root: str) -> Iterator[str]:
    """Says that Helm does not apply what lies beside a chart."""
    folder = path.rpartition("/")[0]
    if os.path.isfile(os.path.join(root, folder, _CHART)):  # noqa: PTH113, PTH118
        yield f"{path} lies beside a chart, which does not apply it: apply it by itself, or move it to the templates"


def _list_in_kustomization(group: Group, path: str, changes: dict[str, Change], root: str) -> Iterator[str]:
    """Adds the entry to the Kustomization of the folder, or says why not."""
    text_of: Callable[[str], str | None] = lambda name: changes[name].after if name in changes else None  # noqa: E731
    entry = listed_in(path, group.scope.namespace, root, text_of)
    if isinstance(entry, Unplaced):
        yield entry.reason
    elif entry is not None:
        known = changes.get(entry.path)
        changes[entry.path] = entry if known is None else known._replace(after=entry.after)


def as_json(connections: Inference, found: Synthesis, placed: Placed, repository: Repository) -> str:
    """The report for machines: the connections, the files, and what was proved of them."""
    coverage = repository.files.coverage
    value = {
        "schema_version": SCHEMA_VERSION,
        "files": [
            {"path": one.path, "is_new": one.before is None, "text": one.after, "patch": _patch(one)}
            for one in placed.changes
        ],
        **as_values(connections, found, placed.refused, placed.remarks),
        "coverage": coverage_values.as_values(coverage),
    }
    return valid_json(json.dumps(value, ensure_ascii=False, indent=1)) + "\n"


def _patch(change: Change) -> str:
    return unified_diff(change.path, change.before_text, change.after)


def _emit(arguments: argparse.Namespace, root: str, placed: Placed) -> None:
    if arguments.write:
        for change in placed.changes:
            replace_file(os.path.join(root, change.path), change)  # noqa: PTH118
        return
    if arguments.format == "json":
        return
    if arguments.diff:
        text = "".join(_patch(one) for one in placed.changes)
    else:
        text = "---\n".join(one.after for one in placed.changes if one.after.startswith(MARK))
    write(text, arguments.output)


def _say(lines: Iterable[str]) -> None:
    import sys  # noqa: PLC0415 - only to print

    sys.stderr.write("".join(f"{line}\n" for line in lines))
