"""The `pr` command: checks a pull request or a group of a merge queue, and tells GitHub."""

import argparse
import os
import sys
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from gitops_guard import review_delivery
from gitops_guard.change_check import Asking, Judged, Request, base_settings, below, judge
from gitops_guard.change_ends import Ends, Wanted, find_ends
from gitops_guard.checking import exit_code, publish, write
from gitops_guard.errors import GuardError, PublishError
from gitops_guard.github.event import Addresses, PullRequestEvent, read_event
from gitops_guard.github.instance import instance_key
from gitops_guard.github.run_event import read_merge_group
from gitops_guard.local_configuration import local_settings
from gitops_guard.network_patch import policy_patch
from gitops_guard.options import report_targets
from gitops_guard.patch_file import whole_patch
from gitops_guard.publishers import markdown, post_review
from gitops_guard.publishers.offers import all_suggested, surroundings
from gitops_guard.publishers.review import Review, compose
from gitops_guard.report import Report
from gitops_guard.run_delivery import Delivery, summarise, tell, tell_failure
from gitops_guard.source_file import SourceFile
from gitops_guard.sources.git import Change, open_change

_MOST_WORKFLOWS = 50
HANDED_OVER = (
    "> **Nothing is posted by this run.** The pull request comes from {whom}, so its token may only read. What was "
    "found is in the artifact `{folder}`; `gitops-guard post` in a `workflow_run` job brings it to the conversation.\n"
)
REFUSED = (
    "> **Nothing could be posted.** The pull request comes from {whom}, so its token may only read. With the input "
    "`artifact-dir` and a `workflow_run` job the review gets there all the same: see docs/github.md.\n"
)
DRAFT = (
    "> **No comments yet:** the pull request is a draft. They come with the next run after it is ready for review.\n"
)


class _Task(NamedTuple):
    """What a run was asked to do, by whom, and where."""

    arguments: argparse.Namespace
    environment: Mapping[str, str]
    today: date
    root: str
    token: str


class _Found(NamedTuple):
    """What the scan gave; `commands`: some workflow of the base obeys commands in comments."""

    judged: Judged
    review: Review
    commands: bool


def review(arguments: argparse.Namespace, environment: Mapping[str, str], today: date) -> int:
    """Runs `pr` and returns the exit code."""
    root = environment.get("GITHUB_WORKSPACE") or os.getcwd()  # noqa: PTH109
    token = environment.get("INPUT_GITHUB-TOKEN") or environment.get("GITHUB_TOKEN", "")
    task = _Task(arguments, environment, today, root, token)
    if environment.get("GITHUB_EVENT_NAME") == "merge_group":
        return _merge_group(task)
    event = read_event(environment)
    places = Addresses(event.api_url, event.server_url, event.repository, event.run_url)
    to = _delivery(task, places, event.head_sha)._replace(may_write=not (event.is_fork or arguments.dry_run))
    found = _checked(task, Wanted(event.base_ref, event.base_sha, event.head_sha), to)
    report = found.judged.report
    if arguments.dry_run:
        post_review.as_text(found.review, _summary(event, found), lambda text: write(text, None))
        return exit_code(report)
    refused: PublishError | None = None
    preface = ""
    try:
        preface = _conversation(task, event, found)
    except PublishError as error:
        refused = error
    tell(to, report)
    summarise(report, environment, preface)
    if refused is not None:
        raise refused
    return exit_code(report)


def _merge_group(task: _Task) -> int:
    """A group of a merge queue has no conversation: there are only the check run, the job's page and the exit code."""
    event = read_merge_group(task.environment)
    to = _delivery(task, event.places, event.head_sha)._replace(may_write=not task.arguments.dry_run)
    report = _checked(task, Wanted(event.base_ref, event.base_sha, event.head_sha), to).judged.report
    if not task.arguments.dry_run:
        tell(to, report)
    summarise(report, task.environment)
    return exit_code(report)


def _delivery(task: _Task, places: Addresses, commit: str) -> Delivery:
    return Delivery(task.environment, places, commit, task.token)


def _checked(task: _Task, wanted: Wanted, to: Delivery) -> _Found:
    """Scans, and writes the reports; a failure is told to GitHub, because silence would pass for a clean result."""
    targets = report_targets(task.arguments.report)
    try:
        ends = find_ends(task.root, wanted, to.places, task.token)
        found = _scanned(task, wanted, ends)
    except GuardError as error:
        tell_failure(to, error)
        raise
    for name, file in targets:
        write(publish(found.judged.report, name, found.judged.texts.get, color=False), file)
    return found


def _scanned(task: _Task, wanted: Wanted, ends: Ends) -> _Found:
    arguments, today = task.arguments, task.today
    settings = local_settings(arguments.config, task.root, today) if arguments.config else None
    asking = Asking(offline=arguments.offline, always=not arguments.offline)
    with open_change(task.root, ends.base, wanted.head_sha, ends.merge_base) as change:
        paths = below(change.root, task.root, arguments.paths)
        level = arguments.fail_level
        request = Request(ends.base, wanted.head_sha, paths, frozenset(), level, settings, today, asking, network=True)
        judged = judge(change, request)
        policy = settings or base_settings(change, today)
        network = judged.report.network
        patch = policy_patch(change, policy, network) if network is not None else None
        report = _named(judged.report, wanted)._replace(network_patch=patch)
        return _Found(judged._replace(report=report), _compose(report, change, judged.budget), _obeys(change))


def _obeys(change: Change) -> bool:
    """Whether a workflow of the base runs this program for comments: GitHub takes those from the default branch."""
    for path in change.beside(".github/workflows")[:_MOST_WORKFLOWS]:
        file = change.read_at_base(path)
        if isinstance(file, SourceFile) and "issue_comment" in file.text and "gitops-guard" in file.text:
            return True
    return False


def _named(report: Report, wanted: Wanted) -> Report:
    comparison = report.comparison
    if comparison is None:
        return report
    return report._replace(comparison=comparison._replace(base=wanted.base_ref, head=wanted.head_sha))


def _compose(report: Report, change: Change, budget: int) -> Review:
    changed = frozenset(file.path for file in change.files if file.status != "D")

    def commentable(path: str, first: int, last: int) -> bool:
        return change.changed_lines(path).commentable(first, last)

    return compose(report, commentable, changed, budget)


def _conversation(task: _Task, event: PullRequestEvent, found: _Found) -> str:
    """Posts the review, or hands it over; returns what the job's page says about that.

    A fork's token never writes. Dependabot's may, where the workflow asks for the right: so it is tried.
    """
    if event.is_draft and task.arguments.drafts == "check":
        return DRAFT
    if event.is_fork and task.arguments.artifact_dir:
        return _handed_over(task, event, found)
    try:
        _post(task, event, found)
    except PublishError as error:
        if not (event.is_fork or event.is_dependabot):
            raise
        sys.stderr.write(f"gitops-guard: not posted: {error.message}\n")
        return _handed_over(task, event, found) if task.arguments.artifact_dir else REFUSED.format(whom=_whom(event))
    return ""


def _post(task: _Task, event: PullRequestEvent, found: _Found) -> None:
    places = Addresses(event.api_url, event.server_url, event.repository, event.run_url)
    key = instance_key(task.environment)
    conversation = review_delivery.Conversation(places, task.token, event.number, event.head_sha, key)
    report = found.judged.report
    complete = not report.coverage.failed
    review_delivery.post(conversation, report, found.review, _summary(event, found), complete=complete)


def _summary(event: PullRequestEvent, found: _Found) -> str:
    blob = f"{event.server_url}/{event.repository}/blob/{event.head_sha}"
    report = found.judged.report
    around = surroundings(report, found.review, blob)
    whole = "" if all_suggested(report, around) else whole_patch(report).text
    return markdown.render(report, around._replace(commands=found.commands, whole=whole))


def _handed_over(task: _Task, event: PullRequestEvent, found: _Found) -> str:
    from gitops_guard.handover import hand_over  # noqa: PLC0415 - most runs may write

    folder = task.arguments.artifact_dir
    hand_over(folder, found.judged.report, event.head_sha)
    return HANDED_OVER.format(whom=_whom(event), folder=os.path.basename(folder.rstrip("/")))  # noqa: PTH119


def _whom(event: PullRequestEvent) -> str:
    return "Dependabot" if event.is_dependabot and not event.is_fork else "a fork"
