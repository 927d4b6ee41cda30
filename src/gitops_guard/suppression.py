"""What a team has accepted: waivers of the configuration, and the ignore comments of the tools that it used before.

There is one choke point: `suppress` sees every finding once, with the day given by the caller.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from gitops_guard.finding import WAIVED, Finding
from gitops_guard.report import WaiverNote
from gitops_guard.settings import Waiver

IGNORE_HINTS = ("gitops-guard:ignore", "checkov", "trivy:ignore", "hadolint", "ignore-check.kube-linter.io/")


def may_ignore(text: str) -> bool:
    """Whether a text may hold an ignore comment or annotation: a cheap test before the costly one."""
    return any(hint in text for hint in IGNORE_HINTS)


class Ignore(NamedTuple):
    """An ignore comment or annotation.

    `names` are rule ids or other tools' ids, `source` what people wrote. It covers the lines from `first` to `last`.
    """

    names: frozenset[str]
    source: str
    first: int
    last: int


class Suppressed(NamedTuple):
    """Findings with their status, and what became of each waiver."""

    findings: tuple[Finding, ...]
    notes: tuple[WaiverNote, ...]


def suppress(
    findings: Iterable[Finding],
    waivers: tuple[Waiver, ...],
    ignores: Mapping[str, tuple[Ignore, ...]],
    aliases: Mapping[str, frozenset[str]],
    configuration: str,
) -> Suppressed:
    """Marks what is waived or ignored; nothing is dropped.

    Args:
        findings: all findings.
        waivers: of the configuration; only complete and unexpired ones waive.
        ignores: by path.
        aliases: of each rule id, the names under which it may be ignored, its own included.
        configuration: the path of the configuration, for the notes.
    """
    used: set[int] = set()
    out: list[Finding] = []
    valid = [(number, waiver) for number, waiver in enumerate(waivers) if not waiver.defects]
    for finding in findings:
        number = next((number for number, waiver in valid if covers(waiver, finding)), None)
        if number is not None:
            used.add(number)
            waiver = waivers[number]
            by = f"waiver in {configuration}:{waiver.line} ({waiver.owner}: {waiver.reason})"
            out.append(finding._replace(status=WAIVED, suppressed_by=by))
            continue
        ignore = _ignore(finding, ignores.get(finding.place.path, ()), aliases)
        out.append(finding if ignore is None else finding._replace(status=WAIVED, suppressed_by=ignore.source))
    return Suppressed(tuple(out), tuple(_note(w, n, used, configuration) for n, w in enumerate(waivers)))


def covers(waiver: Waiver, finding: Finding) -> bool:
    """Whether a waiver speaks of a finding: the rule, and where they are given the path and the resource."""
    if waiver.rule != finding.rule_id:
        return False
    if waiver.paths and not any(matches(finding.place.path, pattern) for pattern in waiver.paths):
        return False
    resource = finding.resource
    names = (f"{resource.kind}/{resource.name}", f"{resource.namespace}/{resource.kind}/{resource.name}", resource.name)
    return not waiver.resource or any(fnmatchcase(name, waiver.resource) for name in names)


def matches(path: str, pattern: str) -> bool:
    """Whether a path fits a glob; a pattern that ends in `/` or names a folder fits everything below it."""
    folder = pattern.rstrip("/")
    return fnmatchcase(path, pattern) or fnmatchcase(path, folder + "/*") or path.startswith(folder + "/")


def _ignore(finding: Finding, ignores: tuple[Ignore, ...], aliases: Mapping[str, frozenset[str]]) -> Ignore | None:
    names = aliases.get(finding.rule_id, frozenset((finding.rule_id,)))
    line = finding.place.start.line
    for ignore in ignores:
        if ignore.first <= line <= ignore.last and not names.isdisjoint(ignore.names):
            return ignore
    return None


def _note(waiver: Waiver, number: int, used: set[int], configuration: str) -> WaiverNote:
    state = "void" if waiver.defects else "used" if number in used else "unused"
    return WaiverNote(
        rule_id=waiver.rule,
        where=", ".join(waiver.paths) or waiver.resource or "everywhere",
        owner=waiver.owner,
        ticket=waiver.ticket,
        expires=waiver.expires.isoformat() if waiver.expires else "",
        state=state,
        detail=f"{configuration}:{waiver.line}" + (": " + ", ".join(waiver.defects) if waiver.defects else ""),
    )
