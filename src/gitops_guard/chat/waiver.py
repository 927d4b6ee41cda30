"""A waiver written into the configuration's text: comments and style stay, and the result is read back as proof."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from gitops_guard.chat.command import Waive
from gitops_guard.configuration import FILE_NAMES, read
from gitops_guard.editing import yaml
from gitops_guard.editing.intent import AppendItem
from gitops_guard.errors import UsageError
from gitops_guard.settings import Settings, Waiver
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.yaml import parse

LONGEST_DAYS = 366
"""A waiver asked for in a comment lasts a year at most; who wants a longer one writes it by hand."""
MOST_PATHS = 50
_NEW = "# What this team has decided. `gitops-guard schema config` prints the schema of this file.\n"


class Written(NamedTuple):
    """The configuration after the waiver."""

    path: str
    before: str | None
    after: str


def check_day(until: date, today: date) -> None:
    """Checks the last day of a waiver.

    Raises:
        UsageError: it has passed, or lies too far away.
    """
    if until < today:
        raise UsageError(f"{until.isoformat()} has passed")
    if until > today + timedelta(days=LONGEST_DAYS):
        last = (today + timedelta(days=LONGEST_DAYS)).isoformat()
        raise UsageError(f"{until.isoformat()} is too far away: until {last} at most")


def exact(path: str) -> str:
    """A path as a glob that names it and nothing else."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def add_waiver(file: SourceFile | None, waiver: Waiver, rule_ids: Collection[str], today: date) -> Written:
    """Adds a waiver at the end of `waivers`.

    Args:
        file: the configuration; None where there is none, then it is made.
        waiver: what to add; `line` and `defects` do not count.
        rule_ids: the ids of all rules.
        today: decides which waivers have expired.

    Raises:
        UsageError: the file cannot be edited, or does not read as it should afterwards.
        ConfigurationError: the file holds a mistake already.
    """
    before = Settings() if file is None else read(file, rule_ids, today)
    path = FILE_NAMES[0] if file is None else file.path
    text = _with_list("" if file is None else file.text)
    edited = yaml.apply(text, _number(text), [AppendItem(("waivers",), _entry(waiver))])
    if isinstance(edited, yaml.Refused):
        raise UsageError(f"the waiver cannot be written: {edited.reason}", path=path)
    after = read(SourceFile(path, edited.text), rule_ids, today)
    if not _is_added(before, after, waiver):
        raise UsageError("the waiver cannot be written: the file would not read as meant", path=path)
    return Written(path, None if file is None else file.text, edited.text)


def waiver_of(asked: Waive, rule_id: str, paths: Sequence[str], owner: str) -> Waiver:
    """The waiver that a command asks for."""
    where = (asked.path,) if asked.path else tuple(exact(path) for path in paths)
    return Waiver(rule=rule_id, owner=owner, reason=asked.reason, expires=asked.until, paths=where)


def _with_list(text: str) -> str:
    """The text with something to append to: an empty file, or one of comments, gets the key."""
    if parse(text).documents:
        return text
    lead = text or _NEW
    return lead + ("" if lead.endswith("\n") else "\n") + "waivers:\n"


def _number(text: str) -> int:
    return parse(text).documents[0].number


def _entry(waiver: Waiver) -> dict[str, Data]:
    expires = waiver.expires.isoformat() if waiver.expires is not None else ""
    where: dict[str, Data] = {"paths": list(waiver.paths)} if waiver.paths else {}
    return {"rule": waiver.rule, **where, "owner": waiver.owner, "reason": waiver.reason, "expires": expires}


def _is_added(before: Settings, after: Settings, waiver: Waiver) -> bool:
    """Whether nothing else changed, and the new waiver is what was asked for and waives."""
    if not after.waivers:
        return False
    *others, added = after.waivers
    old = [one._replace(line=0) for one in before.waivers]
    same = [one._replace(line=0) for one in others] == old and after._replace(waivers=(), path="") == before._replace(
        waivers=(), path=""
    )
    return same and added._replace(line=0) == waiver._replace(line=0, defects=())
