"""The report as GitHub-flavoured Markdown: for the job summary, and as the body of a pull request's summary comment.

Names and messages come from the repository: they open no markup, ping nobody, and refer to no issue.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gitops_guard import __version__
from gitops_guard.finding import WAIVED, Finding
from gitops_guard.publishers import image_markdown, wording
from gitops_guard.publishers.escape import fenced, markdown_code, markdown_text, percent_encoded
from gitops_guard.publishers.packing import Page, packed
from gitops_guard.publishers.templates import render_template
from gitops_guard.report import Report, by_severity

COMMENT_LIMIT = 65_536 - 256
"""Characters: what GitHub takes, less room for the hidden line of a comment."""
_MOST_ROWS, _LEAST_ROWS = 2000, 25
_SECTIONS = {
    "whole": "the one patch of all fixes",
    "combined": "the patches of several places",
    "network_patch": "the policy patch",
    "waived": "what was accepted",
    "waivers": "the waivers",
    "switched_off": "the rules that did not run",
    "skipped": "the files that were not looked at",
    "images": "the images",
    "network": "the network",
    "failed": "the files that could not be read",
}
"""What makes way when there is no room, what is missed least first."""
_NOTES = 20
_COMBINED = 5
_SHORT_COMMIT = 7
_NO_LINKS: Mapping[str, str] = {}


class Surroundings(NamedTuple):
    """What a summary may point to, where it stands.

    `blob` is the address of the commit's files (`https://github.com/o/r/blob/SHA`), `offers` the words of the column
    Fix by fingerprint (`suggested above`), `patch` the address of the whole patch, `commands` whether comments that
    start with `/gitops-guard` are obeyed. `whole` is one patch of all fixes, for those that cannot be suggested.
    """

    blob: str = ""
    offers: Mapping[str, str] = _NO_LINKS
    patch: str = ""
    commands: bool = False
    whole: str = ""


NOWHERE = Surroundings()


class _Row(NamedTuple):
    severity: str
    where: str
    problem: str
    fix: str


def render(report: Report, around: Surroundings = NOWHERE, *, limit: int = COMMENT_LIMIT) -> str:
    """The summary, of at most `limit` characters: whole rows and whole sections are left out, and it is said which."""
    rows = [_row(finding, around) for finding in wording.most_severe_first(report.open)[:_MOST_ROWS]]
    return packed(_page(report, around, rows), len(rows), tuple(_SECTIONS), least=_LEAST_ROWS, limit=limit)


def worth_posting(report: Report) -> bool:
    """Whether a summary is worth a first comment: something was found, could not be read, or opens or closes a path."""
    return bool(report.open or report.coverage.failed or report.network is not None)


def _page(report: Report, around: Surroundings, rows: list[_Row]) -> Page:
    found, coverage = report.open, report.coverage
    values: dict[str, object] = {
        "headline": wording.headline(report),
        "compared": _compared(report),
        "verdict": _verdict(report),
        "policy": _policy(report),
        "counts": _counts(report),
        "severities": ("critical", "high", "medium", "low"),
        "fixable": any(f.fix is not None and f.fix.patch is not None for f in found),
        "commands": around.commands,
        "patch": around.patch,
        "whole": fenced(around.whole) if around.whole else (),
        "looked_at": _looked_at(report),
        "combined": [_combined(f) for f in found if f.fix is not None and f.fix.combined is not None][:_COMBINED],
        "network_patch": None if report.network_patch is None else fenced(report.network_patch.diff),
        "images": image_markdown.table(report.images, report.today) if report.images else [],
        "network": _network(report),
        "rendered": _rendered(report),
        "failed": [(markdown_code(f.path), markdown_text(f.reason)) for f in coverage.failed[:_NOTES]],
        "skipped": [(markdown_code(f.path), markdown_text(f.reason)) for f in coverage.skipped[:_NOTES]],
        "more_files": max(0, len(coverage.failed) - _NOTES) + max(0, len(coverage.skipped) - _NOTES),
        "waivers": _waivers(report),
        "waived": [_waived(f) for f in report.findings if f.status == WAIVED][:_NOTES],
        "switched_off": [f"{r.rule_id}: {markdown_text(r.reason)}" for r in report.skipped_rules[:_NOTES]],
        "footer": _footer(report),
    }

    def page(count: int, dropped: Sequence[str]) -> str:
        missing = [_SECTIONS[name] for name in dropped if values[name]]
        left = values | dict.fromkeys(dropped, ())
        left |= {"rows": rows[:count], "left_out": len(found) - count, "missing": ", ".join(missing)}
        return render_template("summary.md.j2", **left, dropped=dropped)

    return page


def _network(report: Report) -> list[str]:
    if report.network is None:
        return []
    from gitops_guard.publishers.network_changes import section  # noqa: PLC0415 - few changes touch the network

    return section(report.network)


def _rendered(report: Report) -> str:
    if not report.rendered:
        return ""
    from gitops_guard.publishers.rendered_changes import as_markdown  # noqa: PLC0415 - few changes reach a root

    return as_markdown(report.rendered).rstrip("\n")


def _row(finding: Finding, around: Surroundings) -> _Row:
    where = markdown_code(wording.place(finding)) if finding.place.path else "the whole repository"
    if around.blob and finding.place.path:
        path = percent_encoded(finding.place.path)
        line = f"#L{finding.place.start.line}" if finding.place.start.line else ""
        where = f"[{where}]({around.blob}/{path}{line})"
    if finding.also:
        where += f"<br>{markdown_text(wording.also(finding))}"
    if len(finding.rendered_in) > 1:
        where += f"<br>{markdown_text(wording.in_roots(finding))}"
    about = wording.resource(finding.resource)
    problem = markdown_text(finding.message)
    if about:
        problem += f"<br>{markdown_code(about)}"
    return _Row(finding.severity.label, where, problem, around.offers.get(finding.fingerprint) or _fix(finding))


def _fix(finding: Finding) -> str:
    fix = finding.fix
    if fix is None:
        return ""
    if fix.refused:
        return f"no patch: {markdown_text(fix.refused)}"
    return f"{markdown_text(fix.title)} ({wording.SAFETIES.get(fix.safety, fix.safety)})"


def _combined(finding: Finding) -> tuple[str, str, str]:
    """A patch of several places: what it does, the fence, the diff."""
    patch = finding.fix.combined if finding.fix is not None else None
    fence, diff = fenced("" if patch is None else patch.diff)
    title = "" if patch is None else patch.title
    places = wording.plural(len(finding.places), "place")
    return f"{markdown_code(finding.image)} in {places}: {markdown_text(title)}", fence, diff


def _compared(report: Report) -> str:
    compared = report.comparison
    if compared is None:
        return ""
    return f"Compared with {markdown_code(compared.base)} at {markdown_code(compared.merge_base[:_SHORT_COMMIT])}."


def _policy(report: Report) -> str:
    """What a change does to the policy that judges it."""
    files = report.comparison.policy_files if report.comparison is not None else ()
    if not files:
        return ""
    named = _first([markdown_code(path) for path in files], "files")
    return f"This change touches the policy that judges it: {', '.join(named)}. What counts here is what the base says."


def _verdict(report: Report) -> str:
    if report.fail_level is None:
        return "It never fails on findings (fail level **none**)."
    failing = len(report.failing)
    rule = f"The check fails on **{report.fail_level.label}** and above"
    if failing:
        return f"{rule}: {failing:,} {'is' if failing == 1 else 'are'}."
    if report.coverage.failed:
        return f"{rule}, and where a file could not be read: {wording.plural(len(report.coverage.failed), 'file')}."
    return f"{rule}: nothing here is."


def _counts(report: Report) -> list[tuple[str, tuple[int, ...]]]:
    """The rows of the table of numbers: critical, high, medium, low (what is only for information counts as low)."""
    compared = report.comparison
    rows = [("**new in this change**" if compared else "**open**", _numbers(report.open))]
    if compared is not None:
        rows.append(("fixed by it", _numbers(report.fixed)))
        info, low, medium, high, critical = compared.existing
        rows.append(("already there (not shown)", (critical, high, medium, low + info)))
    waived = tuple(finding for finding in report.findings if finding.status == WAIVED)
    if waived:
        rows.append(("waived", _numbers(waived)))
    return rows


def _numbers(findings: tuple[Finding, ...]) -> tuple[int, ...]:
    critical, high, medium, low, info = by_severity(findings).values()
    return critical, high, medium, low + info


def _looked_at(report: Report) -> str:
    coverage = report.coverage
    seen = len(coverage.scanned) + len(coverage.rendered)
    total = seen + len(coverage.skipped) + len(coverage.failed)
    return f"{seen:,} of {wording.plural(total, 'changed file' if report.comparison else 'file')}"


def _waivers(report: Report) -> list[str]:
    lines = []
    order = ("void", "unused", "used")
    for note in sorted(report.waivers, key=lambda note: order.index(note.state)):
        owned = ", ".join(
            part
            for part in (
                note.owner and f"owner {markdown_text(note.owner)}",
                markdown_text(note.ticket) if note.ticket else "",
                note.expires and f"expires {markdown_text(note.expires)}",
            )
            if part
        )
        head = f"{note.state}: {markdown_code(note.rule_id)} in {markdown_code(note.where)}"
        detail = f" at {markdown_text(note.detail)}" if note.state != "used" and note.detail else ""
        lines.append(f"{head}{f' ({owned})' if owned else ''}{detail}")
    return _first(lines, "waivers")


def _waived(finding: Finding) -> str:
    about = f"{finding.rule_id} at {markdown_code(wording.place(finding))}"
    return f"{about}: {markdown_text(finding.message)} - {markdown_text(finding.suppressed_by)}"


def _first(lines: list[str], noun: str) -> list[str]:
    if len(lines) <= _NOTES:
        return lines
    return [*lines[:_NOTES], f"and {len(lines) - _NOTES:,} more {noun}"]


def _footer(report: Report) -> str:
    parts = [f"gitops-guard {__version__}"]
    if report.configuration:
        at = ""
        if report.comparison is not None:
            at = f" of {markdown_code(report.comparison.base)}"
        parts.append(f"configuration from {markdown_code(report.configuration)}{at}")
    if report.kubernetes_version:
        parts.append(f"Kubernetes {markdown_text(report.kubernetes_version)}")
    parts.append(f"{report.seconds:.1f} s")
    return _sentence(parts)


def _sentence(parts: Iterable[str]) -> str:
    return ", ".join(parts) + "."
