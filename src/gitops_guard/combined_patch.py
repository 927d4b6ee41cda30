"""One patch for the problems of one image in all the places where it is named."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitops_guard.engine import Detection
from gitops_guard.finding import Finding, Patch, Place
from gitops_guard.fixing import joined, solve_in_turn
from gitops_guard.source_file import SourceFile
from gitops_guard.workbench import Workbench

PLACES = 200
"""Places of one image that one patch mends; beyond, each has its own."""


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
