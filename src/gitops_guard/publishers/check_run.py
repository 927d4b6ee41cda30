"""A check run says how a commit does: made once for a commit and an instance, and completed by whoever comes again."""

import contextlib
import hashlib
import json
import re
from typing import NamedTuple

from gitops_guard.errors import PublishError
from gitops_guard.github.checks import CheckRun, Checks, Json
from gitops_guard.publishers import markdown, wording
from gitops_guard.publishers.annotations import AT_ONCE, MOST, Annotation, annotations, as_json
from gitops_guard.publishers.escape import cut, markdown_text, printable_unicode
from gitops_guard.report import Report

NAME = "gitops-guard"
_TEXT = 65_000
"""Characters; GitHub takes 65,535."""
_TITLE = 200
_MARKER = re.compile(r"<!-- gitops-guard:check=([0-9a-f]{16})\.([0-9a-f]{16}) -->\s*\Z")
_SECONDS = re.compile(r", [0-9][0-9,.]* s\.</sub>")


class Verdict(NamedTuple):
    """What a check run shows. `conclusion` is GitHub's word."""

    conclusion: str
    title: str
    summary: str
    annotations: tuple[Annotation, ...] = ()


def verdict(report: Report) -> Verdict:
    """The verdict on a report; a scan that could not read everything is never a success."""
    every = annotations(report)
    summary = markdown.render(report, limit=_TEXT)
    if len(every) > MOST:
        summary = f"{MOST:,} of {len(every):,} problems are marked on their lines: the most severe.\n\n" + summary
    return Verdict(conclusion(report), wording.headline(report), summary, every[:MOST])


def conclusion(report: Report) -> str:
    """`failure` by the fail level or for want of a whole scan, `neutral` for what does not fail, else `success`."""
    if report.failing:
        return "failure"
    if report.coverage.failed:
        return "neutral" if report.fail_level is None else "failure"
    return "neutral" if report.open else "success"


def failed(reason: str) -> Verdict:
    """The verdict where there is no report."""
    text = f"Nothing is known about this change: {markdown_text(reason)}."
    return Verdict("failure", "the scan failed", text)


def post(checks: Checks, key: str, found: Verdict, name: str = NAME) -> bool:
    """Brings the check run of a commit and an instance in line with a verdict.

    Annotations can only be added. So a run that was left in the middle is continued where it stopped, one with the same
    annotations is kept, and one with others is followed by a new one, which GitHub shows in its place.

    Returns:
        Whether anything was written.

    Raises:
        PublishError: GitHub refuses, mostly because the token lacks `checks: write`.
    """
    marks = _digest([list(one) for one in found.annotations]), _digest([*found[:2], _timeless(found.summary)])
    known = checks.find(name, key)
    done = _continued(known, marks[0], len(found.annotations))
    if known is not None and done is not None and _is_current(known, found, marks, done):
        return False
    output = {"title": cut(printable_unicode(found.title), _TITLE), "summary": f"{found.summary}\n{_marker(marks)}\n"}
    newest = 0 if known is None else known.id
    _write(checks, _Target(name, key, newest, newest if done is not None else 0, done or 0), found, output)
    return True


class _Target(NamedTuple):
    """Where it goes: `newest` is the newest run there is, `number` the one to continue after `done` annotations."""

    name: str
    key: str
    newest: int
    number: int
    done: int


def _write(checks: Checks, to: _Target, found: Verdict, output: Json) -> None:
    """Sends the annotations that are not there yet; the conclusion comes with the last of them."""
    total = len(found.annotations)
    number, done = to.number, to.done
    while True:
        part = found.annotations[done : done + AT_ONCE]
        done += len(part)
        ended: Json = {"status": "completed", "conclusion": found.conclusion}
        fields: Json = ended if done >= total else {"status": "in_progress"}
        fields = fields | {"output": output | ({"annotations": [as_json(one) for one in part]} if part else {})}
        if not number:
            number = checks.create(to.name, to.key, fields, to.newest)
        else:
            _update(checks, number, fields, ended | {"output": output}, done)
        if done >= total:
            return


def _update(checks: Checks, number: int, fields: Json, ended: Json, done: int) -> None:
    """Adds annotations; where GitHub refuses them, the run is ended without: left open, it would hold up the merge."""
    try:
        checks.update(number, fields, done)
    except PublishError:
        with contextlib.suppress(PublishError):
            checks.update(number, ended, done)
        raise


def _continued(known: CheckRun | None, mark: str, total: int) -> int | None:
    """How many of the annotations a check run has; None where it has others."""
    if known is None:
        return None
    found = _MARKER.search(known.summary)
    return known.annotations if found is not None and found[1] == mark and known.annotations <= total else None


def _is_current(known: CheckRun, found: Verdict, marks: tuple[str, str], done: int) -> bool:
    marker = _MARKER.search(known.summary)
    return (
        (known.status, known.conclusion) == ("completed", found.conclusion)
        and marker is not None
        and marker[2] == marks[1]
        and done == len(found.annotations)
    )


def _marker(marks: tuple[str, str]) -> str:
    return f"<!-- gitops-guard:check={marks[0]}.{marks[1]} -->"


def _timeless(text: str) -> str:
    return _SECONDS.sub("</sub>", text)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
