"""The page of a job: Markdown in the file that GITHUB_STEP_SUMMARY names, added to what other tools wrote there."""

import os

from gitops_guard.errors import PublishError
from gitops_guard.publishers import markdown
from gitops_guard.report import Report

LIMIT = 1024 * 1024
"""Bytes of a step's summary; a larger one is not shown at all (GitHub's "Workflow commands", job summaries)."""
_START = 200_000
_LEAST = 2000
_TOO_LONG = "\n**gitops-guard: the summary does not fit here.** The log and the reports hold it.\n"


def add(file: str, report: Report, preface: str = "") -> None:
    """Adds the summary of a report: whole rows are left out where it gets too long, and how many is said.

    Raises:
        PublishError: the file can't be written.
    """
    room = LIMIT - _size(file)
    limit = _START
    while limit >= _LEAST:
        raw = _raw(
            f"{preface}\n{markdown.render(report, limit=limit)}\n" if preface else markdown.render(report, limit=limit)
        )
        if len(raw) <= room:
            _append(file, raw)
            return
        limit //= 2
    add_text(file, preface + _TOO_LONG)


def add_text(file: str, text: str) -> None:
    """Adds a text, or nothing where even that does not fit.

    Raises:
        PublishError: the file can't be written.
    """
    raw = _raw(text.rstrip("\n") + "\n")
    if len(raw) <= LIMIT - _size(file):
        _append(file, raw)


def _raw(text: str) -> bytes:
    return ("\n" + text).encode("utf-8", "backslashreplace")


def _size(file: str) -> int:
    try:
        return os.path.getsize(file)  # noqa: PTH202 - pathlib costs start-up
    except OSError:
        return 0


def _append(file: str, raw: bytes) -> None:
    try:
        with open(file, "ab") as target:  # noqa: PTH123 - likewise
            target.write(raw)
    except OSError as error:
        raise PublishError(f"the job's summary cannot be written: {error.strerror}", path=file) from None
