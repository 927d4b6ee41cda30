"""Fixes over files on disk: the facts of all files first, then proofs file by file."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from gitops_guard import pipeline
from gitops_guard.combined_patch import Combiner
from gitops_guard.connection_proof import of_tree
from gitops_guard.engine import Detection
from gitops_guard.finding import DISPLAY_ONLY, SAFE, WAIVED, Finding, FixOffer, Place
from gitops_guard.fixing import Group, Solution, groups, offers, solve
from gitops_guard.model.inventory import Fact
from gitops_guard.report import Report
from gitops_guard.same_image import merge
from gitops_guard.source_file import SourceFile
from gitops_guard.sources.tree import names, walk
from gitops_guard.suppression import matches, suppress
from gitops_guard.workbench import Workbench

GROUP_LIMIT = 2000
"""Objects of one file that are fixed in one run."""


Wanted = Callable[[SourceFile], tuple[list[Detection], list[Detection]]]
"""Of a text of a file, the detections whose fixes are asked for, and all of it."""


class FixedFile(NamedTuple):
    """A file after its fixes; `refused` are the problems without one, and why."""

    file: SourceFile
    after: str
    applied: tuple[Solution, ...]
    refused: tuple[tuple[Finding, str], ...]


def with_patches(report: Report, run: pipeline.Run, paths: Sequence[str]) -> Report:
    """The report of a tree with the fixes of its findings proved."""
    workbench, files = _workbench(run, paths)
    texts = {file.path: file for file in files}
    fixable: dict[tuple[str, Place], Detection] = {}
    proved: dict[tuple[str, Place], FixOffer] = {}
    open_places = {(f.stem, f.place) for f in report.findings if f.status != WAIVED}
    for file in files:
        _, detections = workbench.detections(file)
        wanted = [d for d in detections if (d.finding.stem, d.finding.place) in open_places]
        found = offers(file, wanted, workbench.bench(detections))
        proved |= {(d.finding.stem, d.finding.place): found[id(d)] for d in wanted if id(d) in found}
        fixable |= {(d.finding.stem, d.finding.place): d for d in wanted if d.finding.image and d.fix is not None}
    findings = [f._replace(fix=proved.get((f.stem, f.place), f.fix)) for f in report.findings]
    return report._replace(findings=merge(findings, Combiner(workbench, texts.get, fixable).combine))


def fix_tree(
    run: pipeline.Run,
    paths: Sequence[str],
    *,
    safe_only: bool,
    everything: bool,
    left_out: frozenset[tuple[str, str]] = frozenset(),
) -> Iterator[FixedFile]:
    """The files that proved fixes change, and those with problems that have none.

    Args:
        run: the run.
        paths: files and folders.
        safe_only: only fixes that cannot change what an application sees.
        everything: also patches whose effect depends on the application.
        left_out: pairs of path and stem of what is no problem once it is rendered.
    """
    workbench, files = _workbench(run, paths)
    for file in files:
        wanted = partial(
            _wanted, workbench=workbench, run=run, safe_only=safe_only, everything=everything, left_out=left_out
        )
        fixed = fix_file(file, workbench, wanted)
        if fixed.after != file.text or fixed.refused:
            yield fixed


def solved_by_rendering(run: pipeline.Run, paths: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Pairs of path and stem of what is no problem once it is rendered, where there is something to render."""
    if not pipeline.has_roots(names(paths, run.root)):
        return frozenset()
    from gitops_guard.rendered_sides import left_out  # noqa: PLC0415 - many trees hold plain manifests only

    return left_out(run, paths)


def fix_some(
    run: pipeline.Run,
    paths: Sequence[str],
    key_of: Callable[[Finding], str],
    *,
    safe_only: bool,
    left_out: frozenset[tuple[str, str]] = frozenset(),
) -> Iterator[tuple[str, FixedFile]]:
    """As `fix_tree`, with the fixes of each group by themselves: a file is given once for each group that it has.

    Args:
        run: the run.
        paths: files and folders.
        key_of: the group of a finding.
        safe_only: only fixes that cannot change what an application sees.
        left_out: as in `fix_tree`.
    """
    workbench, files = _workbench(run, paths)
    for file in files:
        every = partial(_wanted, workbench=workbench, run=run, safe_only=safe_only, everything=False, left_out=left_out)
        for key in dict.fromkeys(key_of(detection.finding) for detection in every(file)[0]):
            yield key, fix_file(file, workbench, partial(_of_group, every=every, key=key, key_of=key_of))


def _of_group(
    file: SourceFile, *, every: Wanted, key: str, key_of: Callable[[Finding], str]
) -> tuple[list[Detection], list[Detection]]:
    wanted, detections = every(file)
    return [detection for detection in wanted if key_of(detection.finding) == key], detections


def _workbench(run: pipeline.Run, paths: Sequence[str]) -> tuple[Workbench, list[SourceFile]]:
    """The facts of the whole tree, and the files that are to be fixed, which are read again one by one later."""
    rules = pipeline.load_rules(run)
    facts: dict[str, tuple[Fact, ...]] = {}
    workbench = Workbench(rules, run.context, facts, of_tree(paths, run.root, run.settings))
    candidates: list[SourceFile] = []
    for file in walk(paths, run.root):
        if not isinstance(file, SourceFile) or any(matches(file.path, p) for p in run.settings.exclude):
            continue
        seen, detections = workbench.detections(file)
        if seen.facts:
            facts[file.path] = seen.facts
        if any(d.fix is not None for d in detections):
            candidates.append(file)
    return workbench, candidates


def fix_file(file: SourceFile, workbench: Workbench, wanted: Wanted) -> FixedFile:
    """Fixes a file object by object, each proved on the text that the others left.

    Args:
        file: the file.
        workbench: where fixes are tried.
        wanted: of a text of the file, the detections whose fixes are asked for, and all of it.
    """
    current, applied = file, []
    refused: dict[str, tuple[Finding, str]] = {}
    tried: set[tuple[str, ...]] = set()
    while len(tried) < GROUP_LIMIT:
        asked, everyone = wanted(current)
        group = next((g for g in groups(asked) if _key(g) not in tried), None)
        if group is None:
            break
        tried.add(_key(group))
        solution = solve(current, group, workbench.bench(everyone))
        refused |= {d.finding.stem: (d.finding, reason) for d, reason in solution.refused}
        if solution.patch is not None:
            current = current._replace(text=solution.patch.files[0].after)
            applied.append(solution)
    return FixedFile(file, current.text, tuple(applied), tuple(refused.values()))


def _key(group: Group) -> tuple[str, ...]:
    return tuple(detection.finding.stem for detection in group.detections)


def _wanted(  # noqa: PLR0913 - what is asked for, and where
    file: SourceFile,
    workbench: Workbench,
    run: pipeline.Run,
    *,
    safe_only: bool,
    everything: bool,
    left_out: frozenset[tuple[str, str]] = frozenset(),
) -> tuple[list[Detection], list[Detection]]:
    """The detections whose fixes are asked for and not waived, and all of the file."""
    seen, detections = workbench.detections(file)
    ignores = {file.path: seen.ignores} if seen.ignores else {}
    kept = suppress(
        [d.finding for d in detections],
        run.settings.waivers,
        ignores,
        pipeline.aliases_of(ignores),
        run.settings.path,
    )
    waived = {(f.stem, f.place) for f in kept.findings if f.status == WAIVED}
    wanted = [
        d
        for d in detections
        if d.fix is not None
        and (d.finding.stem, d.finding.place) not in waived
        and (d.fix.safety == SAFE or not safe_only)
        and (d.fix.safety != DISPLAY_ONLY or everything)
        and (d.finding.place.path, d.finding.stem) not in left_out
    ]
    return wanted, detections
