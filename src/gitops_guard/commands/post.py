"""The `post` command: brings what a run without rights found into its pull request.

It runs with the repository's rights beside data that a stranger may have written: nothing of the pull request is
checked out, nothing in the artifact decides where comments go. The pull request is found by the finished run's head.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gitops_guard import review_delivery
from gitops_guard.errors import CLEAN, PublishError, UsageError
from gitops_guard.github.instance import instance_key
from gitops_guard.github.run_event import FollowedRun, read_followed_run
from gitops_guard.pipeline import summaries
from gitops_guard.publishers import artifact_reading, markdown, wording
from gitops_guard.publishers.artifact_reading import Artifact
from gitops_guard.publishers.escape import markdown_text
from gitops_guard.publishers.offers import surroundings
from gitops_guard.publishers.review import Review, compose
from gitops_guard.run_delivery import add_summary
from gitops_guard.schemas import schema_text
from gitops_guard.settings import Settings
from gitops_guard.sources.changed_lines import ChangedLines, parse_patches

if TYPE_CHECKING:
    from gitops_guard.github.reads import OpenPull, Reads


def post(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Runs `post` and returns the exit code; a pull request that moved on since the scan is none to post to."""
    run = read_followed_run(environment)
    token = environment.get("INPUT_GITHUB-TOKEN") or environment.get("GITHUB_TOKEN", "")
    if not token:
        raise UsageError("no token", hint="set GITHUB_TOKEN")
    found = artifact_reading.read(
        arguments.folder, {rule.id: rule for rule in summaries()}, json.loads(schema_text("artifact"))
    )
    if found.head_sha != run.head_sha:
        raise PublishError("the artifact is about another commit than the run that made it", path=arguments.folder)
    return _posted(run, found, environment, token)


def _posted(run: FollowedRun, found: Artifact, environment: Mapping[str, str], token: str) -> int:
    from gitops_guard.github.reads import Reads  # noqa: PLC0415 - loads PyGithub

    reads = Reads(run.places.api_url, token, run.places.repository)
    pull = _pull(run, reads)
    if pull is None:
        text = f"no open pull request ends in {run.head_sha[:10]} any more: nothing is posted"
        sys.stderr.write(f"gitops-guard: {text}\n")
        add_summary(environment, f"## gitops-guard\n\n{text[:1].upper()}{text[1:]}.")
        return CLEAN
    conversation = review_delivery.Conversation(run.places, token, pull.number, run.head_sha, instance_key(environment))
    complete = not (found.report.coverage.failed or found.left_out or found.unnamed)
    composed = _review(found, reads.patches(pull.number))
    around = surroundings(
        found.report, composed, f"{run.places.server_url}/{run.places.repository}/blob/{run.head_sha}"
    )
    summary = markdown.render(found.report, around, limit=markdown.COMMENT_LIMIT - 1000) + f"\n{_origin(run, found)}"
    review_delivery.post(conversation, found.report, composed, summary, complete=complete)
    address = f"{run.places.server_url}/{run.places.repository}/pull/{pull.number}"
    said = markdown_text(wording.headline(found.report))
    add_summary(environment, f"## gitops-guard\n\nPosted to [pull request {pull.number}]({address}): {said}.")
    return CLEAN


def _pull(run: FollowedRun, reads: "Reads") -> "OpenPull | None":
    """The pull request that the run was for: from its repository and branch, and ending in its commit.

    Raises:
        PublishError: there are several, meant for different branches: which one the run was for is not known.
    """
    if not run.head_repository:
        return None
    owner = run.head_repository.partition("/")[0]
    found = [
        pull
        for pull in reads.open_pulls(owner, run.head_branch)
        if pull.head_sha == run.head_sha and pull.head_repository == run.head_repository
    ]
    if len(found) > 1:
        numbers = ", ".join(str(pull.number) for pull in found)
        raise PublishError(f"several pull requests end in {run.head_sha[:10]}: {numbers}", hint="close all but one")
    return found[0] if found else None


def _review(found: Artifact, patches: Mapping[str, str]) -> Review:
    """The review, with comments only where GitHub itself shows lines of this pull request."""
    lines = {path: _lines(patch) for path, patch in patches.items()}

    def commentable(path: str, first: int, last: int) -> bool:
        return lines.get(path, ChangedLines()).commentable(first, last)

    return compose(found.report, commentable, frozenset(patches), Settings().comments_budget)


def _lines(patch: str) -> ChangedLines:
    return parse_patches(b"diff --git \n" + patch.encode("utf-8", "replace"))[0]


def _origin(run: FollowedRun, found: Artifact) -> str:
    more = f" {wording.plural(found.left_out, 'problem')} more did not fit into it." if found.left_out else ""
    return (
        f"<sub>Found by [a run without rights]({run.run_url}), and posted as data: the author of this pull request can "
        f"change what that run says.{more} Images and connections are on that run's page.</sub>\n"
    )
