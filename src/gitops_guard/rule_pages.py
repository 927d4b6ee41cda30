"""What the rules say of themselves: pages, the list, the search by any tool's id."""

import json

from gitops_guard.errors import UsageError
from gitops_guard.pipeline import all_rules
from gitops_guard.rule import Rule


def find_rule(name: str) -> Rule:
    """The rule of an id, a name, or an alias.

    Raises:
        UsageError: there is none; the hint names the nearest.
    """
    wanted = name.lower()
    by_name: dict[str, Rule] = {key.lower(): rule for rule in reversed(all_rules()) for key in _names(rule)}
    if wanted in by_name:
        return by_name[wanted]
    from difflib import get_close_matches  # noqa: PLC0415 - only for an error

    near = get_close_matches(wanted, by_name, 1)
    hint = f"did you mean {by_name[near[0]].id}?" if near else "see: gitops-guard rules"
    raise UsageError(f"there is no rule {name!r}", hint=hint)


def _names(rule: Rule) -> tuple[str, ...]:
    return (*rule.aliases, rule.name, rule.id)


def explain(name: str) -> str:
    """The page of a rule in Markdown, with its examples and mappings."""
    rule = find_rule(name)
    lines = [
        f"# {rule.id} {rule.name}",
        "",
        rule.documentation.strip(),
        "",
        "## Severity, fix and mapping",
        "",
        f"- severity: {rule.severity.label}",
        f"- fix: {rule.fix_safety or 'none'}",
        f"- same check elsewhere: {', '.join(rule.aliases) or 'none known'}",
        f"- controls: {', '.join(rule.controls)}",
    ]
    if rule.bad:
        lines += ["", "## Example", "", *_before(rule), "Reported:", "", *_code(rule, rule.bad[0].text)]
        if rule.bad[0].fixed is not None:
            lines += ["", "Fixed:", "", *_code(rule, rule.bad[0].fixed)]
    if rule.good:
        lines += ["", "Not reported:", "", *_code(rule, rule.good[0].text)]
    return "\n".join(lines) + "\n"


def _before(rule: Rule) -> list[str]:
    text = rule.bad[0].before
    return [] if text is None else ["Before the change:", "", *_code(rule, text), ""]


def _code(rule: Rule, text: str) -> list[str]:
    language = "dockerfile" if rule.family == "DKR" else "yaml"
    return [f"```{language}", text.rstrip("\n"), "```"]


def listing(form: str) -> str:
    """All rules, as a table for people or as JSON."""
    rules = sorted(all_rules(), key=lambda rule: rule.id)
    if form == "json":
        return json.dumps([_as_json(rule) for rule in rules], indent=2) + "\n"
    return "".join(f"{rule.id}  {rule.severity.label:8}  {rule.fix_safety or '-':12}  {rule.title}\n" for rule in rules)


def _as_json(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "title": rule.title,
        "family": rule.family,
        "severity": rule.severity.label,
        "aliases": list(rule.aliases),
        "controls": list(rule.controls),
        "fix_safety": rule.fix_safety,
    }
