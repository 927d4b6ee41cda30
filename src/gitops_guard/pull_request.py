"""The `pr` command: checks a pull request and brings its review up to date."""

import argparse
import os
import sys
from collections.abc import Mapping
from datetime import date

from gitops_guard.change_check import Asking, Request, base_settings, judge
from gitops_guard.checking import exit_code, publish, write
from gitops_guard.errors import PublishError, UsageError
from gitops_guard.github.event import PullRequestEvent, read_event
from gitops_guard.local_configuration import local_settings
from gitops_guard.network_patch import policy_patch
from gitops_guard.options import report_targets
from gitops_guard.publishers import markdown, post_review
from gitops_guard.publishers.review import Review, compose
from gitops_guard.report import Report
from gitops_guard.sources.git import Change, knows, open_change, parents


def review(arguments: argparse.Namespace, environment: Mapping[str, str], today: date) -> int:
    """Runs `pr` and returns the exit code."""
    targets = report_targets(arguments.report)
    event = read_event(environment)
    root = environment.get("GITHUB_WORKSPACE") or os.getcwd()  # noqa: PTH109
    settings = local_settings(arguments.config, root, today) if arguments.config else None
    base = _base(root, event)
    asking = Asking(offline=arguments.offline, always=not arguments.offline)
    request = Request(
        base, event.head_sha, (), frozenset(), arguments.fail_level, settings, today, asking, network=True
    )
    with open_change(root, base, event.head_sha) as change:
        judged = judge(change, request)
        policy = settings or base_settings(change, today)
        network = judged.report.network
        patch = policy_patch(change, policy, network) if network is not None else None
        report = _named(judged.report, event)._replace(network_patch=patch)
        composed = _compose(report, change, judged.budget)
    summary = markdown.render(report)
    for name, file in targets:
        write(publish(report, name, judged.texts.get, color=False), file)
    if arguments.dry_run:
        post_review.as_text(composed, summary, lambda text: write(text, None))
        return exit_code(report)
    _post(event, environment, composed, summary)
    return exit_code(report)


def _base(root: str, event: PullRequestEvent) -> str:
    """What the pull request is compared with.

    The base of the event may be stale; the first parent of the merge commit that GitHub checks out is not.
    """
    merged = parents(root, "HEAD")
    if len(merged) > 1 and merged[1] == event.head_sha:
        return merged[0]
    for candidate in (event.base_sha, f"origin/{event.base_ref}", event.base_ref):
        if knows(root, candidate):
            return candidate
    raise UsageError(
        f"neither {event.base_sha[:10]} nor {event.base_ref} is in this clone",
        hint="fetch it: git fetch origin " + event.base_ref + " (actions/checkout: fetch-depth: 0)",
    )


def _named(report: Report, event: PullRequestEvent) -> Report:
    comparison = report.comparison
    if comparison is None:
        return report
    return report._replace(comparison=comparison._replace(base=event.base_ref, head=event.head_sha))


def _compose(report: Report, change: Change, budget: int) -> Review:
    changed = frozenset(file.path for file in change.files if file.status != "D")

    def commentable(path: str, first: int, last: int) -> bool:
        return change.changed_lines(path).commentable(first, last)

    return compose(report, commentable, changed, budget)


def _post(event: PullRequestEvent, environment: Mapping[str, str], composed: Review, summary: str) -> None:
    from gitops_guard.github.client import Client  # noqa: PLC0415 - loads PyGithub

    token = environment.get("INPUT_GITHUB-TOKEN") or environment.get("GITHUB_TOKEN", "")
    if not token:
        raise UsageError("no token", hint="set GITHUB_TOKEN, or use --dry-run")
    try:
        client = Client(event.api_url, token, event.repository, event.number)
        outcome = post_review.post(client, composed, summary, event.head_sha)
    except PublishError as error:
        if not event.is_fork:
            raise
        sys.stderr.write(f"gitops-guard: not posted, the pull request comes from a fork: {error.message}\n")
        return
    sys.stderr.write(
        f"gitops-guard: {outcome.created} comments created, {outcome.updated} updated, "
        f"{outcome.unchanged} unchanged, {outcome.solved} solved\n"
    )
