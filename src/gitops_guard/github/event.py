"""The pull request that GitHub started this run for, from GITHUB_* and the event file."""

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from gitops_guard.errors import UsageError

_EVENT_LIMIT = 25 * 1024 * 1024


class PullRequestEvent(NamedTuple):
    """The pull request of an event. `is_fork`: its head lies in another repository, so the token may only read."""

    repository: str
    number: int
    base_ref: str
    base_sha: str
    head_sha: str
    is_fork: bool
    api_url: str
    server_url: str


def read_event(environment: Mapping[str, str]) -> PullRequestEvent:
    """Reads the event.

    Raises:
        UsageError: not in a workflow, or one for another event; `pull_request_target` is refused, since with a
            checkout of the head it runs a stranger's code with the repository's rights.
    """
    name = environment.get("GITHUB_EVENT_NAME", "")
    if name == "pull_request_target":
        raise UsageError("pull_request_target is refused", hint="run on `pull_request`: its token cannot be stolen")
    if name != "pull_request":
        what = f"the event is {name}" if name else "GITHUB_EVENT_NAME is not set"
        raise UsageError(f"{what}, not pull_request", hint="outside pull requests use: gitops-guard check")
    payload = _payload(environment)
    try:
        request = payload["pull_request"]
        base, head = request["base"], request["head"]
        return PullRequestEvent(
            repository=environment.get("GITHUB_REPOSITORY") or str(payload["repository"]["full_name"]),
            number=int(request["number"]),
            base_ref=str(base["ref"]),
            base_sha=str(base["sha"]),
            head_sha=str(head["sha"]),
            is_fork=(head.get("repo") or {}).get("full_name") != (base.get("repo") or {}).get("full_name"),
            api_url=environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
            server_url=environment.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"the event file lacks {error}", path=environment.get("GITHUB_EVENT_PATH")) from None


def _payload(environment: Mapping[str, str]) -> dict[str, Any]:
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        if os.path.getsize(path) > _EVENT_LIMIT:  # noqa: PTH202
            raise UsageError("the event file is too large", path=path)
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            payload = json.load(file)
    except OSError as error:
        raise UsageError(f"GITHUB_EVENT_PATH cannot be read: {error.strerror}", path=path or None) from None
    except ValueError:
        raise UsageError("the event file is not JSON", path=path) from None
    if not isinstance(payload, dict):
        raise UsageError("the event file is not a JSON object", path=path)
    return payload
