"""What the `RUN`s of an image install with package managers, and keep."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.rules.dkr.shell import Command, Word, commands
from gitops_guard.syntax.dockerfile import Dockerfile, ShellText, Stage

INSTALL = {
    "apt-get": "install", "apt": "install", "apk": "add", "yum": "install", "dnf": "install", "microdnf": "install",
    "zypper": "install", "tdnf": "install",
}  # fmt: skip
"""The package managers, each with the word that installs."""

_REMOVE = frozenset(("remove", "purge", "del", "erase", "autoremove"))
_VALUED = frozenset(("-t", "--virtual", "-X", "--repository", "-o", "--target-release", "-p"))


class Package(NamedTuple):
    """A package that the image keeps: `word` is it as written, `name` without version, release or repository."""

    stage: Stage
    shell: ShellText
    manager: str
    word: Word
    name: str


def kept_packages(dockerfile: Dockerfile) -> Iterator[Package]:
    """What the final stage and those it builds on install, without what the same `RUN` removes again."""
    for stage in dockerfile.lineage(dockerfile.final_stage):
        for shell in dockerfile.shell_texts(stage):
            found = [command for command in commands(shell.text) if command.program in INSTALL]
            removed = {word for command in found for word in _removed(command)}
            for command in found:
                packages, group = _installed(command)
                for word in packages if group not in removed else ():
                    name = _name(word)
                    if name not in removed:
                        yield Package(stage, shell, command.program, word, name)


def _name(word: Word) -> str:
    text = word.text
    for mark in "=<>~@:/":
        text = text.partition(mark)[0]
    return text


def _installed(command: Command) -> tuple[tuple[Word, ...], str]:
    """The packages that a command installs, and the name of their virtual package."""
    words = command.arguments
    verb = next((at for at, word in enumerate(words) if word.text == INSTALL[command.program]), None)
    if verb is None:
        return (), ""
    packages: list[Word] = []
    group = ""
    for before, word in zip(words[verb:], words[verb + 1 :], strict=False):
        valued = before.text in _VALUED
        if valued and before.text in {"-t", "--virtual"} and command.program == "apk":
            group = word.text
        if word.text.startswith("--virtual="):
            group = word.text.partition("=")[2]
        if not valued and not word.text.startswith("-"):
            packages.append(word)
    return tuple(packages), group


def _removed(command: Command) -> Iterator[str]:
    words = [word.text for word in command.arguments]
    verb = next((at for at, word in enumerate(words) if word in _REMOVE), None)
    if verb is not None:
        yield from (word for word in words[verb + 1 :] if not word.startswith("-"))
