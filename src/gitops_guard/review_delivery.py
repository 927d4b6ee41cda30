"""Brings the conversation of a pull request in line with a review."""

import sys
from typing import NamedTuple

from gitops_guard.errors import UsageError
from gitops_guard.github.event import Addresses
from gitops_guard.publishers import post_review
from gitops_guard.publishers.review import Review


class Conversation(NamedTuple):
    """A pull request, as whom to speak there, and the commit that was looked at."""

    places: Addresses
    token: str
    number: int
    head_sha: str


def post(to: Conversation, composed: Review, summary: str) -> None:
    """Posts, edits and solves comments, and says in the log how many.

    Raises:
        UsageError: there is no token.
        PublishError: GitHub refuses.
    """
    from gitops_guard.github.client import Client  # noqa: PLC0415 - loads PyGithub

    if not to.token:
        raise UsageError("no token", hint="set GITHUB_TOKEN, or use --dry-run")
    client = Client(to.places.api_url, to.token, to.places.repository, to.number)
    outcome = post_review.post(client, composed, summary, to.head_sha)
    sys.stderr.write(
        f"gitops-guard: {outcome.created} comments created, {outcome.updated} updated, "
        f"{outcome.unchanged} unchanged, {outcome.solved} solved\n"
    )
