"""The report on a change: both sides compared, waivers applied, fixes proved."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gitops_guard import pipeline
from gitops_guard.change_side import ChangeSide
from gitops_guard.combined_patch import Combiner
from gitops_guard.comparison import mark, with_fingerprints
from gitops_guard.connection_proof import of_change
from gitops_guard.engine import Detection
from gitops_guard.finding import EXISTING, NEW, WAIVED, Finding, FixOffer, Place, Severity
from gitops_guard.fixing import mask, offers
from gitops_guard.images.table import Decisions, rows
from gitops_guard.report import Comparison, Report
from gitops_guard.same_image import merge
from gitops_guard.several_roots import joined
from gitops_guard.source_file import Skipped
from gitops_guard.sources.git import Change
from gitops_guard.suppression import suppress
from gitops_guard.text import Span
from gitops_guard.workbench import Workbench

if TYPE_CHECKING:
    from gitops_guard.rendered_effect import RootChange

PROVED_FILES = 300
"""Files of a change whose fixes are proved, those with the worst problems first: each proof reads the whole change."""
_NOT_PROVED = f"not proved here, where {PROVED_FILES} files have worse problems: gitops-guard fix"


def report_of(  # noqa: PLR0913, PLR0917 - everything that was found comes together here
    change: Change,
    named: tuple[str, str | None],
    run: pipeline.Run,
    head: ChangeSide,
    base: ChangeSide,
    detections: Iterable[Detection],
    too_many: tuple[Skipped, ...],
) -> tuple[Report, dict[str, str]]:
    """The report, and the texts for excerpts with all secrets masked.

    Args:
        change: the change.
        named: the base and the head as a person named them; None for the working tree.
        run: the run.
        head: what was found after the change.
        base: what was found before it.
        detections: everything of the head that counts, also of the change as a whole.
        too_many: unchanged files that should have been read beside it, and were too many.
    """
    found = list(detections)
    renamed = {f.old_path: f.path for f in change.files if f.old_path is not None and f.old_path != f.path}
    marked = mark(
        (d.finding for d in base.detections), (d.finding for d in found), renamed, base.evidence, head.evidence
    )
    settings = run.settings
    kept = suppress(marked.head, settings.waivers, head.ignores, pipeline.aliases_of(head.ignores), settings.path)
    existing = [0] * len(Severity)
    for finding in kept.findings:
        if finding.status == EXISTING:
            existing[finding.severity] += 1
    new_stems = {f.stem for f in marked.head if f.status == NEW}
    fresh = [f for f in kept.findings if f.status == NEW or (f.status == WAIVED and f.stem in new_stems)]
    fresh = _with_patches(fresh, found, head, head.workbench(of_change(change, settings)))
    fresh = _with_source_patches(fresh, head)
    report = Report(
        findings=merge(with_fingerprints(joined(fresh)), _combiner(found, head).combine),
        fixed=with_fingerprints(joined(marked.fixed)),
        coverage=head.coverage._replace(skipped=(*head.coverage.skipped, *too_many)),
        comparison=Comparison(
            named[0],
            change.merge_base,
            named[1] or "the working tree",
            tuple(existing),  # type: ignore[arg-type]
            change.policy_files,
        ),
        skipped_rules=pipeline.skipped_rules(run),
        waivers=kept.notes,
        fail_level=run.effective_fail_level,
        configuration=settings.path,
        kubernetes_version=settings.kubernetes_version,
        images=rows(head.images, Decisions(settings, run.known, run.today, tuple(head.builds)), base.images),
        today=run.today,
        rendered=_rendered(base, head),
    )
    return report, _shown(head, found)


def _with_source_patches(findings: list[Finding], head: ChangeSide) -> list[Finding]:
    """Proves the fixes of new findings in rendered roots, at their sources."""
    if head.roots is None:
        return findings
    from gitops_guard.rendered_fixes import with_source_patches  # noqa: PLC0415 - few repositories have roots

    bench = head.workbench()
    return with_source_patches(findings, head.roots.session, head.roots.seen, head.rules, bench.context, bench.validate)


def _rendered(base: ChangeSide, head: ChangeSide) -> "tuple[RootChange, ...]":
    """What the change does to the rendered roots that it reaches."""
    if base.roots is None or head.roots is None:
        return ()
    from gitops_guard.rendering.rendered_difference import differences  # noqa: PLC0415 - few repositories have roots

    return differences(base.roots.seen.outcomes, head.roots.seen.outcomes)


def _combiner(detections: Iterable[Detection], head: ChangeSide) -> Combiner:
    by_place = {(one.finding.stem, one.finding.place): one for one in detections if one.fix is not None}
    return Combiner(head.workbench(), head.texts.get, by_place)


def _shown(head: ChangeSide, detections: Iterable[Detection]) -> dict[str, str]:
    """The texts for excerpts, all secrets masked: also those that were there before and so are not reported."""
    secrets: dict[str, list[Span]] = {}
    for detection in (*detections, *head.only_masked):
        secrets.setdefault(detection.finding.place.path, []).extend(detection.finding.masked)
    return {path: mask(file.text, secrets.get(path, ())) for path, file in head.texts.items()}


def _with_patches(
    findings: list[Finding], detections: list[Detection], head: ChangeSide, bench: Workbench
) -> list[Finding]:
    """Proves the fixes of new findings, file by file."""
    wanted: dict[str, list[Detection]] = {}
    by_place = {(d.finding.stem, d.finding.place): d for d in detections if d.fix is not None}
    for finding in findings:
        detection = by_place.get((finding.stem, finding.place))
        if detection is not None and finding.status == NEW:
            wanted.setdefault(finding.place.path, []).append(detection)
    proved: dict[tuple[str, Place], FixOffer] = {}
    ordered = sorted(wanted.items(), key=lambda item: -max(d.finding.severity for d in item[1]))
    for number, (path, group) in enumerate(ordered):
        if (file := head.texts.get(path)) is None:
            continue
        if number < PROVED_FILES:
            found = offers(file, group, bench.bench(d for d in head.plain if d.finding.place.path == path))
        else:
            found = {id(d): d.finding.fix._replace(refused=_NOT_PROVED) for d in group if d.finding.fix}
        proved |= {(d.finding.stem, d.finding.place): found[id(d)] for d in group if id(d) in found}
    return [f._replace(fix=proved.get((f.stem, f.place), f.fix)) for f in findings]
