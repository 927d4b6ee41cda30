"""Which findings a change introduced, which it fixed, which were there before.

Findings are matched by their stem (rule, object, keypath with list items by name), so that moving, re-indenting,
reordering, renaming a file or splitting it changes nothing. Where several findings share a stem (anonymous list items,
the same object in two overlays) the counts decide: the pairs that agree in path and text are taken first. What is left
in rendered roots is matched by its source: an overlay that changes a namespace or prefix introduces no old problem.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from gitops_guard.finding import EXISTING, NEW, Finding

_FILE = "file"
Evidence = Callable[[Finding], str]
"""Gives the text at a finding, so that two of the same stem can be told apart. Never published."""


class Marked(NamedTuple):
    """The head's findings with their status, and the base's that are gone."""

    head: tuple[Finding, ...]
    fixed: tuple[Finding, ...]


def mark(
    base: Iterable[Finding],
    head: Iterable[Finding],
    renamed: Mapping[str, str],
    base_evidence: Evidence,
    head_evidence: Evidence,
) -> Marked:
    """Marks the head's findings as new or existing. `renamed` maps paths of the base to those of the head."""
    left: dict[str, list[Finding]] = {}
    for finding in base:
        left.setdefault(finding.stem, []).append(finding)
    groups: dict[str, list[Finding]] = {}
    for finding in head:
        groups.setdefault(finding.stem, []).append(finding)
    existing: set[int] = set()
    for stem, found in groups.items():
        before = left.get(stem)
        if before:
            existing |= _pair(before, found, renamed, base_evidence, head_evidence)
    fresh = [finding for found in groups.values() for finding in found if id(finding) not in existing]
    existing |= _by_source(left, fresh, renamed, base_evidence, head_evidence)
    marked = tuple(
        finding._replace(status=EXISTING if id(finding) in existing else NEW)
        for found in groups.values()
        for finding in found
    )
    return Marked(marked, tuple(finding for rest in left.values() for finding in rest))


def _pair(
    before: list[Finding],
    found: list[Finding],
    renamed: Mapping[str, str],
    base_evidence: Evidence,
    head_evidence: Evidence,
) -> set[int]:
    """Takes from `before` what matches, best matches first; gives the ids of the matched findings of the head."""
    if len(before) >= len(found) == 1:
        _take_best(before, found[0], renamed)
        return {id(found[0])}

    def path_of(finding: Finding) -> str:
        return renamed.get(finding.place.path, finding.place.path)

    matched: set[int] = set()
    for same_path, same_text in ((True, True), (False, True), (True, False), (False, False)):
        for finding in found:
            if id(finding) in matched:
                continue
            text = head_evidence(finding)
            for candidate in before:
                if same_path and path_of(candidate) != finding.place.path:
                    continue
                if same_text and base_evidence(candidate) != text:
                    continue
                before.remove(candidate)
                matched.add(id(finding))
                break
    return matched


def _by_source(
    left: dict[str, list[Finding]],
    fresh: Iterable[Finding],
    renamed: Mapping[str, str],
    base_evidence: Evidence,
    head_evidence: Evidence,
) -> set[int]:
    """Takes from `left` what rendered roots had at the same unchanged line; gives the ids of the head's findings."""
    before: dict[tuple[object, ...], list[Finding]] = {}
    for finding in (one for found in left.values() for one in found if one.origin != _FILE):
        path = renamed.get(finding.place.path, finding.place.path)
        before.setdefault((path, base_evidence(finding), *_source(finding)), []).append(finding)
    matched: set[int] = set()
    for finding in fresh if before else ():
        known = before.get((finding.place.path, head_evidence(finding), *_source(finding)))
        if finding.origin != _FILE and known:
            one = known.pop()
            left[one.stem].remove(one)
            matched.add(id(finding))
    return matched


def _source(finding: Finding) -> tuple[object, ...]:
    return finding.rule_id, finding.place.document, finding.place.keypath, finding.resource.container


def _take_best(before: list[Finding], finding: Finding, renamed: Mapping[str, str]) -> None:
    for candidate in before:
        if renamed.get(candidate.place.path, candidate.place.path) == finding.place.path:
            before.remove(candidate)
            return
    before.pop(0)


def with_fingerprints(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Orders findings by place and gives each its published fingerprint (32 hexadecimal digits)."""
    from hashlib import sha256  # noqa: PLC0415 - costs start-up time that a clean run need not pay

    seen: Counter[str] = Counter()
    out: list[Finding] = []
    for finding in sorted(findings, key=_order):
        number = seen[finding.stem]
        seen[finding.stem] += 1
        text = finding.stem if number == 0 else f"{finding.stem}\0{number}"
        digest = sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        out.append(finding._replace(fingerprint=digest))
    return tuple(out)


def _order(finding: Finding) -> tuple[str, int, int, str]:
    place = finding.place
    return place.path, place.span.start, place.span.end, finding.rule_id
