"""Asks Docker's credential helpers: programs `docker-credential-NAME` that keep what `docker login` was told."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from signal import SIGKILL

from gitops_guard.oci.content import RegistryError
from gitops_guard.oci.credential import Credential, Missing, credential
from gitops_guard.oci.json_object import json_object, text_of

SECONDS = 10.0
"""How long a helper may take."""

_NAME = re.compile(r"[a-z0-9-]{1,64}")
_OUTPUT_LIMIT = 64 * 1024
_NOT_FOUND = b"credentials not found in native keychain"


def ask_helper(
    name: str, server: str, environment: Mapping[str, str], seconds: float = SECONDS
) -> Credential | Missing:
    """Asks a helper for the credential of a server.

    Protocol: `docker-credential-NAME get`, the server on standard input, a JSON object on standard output
    (docker-credential-helpers). What the helper says on failure is not repeated: it may hold a secret.

    Args:
        name: what follows `docker-credential-`.
        server: as Docker's configuration names it.
        environment: the helper's; its `PATH` is where it is looked for, in absolute folders only.
        seconds: after which it is killed.
    """
    program = f"docker-credential-{name}"
    if not _NAME.fullmatch(name):
        return Missing("the name of a credential helper is not made of a-z, 0-9 and -")
    path = _found(program, environment)
    if path is None:
        return Missing(f"{program} is not on the PATH")
    try:
        code, output = _run((path, "get"), server.encode(), environment, seconds)
    except OSError as error:
        return Missing(f"{program} could not be run: {error.strerror}")
    if code is None:
        return Missing(f"{program} did not answer within {seconds:g} s")
    return _answer(program, code, output, server)


def _found(program: str, environment: Mapping[str, str]) -> str | None:
    # A relative folder of the PATH could be the checkout of a pull request.
    folders = [folder for folder in environment.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]  # noqa: PTH117 - a text
    return shutil.which(program, path=os.pathsep.join(folders)) if folders else None


def _run(
    command: tuple[str, str], given: bytes, environment: Mapping[str, str], seconds: float
) -> tuple[int | None, bytes]:
    """The exit code (None: killed for its time) and at most one byte more of output than is allowed."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
        start_new_session=True,
    ) as process:
        late = threading.Event()
        timer = threading.Timer(seconds, _stop, (process, late))
        timer.start()
        try:
            output = _spoken(process, given)
            if len(output) > _OUTPUT_LIMIT:
                _kill(process)
            code = process.wait()
        finally:
            timer.cancel()
    return None if late.is_set() else code, output


def _spoken(process: subprocess.Popen[bytes], given: bytes) -> bytes:
    if process.stdin is None or process.stdout is None:  # pragma: no cover - both are pipes
        return b""
    with suppress(BrokenPipeError):
        process.stdin.write(given)
        process.stdin.close()
    return process.stdout.read(_OUTPUT_LIMIT + 1)


def _stop(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With its children, which would hold the pipe open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, SIGKILL)


def _answer(program: str, code: int | None, output: bytes, server: str) -> Credential | Missing:
    if len(output) > _OUTPUT_LIMIT:
        return Missing(f"{program} answered more than {_OUTPUT_LIMIT} bytes")
    if code != 0:
        known = output.strip() == _NOT_FOUND
        return Missing(f"{program} knows no credential for {server}" if known else f"{program} ended with code {code}")
    try:
        value = json_object(output, f"the answer of {program}")
    except RegistryError as error:
        return Missing(error.message)
    return credential(text_of(value, "Username"), text_of(value, "Secret"), program)
