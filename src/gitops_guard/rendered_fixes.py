"""Proves fixes of problems in rendered roots, at their sources."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from gitops_guard.engine import Detection
from gitops_guard.finding import DISPLAY_ONLY, EXISTING, NEEDS_REVIEW, NEW, SAFE, Finding, FixOffer
from gitops_guard.fixing import Solution
from gitops_guard.inspection import Rules
from gitops_guard.rendered_connections import of_roots
from gitops_guard.rendering.inspected import RootSeen, RootsSeen
from gitops_guard.rendering.root_fixes import RootFixes
from gitops_guard.rendering.session import Session
from gitops_guard.rule import RuleContext
from gitops_guard.several_roots import where
from gitops_guard.syntax.field import KeyPath
from gitops_guard.verify import Validate

MOST_OBJECTS = 25
"""Objects whose fixes are tried in one run; each is rendered again in all roots that its source feeds."""

TOO_MANY = f"more than {MOST_OBJECTS} rendered objects have problems: fix some first"

Key = tuple[str, str, int, KeyPath]
"""What `where` gives of a finding at its source."""


def with_source_patches(  # noqa: PLR0913, PLR0917 - a proof rests on all of these
    findings: Iterable[Finding],
    session: Session,
    seen: RootsSeen,
    rules: Rules,
    context: RuleContext,
    validate: Validate,
) -> list[Finding]:
    """The findings, those of rendered roots that are not waived with proved patches of their sources, or why not.

    A problem of a base that a rendered root has too is one of that root: what becomes of it is proved on the results.
    Those about an image are left out: they have one patch for all places.
    """
    found = list(findings)
    wanted = {where(one) for one in found if _is_wanted(one, seen.covered)}
    if not wanted:
        return found
    fixes = RootFixes(session, rules, context, validate, of_roots(session, seen, context.settings))
    offers: dict[Key, FixOffer] = {}
    groups = groups_of(seen, wanted)
    roots = Counter(key for _, group in groups for key in {key for key, _ in group})
    for number, (one, group) in enumerate(groups):
        left = [(key, one) for key, one in group if key not in offers]
        if number < MOST_OBJECTS:
            offers |= {key: _said(key, offer, one, roots) for key, offer in _offers(fixes, one, left).items()}
        else:
            offers |= {key: _offer(each)._replace(refused=TOO_MANY) for key, each in left}
    return [each._replace(fix=offers.get(where(each), each.fix)) if where(each) in wanted else each for each in found]


def _is_wanted(finding: Finding, covered: frozenset[str]) -> bool:
    in_root = finding.origin != "file" or finding.place.path in covered
    return finding.status in {NEW, EXISTING} and not finding.image and in_root


def groups_of(seen: RootsSeen, wanted: Collection[Key]) -> list[tuple[RootSeen, list[tuple[Key, Detection]]]]:
    """The fixable problems by rendered object, the most severe first.

    Patches to read are kept apart from those to commit.
    """
    return sorted(_groups(seen, wanted), key=lambda entry: -max(one.finding.severity for _, one in entry[1]))


def _groups(seen: RootsSeen, wanted: Collection[Key]) -> Iterator[tuple[RootSeen, list[tuple[Key, Detection]]]]:
    for one in seen.seen:
        objects: dict[tuple[int, KeyPath, bool], list[tuple[Key, Detection]]] = {}
        for detection in one.detections:
            if detection.fix is None:
                continue
            key = where(one.led_back(detection).finding)
            if key in wanted:
                apart = detection.fix.safety == DISPLAY_ONLY
                objects.setdefault((detection.document, detection.root, apart), []).append((key, detection))
        yield from ((one, group) for group in objects.values())


def _said(key: Key, offer: FixOffer, seen: RootSeen, roots: Mapping[Key, int]) -> FixOffer:
    """The offer; where it patches one of several overlays with the problem, it says so."""
    if offer.patch is None or roots[key] == 1 or any(file.path == key[1] for file in offer.patch.files):
        return offer
    only = f"it mends {seen.rendered.root.name} only: `gitops-guard fix` mends the other overlays too"
    return offer._replace(note="; ".join(filter(None, (offer.note, only))))


def _offers(fixes: RootFixes, seen: RootSeen, group: Sequence[tuple[Key, Detection]]) -> dict[Key, FixOffer]:
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
