"""The `fix_pull_requests` section."""

from collections.abc import Callable

from gitops_guard.configuration.values import ValueReader
from gitops_guard.settings import FixPullRequests
from gitops_guard.syntax.field import Field

_FIXES = ("group_by", "rules", "depth", "limit", "labels", "needs_review")
GROUPS = ("rule", "family", "directory", "owner")
_LONGEST_LABEL = 50
_DEEPEST, _MOST_OPEN = 20, 50


def fix_pull_requests(values: ValueReader, field: Field, rule_id: Callable[[Field, str], str]) -> FixPullRequests:
    """Reads the section; `rule_id` checks an id. Raises ConfigurationError for a wrong value."""
    values.keys(field, _FIXES)
    default = FixPullRequests()
    group_by, labels = field["group_by"], field["labels"]
    return FixPullRequests(
        group_by=values.word(group_by, GROUPS, "group") if group_by.exists else default.group_by,
        rules=tuple(rule_id(item, values.text(item, required=True)) for item in values.list(field["rules"])),
        depth=_number(values, field["depth"], default.depth, _DEEPEST),
        limit=_number(values, field["limit"], default.limit, _MOST_OPEN),
        labels=tuple(_label(values, item) for item in values.list(labels)) if labels.exists else default.labels,
        needs_review=values.flag(field["needs_review"], default=False),
    )


def _number(values: ValueReader, field: Field, default: int, most: int) -> int:
    found = values.count(field)
    if found is None:
        return default
    if not 1 <= found <= most:
        values.fail(field, f"{field.key} must be a whole number from 1 to {most}")
    return found


def _label(values: ValueReader, field: Field) -> str:
    text = values.text(field, required=True)
    if len(text) > _LONGEST_LABEL or not text.isprintable():
        values.fail(field, f"a label has at most {_LONGEST_LABEL} characters, all of them visible")
    return text
