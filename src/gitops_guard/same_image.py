"""Problems of one image in several places: one finding, and one patch for all places."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gitops_guard.engine import Detection
from gitops_guard.finding import Finding, Patch, Place
from gitops_guard.fixing import joined, solve_in_turn
from gitops_guard.source_file import SourceFile
from gitops_guard.workbench import Workbench

PLACES = 200
"""Places of one image that one patch mends; beyond, each has its own."""

Combine = Callable[[Sequence[Finding]], Patch | None]
"""Makes one patch of the fixes of several findings; None where that can't be proved for all of them."""


def merge(findings: Iterable[Finding], combine: Combine | None = None) -> tuple[Finding, ...]:
    """Makes one finding of those of a rule that are about the same image, in the order of the first of each.

    Args:
        findings: with status and fingerprint.
        combine: proves one patch of several fixes; None where nobody asked for patches.
    """
    groups: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        shared = (finding.rule_id, finding.image, finding.severity, finding.status)
        groups.setdefault(shared if finding.image else number, []).append(finding)
    return tuple(group[0] if len(group) == 1 else _merged(group, combine) for group in groups.values())


def _merged(group: Sequence[Finding], combine: Combine | None) -> Finding:
    first = group[0]
    offer = first.fix or next((one.fix for one in group if one.fix is not None), None)
    if offer is not None and combine is not None:
        combined = combine([one for one in group if one.fix is not None])
        offer = offer._replace(combined=combined)
    return first._replace(fix=offer, also=tuple(group[1:]))


class Combiner(NamedTuple):
    """Combines fixes over the files of a run.

    `texts` are the files, `detections` what was found in each of them.
    """

    workbench: Workbench
    texts: Callable[[str], SourceFile | None]
    detections: dict[tuple[str, Place], Detection]

    def combine(self, findings: Sequence[Finding]) -> Patch | None:
        """One proved patch for all findings; None where one of them can't be part of it."""
        by_path: dict[str, list[Detection]] = {}
        for finding in findings[: PLACES + 1]:
            detection = self.detections.get((finding.stem, finding.place))
            if detection is not None and detection.fix is not None:
                by_path.setdefault(finding.place.path, []).append(detection)
        if len(findings) > PLACES or sum(map(len, by_path.values())) < len(findings):
            return None
        patches = [self._of_file(path, group) for path, group in by_path.items()]
        whole = [patch for patch in patches if patch is not None]
        return joined(whole) if len(whole) == len(patches) else None

    def _of_file(self, path: str, group: Sequence[Detection]) -> Patch | None:
        file = self.texts(path)
        return None if file is None else solve_in_turn(file, group, self.workbench.bench_of)
