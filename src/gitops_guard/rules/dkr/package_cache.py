"""Package index in a layer.

## What it does
Reports `RUN`s of the stages that the image consists of which refresh a package index without installing from it, and
those which leave the index or cache behind: apt's lists, apk without `--no-cache`, dnf, yum and zypper without `clean`.
A cache mount on that folder, or a removal in the same `RUN`, is right. Build stages are left out.

## Why it matters
A `RUN` with `apt-get update` alone is cached: later builds install from last month's index, without the security
updates since. What a `RUN` leaves behind stays in its layer, even when a later one removes it.

## Fix safety
Safe: `apk add` gets `--no-cache`, a plain chain of commands its removal at the end, where no other `RUN` installs from
the index that goes. An update alone has no fix: join it with the install that needs it.

## References
CIS Docker Benchmark, 4.7. Docker, "Building best practices", apt-get.
"""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.editing.intent import EditText
from gitops_guard.finding import LOW
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, safe
from gitops_guard.rules.dkr.chain import appended
from gitops_guard.rules.dkr.package_index import APK, Manager, Step, is_mounted, is_removed, steps
from gitops_guard.rules.dkr.shell import commands
from gitops_guard.rules.dockerfile_places import shells, spot
from gitops_guard.syntax.dockerfile import Dockerfile, ShellText
from gitops_guard.text import Edit

_IDLE = frozenset((
    "", "apk", "apt", "apt-get", "add-apt-repository", "apt-key", "cat", "chmod", "cp", "curl", "dnf", "echo", "export",
    "fi", "gpg", "install", "mkdir", "mv", "printf", "rm", "rpm", "sed", "set", "tee", "true", "wget", "yum", "zypper",
))  # fmt: skip
"""Programs that install nothing from an index, whatever they do."""


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports package indexes that are refreshed alone, or left in the image."""
    needing = _needing(dockerfile)
    for stage in dockerfile.lineage(dockerfile.final_stage):
        for shell in dockerfile.shell_texts(stage):
            for step, kind, message, fix in _problems(dockerfile, shell, needing):
                words, program = step.command.words, step.command.program
                place = spot(stage, shell.span(words[0].start, words[-1].end), "RUN", program, kind)
                yield Problem(place, message, fix=fix)


def _needing(dockerfile: Dockerfile) -> frozenset[int]:
    """The lines of the `RUN`s that begin to install from an index which they do not refresh themselves."""
    found = ((shell.instruction.first_line, next(steps(shell), None)) for _, shell in shells(dockerfile))
    return frozenset(line for line, first in found if first and first.manager.needs_index and not first.refreshes)


class _Found(NamedTuple):
    """A command, what is wrong with it (`update` or `cache`), and what to do."""

    step: Step
    kind: str
    message: str
    fix: Fix | None = None


def _problems(dockerfile: Dockerfile, shell: ShellText, needing: frozenset[int]) -> Iterator[_Found]:
    found = list(steps(shell))
    for manager in dict.fromkeys(step.manager for step in found):
        mine = [step for step in found if step.manager == manager]
        if not is_mounted(shell, manager) and not is_removed(shell, mine[-1]):
            yield from _of_manager(dockerfile, shell, mine, needing)


def _of_manager(
    dockerfile: Dockerfile, shell: ShellText, mine: list[Step], needing: frozenset[int]
) -> Iterator[_Found]:
    """What is wrong with the commands of one manager in one `RUN`."""
    refreshing = [step for step in mine if step.refreshes]
    program = mine[0].command.program
    if len(refreshing) == len(mine):
        if all(command.program in _IDLE for command in commands(shell.text)):
            yield _Found(mine[0], "update", f"{program} {mine[0].verb.text} alone: later builds take a stale index")
        return
    message = f"{program} leaves its index in the layer"
    if mine[0].manager is not APK:
        leaving = refreshing[-1:] if mine[0].manager.needs_index else mine[-1:]
    else:
        leaving = [step for step in mine if "--no-cache" not in {word.text for word in step.command.arguments}]
        if all(step.verb.text == "add" for step in leaving):
            for step in leaving:
                yield _Found(step, "cache", message, _without_cache(dockerfile, shell, step))
            return
    for step in leaving[:1]:
        yield _Found(step, "cache", message, _removing(dockerfile, shell, step.manager, needing))


def _without_cache(dockerfile: Dockerfile, shell: ShellText, step: Step) -> Fix | None:
    start, end = shell.span(step.verb.start, step.verb.end)
    if dockerfile.text[start:end] != "add":
        return None
    return safe("add --no-cache", EditText((Edit(end, end, " --no-cache"),)))


def _removing(dockerfile: Dockerfile, shell: ShellText, manager: Manager, needing: frozenset[int]) -> Fix | None:
    others = len(needing) - (shell.instruction.first_line in needing)
    if manager.needs_index and others:
        return None
    edit = appended(dockerfile, shell, manager.removal)
    return safe(f"end with {manager.removal}", EditText((edit,))) if edit else None


def _file(text: str, at: str | tuple[str, ...] = (), fixed: str | None = None) -> Example:
    return Example(text, at=at, fixed=fixed, path="Dockerfile")


_ALPINE, _DEBIAN = "FROM alpine:3.20\n", "FROM debian:12\n"
_LEFT = _DEBIAN + "RUN apt-get update \\\n    && apt-get install -y \\\n        curl"
_MOUNT = "--mount=type=cache,target=/var/lib/apt,sharing=locked"

RULE = Rule(
    id="GG-DKR-009",
    name="package-index-in-layer",
    title="Update run alone or cache left in the layer",
    severity=LOW,
    applies_to=Dockerfile,
    check=check,
    fix_safety="safe",
    aliases=(
        "DL3009", "DL3019", "DL3032", "DL3036", "DL3040", "CKV_DOCKER_5", "DS017", "DS-0017", "AVD-DS-0017", "DS025",
        "DS-0025", "AVD-DS-0025",
    ),
    controls=("cis_docker:4.7", "nsa:pod-image-build", "sp800_190:4.1.1", "sp800_53:SI-2", "pci:6.3.3"),
    bad=(
        _file(
            _ALPINE + "RUN apk add curl && apk add -t x git\n",
            ("stage.final.RUN.apk.cache", "stage.final.RUN.apk.cache"),
            _ALPINE + "RUN apk add --no-cache curl && apk add --no-cache -t x git\n",
        ),
        _file(
            _ALPINE + "RUN apk update && apk add curl\n", "stage.final.RUN.apk.cache",
            _ALPINE + "RUN apk update && apk add curl && rm -rf /var/cache/apk/*\n",
        ),
        _file(
            _LEFT + "\nUSER 1\n", "stage.final.RUN.apt-get.cache",
            _LEFT + " \\\n    && rm -rf /var/lib/apt/lists/*\nUSER 1\n",
        ),
        _file("FROM rockylinux:9\nRUN dnf install -y curl\n", "stage.final.RUN.dnf.cache",
              "FROM rockylinux:9\nRUN dnf install -y curl && dnf clean all\n"),
        _file(
            _DEBIAN + "RUN apt-get update\nRUN apt-get install -y curl\n", "stage.final.RUN.apt-get.update",
        ),
        _file(_LEFT + "\nRUN apt-get install -y git\n", "stage.final.RUN.apt-get.cache"),
        _file(_DEBIAN + "RUN apt-get update; apt-get install -y curl\n", "stage.final.RUN.apt-get.cache"),
    ),
    good=(
        _file(_ALPINE + "RUN apk --no-cache add curl && apk add --no-cache git\n"),
        _file(_ALPINE + "RUN apk update && apk add curl && rm -rf /tmp/* /var/cache/apk/*\n"),
        _file(_LEFT + " \\\n    && rm -rf /var/lib/apt/lists/*\n"),
        _file(_DEBIAN + f"RUN {_MOUNT} apt-get update && apt-get install -y curl\n"),
        _file(_DEBIAN + "RUN apt-get update && ./install-packages.sh\n"),
        _file(_DEBIAN.replace("12", "12 AS build") + "RUN apt-get update && apt-get install -y gcc\nFROM scratch\n"),
        _file(_ALPINE + "RUN apk add --root /rootfs --initdb busybox\n"),
        _file("FROM rockylinux:9\nRUN dnf install -y curl && dnf clean all\n"),
    ),
)  # fmt: skip
