"""The `check` command: settings, the run, the reports, the exit code."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Protocol

from gitops_guard import pipeline
from gitops_guard.errors import CLEAN, FINDINGS, INCOMPLETE, UsageError
from gitops_guard.inspection import Rules
from gitops_guard.local_configuration import local_settings, only_rules
from gitops_guard.model.used_image import UsedImage
from gitops_guard.options import level, report_targets
from gitops_guard.report import ReadText, Report
from gitops_guard.runner import MARKER
from gitops_guard.same_image import merge
from gitops_guard.source_file import SourceFile, decode

if TYPE_CHECKING:
    from gitops_guard.publishers.progress import Progress
    from gitops_guard.rendered_sides import TreeRoots
    from gitops_guard.sources.tree import Read


TREE_BUDGETS = 10
"""How many times the network budget of a pull request a whole tree has."""


class Selection(Protocol):
    """What of the command line decides the settings."""

    config: str | None
    rule: list[str]


def check(arguments: argparse.Namespace, today: date) -> int:
    """Runs `check` and returns the exit code."""
    targets = report_targets(arguments.report)
    root = os.getcwd()  # noqa: PTH109 - pathlib is not needed on the way to a scan
    if arguments.base:
        from gitops_guard.change_check import check_change  # noqa: PLC0415 - git is only asked for a comparison

        report, read_text = check_change(arguments, root, today, asking)
    elif arguments.head:
        raise UsageError("--head needs --base")
    else:
        run = informed(tree_run(arguments, root, today), arguments.paths, offline=arguments.offline)
        rendered = LateRendering(run)
        if sys.stderr.isatty():
            report = _watched(run, arguments.paths, rendered)
        else:
            report = pipeline.check_tree(run, arguments.paths, extend=rendered)
        if arguments.patches or arguments.format in {"html", "patch"} or "patch" in dict(targets):
            from gitops_guard.tree_fixes import with_patches  # noqa: PLC0415

            report = with_patches(report, run, arguments.paths, rendered.roots)
        else:
            report = report._replace(findings=merge(report.findings))
        read_text = disk_reader(root)
    text = publish(report, arguments.format, read_text, color=_color(arguments.output))
    write(text, arguments.output)
    for name, file in targets:
        write(publish(report, name, read_text, color=False), file)
    if os.environ.get(MARKER):
        from gitops_guard.run_delivery import annotate, summarise  # noqa: PLC0415 - only under the action

        summarise(report, os.environ)
        annotate(report, os.environ)
    return exit_code(report)


def informed(  # noqa: PLR0913 - all that asking rests on
    run: pipeline.Run,
    paths: Sequence[str],
    *,
    offline: bool,
    always: bool = False,
    read_file: "Read | None" = None,
    images: tuple[UsedImage, ...] | None = None,
) -> pipeline.Run:
    """The run with what is known of the images of its files, where the configuration decides by it.

    Args:
        run: the run.
        paths: files and folders.
        offline: no network: only a snapshot and report files tell anything.
        always: ask even if nothing in the configuration needs it.
        read_file: reads the files, by default all of them.
        images: the images, where they are known already.
    """
    if not (always or offline or run.settings.asks_registries):
        return run
    from gitops_guard.image_facts import Surroundings, known_images  # noqa: PLC0415 - few runs ask
    from gitops_guard.sources.tree import walk  # noqa: PLC0415

    read = pipeline.read_disk(run.root)
    budget = run.settings.image_policy.budget_seconds * TREE_BUDGETS
    around = Surroundings(run.root, read, os.environ, datetime.now(UTC), offline, budget, progress=asking)

    def collect() -> tuple[UsedImage, ...]:
        if images is not None:
            return images
        return pipeline.look(walk(paths, run.root, read_file), pipeline.no_rules(read), run).images

    return run._replace(known=known_images(collect, run.settings, around))


def asking(total: int) -> "Progress":
    """The bar that a person sees while registries are asked about a number of images."""
    from gitops_guard.publishers.progress import Progress  # noqa: PLC0415 - only where something is asked

    return Progress(sys.stderr, total, "images")


class LateRendering:
    """Adds rendered roots to a tree's side; what that takes is loaded where there is a root."""

    def __init__(self, run: pipeline.Run) -> None:
        self._run = run
        self.roots: TreeRoots | None = None

    def __call__(self, side: pipeline.Side, rules: Rules) -> pipeline.Side:
        """The side with the roots, which are kept for the proofs of fixes."""
        from gitops_guard.rendered_sides import with_roots  # noqa: PLC0415 - many trees hold plain manifests only

        found, self.roots = with_roots(self._run, side, rules)
        return found


def rendering(run: pipeline.Run) -> pipeline.Extend:
    """Adds rendered roots to a tree's side."""
    return LateRendering(run)


def _watched(run: pipeline.Run, paths: list[str], extend: pipeline.Extend) -> Report:
    """Checks a tree under the eyes of a person, who sees how far it is."""
    from gitops_guard.publishers.progress import Progress  # noqa: PLC0415 - only for a terminal
    from gitops_guard.sources.tree import count  # noqa: PLC0415

    progress = Progress(sys.stderr, count(paths, run.root))
    try:
        return pipeline.check_tree(run, paths, progress.tick, extend)
    finally:
        progress.finish()


def _color(output: str | None) -> bool:
    if output is not None or not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        return False
    from gitops_guard.publishers.console import wants_color  # noqa: PLC0415 - only for a terminal

    return wants_color(os.environ, terminal=sys.stdout.isatty())


def tree_run(arguments: argparse.Namespace, root: str, today: date) -> pipeline.Run:
    """The run over files on disk that a command line asks for."""
    settings = local_settings(arguments.config, root, today)
    word = getattr(arguments, "fail_level", None)
    return pipeline.Run(
        root,
        settings,
        today,
        only=only_rules(getattr(arguments, "rule", [])),
        fail_level=level(word),
        override_fail_level=word is not None,
    )


def disk_reader(root: str) -> ReadText:
    """Reads scanned files again, for excerpts."""

    def read_text(path: str) -> str | None:
        try:
            with open(os.path.join(root, path), "rb") as file:  # noqa: PTH118, PTH123
                found = decode(path, file.read())
        except OSError:
            return None
        return found.text if isinstance(found, SourceFile) else None

    return read_text


def publish(report: Report, name: str, read_text: ReadText, *, color: bool) -> str:
    """The report in a format."""
    if name == "json":
        from gitops_guard.publishers import json_report  # noqa: PLC0415 - each format loads what it needs

        return json_report.render(report)
    if name == "console":
        from gitops_guard.publishers import console  # noqa: PLC0415

        return console.render(report, read_text, color=color, width=_width())
    if name == "sarif":
        from gitops_guard.publishers import sarif  # noqa: PLC0415

        return sarif.render(_described(report), read_text)
    if name == "markdown":
        from gitops_guard.publishers import markdown  # noqa: PLC0415

        return markdown.render(report)
    if name in {"junit", "patch"}:
        return _plain(report, name)
    from gitops_guard.publishers import html  # noqa: PLC0415

    return html.render(_described(report), read_text)


def _plain(report: Report, name: str) -> str:
    if name == "patch":
        from gitops_guard.patch_file import whole_patch  # noqa: PLC0415

        return whole_patch(report).text
    from gitops_guard.publishers import junit  # noqa: PLC0415

    return junit.render(report)


def _described(report: Report) -> Report:
    return report._replace(rules=pipeline.summaries())


def _width() -> int:
    import shutil  # noqa: PLC0415 - only the console needs it

    return min(shutil.get_terminal_size((80, 24)).columns, 120)


def write(text: str, output: str | None) -> None:
    """Writes a report to a file or to standard output.

    Raises:
        UsageError: the file cannot be written.
    """
    raw = text.encode("utf-8", "backslashreplace")
    if output is None:
        sys.stdout.buffer.write(raw)
        sys.stdout.flush()
        return
    try:
        with open(output, "wb") as file:  # noqa: PTH123
            file.write(raw)
    except OSError as error:
        raise UsageError(f"cannot write the report: {error.strerror}", path=output) from None


def exit_code(report: Report) -> int:
    """1 for findings at or above the level, 3 where something that should have been read could not, else 0."""
    if report.failing:
        return FINDINGS
    return INCOMPLETE if report.coverage.failed and report.fail_level is not None else CLEAN
