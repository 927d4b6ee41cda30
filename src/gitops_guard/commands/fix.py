"""The `fix` command: prints proved patches, or writes them."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard import pipeline
from gitops_guard.checking import informed, tree_run, write
from gitops_guard.errors import CLEAN, SourceError
from gitops_guard.finding import Finding
from gitops_guard.publishers import wording
from gitops_guard.publishers.escape import printable
from gitops_guard.tree_fixes import FixedFile, fix_tree, seen_rendered
from gitops_guard.workbench import Workbench

if TYPE_CHECKING:
    from gitops_guard.rendered_sides import RenderedTree
    from gitops_guard.source_fixes import EditedSource

_NEW_FILE = 0o644


def fix(arguments: argparse.Namespace, today: date) -> int:
    """Runs `fix` and returns the exit code."""
    root = os.getcwd()  # noqa: PTH109 - the scan path does without pathlib
    run = informed(tree_run(arguments, root, today), arguments.paths, offline=arguments.offline)
    tree = seen_rendered(run, arguments.paths)
    sources = _Sources() if tree is None else _fixed_sources(arguments, run, tree)
    changed, problems = len(sources.files), sources.problems
    refused = _say_refused(sources.refused)
    left_out = frozenset() if tree is None else tree.left_out | tree.of_roots
    pending = {one.path: one for one in sources.files}
    if arguments.write:
        for path in sorted(pending, key=lambda path: pending[path].before is not None):
            _replace(os.path.join(root, path), pending[path].raw)  # noqa: PTH118
    for fixed in fix_tree(
        run,
        arguments.paths,
        safe_only=arguments.safe_only,
        everything=arguments.all,
        left_out=left_out,
        edited={path: one.after for path, one in pending.items()},
    ):
        refused += _say_refused(fixed.refused)
        if fixed.after == fixed.file.text:
            continue
        before = pending.pop(fixed.file.path, None)
        changed += before is None
        problems += sum(len(solution.solved) for solution in fixed.applied)
        if arguments.write:
            _replace(os.path.join(root, fixed.file.path), fixed.file.encode(fixed.after))  # noqa: PTH118
        else:
            _print_diff(fixed, before)
    if not arguments.write:
        for one in pending.values():
            _print_source(one.path, None if one.before is None else one.before.text, one.after)
    verb = "fixed" if arguments.write else "would fix"
    sys.stderr.write(f"{verb} {problems} problems in {changed} files; {refused} have no proved fix\n")
    return CLEAN


class _Sources(NamedTuple):
    """What fixes of rendered objects make of their sources."""

    files: "tuple[EditedSource, ...]" = ()
    problems: int = 0
    refused: tuple[tuple[Finding, str], ...] = ()


def _fixed_sources(arguments: argparse.Namespace, run: pipeline.Run, tree: "RenderedTree") -> _Sources:
    from gitops_guard.source_fixes import Wish, fix_sources  # noqa: PLC0415 - few trees have roots

    rules = pipeline.load_rules(run)
    bench = Workbench(rules, run.context, {})
    wish = Wish(safe_only=arguments.safe_only, everything=arguments.all)
    found = fix_sources(tree, rules, run.context, bench.validate, wish)
    return _Sources(found.files, len(found.solved), found.refused)


def _say_refused(refused: Iterable[tuple[Finding, str]]) -> int:
    said = 0
    for finding, reason in refused:
        said += 1
        where = wording.place(finding)
        sys.stderr.write(printable(f"{where} {finding.rule_id}: no fix: {reason}") + "\n")
    return said


def _print_diff(fixed: FixedFile, source: "EditedSource | None") -> None:
    """Prints the whole change of a file; secrets that it removes are masked, and then it is said how to apply it."""
    from gitops_guard.editing.diff import unified_diff  # noqa: PLC0415 - only to print

    masked = any(finding.finding.masked for solution in fixed.applied for finding in solution.solved)
    if not masked:
        before = fixed.file.text if source is None or source.before is None else source.before.text
        if source is None:
            write(unified_diff(fixed.file.path, before, fixed.after), None)
        else:
            _print_source(fixed.file.path, before, fixed.after)
        return
    if source is not None:
        _print_source(source.path, None if source.before is None else source.before.text, source.after)
    for solution in fixed.applied:
        if solution.patch is not None:
            write(solution.patch.diff, None)
    _say_masked(fixed.file.path)


def _print_source(path: str, before: str | None, after: str) -> None:
    """Prints the change of a source, with everything masked that looks like a secret."""
    from gitops_guard.editing.diff import unified_diff  # noqa: PLC0415 - only to print
    from gitops_guard.rendering.source_fix import masked  # noqa: PLC0415 - likewise

    diff = unified_diff(path, before, after)
    shown = masked(diff)
    write(shown, None)
    if shown != diff:
        _say_masked(path)


def _say_masked(path: str) -> None:
    note = f"{path}: a secret is masked in this patch: use `gitops-guard fix --write` to apply it"
    sys.stderr.write(printable(note) + "\n")


def _replace(path: str, raw: bytes) -> None:
    """Writes a file whole or not at all, with the mode that it had; a new one as others may read it."""
    folder = os.path.dirname(path)  # noqa: PTH120
    try:
        mode = os.stat(path).st_mode & 0o7777 if os.path.exists(path) else _NEW_FILE  # noqa: PTH110, PTH116
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(raw)
        os.chmod(file.name, mode)  # noqa: PTH101
        os.replace(file.name, path)  # noqa: PTH105
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", path=path) from None
