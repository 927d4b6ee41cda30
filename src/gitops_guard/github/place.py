"""Where a workflow runs, and as whom it may speak, from GITHUB_*."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.errors import UsageError

if TYPE_CHECKING:
    from gitops_guard.github.transport import Transport

PAUSE = 1.0
"""Seconds between writes (GitHub's documentation, "Best practices for using the REST API")."""

WAIT = 300.0
"""Seconds that rate limits may cost altogether."""

_HINT = "GitHub sets it in a workflow; elsewhere set it yourself, or use --dry-run"


class Place(NamedTuple):
    """A repository on GitHub. `ref` is what the workflow runs for, empty outside one; `token` is never shown."""

    repository: str
    api_url: str
    server_url: str
    token: str
    ref: str = ""

    @property
    def clone_url(self) -> str:
        """Where git finds the repository."""
        return f"{self.server_url}/{self.repository}"

    def transport(self) -> "Transport":
        """What sends requests to its API: patiently, since nobody waits for a sweep."""
        from gitops_guard.github.transport import Transport  # noqa: PLC0415 - loads PyGithub

        return Transport(self.api_url, self.token, pause=PAUSE, wait=WAIT, recovery=2)


def read_place(environment: Mapping[str, str]) -> Place:
    """Reads the place; the token may be empty.

    Raises:
        UsageError: a variable is missing, or is not what GitHub sets.
    """
    repository = environment.get("GITHUB_REPOSITORY", "")
    if re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII) is None:
        raise UsageError("GITHUB_REPOSITORY is not owner/name", hint=_HINT)
    found = Place(
        repository,
        (environment.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/"),
        (environment.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/"),
        (environment.get("INPUT_GITHUB-TOKEN") or environment.get("GITHUB_TOKEN", "")).strip(),
        environment.get("GITHUB_REF", ""),
    )
    if re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", found.api_url) is None:
        raise UsageError("GITHUB_API_URL is no address", hint="it is https://, a host, and perhaps a path")
    # A folder of clones serves as well as a server: `file:///srv/git`.
    if re.fullmatch(r"(https?://[^\s/@?#]+|file://)(/[^\s@?#]*)?", found.server_url) is None:
        raise UsageError("GITHUB_SERVER_URL is no address", hint="it is https://, a host, and perhaps a path")
    return found
