"""Tells the run's own places what was found: the check run of the commit, annotations in the log, the job's page."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.errors import GuardError, PublishError
from gitops_guard.github.event import Addresses
from gitops_guard.github.instance import instance_key
from gitops_guard.publishers import job_summary
from gitops_guard.publishers.annotations import annotations, workflow_commands
from gitops_guard.publishers.escape import markdown_text, printable_unicode
from gitops_guard.report import Report
from gitops_guard.runner import MARKER, obeyed

if TYPE_CHECKING:
    from gitops_guard.publishers.check_run import Verdict


class Delivery(NamedTuple):
    """Where a result goes. `commit` gets the check run; without `may_write` none is tried."""

    environment: Mapping[str, str]
    places: Addresses
    commit: str
    token: str
    may_write: bool = True


def under_action(environment: Mapping[str, str]) -> bool:
    """Whether the container action runs this process."""
    return bool(environment.get(MARKER))


def tell(to: Delivery, report: Report) -> None:
    """Makes or updates the check run; where the token may not, the log is annotated instead."""
    from gitops_guard.publishers import check_run  # noqa: PLC0415 - not all runs may make one

    if not _check(to, check_run.verdict(report)):
        annotate(report, to.environment)


def tell_failure(to: Delivery, error: GuardError) -> None:
    """Says on the commit and on the job's page that there is no result: silence would pass for a clean one."""
    from gitops_guard.publishers import check_run  # noqa: PLC0415 - likewise

    _check(to, check_run.failed(error.message))
    text = f"## gitops-guard: the scan failed\n\nNothing is known about this change: {markdown_text(error.message)}."
    add_summary(to.environment, text)


def annotate(report: Report, environment: Mapping[str, str]) -> None:
    """Annotates lines through the log, as many as the runner shows."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    found = annotations(report)
    commands = workflow_commands(found)
    if not commands:
        return
    sys.stderr.flush()
    sys.stdout.write(obeyed(commands, environment))
    sys.stdout.flush()
    if len(commands) < len(found):
        _say(f"{len(commands)} of {len(found):,} problems are annotated: the log shows no more of a step")


def summarise(report: Report, environment: Mapping[str, str], preface: str = "") -> None:
    """Adds the report to the job's page, where there is one."""
    if file := environment.get("GITHUB_STEP_SUMMARY", ""):
        try:
            job_summary.add(file, report, preface)
        except PublishError as error:
            _say(error.message)


def add_summary(environment: Mapping[str, str], text: str) -> None:
    """Adds a text to the job's page, where there is one."""
    if file := environment.get("GITHUB_STEP_SUMMARY", ""):
        try:
            job_summary.add_text(file, text)
        except PublishError as error:
            _say(error.message)


def _check(to: Delivery, found: "Verdict") -> bool:
    """Whether the check run says it; why not is said in the log."""
    if not (to.may_write and to.token):
        return False
    from gitops_guard.github.checks import Checks  # noqa: PLC0415 - loads PyGithub
    from gitops_guard.publishers import check_run  # noqa: PLC0415

    identity = f"{check_run.NAME}:{instance_key(to.environment)}"
    word = printable_unicode(to.environment.get("INPUT_COMMENT-KEY", "").strip())
    name = f"{check_run.NAME} ({word[:50]})" if word else check_run.NAME
    try:
        checks = Checks(to.places.api_url, to.token, to.places.repository, to.commit)
        check_run.post(checks, identity, found, name)
    except PublishError as error:
        _say(f"no check run: {printable_unicode(error.message)}")
        return False
    return True


def _say(text: str) -> None:
    sys.stderr.write(f"gitops-guard: {text}\n")
