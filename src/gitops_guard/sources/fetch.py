"""Fetches single commits into a shallow clone.

The token reaches git by the environment (git-config(1), `GIT_CONFIG_COUNT`): command lines are public. It is sent to
the named server only, and to no place that the server points to.
"""

import base64
import os
import subprocess
from collections.abc import Mapping, Sequence

from gitops_guard.errors import SourceError

_TIMEOUT = 300
_OPTIONS = (
    "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance", "--quiet",
)  # fmt: skip
_SETTINGS = (
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "credential.helper=", "-c", "core.askPass=",
    "-c", "http.followRedirects=false",
)  # fmt: skip


def fetch_commits(root: str, server_url: str, repository: str, commits: Sequence[str], token: str) -> None:
    """Fetches commits with their trees, without what came before them.

    Args:
        root: the working tree.
        server_url: as in GITHUB_SERVER_URL.
        repository: `owner/name`.
        commits: their full names; GitHub serves every commit of a pull request by name.
        token: may be empty for a public repository.

    Raises:
        SourceError: the server has none of that name, or does not answer; the token is not in the message.
    """
    scheme = server_url.partition(":")[0]
    protocols = ("-c", "protocol.allow=never", "-c", f"protocol.{scheme}.allow=always")
    address = f"{server_url}/{repository}.git"
    command = ("git", *_SETTINGS, *protocols, "fetch", *_OPTIONS, "--end-of-options", address, *commits)
    environment = {
        **os.environ,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        **_authorization(os.environ, server_url, token),
    }
    try:
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, check=False, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        raise SourceError(f"git did not fetch from {server_url} within {_TIMEOUT} s") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        first = next((line for line in lines if line.startswith(("fatal:", "error:"))), "no message")
        raise SourceError(f"git could not fetch {commits[0][:10]} from {address}: {first}")


def _authorization(environment: Mapping[str, str], server_url: str, token: str) -> dict[str, str]:
    if not token:
        return {}
    given = environment.get("GIT_CONFIG_COUNT", "") or "0"
    count = int(given) if given.isdigit() else 0
    word = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    # The empty value drops a header that actions/checkout left in the clone: servers refuse two.
    values = ("", f"Authorization: Basic {word}")
    found = {"GIT_CONFIG_COUNT": str(count + len(values))}
    for number, value in enumerate(values, count):
        found |= {f"GIT_CONFIG_KEY_{number}": f"http.{server_url}/.extraheader", f"GIT_CONFIG_VALUE_{number}": value}
    return found
