"""Runs that are not started by a pull request itself: a merge queue's, and those that follow another run."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from gitops_guard.errors import UsageError
from gitops_guard.github.event import Addresses, addresses, read_payload, require_branch, require_commit

_QUEUE = "refs/heads/gh-readonly-queue/"
_HINT = "GitHub writes it"


class MergeGroupEvent(NamedTuple):
    """A group of a merge queue: a commit on a branch of the queue's own, ahead of the base. It has no pull request."""

    places: Addresses
    base_ref: str
    base_sha: str
    head_sha: str


class FollowedRun(NamedTuple):
    """The finished run that a `workflow_run` follows: its head is what a stranger may have written.

    `head_repository` is `owner/name`, empty where it was deleted since.
    """

    places: Addresses
    run_id: int
    head_sha: str
    head_branch: str
    head_repository: str
    run_url: str


def read_merge_group(environment: Mapping[str, str]) -> MergeGroupEvent:
    """Reads a `merge_group` event.

    Raises:
        UsageError: the file is not one of it.
    """
    payload, path = read_payload(environment)
    places = addresses(environment, payload)
    try:
        group = payload["merge_group"]
        head_ref, base_ref = str(group["head_ref"]), str(group["base_ref"])
        base_sha, head_sha = str(group["base_sha"]), str(group["head_sha"])
    except (KeyError, TypeError):
        raise UsageError("the event file is not one of a merge queue", path=path, hint=_HINT) from None
    require_commit("merge_group.base_sha", base_sha, path)
    require_commit("merge_group.head_sha", head_sha, path)
    if not head_ref.startswith(_QUEUE):
        raise UsageError("the event file's merge_group.head_ref is no branch of a merge queue", path=path, hint=_HINT)
    branch = base_ref.removeprefix("refs/heads/")
    require_branch("merge_group.base_ref", branch, path)
    return MergeGroupEvent(places, branch, base_sha, head_sha)


def read_followed_run(environment: Mapping[str, str]) -> FollowedRun:
    """Reads a `workflow_run` event that follows a pull request's run.

    Raises:
        UsageError: it is another event, or follows another kind of run.
    """
    name = environment.get("GITHUB_EVENT_NAME", "")
    if name != "workflow_run":
        what = f"the event is {name}" if name else "GITHUB_EVENT_NAME is not set"
        raise UsageError(f"{what}, not workflow_run", hint="see examples/workflows/fork-post.yml")
    payload, path = read_payload(environment)
    places = addresses(environment, payload)
    try:
        run = payload["workflow_run"]
        kind, run_id = run["event"], run["id"]
        head_sha, branch = str(run["head_sha"]), str(run["head_branch"])
        repository = str((run.get("head_repository") or {}).get("full_name") or "")
    except (KeyError, TypeError, AttributeError):
        raise UsageError("the event file is not one of a finished run", path=path, hint=_HINT) from None
    if kind != "pull_request":
        raise UsageError("the run that ended was not one of a pull request", path=path, hint="nothing is posted for it")
    if not isinstance(run_id, int) or isinstance(run_id, bool) or run_id < 1:
        raise UsageError("the event file's workflow_run.id is no number", path=path, hint=_HINT)
    require_commit("workflow_run.head_sha", head_sha, path)
    require_branch("workflow_run.head_branch", branch, path)
    if repository and re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII) is None:
        raise UsageError("the event file's workflow_run.head_repository is not owner/name", path=path, hint=_HINT)
    run_url = f"{places.server_url}/{places.repository}/actions/runs/{run_id}"
    return FollowedRun(places, run_id, head_sha, branch, repository, run_url)
