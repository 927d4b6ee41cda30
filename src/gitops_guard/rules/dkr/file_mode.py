"""File modes that a shell text sets, and what is wrong with them."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from gitops_guard.rules.dkr.shell import Command, Word, commands

_NUMERIC = re.compile(r"0?[0-7]{3,4}")
_CLAUSE = re.compile(r"([ugoa]*)((?:[+=-][rwxXstugo]*)+)")
_STEP = re.compile(r"([+=-])([rwxXstugo]*)")
_MODE_OPTION = re.compile(r"-[a-zA-Z]*m")
_REMOVAL = re.compile(r"-[rwxXst]+")
_WITH_MODE = frozenset(("install", "mkdir"))
_SETUID, _SETGID, _STICKY, _GROUP_WRITES, _WORLD_WRITES = 0o4000, 0o2000, 0o1000, 0o020, 0o002
_NARROW = 0o1755


class Change(NamedTuple):
    """A mode as a command sets it, and the paths that get it."""

    program: str
    mode: Word
    paths: tuple[str, ...]


def changes(text: str) -> Iterator[Change]:
    """The modes that the commands of a shell text set on paths that they keep."""
    found = list(commands(text))
    removed = {word.text for command in found if command.program == "rm" for word in command.arguments}
    for command in found:
        change = _change(command)
        if change is not None and not (change.paths and removed.issuperset(change.paths)):
            yield change


def _change(command: Command) -> Change | None:
    words = list(command.arguments)
    if command.program in _WITH_MODE:
        return _with_option(command.program, words)
    if command.program in {"find", "xargs"}:
        at = next((at for at, word in enumerate(words) if word.text.rpartition("/")[2] == "chmod"), len(words))
        inner = _chmod(words[at + 1 :])
        start = words[0].text if words and command.program == "find" else ""
        return inner and inner._replace(paths=(start,) if start else ())
    return _chmod(words) if command.program == "chmod" else None


def _chmod(words: list[Word]) -> Change | None:
    """The mode is the first word that is no option; a mode may itself begin with a minus."""
    plain = [word for word in words if not word.text.startswith("-") or _REMOVAL.fullmatch(word.text)]
    if not plain:
        return None
    return Change("chmod", plain[0], tuple(word.text for word in plain[1:]))


def _with_option(program: str, words: list[Word]) -> Change | None:
    for option, word in pairwise(words):
        if option.text == "--mode" or _MODE_OPTION.fullmatch(option.text):
            others = [one.text for one in words if one is not word and not one.text.startswith("-")]
            return Change(program, word, tuple(others[-1:]))
    return None


def judged(mode: str, paths: tuple[str, ...] = ()) -> str:
    """What is wrong with a mode: `setuid`, `writable`, or nothing; the paths tell programs from shared folders."""
    if _NUMERIC.fullmatch(mode):
        return _judged_number(int(mode, 8))
    added = _added(mode)
    everybody, group = added.get("o", set()), added.get("g", set())
    if "s" in added.get("u", set()) or ("s" in group and any("bin/" in path for path in paths)):
        return "setuid"
    sticky = any("t" in letters for letters in added.values())
    return "writable" if "w" in everybody and not sticky else ""


def _judged_number(mode: int) -> str:
    if mode & _SETUID or (mode & _SETGID and not mode & _GROUP_WRITES):
        return "setuid"
    return "writable" if mode & _WORLD_WRITES and not mode & _STICKY else ""


def _added(mode: str) -> dict[str, set[str]]:
    """What a symbolic mode gives to user, group and others; without them, the usual umask keeps writing back."""
    found: dict[str, set[str]] = {}
    for match in filter(None, map(_CLAUSE.fullmatch, mode.split(","))):
        who = "ugo" if "a" in match[1] or not match[1] else match[1]
        kept_back = set() if match[1] else {"w"}
        for sign, letters in _STEP.findall(match[2]):
            for one in who if sign != "-" else "":
                found.setdefault(one, set()).update(set(letters) - kept_back)
    return found


def narrowed(mode: str) -> str:
    """A numeric mode without setuid, setgid and the right of others to write; empty if it is not numeric."""
    if not _NUMERIC.fullmatch(mode):
        return ""
    return f"{int(mode, 8) & _NARROW:0{len(mode)}o}"
