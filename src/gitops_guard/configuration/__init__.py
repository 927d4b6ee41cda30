"""Reads `.gitops-guard.yaml` into `Settings`; a mistake in it is an error with file, line and the nearest right key."""

from collections.abc import Collection
from datetime import date

from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile

FILE_NAMES = (".gitops-guard.yaml", ".gitops-guard.yml")


def read(file: SourceFile, rule_ids: Collection[str], today: date) -> Settings:
    """The settings of a configuration file.

    Args:
        file: the file.
        rule_ids: the ids that `rules` and `waivers` may name.
        today: the day that decides which waivers have expired.

    Raises:
        ConfigurationError: with file and line; a waiver that is merely incomplete or expired is no error, it waives
            nothing and says why in `Waiver.defects`.
    """
    from gitops_guard.configuration import file as whole  # noqa: PLC0415 - many repositories have none

    return whole.read(file, rule_ids, today)
