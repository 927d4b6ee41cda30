"""The `fix` command: prints proved patches, or writes them."""

import argparse
import os
import sys
import tempfile
from datetime import date

from gitops_guard.checking import informed, tree_run, write
from gitops_guard.errors import CLEAN, SourceError
from gitops_guard.publishers.escape import printable
from gitops_guard.tree_fixes import FixedFile, fix_tree, solved_by_rendering


def fix(arguments: argparse.Namespace, today: date) -> int:
    """Runs `fix` and returns the exit code."""
    root = os.getcwd()  # noqa: PTH109 - the scan path does without pathlib
    run = informed(tree_run(arguments, root, today), arguments.paths, offline=arguments.offline)
    changed = problems = refused = 0
    out = solved_by_rendering(run, arguments.paths)
    for fixed in fix_tree(run, arguments.paths, safe_only=arguments.safe_only, everything=arguments.all, left_out=out):
        refused += _say_refused(fixed)
        if fixed.after == fixed.file.text:
            continue
        changed += 1
        problems += sum(len(solution.solved) for solution in fixed.applied)
        if arguments.write:
            _replace(os.path.join(root, fixed.file.path), fixed.file.encode(fixed.after))  # noqa: PTH118
        else:
            _print_diff(fixed)
    verb = "fixed" if arguments.write else "would fix"
    sys.stderr.write(f"{verb} {problems} problems in {changed} files; {refused} have no proved fix\n")
    return CLEAN


def _say_refused(fixed: FixedFile) -> int:
    for finding, reason in fixed.refused:
        where = f"{finding.place.path}:{finding.place.start.line}"
        sys.stderr.write(printable(f"{where} {finding.rule_id}: no fix: {reason}") + "\n")
    return len(fixed.refused)


def _print_diff(fixed: FixedFile) -> None:
    """Prints the whole change of a file; secrets that it removes are masked, and then it is said how to apply it."""
    from gitops_guard.editing.diff import unified_diff  # noqa: PLC0415 - only to print

    masked = any(finding.finding.masked for solution in fixed.applied for finding in solution.solved)
    if not masked:
        write(unified_diff(fixed.file.path, fixed.file.text, fixed.after), None)
        return
    for solution in fixed.applied:
        if solution.patch is not None:
            write(solution.patch.diff, None)
    note = f"{fixed.file.path}: a secret is masked in this patch: use `gitops-guard fix --write` to apply it\n"
    sys.stderr.write(printable(note.rstrip("\n")) + "\n")


def _replace(path: str, raw: bytes) -> None:
    """Writes a file whole or not at all, with the mode that it had."""
    folder = os.path.dirname(path)  # noqa: PTH120
    try:
        mode = os.stat(path).st_mode & 0o7777  # noqa: PTH116
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(raw)
        os.chmod(file.name, mode)  # noqa: PTH101
        os.replace(file.name, path)  # noqa: PTH105
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", path=path) from None
