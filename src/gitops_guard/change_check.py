"""Checks what a change introduces: both sides are looked at, and only what the change can affect is read."""

import argparse
import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard import pipeline
from gitops_guard.change_report import report_of
from gitops_guard.change_side import ChangeSide
from gitops_guard.configuration import FILE_NAMES
from gitops_guard.connection_proof import of_change
from gitops_guard.engine import Detection, rule_set
from gitops_guard.images.table import Decisions, rows
from gitops_guard.local_configuration import local_settings, only_rules, settings_of
from gitops_guard.model.used_image import UsedImage
from gitops_guard.network_effect import assess_network
from gitops_guard.options import level
from gitops_guard.related_files import related_files
from gitops_guard.report import Coverage, ImageRow, ReadText, Report
from gitops_guard.rules import manifest_rules
from gitops_guard.settings import Build, Settings
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.git import Change, ChangedFile, open_change
from gitops_guard.sources.tree import HELM_TEMPLATE, is_helm_template
from gitops_guard.suppression import matches
from gitops_guard.workbench import Workbench

if TYPE_CHECKING:
    from gitops_guard.image_facts import Bar


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
    head = ChangeSide(pipeline.load_rules(run, _reader(change.read_at_head)), run)
    base = ChangeSide(pipeline.load_rules(run, _reader(change.read_at_base)), run)
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
    report, texts = report_of(change, (request.base, request.head), run, head, base, detections, related.skipped)
    report = report._replace(network=network.change, skipped_rules=(*report.skipped_rules, *network.skipped))
    report = report._replace(seconds=time.monotonic() - start)
    bench = head.workbench(of_change(change, settings))
    return Judged(report, texts, settings.comments_budget, bench, head.texts)


def _render(change: Change, request: Request, run: pipeline.Run, head: ChangeSide, base: ChangeSide) -> None:
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
    return paths if paths and pipeline.change_has_roots(change) else []


def _lead_back(change: Change, run: pipeline.Run, head: ChangeSide, base: ChangeSide) -> None:
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


def _wanted(file: ChangedFile, paths: tuple[str, ...]) -> bool:
    return not paths or any(matches(path, wanted) for wanted in paths for path in (file.path, file.old_path or ""))


def _template_skipped(change: Change, source: SourceFile | Skipped | None) -> SourceFile | Skipped | None:
    if not isinstance(source, SourceFile) or "templates/" not in source.path:
        return source
    parts = source.path.split("/")
    folders = ["/".join(parts[:i]) for i, part in enumerate(parts) if part == "templates"]
    charts = {folder for folder in folders if change.read_at_head(f"{folder}/Chart.yaml".lstrip("/")) is not None}
    return Skipped(source.path, HELM_TEMPLATE) if is_helm_template(source.path, charts) else source


def _configuration(change: Change, run: pipeline.Run, head: ChangeSide) -> list[Detection]:
    """What is to be said of the configuration itself."""
    rules = rule_set(pipeline.enabled(manifest_rules(), run))
    found: list[Detection] = []
    for changed in change.files:
        if changed.path in FILE_NAMES or changed.old_path in FILE_NAMES:
            file = head.texts.get(changed.path) or SourceFile(changed.path, "")
            found += pipeline.judge_configuration(file, Settings(), rules, run.context, changed=True)
    return found
