"""The pull request that GitHub started this run for, from GITHUB_* and the event file."""

import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from gitops_guard.errors import UsageError

_HINT = "GitHub writes it; outside pull requests use: gitops-guard check"
_EVENT_LIMIT = 25 * 1024 * 1024
TARGET_REFUSED = "pull_request_target is refused"
TARGET_HINT = "it has the repository's rights beside a stranger's code: run on `pull_request` (docs/github.md)"


class Addresses(NamedTuple):
    """Where a run takes place: the API and the pages of its server, `owner/name`, and the page of its own log."""

    api_url: str
    server_url: str
    repository: str
    run_url: str


class PullRequestEvent(NamedTuple):
    """The pull request of an event.

    `is_fork`: its head lies in another repository, or in none any more. `run_url` is where the log of this run is;
    empty outside a workflow.
    """

    repository: str
    number: int
    base_ref: str
    base_sha: str
    head_sha: str
    is_fork: bool
    api_url: str
    server_url: str
    head_ref: str = ""
    run_url: str = ""
    is_draft: bool = False
    is_dependabot: bool = False


def read_event(environment: Mapping[str, str]) -> PullRequestEvent:
    """Reads the event.

    Raises:
        UsageError: not in a workflow, or one for another event; `pull_request_target` is refused, since with a
            checkout of the head it runs a stranger's code with the repository's rights.
    """
    name = environment.get("GITHUB_EVENT_NAME", "")
    if name == "pull_request_target":
        raise UsageError(TARGET_REFUSED, hint=TARGET_HINT)
    if name != "pull_request":
        what = f"the event is {name}" if name else "GITHUB_EVENT_NAME is not set"
        raise UsageError(f"{what}, not pull_request", hint="outside pull requests use: gitops-guard check")
    payload, path = read_payload(environment)
    places = addresses(environment, payload)
    try:
        request = payload["pull_request"]
        base, head = request["base"], request["head"]
        event = PullRequestEvent(
            repository=places.repository,
            number=int(request["number"]),
            base_ref=str(base["ref"]),
            base_sha=str(base["sha"]),
            head_sha=str(head["sha"]),
            is_fork=(head.get("repo") or {}).get("full_name") != (base.get("repo") or {}).get("full_name"),
            api_url=places.api_url,
            server_url=places.server_url,
            head_ref=str(head["ref"]),
            run_url=places.run_url,
            is_draft=request.get("draft") is True,
            is_dependabot=_is_dependabot(request, environment),
        )
    except KeyError as error:
        raise UsageError(f"the event file lacks {error}", path=path, hint=_HINT) from None
    except (TypeError, ValueError, AttributeError):
        raise UsageError("the event file is not one of a pull request", path=path, hint=_HINT) from None
    require_commit("pull_request.base.sha", event.base_sha, path)
    require_commit("pull_request.head.sha", event.head_sha, path)
    require_branch("pull_request.base.ref", event.base_ref, path)
    require_branch("pull_request.head.ref", event.head_ref, path)
    if event.number < 1:
        raise UsageError("the event file's pull_request.number is no number", path=path, hint=_HINT)
    return event


def _is_dependabot(request: dict[str, Any], environment: Mapping[str, str]) -> bool:
    author = (request.get("user") or {}).get("login")
    return "dependabot[bot]" in {author, environment.get("GITHUB_ACTOR")}


def addresses(environment: Mapping[str, str], payload: Mapping[str, Any] | None = None) -> Addresses:
    """Where the run takes place, on github.com or on a server of one's own.

    Raises:
        UsageError: a variable holds something else than GitHub puts there.
    """
    named = (payload or {}).get("repository")
    repository = environment.get("GITHUB_REPOSITORY") or str(named.get("full_name") if isinstance(named, dict) else "")
    api_url = (environment.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/")
    server_url = (environment.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/")
    # These become parts of addresses: a value that leads elsewhere must not get there.
    if re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII) is None:
        raise UsageError("GITHUB_REPOSITORY is not owner/name", hint=_HINT)
    for name, url in (("GITHUB_API_URL", api_url), ("GITHUB_SERVER_URL", server_url)):
        if re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", url) is None:
            raise UsageError(f"{name} is no address", hint="it is https://, a host, and perhaps a path")
    run = environment.get("GITHUB_RUN_ID", "")
    run_url = f"{server_url}/{repository}/actions/runs/{run}" if run.isascii() and run.isdigit() else ""
    return Addresses(api_url, server_url, repository, run_url)


def require_commit(what: str, value: str, path: str | None) -> None:
    """Checks a name of a commit in an event file: it becomes an argument of git.

    Raises:
        UsageError: it is none.
    """
    if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", value) is None:
        raise UsageError(f"the event file's {what} is no commit", path=path, hint=_HINT)


def require_branch(what: str, value: str, path: str | None) -> None:
    """Likewise a branch.

    Raises:
        UsageError: it is none.
    """
    if re.fullmatch(r"[^-\s\x00-\x1f\x7f~^:?*\[\\][^\s\x00-\x1f\x7f~^:?*\[\\]*", value) is None:
        raise UsageError(f"the event file's {what} is no branch", path=path, hint=_HINT)


def read_payload(environment: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """The event file as JSON, and its path.

    Raises:
        UsageError: there is none, it is too large, or no JSON object.
    """
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        if os.path.getsize(path) > _EVENT_LIMIT:  # noqa: PTH202
            raise UsageError("the event file is too large", path=path)
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            payload = json.load(file)
    except OSError as error:
        raise UsageError(f"GITHUB_EVENT_PATH cannot be read: {error.strerror}", path=path or None) from None
    except (ValueError, RecursionError):
        raise UsageError("the event file is not JSON", path=path) from None
    if not isinstance(payload, dict):
        raise UsageError("the event file is not a JSON object", path=path)
    return payload, path
