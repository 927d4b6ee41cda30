"""Both ends of a change in a clone that may lack them: only the commits that are missing are fetched."""

import sys
from typing import NamedTuple

from gitops_guard.errors import GuardError, UsageError
from gitops_guard.github.event import Addresses
from gitops_guard.sources.fetch import fetch_commits
from gitops_guard.sources.git import common_commit, knows, parents

_DEPTH = "or add to the checkout step (actions/checkout): fetch-depth: 0"


class Ends(NamedTuple):
    """What a change is compared with: a revision, and where the change left it, if git can't tell from this clone."""

    base: str
    merge_base: str | None = None


class Wanted(NamedTuple):
    """The ends that an event names."""

    base_ref: str
    base_sha: str
    head_sha: str


def find_ends(root: str, wanted: Wanted, places: Addresses, token: str) -> Ends:
    """Finds both ends, and fetches what a shallow clone lacks.

    The base of an event may be stale; the first parent of the merge commit that GitHub checks out is not.

    Raises:
        UsageError: they are not here, and can't be fetched; the hint is the line to add.
    """
    base = _known_base(root, wanted)
    if base is not None and knows(root, wanted.head_sha):
        try:
            common_commit(root, base, base, wanted.head_sha)
        except UsageError as error:
            if "shallow" not in error.message:
                raise
        else:
            return Ends(base)
    return _fetched(root, wanted, places, token)


def _known_base(root: str, wanted: Wanted) -> str | None:
    merged = parents(root, "HEAD")
    if len(merged) > 1 and merged[1] == wanted.head_sha:
        return merged[0]
    candidates = (wanted.base_sha, f"origin/{wanted.base_ref}", wanted.base_ref)
    return next((candidate for candidate in candidates if knows(root, candidate)), None)


def _fetched(root: str, wanted: Wanted, places: Addresses, token: str) -> Ends:
    lack = f"this clone is too shallow to compare with {wanted.base_ref}"
    if not token:
        raise UsageError(f"{lack}, and there is no token to fetch with", hint=f"give a token, {_DEPTH}")
    from gitops_guard.github.reads import Reads  # noqa: PLC0415 - loads PyGithub

    try:
        left = Reads(places.api_url, token, places.repository).merge_base(wanted.base_sha, wanted.head_sha)
        missing = [commit for commit in dict.fromkeys((left, wanted.head_sha)) if not knows(root, commit)]
        if missing:
            fetch_commits(root, places.server_url, places.repository, missing, token)
    except GuardError as error:
        raise UsageError(f"{lack}: {error.message}", hint=f"the token needs `contents: read`, {_DEPTH}") from None
    if missing:
        sys.stderr.write(f"gitops-guard: fetched {' and '.join(commit[:10] for commit in missing)}\n")
    return Ends(left, left)
