"""Checks what a change introduces: both sides are looked at, and only what the change can affect is read."""

import argparse
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard import pipeline
from gitops_guard.combined_patch import Combiner
from gitops_guard.comparison import mark, with_fingerprints
from gitops_guard.configuration import FILE_NAMES
from gitops_guard.connection_proof import of_change
from gitops_guard.engine import Detection, rule_set
from gitops_guard.finding import EXISTING, NEW, WAIVED, Finding, FixOffer, Place, Severity
from gitops_guard.fixing import ConnectionProof, mask, offers
from gitops_guard.images.builds import settled
from gitops_guard.images.table import Decisions, rows
from gitops_guard.inspection import Rules, inspect
from gitops_guard.local_configuration import local_settings, only_rules, settings_of
from gitops_guard.model.inventory import Fact
from gitops_guard.model.used_image import UsedImage
from gitops_guard.network_effect import assess_network
from gitops_guard.options import level
from gitops_guard.related_files import related_files
from gitops_guard.report import Comparison, Coverage, ImageRow, ReadText, Report
from gitops_guard.rules import manifest_rules
from gitops_guard.same_image import merge
from gitops_guard.settings import Build, Settings
from gitops_guard.several_roots import joined
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.git import Change, ChangedFile, open_change
from gitops_guard.sources.tree import HELM_TEMPLATE, is_helm_template
from gitops_guard.suppression import Ignore, matches, suppress
from gitops_guard.text import LineIndex, Span
from gitops_guard.workbench import Workbench

if TYPE_CHECKING:
    from gitops_guard.image_facts import Bar
    from gitops_guard.rendered_change import SideRoots
    from gitops_guard.rendered_effect import RootChange


PROVED_FILES = 300
"""Files of a change whose fixes are proved, those with the worst problems first: each proof reads the whole change."""
_NOT_PROVED = f"not proved here, where {PROVED_FILES} files have worse problems: gitops-guard fix"


class Asking(NamedTuple):
    """Whether registries and scanners are asked: never, where the configuration decides by it, or always.

    `progress` makes a bar for a number of images.
    """

    offline: bool = False
    always: bool = False
    progress: "Callable[[int], Bar] | None" = None


class Request(NamedTuple):
    """What to compare and how to judge it; `settings` None reads the configuration of the base.

    `network`: say what the change does to connections, not only which it opens.
    """

    base: str
    head: str | None
    paths: tuple[str, ...]
    only: frozenset[str]
    fail_level: str | None
    settings: Settings | None
    today: date
    asking: Asking = Asking()
    network: bool = False


def check_change(
    arguments: argparse.Namespace, root: str, today: date, progress: "Callable[[int], Bar]"
) -> tuple[Report, ReadText]:
    """Runs `check --base`; gives the report and a reader of the head's files. `progress` makes a bar for images."""
    settings = local_settings(arguments.config, root, today) if arguments.config else None
    with open_change(root, arguments.base, arguments.head) as change:
        paths = below(change.root, root, arguments.paths)
        only = only_rules(arguments.rule)
        asking = Asking(offline=arguments.offline, progress=progress)
        request = Request(arguments.base, arguments.head, paths, only, arguments.fail_level, settings, today, asking)
        result = judge(change, request)
        return result.report, result.texts.get


def below(top: str, root: str, paths: Sequence[str]) -> tuple[str, ...]:
    """Paths given in the folder `root`, as a repository whose root is `top` names them; none for the whole."""
    places = (os.path.relpath(os.path.join(root, path), top) for path in paths)  # noqa: PTH118
    return tuple(place.replace(os.sep, "/") for place in places if place != ".")


class Judged(NamedTuple):
    """The report on a change, the texts of the head that it speaks of, and how many comments a review may have.

    `workbench` tries fixes of the head, as long as the change is open; `sources` are the files that it knows.
    """

    report: Report
    texts: dict[str, str]
    budget: int
    workbench: Workbench
    sources: dict[str, SourceFile]


def judge(change: Change, request: Request) -> Judged:
    """Looks at both sides of a change and says what is new, with proved fixes for it."""
    start = time.monotonic()
    settings = request.settings or base_settings(change, request.today)
    run = pipeline.Run(
        change.root,
        settings,
        request.today,
        only=request.only,
        fail_level=level(request.fail_level),
        override_fail_level=request.fail_level is not None,
    )
    files = [file for file in change.files if _wanted(file, request.paths)]
    heads = [_template_skipped(change, change.read_head(file)) for file in files]
    bases = [_template_skipped(change, change.read_base(file)) for file in files]
    plain = run

    def collect() -> tuple[UsedImage, ...]:
        return _looked((*heads, *bases), change.read_at_head, plain).images

    run = _informed(run, change, request.asking, collect)
    head = _Side(pipeline.load_rules(run, _reader(change.read_at_head)), run)
    base = _Side(pipeline.load_rules(run, _reader(change.read_at_base)), run)
    for one in heads:
        head.look(one)
    for one in bases:
        base.look(one)
    built = _built(files, (*head.builds, *base.builds, *run.settings.builds))
    related = related_files(change, (*head.all_facts(), *base.all_facts()), built)
    for unchanged in related.files:
        head.consider(unchanged)
        base.consider(unchanged)
    _render(change, request, run, head, base)
    head.judge_whole()
    base.judge_whole()
    _lead_back(change, run, head, base)
    roots = None if head.roots is None or base.roots is None else (head.roots, base.roots)
    network = assess_network(change, run, whole=request.network, roots=roots)
    detections = [*head.detections, *network.detections, *_configuration(change, run, head)]
    report, texts = _report(change, request, run, head, base, detections, related.skipped)
    report = report._replace(network=network.change, skipped_rules=(*report.skipped_rules, *network.skipped))
    report = report._replace(seconds=time.monotonic() - start)
    bench = head.workbench(of_change(change, settings))
    return Judged(report, texts, settings.comments_budget, bench, head.texts)


def _render(change: Change, request: Request, run: pipeline.Run, head: "_Side", base: "_Side") -> None:
    """Adds to both sides what the change does to rendered roots, where the repository has any."""
    paths = _reaching(change, request.paths)
    if not paths:
        return
    from gitops_guard.rendered_change import roots_of_change  # noqa: PLC0415 - few repositories have roots

    found = roots_of_change(change, paths, run.settings, head.rules, run.context)
    if found is not None:
        stems = [{one.finding.stem for one in side.detections} for side in (head, base)]
        head.take_roots(found.head, stems[1])
        base.take_roots(found.base, stems[0])


def _reaching(change: Change, wanted: Sequence[str]) -> list[str]:
    """The paths of a change that may reach a root; none where the repository has no root."""
    paths = [path for path in change.paths if not wanted or any(matches(path, p) for p in wanted)]
    listings = (change.listing(of_base=side)[0] for side in (False, True))
    return paths if paths and (pipeline.has_roots(change.paths) or any(map(pipeline.has_roots, listings))) else []


def _lead_back(change: Change, run: pipeline.Run, head: "_Side", base: "_Side") -> None:
    """Leads what rules on the whole repository found in rendered texts back to the sources."""
    if head.roots is None or base.roots is None:
        return
    from gitops_guard.rendered_change import led_back, names_namespaces, widened  # noqa: PLC0415 - few have roots

    differ = sorted(one.finding.stem for one in head.of_roots) != sorted(one.finding.stem for one in base.of_roots)
    if differ and (names_namespaces(head.roots) or names_namespaces(base.roots)):
        head.judge_roots(widened(head.roots, head.rules, run.context))
        base.judge_roots(widened(base.roots, base.rules, run.context))
    head.detections += led_back(head.of_roots, base.of_roots, head.roots)
    base.detections += led_back(base.of_roots, head.of_roots, base.roots)
    head.read_sources(change.read_at_head)
    base.read_sources(change.read_at_base)


class ChangedImages(NamedTuple):
    """The images of a change's files at the head, what was looked at, and the run."""

    rows: tuple[ImageRow, ...]
    coverage: Coverage
    run: pipeline.Run


def images_of_change(
    arguments: argparse.Namespace, root: str, today: date, progress: "Callable[[int], Bar]"
) -> ChangedImages:
    """The images that a change's files name, those that the base does not name marked as new."""
    with open_change(root, arguments.base, arguments.head) as change:
        settings = local_settings(arguments.config, root, today) if arguments.config else base_settings(change, today)
        paths = below(change.root, root, arguments.paths)
        files = [file for file in change.files if _wanted(file, paths)]
        heads = [_template_skipped(change, change.read_head(file)) for file in files]
        bases = [_template_skipped(change, change.read_base(file)) for file in files]
        asking = Asking(arguments.offline, not arguments.propose, progress)
        run = pipeline.Run(change.root, settings, today)
        head = _looked(heads, change.read_at_head, run)
        base = _looked(bases, change.read_at_base, run)
        changed = _reaching(change, paths)
        if changed:
            from gitops_guard.rendered_images import with_changed_images  # noqa: PLC0415 - few repositories have roots

            head, base = with_changed_images(change, changed, run, head, base)
        run = _informed(run, change, asking, lambda: (*head.images, *base.images))
        found = rows(head.images, Decisions(settings, run.known, today, head.builds), base.images)
        return ChangedImages(found, head.coverage, run)


def _looked(
    files: Iterable[SourceFile | Skipped | None],
    read: Callable[[str], SourceFile | Skipped | None],
    run: pipeline.Run,
) -> pipeline.Side:
    there = (file for file in files if file is not None)
    return pipeline.look(there, pipeline.no_rules(_reader(read)), run)


def _informed(
    run: pipeline.Run, change: Change, asking: Asking, collect: Callable[[], tuple[UsedImage, ...]]
) -> pipeline.Run:
    """The run with what is known of the images of both sides, which are collected if anybody is asked."""
    if not (asking.always or asking.offline or run.settings.asks_registries):
        return run
    from gitops_guard.image_facts import Surroundings, known_images  # noqa: PLC0415 - few runs ask

    read = _reader(change.read_at_base)
    around = Surroundings(
        change.root, read, os.environ, datetime.now(UTC), asking.offline, run.settings.image_policy.budget_seconds,
        untrusted=frozenset(file.path for file in change.files), progress=asking.progress,
    )  # fmt: skip

    return run._replace(known=known_images(collect, run.settings, around))


def base_settings(change: Change, today: date) -> Settings:
    """The settings of the base: a change is not judged by the configuration that it brings along."""
    for name in FILE_NAMES:
        file = change.read_at_base(name)
        if file is not None:
            return settings_of(file, today)
    return Settings()


def _built(files: Iterable[ChangedFile], builds: Iterable[Build]) -> list[str]:
    """The names of the images that changed Dockerfiles become, as manifests may write them."""
    paths = {file.path for file in files}
    return [
        build.image.removeprefix("docker.io/").removeprefix("library/") for build in builds if build.dockerfile in paths
    ]


def _reader(read: Callable[[str], SourceFile | Skipped | None]) -> Callable[[str], str | None]:
    def text(path: str) -> str | None:
        found = read(path)
        return found.text if isinstance(found, SourceFile) else None

    return text


class _Side:
    """One side of a change: what was found in its files, and the facts of all files that matter."""

    def __init__(self, rules: Rules, run: pipeline.Run) -> None:
        self.rules = rules
        self._nothing = Rules(rule_set(()), lambda: rule_set(()))
        self._run = run
        self.detections: list[Detection] = []
        self.facts: dict[str, tuple[Fact, ...]] = {}
        self.ignores: dict[str, tuple[Ignore, ...]] = {}
        self.images: list[UsedImage] = []
        self.builds: list[Build] = []
        self._images_beside: list[UsedImage] = []
        self.texts: dict[str, SourceFile] = {}
        self._lines: dict[str, LineIndex] = {}
        self.scanned: list[str] = []
        self.skipped: list[Skipped] = []
        self.failed: list[Skipped] = []
        self.plain: list[Detection] = []
        """What was found in files, rendered or not: what a file is compared with when a fix of it is proved."""
        self.only_masked: list[Detection] = []
        self.roots: SideRoots | None = None
        self.of_roots: list[Detection] = []
        self._before_roots: list[Detection] | None = None
        self._dropped = 0

    def look(self, file: SourceFile | Skipped | None) -> None:
        """Looks at a changed file."""
        if file is None:
            return
        if isinstance(file, Skipped):
            self.skipped.append(file)
            return
        if any(matches(file.path, pattern) for pattern in self._run.settings.exclude):
            self.skipped.append(Skipped(file.path, "excluded by the configuration"))
            return
        seen = inspect(file, self.rules, self._run.context)
        self.texts[file.path] = file
        self.detections += seen.detections
        self.images += seen.images
        self.builds += seen.builds
        self._remember(file.path, seen.facts, seen.ignores)
        if seen.skipped is not None:
            self.skipped.append(seen.skipped)
        elif seen.failed is not None:
            self.failed.append(seen.failed)
        else:
            self.scanned.append(file.path)

    def consider(self, file: SourceFile) -> None:
        """Takes the facts of an unchanged file."""
        seen = inspect(file, self._nothing, self._run.context)
        self._images_beside += seen.images
        self.texts[file.path] = file
        self._remember(file.path, seen.facts, seen.ignores)

    def judge_whole(self) -> None:
        """Adds what the rules on the whole repository find, and takes away what other files answer."""
        every, builds = (*self.images, *self._images_beside), (*self.builds, *self._run.settings.builds)
        of_whole = pipeline.whole(self.all_facts(), self.rules, self._run)
        of_files = self.detections if self._before_roots is None else self._before_roots
        self.plain = [*settled(of_files, every, builds), *of_whole]
        if self.roots is None:
            self.detections = self.plain
        else:
            self.detections = settled(self.detections, every, builds)
            self.judge_roots(self.roots)

    def judge_roots(self, roots: "SideRoots") -> None:
        """Finds out what the rules on the whole repository find with the rendered roots."""
        self.roots = roots
        self.of_roots = pipeline.whole(roots.facts(self.facts), self.rules, self._run)

    def take_roots(self, roots: "SideRoots", elsewhere: set[str]) -> None:
        """Adds what was found in the rendered roots that the change reaches.

        Args:
            roots: the roots.
            elsewhere: the stems of what was found in the files of the other side.
        """
        self.roots = roots
        self._before_roots = self.detections
        together, self._dropped = roots.merged(self.detections, elsewhere, self._run.settings)
        self.detections = list(together)

    def read_sources(self, read: Callable[[str], SourceFile | Skipped | None]) -> None:
        """Reads the unchanged files that rendered roots lead to: for excerpts, what they ignore, and their secrets."""
        if self.roots is None:
            return
        self.ignores |= self.roots.ignores(self.detections, self.ignores)
        for path in {d.finding.place.path for d in self.detections if d.finding.origin != "file"} - self.texts.keys():
            file = read(path)
            if isinstance(file, SourceFile):
                self.texts[path] = file
                self.only_masked += inspect(file, self.rules, self._run.context).detections

    @property
    def coverage(self) -> Coverage:
        """What was looked at, with the roots."""
        coverage = Coverage(tuple(self.scanned), tuple(self.skipped), tuple(self.failed))
        return coverage if self.roots is None else self.roots.coverage(coverage, self._dropped)

    def all_facts(self) -> Iterator[Fact]:
        """The facts of all files."""
        for facts in self.facts.values():
            yield from facts

    def workbench(self, connections: ConnectionProof | None = None) -> Workbench:
        """Where fixes of this side are tried."""
        return Workbench(self.rules, self._run.context, self.facts, connections)

    def evidence(self, finding: Finding) -> str:
        """The lines of a finding."""
        file = self.texts.get(finding.place.path)
        if file is None:
            return ""
        lines = self._lines.get(file.path) or self._lines.setdefault(file.path, LineIndex(file.text))
        first, last = finding.place.start.line, finding.place.end.line
        return " ".join(file.text[lines.line_start(first) : lines.line_start(last + 1)].split())

    def _remember(self, path: str, facts: tuple[Fact, ...], ignores: tuple[Ignore, ...]) -> None:
        if facts:
            self.facts[path] = facts
        if ignores:
            self.ignores[path] = ignores


def _wanted(file: ChangedFile, paths: tuple[str, ...]) -> bool:
    return not paths or any(matches(path, wanted) for wanted in paths for path in (file.path, file.old_path or ""))


def _template_skipped(change: Change, source: SourceFile | Skipped | None) -> SourceFile | Skipped | None:
    if not isinstance(source, SourceFile) or "templates/" not in source.path:
        return source
    parts = source.path.split("/")
    folders = ["/".join(parts[:i]) for i, part in enumerate(parts) if part == "templates"]
    charts = {folder for folder in folders if change.read_at_head(f"{folder}/Chart.yaml".lstrip("/")) is not None}
    return Skipped(source.path, HELM_TEMPLATE) if is_helm_template(source.path, charts) else source


def _configuration(change: Change, run: pipeline.Run, head: _Side) -> list[Detection]:
    """What is to be said of the configuration itself."""
    rules = rule_set(pipeline.enabled(manifest_rules(), run))
    found: list[Detection] = []
    for changed in change.files:
        if changed.path in FILE_NAMES or changed.old_path in FILE_NAMES:
            file = head.texts.get(changed.path) or SourceFile(changed.path, "")
            found += pipeline.judge_configuration(file, Settings(), rules, run.context, changed=True)
    return found


def _report(  # noqa: PLR0913, PLR0917 - everything that was found comes together here
    change: Change,
    request: Request,
    run: pipeline.Run,
    head: _Side,
    base: _Side,
    detections: Iterable[Detection],
    too_many: tuple[Skipped, ...],
) -> tuple[Report, dict[str, str]]:
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
            request.base,
            change.merge_base,
            request.head or "the working tree",
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


def _with_source_patches(findings: list[Finding], head: "_Side") -> list[Finding]:
    """Proves the fixes of new findings in rendered roots, at their sources."""
    if head.roots is None:
        return findings
    from gitops_guard.rendered_fixes import with_source_patches  # noqa: PLC0415 - few repositories have roots

    bench = head.workbench()
    return with_source_patches(findings, head.roots.session, head.roots.seen, head.rules, bench.context, bench.validate)


def _rendered(base: "_Side", head: "_Side") -> "tuple[RootChange, ...]":
    """What the change does to the rendered roots that it reaches."""
    if base.roots is None or head.roots is None:
        return ()
    from gitops_guard.rendering.rendered_difference import differences  # noqa: PLC0415 - few repositories have roots

    return differences(base.roots.seen.outcomes, head.roots.seen.outcomes)


def _combiner(detections: Iterable[Detection], head: _Side) -> Combiner:
    by_place = {(one.finding.stem, one.finding.place): one for one in detections if one.fix is not None}
    return Combiner(head.workbench(), head.texts.get, by_place)


def _shown(head: _Side, detections: Iterable[Detection]) -> dict[str, str]:
    """The texts for excerpts, all secrets masked: also those that were there before and so are not reported."""
    secrets: dict[str, list[Span]] = {}
    for detection in (*detections, *head.only_masked):
        secrets.setdefault(detection.finding.place.path, []).extend(detection.finding.masked)
    return {path: mask(file.text, secrets.get(path, ())) for path, file in head.texts.items()}


def _with_patches(findings: list[Finding], detections: list[Detection], head: _Side, bench: Workbench) -> list[Finding]:
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
