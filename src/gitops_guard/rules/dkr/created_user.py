"""The user ids that a Dockerfile gives to the users it creates."""

import re
from collections.abc import Iterator

from gitops_guard.rules.dkr.shell import Command, commands
from gitops_guard.syntax.dockerfile import Dockerfile, ShellText, Stage, StageTarget

_CREATES = frozenset(("useradd", "adduser"))
_CHANGES = re.compile(r"\b(?:usermod|userdel|deluser)\b|/etc/passwd")
_PERHAPS = re.compile(r"\|\||(?<![^\s;&(])(?:if|case|while|until|for|function)(?!\S)")
_SHORT_VALUED = frozenset("bcdefgGhkKpsuZ")
_LONG_VALUED = frozenset((
    "--base-dir", "--comment", "--conf", "--expiredate", "--firstgid", "--firstuid", "--gecos", "--gid", "--groups",
    "--home", "--home-dir", "--inactive", "--ingroup", "--key", "--lastgid", "--lastuid", "--password", "--prefix",
    "--root", "--selinux-user", "--shell", "--skel", "--uid",
))  # fmt: skip
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


def created_uid(dockerfile: Dockerfile, name: str) -> str | None:
    """The number with which the image creates a user; None where it creates no such user.

    Empty where the number is not written out, or depends on the build: on a condition, a variable, or a later change
    of the user.
    """
    found: set[str] = set()
    for stage in _stages(dockerfile):
        for shell in dockerfile.shell_texts(stage):
            created = set(_created(shell, name))
            if created and _PERHAPS.search(shell.text):
                return ""
            found |= created
            if _CHANGES.search(shell.text) and name in shell.text:
                return ""
    return next(iter(found), None) if len(found) < 2 else ""  # noqa: PLR2004 - two numbers for one name


def _stages(dockerfile: Dockerfile) -> list[Stage]:
    """The stages that the image consists of, and those from which it copies its list of users."""
    own = {stage.number for stage in dockerfile.lineage(dockerfile.final_stage)}
    found = set(own)
    for use in dockerfile.image_uses():
        target, instruction = use.target, use.instruction
        if use.role != "copy-from" or use.stage not in own or instruction is None:
            continue
        if isinstance(target, StageTarget) and any(token.text == "/etc/passwd" for token in instruction.values[:-1]):
            found.add(target.number)
    below = {stage.number for number in found for stage in dockerfile.lineage(dockerfile.stages[number])}
    return [dockerfile.stages[number] for number in sorted(below)]


def _created(shell: ShellText, name: str) -> Iterator[str]:
    for command in commands(shell.text):
        if command.program in _CREATES:
            uid, names = _read(command)
            if names[:1] == [name] and (uid or command.program == "useradd"):
                yield uid if _NUMBER.fullmatch(uid) else ""


def _read(command: Command) -> tuple[str, list[str]]:
    """The user id and the words that are neither options nor their values."""
    uid, names, option = "", [], ""
    for word in command.arguments:
        text = word.text
        if option:
            uid = text if option in {"-u", "--uid"} else uid
            option = ""
        elif text.startswith("--"):
            key, equals, value = text.partition("=")
            option = key if key in _LONG_VALUED and not equals else ""
            uid = value if key == "--uid" and equals else uid
        elif text.startswith("-"):
            option, value = _short(text)
            uid, option = (value, "") if option == "-u" and value else (uid, "" if value else option)
        else:
            names.append(text)
    return uid, names


def _short(text: str) -> tuple[str, str]:
    """The first option of a group that takes a value, and the value if it is in the same word."""
    at = next((at for at, letter in enumerate(text) if at and letter in _SHORT_VALUED), 0)
    return (f"-{text[at]}", text[at + 1 :]) if at else ("", "")
