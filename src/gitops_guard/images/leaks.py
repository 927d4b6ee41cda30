"""Secrets that an image itself carries, found in its configuration. Only their names leave this module."""

import re
from collections.abc import Iterator, Mapping

from gitops_guard.facts.image import Leak
from gitops_guard.model.secret_values import credentials, secret_kind, url_password

_STEPS = 1000
_LENGTH = 20_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_ARGUMENTS = re.compile(r"(?:^|\s)\|[0-9]{1,4}\s(.{0,20000}?)(?=\s/\S|\s(?:cmd|powershell|pwsh)\s|$)", re.DOTALL)
_ASSIGNMENT = re.compile(r"(?:^|\s)([A-Za-z_][A-Za-z0-9_]{0,63})=(\S*)")
_DECLARED = re.compile(r"(?:#\(nop\)\s{1,4}|^)(ENV|ARG)\s{1,4}(.*)", re.DOTALL)


def leaks_of(config: Mapping[str, object]) -> tuple[Leak, ...]:
    """The secrets in an image's configuration (OCI image specification, "config"): variables, and steps of the history.

    Args:
        config: the configuration's JSON object, of any content.
    """
    inner = config.get("config")
    environment = _texts(inner.get("Env") if isinstance(inner, Mapping) else None)
    history = config.get("history")
    steps = [one.get("created_by") for one in history if isinstance(one, Mapping)] if isinstance(history, list) else []
    found = (*_of_environment(environment), *(leak for step in _texts(steps) for leak in _of_step(step)))
    return tuple(dict.fromkeys(found))


def _texts(value: object) -> list[str]:
    return [one[:_LENGTH] for one in value[:_STEPS] if isinstance(one, str)] if isinstance(value, list) else []


def _of_environment(environment: list[str]) -> Iterator[Leak]:
    for entry in environment:
        name, _, value = entry.partition("=")
        if secret_kind(name, value):
            yield Leak(f"environment variable {_shown(name)}", _is_certain(value))


def _of_step(step: str) -> Iterator[Leak]:
    named = False
    for what, text in _written(step):
        for name, value in _ASSIGNMENT.findall(text):
            if secret_kind(name, value.strip("'\"")):
                named = True
                yield Leak(f"{what} {_shown(name)}", _is_certain(value))
    if not named and _is_certain(step):
        yield Leak("a credential in a step of its history", certain=True)


def _written(step: str) -> Iterator[tuple[str, str]]:
    """The assignments of a step, by what they set: `|1 NAME=value /bin/sh -c ...`, `ENV NAME=value`, `ARG ...`."""
    arguments, declared = _ARGUMENTS.search(step), _DECLARED.search(step)
    if arguments:
        yield "build argument", arguments[1]
    if declared:
        yield "environment variable" if declared[1] == "ENV" else "build argument", declared[2]


def _is_certain(text: str) -> bool:
    return next(credentials(text), None) is not None or url_password(text) is not None


def _shown(name: str) -> str:
    """The name of a variable; one that is no name, or itself a credential, is not shown."""
    return "without a name" if not _NAME.fullmatch(name) or next(credentials(name), None) else name
