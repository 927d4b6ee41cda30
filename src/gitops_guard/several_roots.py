"""Problems that several rendered roots have at one place of a source: one finding."""

from collections.abc import Iterable

from gitops_guard.finding import Finding
from gitops_guard.syntax.field import KeyPath

_NAMED = 4
_FILE = "file"


def joined(findings: Iterable[Finding]) -> list[Finding]:
    """Makes one finding of those that several roots have at one place; the first names the others."""
    groups: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        is_rendered = finding.origin != _FILE
        about = None if finding.place.start.line else finding.stem
        key = (where(finding), about, finding.status, finding.severity) if is_rendered else number
        groups.setdefault(key, []).append(finding)
    return [_of_roots(group) for group in groups.values()]


def _of_roots(group: list[Finding]) -> Finding:
    best = next((one for one in group if one.fix is not None and one.fix.patch is not None), group[0])
    origins = list(dict.fromkeys(finding.origin for finding in (best, *group)))
    if len(origins) == 1:
        return best
    others = ", ".join(origins[1:_NAMED]) + (f" and {len(origins) - _NAMED} more" if len(origins) > _NAMED else "")
    return best._replace(message=f"{best.message} (also in {others})")


def where(finding: Finding) -> tuple[str, str, int, KeyPath]:
    """What a problem is and where it stands, whoever found it."""
    place = finding.place
    return finding.rule_id, place.path, place.document, place.keypath
