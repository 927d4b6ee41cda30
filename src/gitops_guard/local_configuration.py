"""The settings of a run: where they are looked for, and the rules that the command line asks for."""

import os
from datetime import date

from gitops_guard.configuration import FILE_NAMES, read
from gitops_guard.errors import ConfigurationError
from gitops_guard.pipeline import all_rules
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped, SourceFile, decode


def only_rules(names: list[str]) -> frozenset[str]:
    """The ids of the rules named on the command line, by id, name or alias.

    Raises:
        UsageError: there is no such rule.
    """
    if not names:
        return frozenset()
    from gitops_guard.rule_pages import find_rule  # noqa: PLC0415 - rarely asked for

    return frozenset(find_rule(name).id for name in names)


def local_settings(config: str | None, root: str, today: date) -> Settings:
    """The settings of a file on disk, or the defaults.

    Raises:
        ConfigurationError: the file cannot be read, or holds a mistake.
    """
    for name in (config,) if config else FILE_NAMES:
        path = os.path.join(root, name)  # noqa: PTH118
        if os.path.isfile(path):  # noqa: PTH113
            with open(path, "rb") as file:  # noqa: PTH123
                return settings_of(decode(name, file.read()), today)
    if config:
        raise ConfigurationError("no such file", path=config)
    return Settings()


def settings_of(file: SourceFile | Skipped, today: date) -> Settings:
    """The settings that a file holds."""
    if isinstance(file, Skipped):
        raise ConfigurationError(file.reason, path=file.path)
    return read(file, frozenset(rule.id for rule in all_rules()), today)
