"""What every answer needs: the pull request as it was when the command arrived, the clone, and GitHub."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

from gitops_guard.change_check import Asking, Judged, Request, below, judge
from gitops_guard.change_ends import Wanted, find_ends
from gitops_guard.github.comment_event import CommentEvent
from gitops_guard.github.commits import Committer
from gitops_guard.github.repository import Pull, Repository
from gitops_guard.local_configuration import local_settings
from gitops_guard.sources.git import Change, open_change


class Conversation(NamedTuple):
    """A comment on a pull request. `pull` is how it was when the command arrived; `root` is the clone."""

    event: CommentEvent
    pull: Pull
    repository: Repository
    committer: Committer
    login: str
    root: str
    token: str
    arguments: argparse.Namespace
    environment: Mapping[str, str]
    today: date

    @property
    def is_fork(self) -> bool:
        """Whether the head lies elsewhere, where the token may not commit."""
        return self.pull.head_repository != self.repository.name


@contextmanager
def judged(talk: Conversation, only: frozenset[str] = frozenset()) -> Iterator[tuple[Change, Judged]]:
    """The pull request's change and what is said of it, as the review has it; what the clone lacks is fetched.

    Raises:
        UsageError: it cannot be compared here.
    """
    pull, arguments = talk.pull, talk.arguments
    wanted = Wanted(pull.base_ref, pull.base_sha, pull.head_sha)
    ends = find_ends(talk.root, wanted, talk.event.places, talk.token)
    settings = local_settings(arguments.config, talk.root, talk.today) if arguments.config else None
    asking = Asking(offline=arguments.offline, always=not arguments.offline)
    with open_change(talk.root, ends.base, pull.head_sha, ends.merge_base) as change:
        paths = below(change.root, talk.root, arguments.paths)
        request = Request(ends.base, pull.head_sha, paths, only, None, settings, talk.today, asking)
        yield change, judge(change, request)
