"""Runs a tool over files that may be hostile: in a child of its own, with nothing of this machine in reach.

The child sees a fresh folder with exactly the files that it is given, none of which is a link; an empty environment,
no `PATH` and so no `git`, `ssh` or plugin; limits on address space, processor time, file size and wall time; no network
where the kernel allows a namespace of its own (`unshare --net`), a proxy that refuses otherwise. The limits are set by
a shell before it becomes the tool, so that no moment is left without them, and no code runs between fork and exec in
this process. What the tool prints goes to files, which the limit on file size bounds.
"""

import os
import re
import select
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

_MIB = 1024 * 1024
_LIMITED = 'ulimit -v "$1" && ulimit -t "$2" && ulimit -f "$3" && ulimit -c 0 || exit 126; shift 3; exec "$@"'
_NO_LIMITS = 126
_UNSHARE = ("/usr/bin/unshare", "/bin/unshare")
_NOWHERE = "http://127.0.0.1:1"
_LONGEST_REASON = 300
_QUOTE = re.compile(r"\[[^\]]{60,}\]|\"[^\"]*\"")
"""Parts of a message that may repeat whole texts of the input, which may hold secrets."""
_LONGEST_QUOTE = 60


class Tool(NamedTuple):
    """A program and the words that stand before its arguments; `name` is `kustomize` or `helm`."""

    name: str
    program: tuple[str, ...]
    version: str = ""


class Limits(NamedTuple):
    """What one run may use. Memory is address space, of which Go reserves more than it touches."""

    memory: int = 2048 * _MIB
    cpu_seconds: int = 10
    wall_seconds: float = 20.0
    output: int = 6 * _MIB
    file_size: int = 5 * _MIB
    total_size: int = 64 * _MIB
    files: int = 5000


class Output(NamedTuple):
    """What a tool printed, and a warning of it that is worth telling."""

    text: str
    warnings: str = ""


class Refused(NamedTuple):
    """Why there is no output."""

    reason: str


def run(tool: Tool, files: Mapping[str, bytes], arguments: Sequence[str], limits: Limits) -> Output | Refused:
    """Runs a tool in a folder that holds these files only.

    Args:
        tool: the program.
        files: contents by path, relative to the folder the tool runs in.
        arguments: what follows the program's own words.
        limits: what the run may use.
    """
    refused = _refused(files, limits)
    if refused is not None:
        return refused
    if any("\0" in word for word in arguments):
        return Refused("one of its words holds a NUL character")
    with tempfile.TemporaryDirectory(prefix="gitops-guard-", ignore_cleanup_errors=True) as top:
        folder = os.path.join(top, "tree")  # noqa: PTH118 - many short paths
        try:
            _write(folder, files)
        except OSError as error:
            return Refused(f"its files cannot be copied: {error.strerror}")
        return _run(tool, arguments, limits, top, folder)


def _refused(files: Mapping[str, bytes], limits: Limits) -> Refused | None:
    """Why files are not handed to a tool; None if they may be."""
    if len(files) > limits.files:
        return Refused(f"it needs more than {limits.files} files")
    if sum(map(len, files.values())) > limits.total_size:
        return Refused(f"it needs more than {limits.total_size // _MIB} MiB of files")
    for path, content in files.items():
        if not is_inside(path):
            return Refused(f"{path!r} is no path inside the repository")
        if len(content) > limits.file_size:
            return Refused(f"{path.removeprefix('repo/')} is larger than {limits.file_size // _MIB} MiB")
    return None


def is_inside(path: str) -> bool:
    """Whether a path is relative and stays where it starts."""
    parts = path.split("/")
    return bool(path) and "\0" not in path and not any(part in {"", ".", ".."} for part in parts)


def _write(folder: str, files: Mapping[str, bytes]) -> None:
    os.mkdir(folder, 0o700)  # noqa: PTH102
    made = {folder}
    for path, content in files.items():
        full = os.path.join(folder, path)  # noqa: PTH118
        parent = os.path.dirname(full)  # noqa: PTH120
        if parent not in made:
            os.makedirs(parent, 0o700, exist_ok=True)  # noqa: PTH103
            made.add(parent)
        descriptor = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def _run(tool: Tool, arguments: Sequence[str], limits: Limits, top: str, folder: str) -> Output | Refused:
    numbers = (limits.memory // 1024, limits.cpu_seconds, limits.output // 512)
    command = ("/bin/sh", "-c", _LIMITED, "sh", *map(str, numbers), *_no_network(), *tool.program, *arguments)
    places = [os.path.join(top, name) for name in ("out", "err")]  # noqa: PTH118
    try:
        with open(places[0], "wb") as out, open(places[1], "wb") as err:  # noqa: PTH123
            child = subprocess.Popen(
                command, cwd=folder, env=_environment(top), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True,
            )  # fmt: skip
            in_time = _wait(child, limits.wall_seconds)
    except OSError as error:
        return Refused(f"{tool.name} cannot be run: {error.strerror}")
    text, errors = (_read(place, limits.output) for place in places)
    return _judged(tool, child.returncode, (text, errors), limits, top, in_time=in_time)


def _judged(  # noqa: PLR0913 - all that is known of a run that ended
    tool: Tool, code: int, printed: tuple[bytes, bytes], limits: Limits, top: str, *, in_time: bool
) -> Output | Refused:
    text, errors = printed
    said = errors.decode("utf-8", "replace")
    over = "" if in_time else f"took longer than {limits.wall_seconds:g} s"
    over = over or _over_limit(code, max(len(text), len(errors)), said, limits)
    if over:
        return Refused(f"{tool.name} {over}")
    if code:
        no_limits = code == _NO_LIMITS and "ulimit" in said
        return Refused(
            "this system cannot limit what a program uses" if no_limits else f"{tool.name}: {_message(said, top)}"
        )
    try:
        return Output(text.decode(), _message(said, top) if said.strip() else "")
    except UnicodeDecodeError:
        return Refused(f"{tool.name} printed something that is not UTF-8")


def _over_limit(code: int, printed: int, said: str, limits: Limits) -> str:
    """Which limit ended a run; empty where none did."""
    if printed >= limits.output:
        return f"printed more than {limits.output // _MIB} MiB"
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return f"used more than {limits.cpu_seconds} s of processor time"
    if code and ("out of memory" in said or "cannot allocate memory" in said):
        return f"needs more than {limits.memory // _MIB} MiB of memory"
    return ""


def _wait(child: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Waits for the end, and ends whatever is left of the child's session; False where time ran out."""
    try:
        ended = os.pidfd_open(child.pid)
        try:
            in_time = bool(select.select([ended], [], [], seconds)[0])
        finally:
            os.close(ended)
    finally:
        # The child is not reaped yet, so the number of its group cannot belong to another.
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return in_time


def _read(place: str, most: int) -> bytes:
    with open(place, "rb") as file:  # noqa: PTH123
        return file.read(most)


def _environment(top: str) -> dict[str, str]:
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    environment = {"PATH": "/nonexistent", "HOME": top, "TMPDIR": top, "LC_ALL": "C", "GOTRACEBACK": "none"}
    return environment | dict.fromkeys(proxies, _NOWHERE) | {"NO_PROXY": "", "KUBECONFIG": "/nonexistent"}


@cache
def _no_network() -> tuple[str, ...]:
    """The words that take the network away, where this kernel allows it (tried once)."""
    for program in _UNSHARE:
        words = (program, "--map-root-user", "--net", "--")
        try:
            if subprocess.run((*words, "/bin/true"), env={}, capture_output=True, check=False, timeout=5).returncode:
                continue
        except (OSError, subprocess.TimeoutExpired):
            continue
        return words
    return ()


def has_no_network() -> bool:
    """Whether tools run without any network; otherwise only a proxy that refuses stands in their way."""
    return bool(_no_network())


def _message(said: str, top: str) -> str:
    """The line of a tool's messages that says what is wrong, without places of this machine and long quotes."""
    lines = [
        line.strip() for line in said.replace(f"{top}/tree/", "").replace("repo/", "").replace(top, "").splitlines()
    ]
    told = [line for line in lines if line and not line.startswith(("Use --debug", "goroutine ", "#"))]
    marked = [line for line in told if line.lower().startswith(("error", "fatal"))]
    line = next(iter((*marked, *told)), "it failed and said nothing")
    line = _QUOTE.sub(lambda found: found[0] if len(found[0]) <= _LONGEST_QUOTE else "...", line)
    line = "".join(c if c.isprintable() else "?" for c in line.removeprefix("error: ").removeprefix("Error: "))
    half = _LONGEST_REASON // 2
    return line if len(line) <= _LONGEST_REASON else f"{line[:half]} ... {line[-half:]}"
