"""The pull request that GitHub started this run for, from GITHUB_* and the event file."""

import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from gitops_guard.errors import UsageError

_HINT = "GitHub writes it; outside pull requests use: gitops-guard check"
_EVENT_LIMIT = 25 * 1024 * 1024


class PullRequestEvent(NamedTuple):
    """The pull request of an event.

    `is_fork`: its head lies in another repository, or in none any more, so the token may only read. `run_url` is where
    the log of this run is; empty outside a workflow.
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
    path = environment.get("GITHUB_EVENT_PATH")
    try:
        request = payload["pull_request"]
        base, head = request["base"], request["head"]
        event = PullRequestEvent(
            repository=environment.get("GITHUB_REPOSITORY") or str(payload["repository"]["full_name"]),
            number=int(request["number"]),
            base_ref=str(base["ref"]),
            base_sha=str(base["sha"]),
            head_sha=str(head["sha"]),
            is_fork=(head.get("repo") or {}).get("full_name") != (base.get("repo") or {}).get("full_name"),
            api_url=(environment.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/"),
            server_url=(environment.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/"),
            head_ref=str(head["ref"]),
        )
    except KeyError as error:
        raise UsageError(f"the event file lacks {error}", path=path, hint=_HINT) from None
    except (TypeError, ValueError, AttributeError):
        raise UsageError("the event file is not one of a pull request", path=path, hint=_HINT) from None
    _check(event, path)
    return event._replace(run_url=_run_url(event, environment))


def _check(event: PullRequestEvent, path: str | None) -> None:
    # These become parts of addresses and arguments of git: a value that looks like an option must not get there.
    for what, value in (("base.sha", event.base_sha), ("head.sha", event.head_sha)):
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", value) is None:
            raise UsageError(f"the event file's pull_request.{what} is no commit", path=path, hint=_HINT)
    for what, value in (("base.ref", event.base_ref), ("head.ref", event.head_ref)):
        if re.fullmatch(r"[^-\s\x00-\x1f\x7f~^:?*\[\\][^\s\x00-\x1f\x7f~^:?*\[\\]*", value) is None:
            raise UsageError(f"the event file's pull_request.{what} is no branch", path=path, hint=_HINT)
    if event.number < 1:
        raise UsageError("the event file's pull_request.number is no number", path=path, hint=_HINT)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", event.repository, re.ASCII) is None:
        raise UsageError("GITHUB_REPOSITORY is not owner/name", hint=_HINT)
    for name, url in (("GITHUB_API_URL", event.api_url), ("GITHUB_SERVER_URL", event.server_url)):
        if re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", url) is None:
            raise UsageError(f"{name} is no address", hint="it is https://, a host, and perhaps a path")


def _run_url(event: PullRequestEvent, environment: Mapping[str, str]) -> str:
    run = environment.get("GITHUB_RUN_ID", "")
    return f"{event.server_url}/{event.repository}/actions/runs/{run}" if run.isascii() and run.isdigit() else ""


def _payload(environment: Mapping[str, str]) -> dict[str, Any]:
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
    return payload
