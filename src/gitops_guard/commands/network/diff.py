"""The `network diff` command: which connections a change opens and closes."""

import argparse
import os
from datetime import date

from gitops_guard.change_check import base_settings, below
from gitops_guard.checking import write
from gitops_guard.errors import CLEAN, INCOMPLETE, UsageError
from gitops_guard.finding import Patch
from gitops_guard.local_configuration import local_settings
from gitops_guard.network.change import Compared, joined
from gitops_guard.network_change import compared
from gitops_guard.network_patch import policy_patch
from gitops_guard.network_sides import TwoSides
from gitops_guard.publishers import network_variants
from gitops_guard.sources.git import Change, open_change

FORMATS = ("console", "json", "markdown")


def diff(arguments: argparse.Namespace, today: date) -> int:
    """Runs `network diff` and returns the exit code: 3 where something could not be read, else 0."""
    if not arguments.base:
        raise UsageError("network diff needs --base", hint="name the branch that the change is for: --base main")
    root = os.getcwd()  # noqa: PTH109 - as the rest of the way to a scan
    with open_change(root, arguments.base, arguments.head) as change:
        config = getattr(arguments, "config", None)
        settings = local_settings(config, root, today) if config else base_settings(change, today)
        every, sides = compared(change, settings, below(change.root, root, arguments.paths))
        patch = policy_patch(change, settings, joined(one.change for _, one in every))
        reports = [
            (names, _rendered(one, _shown(sides, number), change, arguments, patch if number == 0 else None))
            for number, (names, one) in enumerate(every)
        ]
    write(network_variants.joined(reports, arguments.format), arguments.output)
    unknown = any(problem.is_error for _, one in every for problem in one.difference.head.problems)
    return INCOMPLETE if sides.failed or unknown or sides.is_cut else CLEAN


def _shown(sides: TwoSides, number: int) -> TwoSides:
    """What was looked at is said with the first of several variants."""
    return sides if number == 0 else sides._replace(scanned=(), skipped=(), failed=(), beyond=(), rendered=(), notes=())


def _rendered(
    found: Compared, sides: TwoSides, change: Change, arguments: argparse.Namespace, patch: Patch | None
) -> str:
    if arguments.format == "json":
        from gitops_guard.publishers import network_change_json  # noqa: PLC0415 - each format loads what it needs

        ends = (arguments.base, change.merge_base, arguments.head or "the working tree")
        return network_change_json.as_json(found, ends, sides.coverage, patch)
    from gitops_guard.publishers import network_changes  # noqa: PLC0415

    shown = found.change._replace(skipped=(*sides.failed, *sides.beyond))
    if arguments.format == "markdown":
        return network_changes.as_markdown(shown) + network_changes.patch_as_markdown(patch)
    return network_changes.as_console(shown) + network_changes.patch_as_console(patch)
