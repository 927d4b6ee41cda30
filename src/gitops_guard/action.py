"""The entrance of the container action: inputs and environment become a command line.

GitHub gives inputs as `INPUT_<NAME>`, in upper case with hyphens kept, and an input that was left out as an empty text.
With arguments (`docker run IMAGE check .`) this is the plain command line.
"""

import contextlib
import json
import os
import secrets
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_guard.errors import CLEAN, FINDINGS, INCOMPLETE, USAGE, GuardError, UsageError
from gitops_guard.runner import MARKER, escaped_data

COMMANDS = ("pr", "check", "images", "post", "comment", "sweep", "merge")
BY_EVENT = {
    "push": "check",
    "schedule": "check",
    "workflow_dispatch": "check",
    "workflow_run": "post",
    "issue_comment": "comment",
}
"""What runs where no command is asked for; `pr` for every other event, which refuses those that it does not know."""
_REPORTING = ("pr", "check", "sweep", "merge")
VERDICTS = {CLEAN: "clean", FINDINGS: "findings", USAGE: "usage", INCOMPLETE: "incomplete"}
_SCANNING = ("pr", "check", "images", "sweep")
_SWEEPING = ("sweep", "merge")
VALUES = {
    "config": (*_SCANNING, "comment", "merge"),
    "fail-level": (*_REPORTING, "comment"),
    "base": ("check", "images"),
    "drafts": ("pr",),
    "artifact-dir": ("pr", "post"),
    "shard": ("sweep",),
    "repos": ("sweep",),
    "category": _SWEEPING,
}
SWITCHES = {
    "offline": (*_SCANNING, "comment"),
    "dry-run": ("pr", *_SWEEPING),
    "snapshot": ("images",),
    "publish": _SWEEPING,
    "upload-sarif": _SWEEPING,
}
ARTIFACT = "gitops-guard.json"
REGISTRY_AUTH = "GITOPS_GUARD_REGISTRY_AUTH"
_AUTH_WORDS = 3
REPORTS = {"sarif-file": "sarif", "html-file": "html", "patch-file": "patch"}


class Counts(NamedTuple):
    """The number of findings that no waiver covers, how many of them are new, and whether every file could be read."""

    findings: int
    new: int
    complete: bool = True


class Owner(NamedTuple):
    """The user and group ids of whoever owns the mounted workspace."""

    uid: int
    gid: int


def input_value(environ: Mapping[str, str], name: str) -> str:
    """Returns the input `name` of action.yml without the space around it; empty when it was left out."""
    return environ.get("INPUT_" + name.upper().replace(" ", "_"), "").strip()


def command_line(environ: Mapping[str, str], json_report: str) -> tuple[str, ...]:
    """Maps the inputs to arguments of `gitops-guard`.

    Args:
        environ: the environment of the action.
        json_report: where the command shall write its JSON report.

    Raises:
        UsageError: an input has a value it can't have, or belongs to another command.
    """
    command = chosen_command(environ)
    if environ.get("GITHUB_EVENT_NAME") == "pull_request_target":
        from gitops_guard.github.event import TARGET_HINT, TARGET_REFUSED  # noqa: PLC0415 - only to refuse

        raise UsageError(TARGET_REFUSED, hint=TARGET_HINT)
    if command == "post":
        return _post(environ)
    options = [*_values(environ), *_switches(environ)]
    # A shard and several repositories have no report of one tree.
    is_part = command == "sweep" and (input_value(environ, "shard") or input_value(environ, "repos"))
    if command in _REPORTING and not is_part:
        options.append(f"--report=json={json_report}")
    options += [
        f"--report={kind}={path}"
        for name, kind in REPORTS.items()
        if (path := input_value(environ, name)) and _belongs(environ, name, _REPORTING)
    ]
    # Behind `--` a path that begins with a hyphen is a path.
    paths = [line.strip() for line in input_value(environ, "paths").splitlines() if line.strip()]
    return (command, *options, *(["--", *paths] if paths else []))


def chosen_command(environ: Mapping[str, str]) -> str:
    """The command that is asked for, or the one that the event asks for.

    Raises:
        UsageError: there is no such command.
    """
    asked = input_value(environ, "command")
    if asked and asked not in COMMANDS:
        raise UsageError(f"input `command` can't be {asked!r}", hint="it is one of: " + ", ".join(COMMANDS))
    return asked or BY_EVENT.get(environ.get("GITHUB_EVENT_NAME", ""), "pr")


def _post(environ: Mapping[str, str]) -> tuple[str, ...]:
    folder = input_value(environ, "artifact-dir")
    if not folder:
        raise UsageError("input `artifact-dir` is missing", hint="name the folder of the unpacked artifact")
    return "post", "--", folder


def _values(environ: Mapping[str, str]) -> list[str]:
    # One word for option and value: a value that begins with a hyphen stays a value.
    return [
        f"--{name}={value}"
        for name, commands in VALUES.items()
        if (value := input_value(environ, name)) and _belongs(environ, name, commands)
    ]


def _switches(environ: Mapping[str, str]) -> list[str]:
    return [
        f"--{name}"
        for name, commands in SWITCHES.items()
        if _is_true(name, input_value(environ, name)) and _belongs(environ, name, commands)
    ]


def _belongs(environ: Mapping[str, str], name: str, commands: Sequence[str]) -> bool:
    """Whether an input means something to the command; where the event chose that, inputs of others are passed over."""
    command = chosen_command(environ)
    if command not in commands and input_value(environ, "command"):
        raise UsageError(f"input `{name}` has no meaning for the command `{command}`", hint="leave it out")
    return command in commands


def _is_true(name: str, value: str) -> bool:
    if value.lower() not in {"", "true", "false"}:
        raise UsageError(f"input `{name}` can't be {value!r}", hint="it is `true` or `false`")
    return value.lower() == "true"


def token(environ: Mapping[str, str]) -> str:
    """Returns the token to talk to GitHub with; empty when there is none.

    Raises:
        UsageError: it holds something no token holds, for example a line break, which would leave its rest unmasked.
    """
    value = input_value(environ, "github-token") or environ.get("GITHUB_TOKEN", "").strip()
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise UsageError("input `github-token` holds characters that no token holds")
    return value


def registry_auth(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the variable that holds the credentials of registries, and is empty when there are none.

    Raises:
        UsageError: a line has another form; it is not shown.
    """
    lines = [line.strip() for line in environ.get("INPUT_REGISTRY-AUTH", "").splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        if len(line.split()) != _AUTH_WORDS or not (line.isascii() and line.replace("\t", " ").isprintable()):
            raise UsageError(f"line {number} of input `registry-auth` is not HOST USERNAME PASSWORD")
    return {REGISTRY_AUTH: "\n".join(lines)} if lines else {}


def git_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables that let git read a workspace that belongs to another user, without writing a file.

    Source: git-config(1), `GIT_CONFIG_COUNT` and `safe.directory`.

    Raises:
        UsageError: `GIT_CONFIG_COUNT` is there already and is no number.
    """
    workspace = environ.get("GITHUB_WORKSPACE", "")
    count = environ.get("GIT_CONFIG_COUNT", "") or "0"
    if not (count.isascii() and count.isdigit()):
        raise UsageError(f"GIT_CONFIG_COUNT can't be {count!r}", hint="it is a number")
    if not workspace:
        return {}
    return {
        "GIT_CONFIG_COUNT": str(int(count) + 1),
        f"GIT_CONFIG_KEY_{int(count)}": "safe.directory",
        f"GIT_CONFIG_VALUE_{int(count)}": workspace,
    }


def workspace_owner(environ: Mapping[str, str]) -> Owner | None:
    """Returns the owner to act as, or None when this process must stay who it is.

    Root is given up only when one other user owns all that has to be written: the workspace, the outputs, the summary.
    """
    mounted = [environ.get(name, "") for name in ("GITHUB_WORKSPACE", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")]
    if os.geteuid() != 0 or not all(os.path.exists(path) for path in mounted):  # noqa: PTH110 - pathlib costs start-up
        return None
    found = [os.stat(path) for path in mounted]  # noqa: PTH116 - likewise
    if len({status.st_uid for status in found}) > 1 or found[0].st_uid == 0:
        return None
    return Owner(found[0].st_uid, found[0].st_gid)


def become(owner: Owner) -> None:
    """Gives up root for good."""
    os.setgroups([])
    os.setresgid(owner.gid, owner.gid, owner.gid)
    os.setresuid(owner.uid, owner.uid, owner.uid)


def count(json_report: str) -> Counts | None:
    """Reads the JSON report of the command that just ended; None when it wrote none."""
    try:
        with open(json_report, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs start-up
            report = json.load(file)
        findings, failed = report["findings"], report.get("coverage", {}).get("failed", ())
    except (OSError, ValueError, KeyError):
        return None
    open_ones = [finding["status"] for finding in findings if finding["status"] != "waived"]
    return Counts(len(open_ones), open_ones.count("new"), not failed)


def outputs(values: Mapping[str, str], delimiter: str) -> str:
    """Returns the text that sets step outputs.

    Args:
        values: name to value; a value may have several lines.
        delimiter: a text that no value can hold, because nobody could have guessed it.
    """
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def _run(arguments: Sequence[str]) -> int:
    from gitops_guard import cli  # noqa: PLC0415 - after root was given up

    try:
        return cli.main(list(arguments))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    except Exception:  # noqa: BLE001 - a defect must not end in 1, which says that the scan worked
        traceback.print_exc()
        return INCOMPLETE


def _guarded(environ: Mapping[str, str], folder: str) -> tuple[int, Counts | None]:
    report = input_value(environ, "json-file") or folder + "/report.json"
    _forget(environ)
    try:
        os.environ.update(git_environment(environ))
        code = _run(command_line(environ, report))
    except GuardError as error:
        _say(f"gitops-guard: {error}")
        return error.exit_code, None
    return code, count(report) if code in {CLEAN, FINDINGS} else None


def _forget(environ: Mapping[str, str]) -> None:
    """Removes an artifact that lies where the run's own would: the change under review may have brought it along."""
    folder = input_value(environ, "artifact-dir")
    path = os.path.join(folder, ARTIFACT)  # noqa: PTH118 - pathlib costs start-up
    if folder and not _is_posting(environ):
        with contextlib.suppress(OSError):
            os.remove(path)  # noqa: PTH107 - likewise


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the runner reads commands from the log


def _take_secrets(environ: Mapping[str, str]) -> None:
    value, credentials = token(environ), registry_auth(environ)
    os.environ.pop("INPUT_GITHUB-TOKEN", None)
    os.environ.pop("INPUT_REGISTRY-AUTH", None)
    passwords = [line.split()[-1] for line in credentials.get(REGISTRY_AUTH, "").splitlines()]
    for secret in dict.fromkeys((value, *passwords) if value else passwords):
        _say("::add-mask::" + escaped_data(secret))
    os.environ.update(credentials)
    if value:
        os.environ["GITHUB_TOKEN"] = value


def _write_outputs(environ: Mapping[str, str], code: int, counts: Counts | None) -> None:
    target = environ.get("GITHUB_OUTPUT", "")
    if not target:
        return
    done = counts is not None
    # An upload without the findings of a file would close its alerts.
    sarif = _written(input_value(environ, "sarif-file")) if counts is not None and counts.complete else ""
    values = {
        "verdict": "" if code == CLEAN and _judges_nothing(environ) else VERDICTS.get(code, VERDICTS[INCOMPLETE]),
        "findings": "" if counts is None else str(counts.findings),
        "new": "" if counts is None else str(counts.new),
        "sarif": sarif,
        "sarif-file": sarif,
        "report": _written(input_value(environ, "json-file")) if done else "",
        "patch": _written(input_value(environ, "patch-file")) if done else "",
        "artifact": _artifact(environ) if done else "",
    }
    with open(target, "a", encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs start-up
        file.write(outputs(values, secrets.token_hex(16)))


def _is_posting(environ: Mapping[str, str]) -> bool:
    """Whether the run only posts what another one found, or obeys a comment: then it has no verdict of its own."""
    chosen = input_value(environ, "command") or BY_EVENT.get(environ.get("GITHUB_EVENT_NAME", ""))
    return chosen in {"post", "comment"}


def _judges_nothing(environ: Mapping[str, str]) -> bool:
    """Whether a run that ended well says nothing of problems: it only posts, or scans a part for `merge` to judge."""
    is_part = input_value(environ, "command") == "sweep" and input_value(environ, "shard") != ""
    return is_part or _is_posting(environ)


def _written(path: str) -> str:
    """The path of a file that says something; empty for none, and for one without content."""
    try:
        return path if path and os.path.getsize(path) else ""  # noqa: PTH202 - pathlib costs start-up
    except OSError:
        return ""


def _artifact(environ: Mapping[str, str]) -> str:
    folder = input_value(environ, "artifact-dir")
    return folder if folder and _written(os.path.join(folder, ARTIFACT)) else ""  # noqa: PTH118 - likewise


def _as_action() -> int:
    environ = dict(os.environ)
    if (owner := workspace_owner(environ)) is not None:
        become(owner)
    try:
        _take_secrets(environ)
    except UsageError as error:
        _say(f"gitops-guard: {error}")
        return error.exit_code
    # What the scan prints of the repository can hold `::command::` lines: none counts until the marker comes again.
    # Whoever has commands of the product's own to give, annotations for example, lifts the stop for just them.
    marker = os.environ[MARKER] = secrets.token_hex(16)
    _say(f"::stop-commands::{marker}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            code, counts = _guarded(environ, folder)
    finally:
        sys.stderr.flush()
        _say(f"\n::{marker}::")
    _write_outputs(environ, code, counts)
    return code


def main() -> int:
    """Runs the action, or the plain command line when there are arguments; returns the exit code."""
    if len(sys.argv) > 1 or "GITHUB_ACTIONS" not in os.environ:
        return _run(sys.argv[1:])
    return _as_action()


if __name__ == "__main__":
    sys.exit(main())
