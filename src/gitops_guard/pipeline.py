"""Wires the stages: sources, inspection of each file, rules on the whole, comparison, suppression, report."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.comparison import with_fingerprints
from gitops_guard.engine import Detection, FileScan, RuleSet, rule_set, scan_repository
from gitops_guard.facts.known import NOTHING_KNOWN, KnownImages
from gitops_guard.finding import EXISTING, Finding, Severity
from gitops_guard.images.builds import settled
from gitops_guard.images.table import Decisions, rows
from gitops_guard.inspection import Inspection, ReadBeside, Rules, inspect
from gitops_guard.model.file_names import KUSTOMIZATIONS
from gitops_guard.model.inventory import Fact, Inventory, inventory
from gitops_guard.model.used_image import UsedImage
from gitops_guard.report import Coverage, Report, RuleSummary, SkippedRule
from gitops_guard.rule import Rule, RuleContext
from gitops_guard.rules import change_rules, delivery_rules, dockerfile_rules, image_fact_rules, manifest_rules
from gitops_guard.settings import AcceptedRisks, Build, Settings
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.suppression import Ignore, matches, suppress
from gitops_guard.text import LineIndex

if TYPE_CHECKING:
    from gitops_guard.sources.git import Change

Tick = Callable[[], None]
_ROOT_NAMES = KUSTOMIZATIONS | {"Chart.yaml"}


class Run(NamedTuple):
    """What a run was asked to do. `fail_level` overrides the configuration's if `override_fail_level`.

    `known` is what registries and scanners say of the images.
    """

    root: str
    settings: Settings
    today: date
    only: frozenset[str] = frozenset()
    fail_level: Severity | None = None
    override_fail_level: bool = False
    known: KnownImages = NOTHING_KNOWN

    @property
    def context(self) -> RuleContext:
        """What the rules are told."""
        return RuleContext(self.settings, self.today, images=self.known, find_repository=self._repository)

    def _repository(self) -> str:
        from gitops_guard.sources.own_repository import own_repository  # noqa: PLC0415 - few files need it

        return own_repository(self.root)

    @property
    def effective_fail_level(self) -> Severity | None:
        """The level at which the check fails."""
        return self.fail_level if self.override_fail_level else self.settings.fail_level


class Side(NamedTuple):
    """What was found on one side of a change, or in a tree; suppression not yet applied.

    `facts` are all of them, `facts_by_path` those of files by their paths. `led_back` gives findings in
    rendered texts their places in sources. `covered` are files that reach a cluster only through rendered roots.
    """

    detections: tuple[Detection, ...]
    facts: tuple[Fact, ...]
    ignores: dict[str, tuple[Ignore, ...]]
    coverage: Coverage
    images: tuple[UsedImage, ...] = ()
    builds: tuple[Build, ...] = ()
    facts_by_path: Mapping[str, tuple[Fact, ...]] = {}
    led_back: Callable[[Finding], Finding] | None = None
    covered: frozenset[str] = frozenset()


Extend = Callable[[Side, Rules], Side]
"""Adds what rendered roots hold to what was found in files."""


def enabled(rules: Iterable[Rule], run: Run) -> tuple[Rule, ...]:
    """The rules that the configuration leaves on, and the command line asks for."""
    return tuple(r for r in rules if run.settings.rule(r.id).enabled and (not run.only or r.id in run.only))


def load_rules(run: Run, read: ReadBeside | None = None) -> Rules:
    """The rules of a run; `read` gives further files of the repository, by default those on disk."""
    return Rules(
        rule_set(enabled((*manifest_rules(), *(image_fact_rules() if run.known.asked else ())), run)),
        lambda: rule_set(enabled(dockerfile_rules(), run)),
        read or read_disk(run.root),
        lambda: rule_set(enabled(delivery_rules(), run)),
    )


def no_rules(read: ReadBeside | None = None) -> Rules:
    """No rule at all: for looking at what files name without judging them."""
    return Rules(rule_set(()), lambda: rule_set(()), read)


def read_disk(root: str) -> ReadBeside:
    """Reads files below a folder."""

    def read(path: str) -> str | None:
        from gitops_guard.sources.tree import read_file  # noqa: PLC0415 - asked only beside a Dockerfile

        found = read_file(os.path.join(root, path), path)  # noqa: PTH118 - start-up without pathlib
        return found.text if isinstance(found, SourceFile) else None

    return read


def check_tree(run: Run, paths: Sequence[str], tick: Tick | None = None, extend: Extend | None = None) -> Report:
    """Checks files and folders as they are on disk.

    Args:
        run: the run.
        paths: files and folders.
        tick: called after each file.
        extend: called where a folder for Kustomize or a chart was met.
    """
    from gitops_guard.sources.tree import walk  # noqa: PLC0415 - a comparison reads no tree

    start = time.monotonic()
    rules = load_rules(run)
    return judge_tree(run, look(walk(paths, run.root), rules, run, tick), rules, start, extend)


def judge_tree(run: Run, side: Side, rules: Rules, start: float, extend: Extend | None = None) -> Report:
    """The report on a tree of which every file was looked at; for `extend` see `check_tree`."""
    if extend is not None and has_roots((*side.coverage.scanned, *(one.path for one in side.coverage.skipped))):
        side = extend(side, rules)
    kept = settled(side.detections, side.images, (*side.builds, *run.settings.builds))
    of_whole = (d.finding for d in whole(side.facts, rules, run))
    findings = [
        *(d.finding for d in kept),
        *(of_whole if side.led_back is None else map(side.led_back, of_whole)),
    ]
    return finish(run, findings, side, start)


def has_roots(paths: Iterable[str]) -> bool:
    """Whether any of these paths is that of a kustomization or a chart."""
    return any(path.rpartition("/")[2] in _ROOT_NAMES for path in paths)


def change_has_roots(change: "Change") -> bool:
    """Whether either side of a change has a kustomization or a chart."""
    return has_roots(change.paths) or change.holds_any(_ROOT_NAMES)


def look(files: Iterable[SourceFile | Skipped], rules: Rules, run: Run, tick: Tick | None = None) -> Side:
    """Looks at files one by one; none is kept."""
    return collect(inspections(files, rules, run, tick))


def inspections(
    files: Iterable[SourceFile | Skipped], rules: Rules, run: Run, tick: Tick | None = None
) -> Iterator[Inspection]:
    """What becomes of each file, one by one, in the order of the files."""
    context, exclude = run.context, run.settings.exclude
    for file in files:
        if isinstance(file, Skipped):
            yield Inspection(file.path, skipped=file)
        elif exclude and any(matches(file.path, pattern) for pattern in exclude):
            yield Inspection(file.path, skipped=Skipped(file.path, "excluded by the configuration"))
        else:
            yield inspect(file, rules, context)
        if tick is not None:
            tick()


def collect(seen: Iterable[Inspection]) -> Side:
    """What was seen of files, together."""
    collected = _Collector()
    for inspection in seen:
        collected.add(inspection)
    return collected.side()


def whole(facts: Iterable[Fact], rules: Rules, run: Run) -> list[Detection]:
    """What the rules on the whole repository find in its facts."""
    if not rules.manifest.other.get(Inventory):
        return []
    return scan_repository(inventory(facts), rules.manifest, run.context)


class _Collector:
    def __init__(self) -> None:
        self.detections: list[Detection] = []
        self.facts: dict[str, tuple[Fact, ...]] = {}
        self.ignores: dict[str, tuple[Ignore, ...]] = {}
        self.images: list[UsedImage] = []
        self.builds: list[Build] = []
        self.scanned: list[str] = []
        self.skipped: list[Skipped] = []
        self.failed: list[Skipped] = []

    def add(self, seen: Inspection) -> None:
        self.detections += (detection._replace(fix=None) for detection in seen.detections)
        if seen.facts:
            self.facts[seen.path] = seen.facts
        self.images += seen.images
        self.builds += seen.builds
        if seen.ignores:
            self.ignores[seen.path] = seen.ignores
        if seen.skipped is not None:
            self.skipped.append(seen.skipped)
        elif seen.failed is not None:
            self.failed.append(seen.failed)
        else:
            self.scanned.append(seen.path)

    def side(self) -> Side:
        coverage = Coverage(tuple(self.scanned), tuple(self.skipped), tuple(self.failed))
        images, builds = tuple(self.images), tuple(self.builds)
        facts = tuple(fact for facts in self.facts.values() for fact in facts)
        return Side(tuple(self.detections), facts, self.ignores, coverage, images, builds, self.facts)


def finish(run: Run, findings: Iterable[Finding], side: Side, start: float) -> Report:
    """Applies suppression and settles fingerprints and order."""
    settings = run.settings
    marked = [finding._replace(status=EXISTING) for finding in findings]
    kept = suppress(marked, settings.waivers, side.ignores, aliases_of(side.ignores), settings.path)
    found = kept.findings
    if side.coverage.rendered:
        from gitops_guard.several_roots import joined  # noqa: PLC0415 - few runs render

        found = tuple(joined(found))
    return Report(
        findings=with_fingerprints(found),
        coverage=side.coverage,
        skipped_rules=skipped_rules(run),
        waivers=kept.notes,
        fail_level=run.effective_fail_level,
        configuration=settings.path,
        kubernetes_version=settings.kubernetes_version,
        seconds=time.monotonic() - start,
        images=rows(side.images, Decisions(settings, run.known, run.today, side.builds)),
        today=run.today,
    )


def aliases_of(ignores: dict[str, tuple[Ignore, ...]]) -> dict[str, frozenset[str]]:
    """The names under which each rule may be ignored; asked for only where something is ignored."""
    if not ignores:
        return {}
    return {rule.id: frozenset((rule.id, rule.name, *rule.aliases)) for rule in all_rules()}


def all_rules() -> tuple[Rule, ...]:
    """Every rule there is; one for manifests and Dockerfiles alike is listed as the latter have it: complete."""
    rules = (*manifest_rules(), *delivery_rules(), *change_rules(), *image_fact_rules(), *dockerfile_rules())
    return tuple({rule.id: rule for rule in rules}.values())


def skipped_rules(run: Run) -> tuple[SkippedRule, ...]:
    """The rules that the configuration switched off."""
    return tuple(
        SkippedRule(rule_id, f"switched off in {run.settings.path}")
        for rule_id, setting in run.settings.rules
        if not setting.enabled
    )


def summaries() -> tuple[RuleSummary, ...]:
    """The metadata of all rules, as publishers take it."""
    return tuple(
        RuleSummary(
            rule.id,
            rule.name,
            rule.title,
            rule.family,
            rule.severity,
            rule.aliases,
            rule.controls,
            rule.fix_safety,
            rule.documentation,
        )
        for rule in all_rules()
    )


def judge_configuration(
    file: SourceFile, settings: Settings, rules: RuleSet, context: RuleContext, *, changed: bool
) -> list[Detection]:
    """What the rules on the configuration itself find in it."""
    lines = LineIndex(file.text)
    starts = tuple(lines.line_start(waiver.line) for waiver in settings.waivers)
    risks = AcceptedRisks(settings.waivers, starts, changed)
    return list(FileScan(file, context).other(risks, rules))
