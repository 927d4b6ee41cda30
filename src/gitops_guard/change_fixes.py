"""The fixes of what a change introduces, as whole files: proved object by object, each on what the others left."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from gitops_guard.change_check import Judged
from gitops_guard.editing.diff import unified_diff
from gitops_guard.engine import Detection
from gitops_guard.finding import DISPLAY_ONLY, NEEDS_REVIEW, NEW, SAFE
from gitops_guard.publishers.likely_secret import likely_secrets
from gitops_guard.source_file import SourceFile
from gitops_guard.text import LineIndex
from gitops_guard.tree_fixes import FixedFile, fix_file
from gitops_guard.workbench import Workbench

SAFE_ONLY = frozenset((SAFE,))
REVIEWED_TOO = frozenset((SAFE, NEEDS_REVIEW))


class Wish(NamedTuple):
    """Which fixes are asked for: their safety, and rules by id (none means all). Those only to be read never are."""

    safeties: frozenset[str] = SAFE_ONLY
    rules: frozenset[str] = frozenset()


def fixes_of_change(judged: Judged, wish: Wish) -> Iterator[FixedFile]:
    """The files that proved fixes of new findings change, and those where a wanted fix has no proof.

    The change must still be open. A waived finding is not new; what was there before stays as it is.
    """
    stems: dict[str, set[str]] = {}
    for finding in judged.report.by_place.findings:
        if finding.status == NEW:
            stems.setdefault(finding.place.path, set()).add(finding.stem)
    workbench = judged.workbench._replace(facts=dict(judged.workbench.facts))
    for path, wanted in stems.items():
        file = judged.sources.get(path)
        if file is None:
            continue
        fixed = fix_file(file, workbench, partial(_wanted, workbench=workbench, stems=wanted, wish=wish))
        if fixed.after != file.text:
            workbench.facts[path] = workbench.detections(file._replace(text=fixed.after))[0].facts
        if fixed.after != file.text or fixed.refused:
            yield fixed


def _wanted(
    file: SourceFile, *, workbench: Workbench, stems: set[str], wish: Wish
) -> tuple[list[Detection], list[Detection]]:
    detections = workbench.detections(file)[1]
    asked = [
        d
        for d in detections
        if d.fix is not None
        and d.fix.safety in wish.safeties
        and d.fix.safety != DISPLAY_ONLY
        and d.finding.stem in stems
        and (not wish.rules or d.finding.rule_id in wish.rules)
    ]
    return asked, detections


class ShownPatch(NamedTuple):
    """A text that `git apply` takes, and the files that cannot be in it, with the reason."""

    text: str
    left_out: tuple[tuple[str, str], ...]


def shown_patch(judged: Judged, fixed: list[FixedFile]) -> ShownPatch:
    """One patch of all fixed files; one whose diff would show a secret is left out: masked it would not apply."""
    parts: list[str] = []
    left_out: list[tuple[str, str]] = []
    for one in fixed:
        before, after = (one.file.encode(text).decode() for text in (one.file.text, one.after))
        if _shows_secret(judged, one):
            left_out.append((one.file.path, "its patch would show a secret"))
        else:
            parts.append(unified_diff(one.file.path, before, after))
    return ShownPatch("".join(parts), tuple(left_out))


def _shows_secret(judged: Judged, fixed: FixedFile) -> bool:
    """Whether a line of the diff, context included, holds a secret that is known, or what looks like one."""
    diff = unified_diff("x", fixed.file.text, fixed.after)
    shown = [row[1:] for row in diff.split("\n")]
    body = "\n".join(shown)
    index = LineIndex(body)
    if next(likely_secrets(body, index, 1, len(index)), None) is not None:
        return True
    held = {line for text in (fixed.file.text, fixed.after) for line in _secret_lines(judged, fixed, text)}
    return not held.isdisjoint(shown)


def _secret_lines(judged: Judged, fixed: FixedFile, text: str) -> Iterator[str]:
    lines = text.split("\n")
    index = LineIndex(text)
    for detection in judged.workbench.detections(fixed.file._replace(text=text))[1]:
        for start, end in detection.finding.masked:
            first, last = index.position(start).line, index.position(max(start, end - 1)).line
            yield from lines[first - 1 : last]
