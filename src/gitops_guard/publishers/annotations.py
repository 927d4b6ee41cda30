"""Findings as annotations of lines: of a check run, or as workflow commands in the log where that is not allowed.

Sources: GitHub's REST API ("Create a check run") and "Workflow commands for GitHub Actions". Annotations are plain
text: nothing in them is rendered, and nobody is mentioned.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from gitops_guard.finding import Finding, Severity
from gitops_guard.publishers import wording
from gitops_guard.publishers.escape import cut, printable_unicode, valid_unicode
from gitops_guard.report import Report
from gitops_guard.runner import escaped_data, escaped_property

MOST = 1000
"""Annotations of one check run: twenty requests. The rest is in the reports."""
AT_ONCE = 50
PER_COMMAND = 10
"""The log shows so many errors, warnings and notices of a step; further ones are dropped without a word."""
_MESSAGE, _TITLE = 2000, 255
_LEVELS = {Severity.CRITICAL: "failure", Severity.HIGH: "failure", Severity.MEDIUM: "warning"}
_COMMANDS = {"failure": "error", "warning": "warning", "notice": "notice"}


class Annotation(NamedTuple):
    """A remark on lines of a file; `level` is GitHub's: `failure`, `warning`, `notice`."""

    path: str
    first: int
    last: int
    level: str
    title: str
    message: str


def annotations(report: Report) -> tuple[Annotation, ...]:
    """The open findings that have a line, most severe first. One without a line belongs to no line: the text has it."""
    found = wording.most_severe_first(report.by_place.open)
    return tuple(_annotation(finding) for finding in found if finding.place.path and finding.place.start.line > 0)


def _annotation(finding: Finding) -> Annotation:
    place, about = finding.place, wording.resource(finding.resource)
    parts = [finding.message, *([f"({about})"] if about else [])]
    if finding.fix is not None and not finding.fix.refused:
        parts.append(f"Fix: {finding.fix.title}.")
    return Annotation(
        valid_unicode(place.path),
        place.start.line,
        max(place.start.line, place.end.line),
        _LEVELS.get(finding.severity, "notice"),
        cut(printable_unicode(f"{finding.rule_id} {finding.rule_name}"), _TITLE),
        cut(printable_unicode(" ".join(parts)), _MESSAGE),
    )


def as_json(annotation: Annotation) -> dict[str, Any]:
    """As the API takes it."""
    return {
        "path": annotation.path,
        "start_line": annotation.first,
        "end_line": annotation.last,
        "annotation_level": annotation.level,
        "title": annotation.title,
        "message": annotation.message,
    }


def workflow_commands(found: Sequence[Annotation]) -> list[str]:
    """The lines that make the runner annotate, as many as it shows."""
    left = dict.fromkeys(_COMMANDS, PER_COMMAND)
    return [_command(one) for one in _within(found, left)]


def _within(found: Iterable[Annotation], left: dict[str, int]) -> Iterator[Annotation]:
    for one in found:
        if left[one.level] > 0:
            left[one.level] -= 1
            yield one


def _command(one: Annotation) -> str:
    properties = {"file": one.path, "line": str(one.first), "endLine": str(one.last), "title": one.title}
    given = ",".join(f"{name}={escaped_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[one.level]} {given}::{escaped_data(one.message)}"
