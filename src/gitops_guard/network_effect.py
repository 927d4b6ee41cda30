"""What a change does to connections, as the findings of the rule on paths that it opens.

The analysis is loaded only where a change may open a path, or its whole effect is asked for.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard import pipeline
from gitops_guard.engine import Detection, rule_set, scan_repository
from gitops_guard.report import SkippedRule
from gitops_guard.rules import change_rules
from gitops_guard.source_file import SourceFile
from gitops_guard.sources.git import Change, ChangedFile

if TYPE_CHECKING:
    from gitops_guard.network.change import NetworkChange
    from gitops_guard.rendered_change import SideRoots

_OPENERS = re.compile("Policy|Service|Ingress|Route|Namespace|Gateway|List")
"""Every object that can open a path and is no workload has one of these in its kind, or is an item of a list."""


class NetworkEffect(NamedTuple):
    """What is found of connections; `change` is None where nothing was asked for, or nothing changes."""

    change: "NetworkChange | None" = None
    detections: tuple[Detection, ...] = ()
    skipped: tuple[SkippedRule, ...] = ()


def assess_network(
    change: Change, run: pipeline.Run, *, whole: bool, roots: "tuple[SideRoots, SideRoots] | None" = None
) -> NetworkEffect:
    """Finds the paths that a change opens; with `whole` also everything else that it does to connections.

    `roots` are the rendered roots of the head and of the base that the change reaches; None for none.
    """
    rules = rule_set(pipeline.enabled(change_rules(), run))
    if not whole and not (rules.other and (roots or any(_may_open(change, file) for file in change.files))):
        return NetworkEffect()
    from gitops_guard.network_change import assess  # noqa: PLC0415 - few changes open anything

    reached = None
    if roots is not None:
        from gitops_guard.rendered_network import sessions_of  # noqa: PLC0415 - few repositories have roots

        reached = sessions_of(*roots)
    found = assess(change, run.settings, only_openings=not whole, reached=reached)
    detections = [one for path in found.opened for one in scan_repository(path, rules, run.context)]
    skipped = [SkippedRule(rule.id, found.unknown) for group in rules.other.values() for rule in group if found.unknown]
    return NetworkEffect(found.change if whole else None, tuple(detections), tuple(skipped))


def _may_open(change: Change, file: ChangedFile) -> bool:
    """Whether a file is changed, or is new and holds more than workloads."""
    if not file.path.endswith((".yaml", ".yml", ".json")):
        return False
    head = change.read_head(file)
    return file.old_path is not None or (isinstance(head, SourceFile) and _OPENERS.search(head.text) is not None)
