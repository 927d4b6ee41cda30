"""Problems that several rendered roots have at one place of a source: one finding."""

from collections.abc import Iterable

from gitops_guard.finding import Finding
from gitops_guard.syntax.field import KeyPath

_FILE = "file"


def joined(findings: Iterable[Finding]) -> list[Finding]:
    """Makes one finding of those that several roots have at one place, which names them all."""
    groups: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        is_rendered = finding.origin != _FILE
        about = None if finding.place.start.line else finding.stem
        key = (where(finding), about, finding.status, finding.severity) if is_rendered else number
        groups.setdefault(key, []).append(finding)
    return [_of_roots(group) for group in groups.values()]


def _of_roots(group: list[Finding]) -> Finding:
    best = next((one for one in group if one.fix is not None and one.fix.patch is not None), group[0])
    if len(group) == 1:
        return best
    return best._replace(rendered_in=tuple(dict.fromkeys(root for finding in group for root in finding.rendered_in)))


def where(finding: Finding) -> tuple[str, str, int, KeyPath]:
    """What a problem is and where it stands, whoever found it."""
    place = finding.place
    return finding.rule_id, place.path, place.document, place.keypath
