"""The `scans` command: shows what is read from scanners' reports."""

import argparse
import glob
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime

from gitops_guard.errors import CLEAN, INCOMPLETE, UsageError
from gitops_guard.publishers.scan_list import ScanRow, render_console, render_json
from gitops_guard.scanners.report_file import SIZE_LIMIT, Report, read_report, unreadable
from gitops_guard.scanners.report_files import filtered

_SUFFIXES = (".json", ".sarif")
_MOST_FILES = 10_000


def scans(arguments: argparse.Namespace, now: datetime) -> int:
    """Runs `scans` and returns the exit code: 3 if something could not be read.

    Args:
        arguments: `files` (paths, folders, globs) and `format` (`console` or `json`).
        now: the time of the run, aware of its zone.

    Raises:
        UsageError: there is no such file.
    """
    read = tuple(_read(path, named=named) for path, named in _paths(arguments.files))
    reports = filtered(read, now)
    rows = [ScanRow(report.path, report.format, scan) for report in reports for scan in report.scans]
    text = render_json(rows) if arguments.format == "json" else render_console(rows)
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.flush()
    return CLEAN if all(report.readable for report in reports) else INCOMPLETE


def _paths(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """The files once each, in order, and whether somebody named them; a word that is no path is a glob.

    Raises:
        UsageError: a word names nothing, or there are too many files.
    """
    seen: set[str] = set()
    for word in words:
        for path, named in _expanded(word):
            if path in seen:
                continue
            seen.add(path)
            if len(seen) > _MOST_FILES:
                raise UsageError(f"more than {_MOST_FILES} files", path=word, hint="name fewer files or folders")
            yield path, named


def _expanded(word: str) -> Iterator[tuple[str, bool]]:
    found = [word] if os.path.lexists(word) else sorted(glob.glob(word, recursive=True))  # noqa: PTH207 - also absolute
    if not found:
        raise UsageError("no such file or folder", path=word, hint="name report files, folders or globs that exist")
    for path in found:
        if os.path.isdir(path):  # noqa: PTH112 - the scan path does without pathlib
            below = [(file, False) for file in _below(path)]
            if not below:
                raise UsageError("no file in it ends in .json or .sarif", path=path, hint="name the report files")
            yield from below
        else:
            yield path, path == word


def _below(folder: str) -> Iterator[str]:
    unlisted: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=unlisted.append):
        folders.sort()
        yield from (os.path.join(place, name) for name in sorted(names) if name.endswith(_SUFFIXES))  # noqa: PTH118
    yield from (str(error.filename) for error in unlisted)


def _read(path: str, *, named: bool) -> Report:
    """Reads a file; a link is followed only if it was named itself."""
    try:
        status = os.stat(path) if named else os.lstat(path)  # noqa: PTH116
        if stat.S_ISLNK(status.st_mode):
            return unreadable(path, "a symbolic link: name it to have it read")
        if stat.S_ISDIR(status.st_mode):
            return unreadable(path, "a folder that cannot be listed")
        if not stat.S_ISREG(status.st_mode):
            return unreadable(path, "not a regular file")
        with open(path, "rb") as file:  # noqa: PTH123
            return read_report(path, file.read(SIZE_LIMIT + 1))
    except OSError as error:
        return unreadable(path, f"cannot be read: {error.strerror}")
