"""Problems that several rendered roots have at one place of a source: one finding."""

from collections.abc import Iterable, Mapping

from gitops_guard.finding import Finding
from gitops_guard.syntax.field import KeyPath

_FILE = "file"

Where = tuple[str, str, int, KeyPath]
"""The id of a rule, and a place: path, document, keypath."""


def joined(findings: Iterable[Finding]) -> list[Finding]:
    """Makes one finding of those that several roots have at one place, which names them all.

    One that a file has there too, as it is applied by itself or declares a root, is that of the file.
    """
    every = list(findings)
    of_files = {where(finding): number for number, finding in enumerate(every) if finding.origin == _FILE}
    groups: dict[object, list[Finding]] = {}
    for number, finding in enumerate(every):
        groups.setdefault(number if finding.origin == _FILE else _group(finding, of_files), []).append(finding)
    return [_of_roots(group) for group in groups.values()]


def _group(finding: Finding, of_files: Mapping[Where, int]) -> object:
    if not finding.place.start.line:
        return where(finding), finding.stem, finding.status, finding.severity
    return of_files.get(where(finding), (where(finding), finding.status, finding.severity))


def _of_roots(group: list[Finding]) -> Finding:
    patched = (one for one in group if one.fix is not None and one.fix.patch is not None)
    best = next(patched, next((one for one in group if one.origin == _FILE), group[0]))
    if len(group) == 1:
        return best
    return best._replace(rendered_in=tuple(dict.fromkeys(root for finding in group for root in finding.rendered_in)))


def where(finding: Finding) -> Where:
    """What a problem is and where it stands, whoever found it."""
    place = finding.place
    return finding.rule_id, place.path, place.document, place.keypath
