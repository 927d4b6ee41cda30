"""The report as SARIF 2.1.0, as GitHub code scanning takes it.

GitHub matches alerts by rule, path and `partialFingerprints.primaryLocationLineHash`, refuses more than 25,000 results,
and shows the first 5,000: so they are ordered by severity, and what is cut off is said.
"""

import json
from collections.abc import Iterable
from typing import Any

from gitops_guard import __version__
from gitops_guard.finding import WAIVED, Finding, FixOffer, Severity
from gitops_guard.publishers import wording
from gitops_guard.publishers.escape import percent_encoded, valid_json, valid_unicode
from gitops_guard.publishers.sarif_fixes import artifact_changes
from gitops_guard.report import ReadText, Report, RuleSummary
from gitops_guard.text import Span

Json = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
_MOST_TAGS = 20
_MOST_NOTIFICATIONS = 1000
_ROOT = "SRCROOT"
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.5"}
_PROBLEMS = {"error": "error", "warning": "warning", "note": "recommendation"}


def render(report: Report, read_text: ReadText, *, category: str = "", most: int = MOST_RESULTS) -> str:
    """The report as SARIF text.

    Args:
        report: with the metadata of the rules.
        read_text: gives the scanned texts, to tell what of them is masked.
        category: sets the results of several uploads (shards, matrix jobs) apart; GitHub closes the alerts of a
            category that are not in its newest upload.
        most: how many results are written.
    """
    report = report.by_place
    shown = wording.most_severe_first((*report.open, *(f for f in report.findings if f.status == WAIVED)))
    kept = shown[:most]
    rules = _rules(report.rules, kept)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    secrets = _secrets(report.findings)
    run: Json = {
        "tool": {"driver": {"name": "gitops-guard", "semanticVersion": __version__, "rules": rules}},
        "automationDetails": {"id": f"gitops-guard/{valid_unicode(category)}/" if category else "gitops-guard/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(report, len(shown) - len(kept))],
        "results": [_result(finding, index, secrets, read_text) for finding in kept],
    }
    value = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return valid_json(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) + "\n"


def _rules(summaries: Iterable[RuleSummary], found: Iterable[Finding]) -> list[Json]:
    worst: dict[str, Severity] = {}
    names: dict[str, str] = {}
    for finding in found:
        worst[finding.rule_id] = max(finding.severity, worst.get(finding.rule_id, Severity.INFO))
        names[finding.rule_id] = finding.rule_name
    known = [_descriptor(rule, worst.get(rule.id, rule.severity)) for rule in sorted(summaries, key=lambda r: r.id)]
    described = {rule["id"] for rule in known}
    unknown = (
        RuleSummary(
            rule_id, name, name, rule_id.split("-")[1] if "-" in rule_id else "", worst[rule_id], (), (), None, ""
        )
        for rule_id, name in names.items()
        if rule_id not in described
    )
    return known + [_descriptor(rule, rule.severity) for rule in unknown]


def _descriptor(rule: RuleSummary, severity: Severity) -> Json:
    """A rule as GitHub shows it beside an alert; the severity is the one that the configuration gives it."""
    level = _LEVELS.get(severity, "note")
    family = wording.FAMILIES.get(rule.family, rule.family.lower())
    page = rule.page.strip() or rule.title
    tags = dict.fromkeys(("security", family, *(name for name in rule.controls)))
    properties: Json = {"tags": list(tags)[:_MOST_TAGS], "problem.severity": _PROBLEMS[level], "precision": "high"}
    if severity in _SCORES:
        properties["security-severity"] = _SCORES[severity]
    return {
        "id": rule.id,
        "name": _pascal(rule.name),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": page.partition("\n")[0]},
        "help": {"text": page, "markdown": f"# {rule.id}: {rule.title}\n\n{page}"},
        "defaultConfiguration": {"level": level},
        "properties": properties,
    }


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _result(finding: Finding, index: dict[str, int], secrets: dict[str, list[Span]], read_text: ReadText) -> Json:
    result: Json = {
        "ruleId": finding.rule_id,
        "ruleIndex": index[finding.rule_id],
        "level": _LEVELS.get(finding.severity, "note"),
        "message": {"text": _message(finding)},
        "partialFingerprints": {
            "gitopsGuard/v1": finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
        },
        "properties": {
            "severity": finding.severity.label,
            "status": finding.status,
            "controls": list(finding.controls),
            **({"renderedIn": [valid_unicode(root) for root in finding.rendered_in]} if finding.rendered_in else {}),
        },
    }
    if finding.place.path:
        result["locations"] = [_location(finding)]
    if finding.status == WAIVED:
        by = finding.suppressed_by
        kind = "external" if by.startswith("waiver in ") else "inSource"
        result["suppressions"] = [{"kind": kind, "status": "accepted", "justification": by}]
    changes = _changes(finding.fix, secrets, read_text)
    if changes and finding.fix is not None:
        result["fixes"] = [{"description": {"text": _plain(_fix_text(finding.fix))}, "artifactChanges": changes}]
    return result


def _message(finding: Finding) -> str:
    parts = [finding.message]
    about = wording.resource(finding.resource)
    if about:
        parts.append(f"({about})")
    if finding.fix is not None:
        parts.append(f"Fix: {_fix_text(finding.fix)}.")
    return _plain(" ".join(parts))


def _fix_text(fix: FixOffer) -> str:
    note = f": {fix.note}" if fix.note else ""
    return f"{fix.title} [{wording.SAFETIES.get(fix.safety, fix.safety)}]{note}"


def _plain(text: str) -> str:
    """A SARIF message may hold links, and place holders in braces: text of a repository makes neither."""
    return text.replace("](", "] (").replace("{", "{{").replace("}", "}}")


def _location(finding: Finding) -> Json:
    place, resource = finding.place, finding.resource
    physical: Json = {"artifactLocation": _artifact(place.path)}
    start, end = place.start, place.end
    if start.line:
        physical["region"] = {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        }
    location: Json = {"physicalLocation": physical}
    if resource.name:
        name = "/".join(part for part in (resource.namespace, resource.kind, resource.name, resource.container) if part)
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
    return location


def _artifact(path: str) -> Json:
    return {"uri": percent_encoded(path), "uriBaseId": _ROOT}


def _secrets(findings: Iterable[Finding]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for finding in findings:
        if finding.masked:
            found.setdefault(finding.place.path, []).extend(finding.masked)
    return found


def _changes(offer: FixOffer | None, secrets: dict[str, list[Span]], read_text: ReadText) -> list[Json]:
    """The edits of a fix; none where it makes a file, which SARIF cannot say, or where they would show a secret."""
    if offer is None or offer.patch is None:
        return []
    changes: list[Json] = []
    for file in offer.patch.files:
        found = artifact_changes(file, secrets.get(file.path, ()), read_text(file.path))
        if found is None:
            return []
        changes.append({"artifactLocation": _artifact(file.path), "replacements": found})
    return changes


def _invocation(report: Report, cut: int) -> Json:
    coverage = report.coverage
    notes = [_notification(f.path, f"could not be read: {f.reason}", "error") for f in coverage.failed]
    notes += (_notification(f.path, f"not looked at: {f.reason}", "note") for f in coverage.skipped)
    if len(notes) > _MOST_NOTIFICATIONS:
        more = len(notes) - _MOST_NOTIFICATIONS
        notes = [*notes[:_MOST_NOTIFICATIONS], _notification("", f"{more:,} more files were not looked at", "note")]
    if cut:
        text = f"{cut:,} results are left out, the least severe: GitHub refuses a file of more than {MOST_RESULTS:,}"
        notes.insert(0, _notification("", text, "warning"))
    notes += (_notification("", f"{rule.rule_id} did not run: {rule.reason}", "note") for rule in report.skipped_rules)
    return {"executionSuccessful": not coverage.failed, "toolExecutionNotifications": notes}


def _notification(path: str, text: str, level: str) -> Json:
    shown = f"{path}: {text}" if path else text
    note: Json = {"level": level, "message": {"text": _plain(shown)}}
    if path:
        note["locations"] = [{"physicalLocation": {"artifactLocation": _artifact(path)}}]
    return note
