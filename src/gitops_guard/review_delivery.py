"""Brings the conversation of a pull request in line with a review."""

import sys
from typing import NamedTuple

from gitops_guard.errors import UsageError
from gitops_guard.github.event import Addresses
from gitops_guard.publishers import markdown, post_review
from gitops_guard.publishers.post_review import Posting
from gitops_guard.publishers.review import Review
from gitops_guard.report import Report


class Conversation(NamedTuple):
    """A pull request, as whom to speak there, the commit that was looked at, and the instance that looked."""

    places: Addresses
    token: str
    number: int
    head_sha: str
    instance: str


def post(to: Conversation, report: Report, composed: Review, summary: str, *, complete: bool) -> None:
    """Brings the conversation in line with a review, and says in the log what was done.

    Args:
        to: the pull request.
        report: what the review is about.
        composed: the comments.
        summary: the text of the one comment in the conversation.
        complete: whether everything was looked at; otherwise no thread is closed.

    Raises:
        UsageError: there is no token.
        PublishError: GitHub refuses.
    """
    from gitops_guard.github.client import Client  # noqa: PLC0415 - loads PyGithub

    if not to.token:
        raise UsageError("no token", hint="set GITHUB_TOKEN, or use --dry-run")
    client = Client(to.places.api_url, to.token, to.places.repository, to.number)
    posting = Posting(
        composed,
        summary,
        to.head_sha,
        to.instance,
        complete=complete,
        worth=markdown.worth_posting(report),
        unseen=frozenset(skipped.path for skipped in report.coverage.skipped),
    )
    outcome = post_review.post(client, posting)
    sys.stderr.write(f"gitops-guard: {outcome.sentence}\n")
