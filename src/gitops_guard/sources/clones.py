"""Clones of other repositories for a sweep: one commit, within limits of time and size."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from typing import NamedTuple

from gitops_guard.errors import SourceError

_POLL = 0.1
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "credential.helper=")
_SHALLOW = ("--quiet", "--depth=1", "--single-branch", "--no-tags", "--filter=blob:none", "--no-recurse-submodules")
_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "GIT_ALLOW_PROTOCOL": "https:http:file"}


class CloneLimits(NamedTuple):
    """Of one repository: seconds, and bytes on disk."""

    seconds: float = 300.0
    size: int = 2 * 1024 * 1024 * 1024


def clone(url: str, folder: str, environment: Mapping[str, str], limits: CloneLimits) -> None:
    """Clones the tip of the default branch into a folder that does not exist yet.

    Args:
        url: http, https or file.
        folder: where to.
        environment: of git; it holds the token, which stands in no argument.
        limits: what it may cost.

    Raises:
        SourceError: git failed, or a limit was passed; the message holds no header.
    """
    command = ("git", *_SAFE, "clone", *_SHALLOW, "--", url, folder)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            env={**environment, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            _watch(process, folder, limits)
        finally:
            _end(process)
        said.seek(0)
        lines = [line for line in said.read(10_000).decode("utf-8", "replace").splitlines() if line.strip()]
    if process.returncode:
        reasons = [line for line in lines if line.startswith(("fatal:", "ERROR:", "remote: "))] or lines
        raise SourceError(f"cannot be cloned: {(reasons or ['no message'])[0].removeprefix('fatal: ')}")


def _watch(process: "subprocess.Popen[bytes]", folder: str, limits: CloneLimits) -> None:
    end = time.monotonic() + limits.seconds
    while process.poll() is None:
        if time.monotonic() > end:
            raise SourceError(f"cloning took longer than {limits.seconds:.0f} s")
        _check_size(folder, limits.size)
        time.sleep(_POLL)
    _check_size(folder, limits.size)


def _check_size(folder: str, most: int) -> None:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - asked ten times a second
            except FileNotFoundError:
                # Files that git has just renamed.
                continue
        if total > most:
            raise SourceError(f"larger than {most // 1024 // 1024:,} MiB")


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
