"""Package managers and the indexes that they leave on disk."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.rules.dkr.shell import Command, Word, commands
from gitops_guard.syntax.dockerfile import ShellText

_ELSEWHERE = frozenset(("--root", "-p", "--initdb", "--installroot"))

_BRACED = ("/var/{", "/var/lib/{")
"""How several folders are named at once: `/var/lib/{apt,dpkg}`."""


class Manager(NamedTuple):
    """A package manager: where its index lies, what refreshes and what uses it, and what removes it.

    `needs_index`: it installs nothing without an index on disk, rather than fetch one.
    """

    folders: tuple[str, ...]
    refreshes: frozenset[str]
    uses: frozenset[str]
    removal: str
    cleans: frozenset[str]
    needs_index: bool = False


class Step(NamedTuple):
    """A command of a package manager, with the word that says what it does."""

    command: Command
    manager: Manager
    verb: Word

    @property
    def refreshes(self) -> bool:
        """Whether it fetches the index and installs nothing."""
        return self.verb.text in self.manager.refreshes


APT = Manager(
    folders=("/var/lib/apt/lists",),
    refreshes=frozenset(("update",)),
    uses=frozenset((
        "install", "upgrade", "dist-upgrade", "full-upgrade", "build-dep", "source", "download", "satisfy",
    )),
    removal="rm -rf /var/lib/apt/lists/*",
    cleans=frozenset(("dist-clean", "distclean")),
    needs_index=True,
)  # fmt: skip
APK = Manager(
    folders=("/var/cache/apk", "/etc/apk/cache"),
    refreshes=frozenset(("update",)),
    uses=frozenset(("add", "upgrade", "fetch", "fix")),
    removal="rm -rf /var/cache/apk/*",
    cleans=frozenset(("cache",)),
)


def _rpm(name: str, folder: str = "") -> Manager:
    uses = ("install", "update", "upgrade", "groupinstall", "localinstall", "reinstall", "distro-sync", "in", "up")
    return Manager(
        folders=(f"/var/cache/{folder or name}",),
        refreshes=frozenset(("makecache", "refresh", "ref")),
        uses=frozenset(uses),
        removal=f"{name} clean {'--all' if name == 'zypper' else 'all'}",
        cleans=frozenset(("clean", "cc")),
    )


_MANAGERS = {
    "apt-get": APT, "apt": APT, "apk": APK, "yum": _rpm("yum"), "dnf": _rpm("dnf"), "tdnf": _rpm("tdnf"),
    "microdnf": _rpm("microdnf", "yum"), "zypper": _rpm("zypper", "zypp"),
}  # fmt: skip


def steps(shell: ShellText) -> Iterator[Step]:
    """The commands of a shell text that fetch or use an index of the image itself."""
    text = shell.text
    for command in commands(text) if any(name in text for name in _MANAGERS) else ():
        manager = _MANAGERS.get(command.program)
        if manager is not None and _ELSEWHERE.isdisjoint(word.text for word in command.arguments):
            known = manager.refreshes | manager.uses
            verb = next((word for word in command.arguments if word.text in known), None)
            if verb is not None:
                yield Step(command, manager, verb)


def is_mounted(shell: ShellText, manager: Manager) -> bool:
    """Whether the index lies in a mount, which is no part of the layer."""
    for flag in shell.instruction.flags:
        fields = dict(field.partition("=")[::2] for field in flag.text.removeprefix("--mount=").split(","))
        target = fields.get("target") or fields.get("dst") or fields.get("destination") or ""
        inside = any(f"{folder}/".startswith(target.rstrip("/") + "/") for folder in manager.folders)
        if fields.get("type") in {"cache", "tmpfs"} and target and inside:
            return True
    return False


def is_removed(shell: ShellText, last: Step) -> bool:
    """Whether something after a command speaks of the folder of the index, or cleans it."""
    manager = last.manager
    after = shell.text[last.command.words[-1].end :]
    if any(folder.rpartition("/")[0] in after for folder in manager.folders):
        return True
    if any(mark in after for mark in _BRACED):
        return True
    later = [command for command in commands(after) if _MANAGERS.get(command.program) == manager]
    return any(word.text in manager.cleans for command in later for word in command.arguments)
