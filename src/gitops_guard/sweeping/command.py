"""The `sweep` and `merge` commands: the whole tree, at once or in shards, and what is published of it."""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import date

from gitops_guard import pipeline
from gitops_guard.checking import disk_reader, exit_code, informed, publish, rendering, tree_run, write
from gitops_guard.errors import CLEAN, INCOMPLETE, UsageError
from gitops_guard.options import report_targets
from gitops_guard.publishers.progress import Progress
from gitops_guard.runner import MARKER
from gitops_guard.sharding import file as shard_file
from gitops_guard.sharding.plan import Shard, parse_shard
from gitops_guard.sources.tree import count
from gitops_guard.sweeping.scan import Whole, judge_shards, reader_of, scan_shard, scan_tree

_OF_A_WHOLE = ("publish", "dry_run", "upload_sarif", "report")


def sweep(arguments: argparse.Namespace, environment: Mapping[str, str], today: date) -> int:
    """Runs `sweep` and returns the exit code."""
    if arguments.repos is not None:
        from gitops_guard.sweeping.repositories import sweep_repositories  # noqa: PLC0415 - a sweep of its own

        return sweep_repositories(arguments, environment, today)
    if arguments.shard is not None:
        return _shard(arguments, parse_shard(arguments.shard), today)
    targets = _targets(arguments)
    root = os.getcwd()  # noqa: PTH109 - as the rest of the way to a scan
    run = informed(tree_run(arguments, root, today), arguments.paths, offline=arguments.offline)
    progress = _progress(arguments, root, 1)
    try:
        whole = scan_tree(run, arguments.paths, progress.tick, rendering(run))
    finally:
        progress.finish()
    return _deliver(arguments, environment, run, whole, targets)


def merge(arguments: argparse.Namespace, environment: Mapping[str, str], today: date) -> int:
    """Runs `merge` and returns the exit code: 3 where a shard is missing."""
    from gitops_guard.sweeping.repository_shards import is_one  # noqa: PLC0415 - only for this command

    if is_one(arguments.shards[0]):
        from gitops_guard.sweeping.repositories import merge_repositories  # noqa: PLC0415 - a sweep of its own

        return merge_repositories(arguments, environment, today)
    targets = _targets(arguments)
    run = tree_run(arguments, os.getcwd(), today)  # noqa: PTH109 - see above
    whole = judge_shards(run, [shard_file.read(path) for path in arguments.shards], rendering(run))
    for number in whole.missing:
        sys.stderr.write(f"gitops-guard: shard {number}/{whole.shards} is missing: its files count as not looked at\n")
    code = _deliver(arguments, environment, run, whole, targets)
    return INCOMPLETE if whole.missing and code == CLEAN else code


def _targets(arguments: argparse.Namespace) -> list[tuple[str, str]]:
    targets = report_targets(arguments.report)
    if any(name == "patch" for name, _ in targets):
        raise UsageError(
            "a sweep proves no fix, so it has no patch", hint="gitops-guard fix, or tick a box of the issue"
        )
    return targets


def _shard(arguments: argparse.Namespace, shard: Shard, today: date) -> int:
    asked = [name for name in _OF_A_WHOLE if getattr(arguments, name)]
    if asked or arguments.format != "console":
        name = (asked or ["format"])[0].replace("_", "-")
        raise UsageError(f"--{name} has no meaning for a shard", hint="it belongs to gitops-guard merge")
    root = os.getcwd()  # noqa: PTH109 - see above
    run = informed(
        tree_run(arguments, root, today), arguments.paths, offline=arguments.offline, read_file=reader_of(shard)
    )
    progress = _progress(arguments, root, shard.total)
    try:
        found = scan_shard(run, arguments.paths, shard, progress.tick)
    finally:
        progress.finish()
    # The suffix is none of a manifest: a shard that lies in the tree is not swept by the next one.
    target = arguments.output or f"gitops-guard-{shard.number}-of-{shard.total}.shard"
    _write_lines(shard_file.render(found), target)
    sys.stderr.write(
        f"gitops-guard: shard {shard}: {len(found.items):,} of {found.tree.candidates:,} files: {target}\n"
    )
    return CLEAN


def _progress(arguments: argparse.Namespace, root: str, shards: int) -> Progress:
    """The bar that a person sees; counting files costs time, so it is done for a person only."""
    return Progress(sys.stderr, count(arguments.paths, root) // shards if sys.stderr.isatty() else 0)


def _write_lines(lines: Iterable[str], target: str) -> None:
    try:
        with open(target, "w", encoding="ascii") as file:  # noqa: PTH123
            file.writelines(lines)
    except OSError as error:
        raise UsageError(f"cannot write the shard: {error.strerror}", path=target) from None


def _deliver(
    arguments: argparse.Namespace,
    environment: Mapping[str, str],
    run: pipeline.Run,
    whole: Whole,
    targets: list[tuple[str, str]],
) -> int:
    """Writes the reports, and publishes where that was asked for."""
    read_text = disk_reader(run.root)
    # The JSON of a sweep is the same whichever way it was scanned: it tells no time.
    untimed = whole.report._replace(seconds=0.0)
    for name, file in ((arguments.format, arguments.output), *targets):
        write(publish(untimed if name == "json" else whole.report, name, read_text, color=False), file)
    if environment.get(MARKER):
        from gitops_guard.run_delivery import summarise  # noqa: PLC0415 - only under the action

        summarise(whole.report, environment)
    if arguments.publish or arguments.upload_sarif or arguments.dry_run:
        from gitops_guard.sweeping.publication import publish_sweep  # noqa: PLC0415 - loads the API's client

        publish_sweep(arguments, environment, run, whole, read_text)
    return exit_code(whole.report)
