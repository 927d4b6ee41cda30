"""One file that `git apply` takes, of all proved fixes in a report."""

from collections.abc import Iterable
from typing import NamedTuple

from gitops_guard.editing.diff import common_ends, unified_diff
from gitops_guard.finding import DISPLAY_ONLY, Patch
from gitops_guard.report import Report


class WholePatch(NamedTuple):
    """The text, how many patches are in it, and how many are not: they overlap others, or would show a secret."""

    text: str
    patches: int
    left_out: int


class _Edit(NamedTuple):
    """The lines `first` (counted from 0) up to `end`, and what stands there instead."""

    first: int
    end: int
    lines: tuple[str, ...]


def whole_patch(report: Report) -> WholePatch:
    """All proved fixes of the open findings, and the policies that a change needs.

    Fixes that are only there to be read are left out. Each patch is in it whole or not at all.
    """
    edits: dict[str, list[_Edit]] = {}
    before: dict[str, str | None] = {}
    taken = left_out = 0
    for patch in _patches(report):
        if _shows_secret(patch) or not _add(patch, edits, before):
            left_out += 1
        else:
            taken += 1
    parts = (unified_diff(path, before[path], _applied(before[path], edits[path])) for path in sorted(edits))
    return WholePatch("".join(parts), taken, left_out)


def _patches(report: Report) -> Iterable[Patch]:
    offers = (finding.fix for finding in report.by_place.open)
    found = [offer.patch for offer in offers if offer is not None and offer.patch is not None]
    if report.network_patch is not None:
        found.append(report.network_patch)
    return {id(patch): patch for patch in found if patch.safety != DISPLAY_ONLY and patch.files}.values()


def _shows_secret(patch: Patch) -> bool:
    """Whether its diff is masked: then the patch would not apply, or would show what is masked."""
    return patch.shows_secret or patch.diff != "".join(unified_diff(*file) for file in patch.files)


def _add(patch: Patch, edits: dict[str, list[_Edit]], before: dict[str, str | None]) -> bool:
    fresh = [(file.path, file.before, _edit(file.before or "", file.after)) for file in patch.files]
    for path, text, edit in fresh:
        if path in edits and (text is None or before[path] != text or any(_meet(edit, one) for one in edits[path])):
            return False
    for path, text, edit in fresh:
        edits.setdefault(path, []).append(edit)
        before[path] = text
    return True


def _edit(before: str, after: str) -> _Edit:
    old, new = before.split("\n"), after.split("\n")
    start, end = common_ends(old, new)
    return _Edit(start, len(old) - end, tuple(new[start : len(new) - end]))


def _meet(one: _Edit, other: _Edit) -> bool:
    if one.first == one.end or other.first == other.end:
        return one.first <= other.end and other.first <= one.end
    return one.first < other.end and other.first < one.end


def _applied(before: str | None, edits: Iterable[_Edit]) -> str:
    lines = (before or "").split("\n")
    for edit in sorted(edits, reverse=True):
        lines[edit.first : edit.end] = edit.lines
    return "\n".join(lines)
