"""Proves fixes of new problems in rendered roots, at their sources."""

from collections.abc import Iterable, Iterator, Sequence

from gitops_guard.engine import Detection
from gitops_guard.finding import NEW, Finding, FixOffer, Place
from gitops_guard.inspection import Rules
from gitops_guard.rendered_change import SideRoots
from gitops_guard.rendering.inspected import RootSeen
from gitops_guard.rendering.root_fixes import RootFixes
from gitops_guard.rule import RuleContext
from gitops_guard.verify import Validate

MOST_OBJECTS = 25
"""Objects whose fixes are tried in one run; each is rendered again in all roots that its source feeds."""

TOO_MANY = f"more than {MOST_OBJECTS} rendered objects have problems: fix some first"

_Key = tuple[str, Place]


def with_source_patches(
    findings: Iterable[Finding], roots: SideRoots, rules: Rules, context: RuleContext, validate: Validate
) -> list[Finding]:
    """The findings, new ones of rendered roots with proved patches of their sources, or why there is none."""
    found = list(findings)
    wanted = {(one.stem, one.place): one for one in found if _is_open(one)}
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
    return [offered(one, offers) for one in found]


def offered(finding: Finding, offers: dict[_Key, FixOffer]) -> Finding:
    """A finding with the offer for its place."""
    return finding._replace(fix=offers.get((finding.stem, finding.place), finding.fix))


def _is_open(finding: Finding) -> bool:
    """Whether a fix is looked for; problems of an image have one patch for all its places, made elsewhere."""
    return finding.status == NEW and finding.fix is None and finding.origin != "file" and not finding.image


def _groups(
    seen: Iterable[RootSeen], wanted: dict[_Key, Finding]
) -> Iterator[tuple[RootSeen, list[tuple[_Key, Detection]]]]:
    """The fixable problems by rendered object."""
    for one in seen:
        objects: dict[tuple[int, tuple[str | int, ...]], list[tuple[_Key, Detection]]] = {}
        for detection in one.detections:
            if detection.fix is None:
                continue
            key = detection.finding.stem, one.led_back(detection).finding.place
            if key in wanted:
                objects.setdefault((detection.document, detection.root), []).append((key, detection))
        yield from ((one, group) for group in objects.values())


def _offers(fixes: RootFixes, seen: RootSeen, group: Sequence[tuple[_Key, Detection]]) -> dict[_Key, FixOffer]:
    if not group:
        return {}
    keys = {id(detection): key for key, detection in group}
    solution = fixes.solve(seen.rendered, [detection for _, detection in group])
    found = {keys[id(one)]: _offer(one)._replace(patch=solution.patch) for one in solution.solved}
    if solution.patch is not None:
        note, safety = solution.patch.note, solution.patch.safety
        found = {key: offer._replace(safety=safety, note=note) for key, offer in found.items()}
    return found | {keys[id(one)]: _offer(one)._replace(refused=reason) for one, reason in solution.refused}


def _offer(detection: Detection) -> FixOffer:
    fix = detection.fix
    assert fix is not None  # noqa: S101 - only fixable problems are grouped
    return FixOffer(fix.title, fix.safety, fix.note)
