"""The `images` command: every image that is used, where, and what is known of it."""

import argparse
import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

from gitops_guard import pipeline
from gitops_guard.change_check import images_of_change
from gitops_guard.checking import asking, informed, tree_run, write
from gitops_guard.errors import CLEAN, INCOMPLETE, UsageError
from gitops_guard.images.table import Decisions, rows
from gitops_guard.publishers import coverage_values
from gitops_guard.report import SCHEMA_VERSION, Coverage, ImageRow
from gitops_guard.sources.tree import walk

Json = dict[str, object]


class Listed(NamedTuple):
    """The images, what of the repository was looked at, and the run that did."""

    rows: tuple[ImageRow, ...]
    coverage: Coverage
    run: pipeline.Run


def images(arguments: argparse.Namespace, today: date) -> int:
    """Runs `images` and returns the exit code: 3 where something that should have been read could not be."""
    root = os.getcwd()  # noqa: PTH109 - as the rest of the way to a scan
    if arguments.head and not arguments.base:
        raise UsageError("--head needs --base")
    if arguments.base:
        if arguments.snapshot:
            raise UsageError("--snapshot is of a whole tree", hint="leave out --base")
        listed = Listed(*images_of_change(arguments, root, today, asking))
    else:
        listed = _of_tree(arguments, root, today)
    if arguments.snapshot:
        return _write_snapshot(listed, root)
    write(_FORMATS["propose" if arguments.propose else arguments.format](listed, today), arguments.output)
    return INCOMPLETE if listed.coverage.failed else CLEAN


def _of_tree(arguments: argparse.Namespace, root: str, today: date) -> Listed:
    run = tree_run(arguments, root, today)
    read = pipeline.read_disk(root)
    side = pipeline.look(walk(arguments.paths, root), pipeline.no_rules(read), run)
    if pipeline.has_roots((*side.coverage.scanned, *(one.path for one in side.coverage.skipped))):
        from gitops_guard.rendered_images import with_images  # noqa: PLC0415 - many trees have no roots

        side = with_images(run, side)
    run = informed(run, arguments.paths, offline=arguments.offline, always=not arguments.propose, images=side.images)
    return Listed(rows(side.images, Decisions(run.settings, run.known, today, side.builds)), side.coverage, run)


def _write_snapshot(listed: Listed, root: str) -> int:
    """Writes what is known into the snapshot that the configuration names."""
    from gitops_guard.gathering import snapshot  # noqa: PLC0415 - only on request

    known = listed.run.known
    if not known.asked:
        raise UsageError("nothing is known of any image", hint="leave out --offline")
    path = listed.run.settings.image_policy.snapshot
    write(snapshot.render(known, datetime.now(UTC)), os.path.join(root, path))  # noqa: PTH118
    unknown = [facts for facts in known.all() if facts.unknown]
    write(f"wrote {path}: {len(known.all())} images, {len(unknown)} of them not known in full\n", None)
    return CLEAN


def _console(listed: Listed, today: date) -> str:
    import shutil  # noqa: PLC0415 - only a terminal has a width

    from gitops_guard.publishers import image_console  # noqa: PLC0415 - each format loads what it needs

    return image_console.render(listed.rows, today, min(shutil.get_terminal_size((80, 24)).columns, 120))


def _json(listed: Listed, today: date) -> str:
    from gitops_guard.publishers.escape import valid_json  # noqa: PLC0415
    from gitops_guard.publishers.image_json import image  # noqa: PLC0415

    del today
    value: Json = {
        "schema_version": SCHEMA_VERSION,
        "images": [image(row) for row in listed.rows],
        "coverage": coverage_values.as_values(listed.coverage),
    }
    return valid_json(json.dumps(value, ensure_ascii=False, indent=1)) + "\n"


def _markdown(listed: Listed, today: date) -> str:
    from gitops_guard.publishers.image_markdown import table  # noqa: PLC0415

    return "\n".join(("## Images", "", *table(listed.rows, today, len(listed.rows)), ""))


def _proposed(listed: Listed, today: date) -> str:
    from gitops_guard.images.proposal import approved_list  # noqa: PLC0415

    return approved_list(listed.rows, today)


_FORMATS: dict[str, Callable[[Listed, date], str]] = {
    "console": _console,
    "json": _json,
    "markdown": _markdown,
    "propose": _proposed,
}
