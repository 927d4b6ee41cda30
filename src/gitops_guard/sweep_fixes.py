"""The check boxes of a tracking issue: what they offer, and the fix pull requests that ticked ones ask for."""

import os
import stat
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard import pipeline
from gitops_guard.finding import NEEDS_REVIEW, SAFE
from gitops_guard.fix_groups import PREFIX, FileChange, FixedProblem, FixGroup, slug
from gitops_guard.fix_pull_requests import Entry, Limits, Plan, update
from gitops_guard.github.commits import Committer
from gitops_guard.github.repository import Repository
from gitops_guard.publishers.escape import markdown_text
from gitops_guard.publishers.post_tracking_issue import LABEL
from gitops_guard.publishers.tracking_issue import Box, Owners
from gitops_guard.sweep_scan import Whole
from gitops_guard.tree_fixes import FixedFile, fix_tree

if TYPE_CHECKING:
    from gitops_guard.github.transport import Transport

_MOST_OPEN = 10
_MOST_ASKED = 10
"""Boxes that one sweep answers: each proves the fixes of the whole tree."""


class Asked(NamedTuple):
    """What is asked for: the offers (text of a box by rule), the ticked ones, where."""

    offers: Mapping[str, str]
    ticked: tuple[str, ...]
    branch: str
    owners: Owners | None


def fix_boxes(
    run: pipeline.Run, whole: Whole, transport: "Transport", repository: str, asked: Asked
) -> tuple[Box, ...]:
    """Opens and updates the pull requests of ticked boxes; gives the boxes as they should be shown.

    Only boxes that this sweep offers count: a text that people may edit names nothing else.
    """
    place = Repository(transport.call, repository)
    rules = {PREFIX + slug(rule): rule for rule in (one.id for one in pipeline.all_rules())}
    is_open = {pull.head_ref: pull.number for pull in place.pulls() if pull.head_ref.startswith(PREFIX)}
    ours = [rules[branch] for branch in is_open if branch in rules]
    wanted = dict.fromkeys((*ours, *(key for key in asked.ticked if key in asked.offers)))
    entries: dict[str, Entry] = {}
    if wanted:
        known = all(branch in rules for branch in is_open)
        groups = tuple(filter(None, (_group(run, key, asked) for key in list(wanted)[:_MOST_ASKED])))
        complete = whole.complete and known and len(wanted) <= _MOST_ASKED
        plan = Plan(groups, asked.branch, whole.commit, complete=complete)
        outcome = update(place, Committer(transport.graphql, place).commit, plan, Limits(_MOST_OPEN, (LABEL,)))
        entries = {entry.key: entry for entry in outcome.entries}
    return tuple(_box(key, text, entries.get(key), asked) for key, text in asked.offers.items())


def _box(key: str, text: str, entry: Entry | None, asked: Asked) -> Box:
    if entry is not None and entry.number and entry.state != "closed":
        return Box(key, text, number=entry.number)
    if entry is None:
        # A box beyond what one sweep answers stays ticked for the next.
        return Box(key, text, ticked=key in asked.ticked)
    return Box(
        key, f"{text}: not opened, {markdown_text(entry.detail or entry.state)}", ticked=entry.state == "postponed"
    )


def _group(run: pipeline.Run, rule: str, asked: Asked) -> FixGroup | None:
    fixed = [
        one
        for one in fix_tree(run._replace(only=frozenset((rule,))), (), safe_only=False, everything=False)
        if one.after != one.file.text
    ]
    if not fixed:
        return None
    patches = [one.patch for file in fixed for one in file.applied if one.patch is not None]
    owners = asked.owners or (lambda _: ())
    title = next(one.title for one in pipeline.all_rules() if one.id == rule)
    return FixGroup(
        key=rule,
        title=f"Fix {rule}: {title}",
        files=tuple(_change(run.root, one) for one in fixed),
        safety=SAFE if all(patch.safety == SAFE for patch in patches) else NEEDS_REVIEW,
        findings=tuple(_problems(fixed)),
        proof=tuple(dict.fromkeys(step for patch in patches for step in patch.proof)),
        note="; ".join(dict.fromkeys(patch.note for patch in patches if patch.note)),
        owners=tuple(dict.fromkeys(owner for one in fixed for owner in owners(one.file.path))),
        requested=rule in asked.ticked,
    )


def _problems(fixed: Iterable[FixedFile]) -> Iterable[FixedProblem]:
    for file in fixed:
        for solution in file.applied:
            for one in solution.solved:
                finding = one.finding
                yield FixedProblem(finding.rule_id, finding.place.path, finding.place.start.line, finding.message)


def _change(root: str, fixed: FixedFile) -> FileChange:
    mode = os.lstat(os.path.join(root, fixed.file.path)).st_mode  # noqa: PTH118
    return FileChange(
        fixed.file.path,
        fixed.file.encode(fixed.file.text),
        fixed.file.encode(fixed.after),
        "100755" if mode & stat.S_IXUSR else "100644",
    )
