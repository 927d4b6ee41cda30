"""Proves fixes of new problems in rendered roots, at their sources."""

from collections.abc import Iterable, Iterator, Sequence

from gitops_guard.engine import Detection
from gitops_guard.finding import DISPLAY_ONLY, NEEDS_REVIEW, NEW, SAFE, Finding, FixOffer
from gitops_guard.fixing import Solution
from gitops_guard.inspection import Rules
from gitops_guard.rendered_change import SideRoots
from gitops_guard.rendering.inspected import RootSeen
from gitops_guard.rendering.root_fixes import RootFixes
from gitops_guard.rule import RuleContext
from gitops_guard.several_roots import where
from gitops_guard.syntax.field import KeyPath
from gitops_guard.verify import Validate

MOST_OBJECTS = 25
"""Objects whose fixes are tried in one run; each is rendered again in all roots that its source feeds."""

TOO_MANY = f"more than {MOST_OBJECTS} rendered objects have problems: fix some first"

_Key = tuple[str, str, int, KeyPath]


def with_source_patches(
    findings: Iterable[Finding], roots: SideRoots, rules: Rules, context: RuleContext, validate: Validate
) -> list[Finding]:
    """The findings, new ones of rendered roots with proved patches of their sources, or why there is none.

    A problem of a base that a rendered root has too is one of that root: what becomes of it is proved on the results.
    Those about an image are left out: they have one patch for all places.
    """
    found = list(findings)
    covered = roots.seen.covered
    wanted = {where(one) for one in found if _is_wanted(one, covered)}
    if not wanted:
        return found
    fixes = RootFixes(roots.session, rules, context, validate)
    offers: dict[_Key, FixOffer] = {}
    for number, (seen, group) in enumerate(_groups(roots.seen.seen, wanted)):
        left = [(key, one) for key, one in group if key not in offers]
        if number < MOST_OBJECTS:
            offers |= _offers(fixes, seen, left)
        else:
            offers |= {key: _offer(one)._replace(refused=TOO_MANY) for key, one in left}
    return [one._replace(fix=offers.get(where(one), one.fix)) if where(one) in wanted else one for one in found]


def _is_wanted(finding: Finding, covered: frozenset[str]) -> bool:
    in_root = finding.origin != "file" or finding.place.path in covered
    return finding.status == NEW and not finding.image and in_root


def _groups(seen: Iterable[RootSeen], wanted: set[_Key]) -> Iterator[tuple[RootSeen, list[tuple[_Key, Detection]]]]:
    """The fixable problems by rendered object; patches to read are kept apart from those to commit."""
    for one in seen:
        objects: dict[tuple[int, KeyPath, bool], list[tuple[_Key, Detection]]] = {}
        for detection in one.detections:
            if detection.fix is None:
                continue
            key = where(one.led_back(detection).finding)
            if key in wanted:
                apart = detection.fix.safety == DISPLAY_ONLY
                objects.setdefault((detection.document, detection.root, apart), []).append((key, detection))
        yield from ((one, group) for group in objects.values())


def _offers(fixes: RootFixes, seen: RootSeen, group: Sequence[tuple[_Key, Detection]]) -> dict[_Key, FixOffer]:
    if not group:
        return {}
    keys = {id(detection): key for key, detection in group}
    solution = fixes.solve(seen.rendered, [detection for _, detection in group])
    found = {keys[id(one)]: _solved(one, solution) for one in solution.solved}
    return found | {keys[id(one)]: _offer(one)._replace(refused=reason) for one, reason in solution.refused}


def _solved(detection: Detection, solution: Solution) -> FixOffer:
    """The offer for one of the problems that a patch solves; what else the patch reaches counts for each of them."""
    offer, patch = _offer(detection), solution.patch
    notes = dict.fromkeys(one.fix.note for one in solution.solved if one.fix is not None and one.fix.note)
    reach = "" if patch is None else patch.note.removeprefix("; ".join(notes)).removeprefix("; ")
    safety = NEEDS_REVIEW if reach and offer.safety == SAFE else offer.safety
    return offer._replace(patch=patch, safety=safety, note="; ".join(filter(None, (offer.note, reach))))


def _offer(detection: Detection) -> FixOffer:
    fix = detection.fix
    assert fix is not None  # noqa: S101 - only fixable problems are grouped
    return FixOffer(fix.title, fix.safety, fix.note)
