"""The tracking issue of a repository: one text, in parts where it is too long for one."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from gitops_guard import __version__
from gitops_guard.finding import Finding, Severity
from gitops_guard.publishers.escape import markdown_code, markdown_text, percent_encoded
from gitops_guard.publishers.templates import render_template
from gitops_guard.publishers.tracking_numbers import SEVERITIES, counts, headline, number_of
from gitops_guard.publishers.tracking_pages import MOST_PARTS, SIZE, pages_of
from gitops_guard.report import Report, WaiverNote
from gitops_guard.tracking.state import State, open_numbers

BOX = "gitops-guard:fix="
SOON = timedelta(days=30)
_FILES, _LINES = 4, 5
_LONGEST_LINK = 500
_MOST_FAILED = 50
_MOST_REASONS = 20
_MOST_WAIVERS = 50
_HEAD = "| Severity | Problem | Where | Since |\n|---|---|---|---|"

Owners = Callable[[str], tuple[str, ...]]
"""The owners of a path, as the repository names them; none where nobody owns it."""


class Box(NamedTuple):
    """A check box: `key` is stable, `text` is Markdown. `number` is its open pull request; then there is no box."""

    key: str
    text: str
    ticked: bool = False
    number: int = 0


class Where(NamedTuple):
    """What was swept: address of the server, repository, branch and commit, for links."""

    server_url: str
    repository: str
    branch: str
    commit: str

    def link(self, path: str, line: int) -> str:
        """The address of a line; empty where it would be too long to help anybody."""
        address = f"{self.server_url}/{self.repository}/blob/{self.commit}/{percent_encoded(path)}#L{line}"
        return address if len(address) <= _LONGEST_LINK else ""


class Tracked(NamedTuple):
    """What the issue tells. `notes` are further warnings, in Markdown."""

    report: Report
    state: State
    where: Where
    owners: Owners | None = None
    boxes: tuple[Box, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every file was looked at."""
        return self.state.sweep is not None and self.state.sweep.complete


class Text(NamedTuple):
    """The text of the issue and those of its further parts. `head` makes the first from the links of the others."""

    head: Callable[[Sequence[str]], str]
    parts: tuple[str, ...]


def compose(tracked: Tracked) -> Text:
    """The texts of the issue; the same for the same values."""
    end = _end(tracked)
    space = SIZE - len(_top(tracked, ["part 00 https://" + "x" * 200] * MOST_PARTS)) - len(end)
    pages = list(pages_of(_sections(tracked), _HEAD, max(space, 0)))
    left_out = sum(rows for _, rows in pages[MOST_PARTS + 1 :])
    pages = pages[: MOST_PARTS + 1] or [("", 0)]
    first, *others = [text for text, _ in pages]
    if left_out:
        notice = f"**{left_out:,} more rows do not fit here**: the reports in JSON, SARIF and HTML hold all of them."
        others[-1] += f"\n{notice}\n"

    def head(links: Sequence[str]) -> str:
        shown = [f"[part {number}]({link})" for number, link in enumerate(links, 2)]
        return _top(tracked, shown) + first + end

    return Text(head, tuple(others))


def _top(tracked: Tracked, parts: Sequence[str]) -> str:
    state = tracked.state
    return render_template(
        "tracking_issue.md.j2",
        warnings=list(_warnings(tracked)),
        headline=headline(state),
        swept=_swept(tracked),
        severities=[severity.label for severity in SEVERITIES],
        counts=counts(state),
        boxes=tracked.boxes,
        marker=BOX,
        parts=parts,
    )


def _swept(tracked: Tracked) -> str:
    where, coverage = tracked.where, tracked.report.coverage
    day = tracked.state.sweep.day if tracked.state.sweep else date.min
    link = f"[`{where.commit[:7]}`]({where.server_url}/{where.repository}/commit/{where.commit})"
    looked = len(coverage.scanned) + len(coverage.skipped) + len(coverage.failed)
    known = f"every candidate file accounted for ({looked:,})" if tracked.complete else "**not complete**"
    return f"Sweep of {markdown_code(where.branch)} at {link} on {day}; {known}."


def _warnings(tracked: Tracked) -> Iterator[str]:
    failed = len(tracked.report.coverage.failed)
    if not tracked.complete:
        yield (
            f"This sweep is **not complete**: {number_of(failed, 'file')} could not be looked at (named below). "
            "Nothing counts as fixed, and this issue stays open, until a sweep sees everything."
        )
        seen = {finding.fingerprint for finding in tracked.report.by_place.findings}
        unseen = sum(name not in seen and not one.waived for name, one in tracked.state.open.items())
        if unseen:
            yield f"{number_of(unseen, 'problem')} of earlier sweeps were not seen now, and are not listed below."
    yield from tracked.notes


def _sections(tracked: Tracked) -> Iterator[tuple[str, list[str]]]:
    """The heading of each owner, worst first, with the rows of its table."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in tracked.report.by_place.open:
        owners = tracked.owners(finding.place.path) if tracked.owners is not None else ()
        groups.setdefault(owners, []).append(finding)
    for owners, found in sorted(groups.items(), key=lambda group: (_weight(group[1]), group[0])):
        number = f"({len(found):,})"
        if tracked.owners is None:
            heading = f"### Problems {number}"
        elif not owners:
            heading = f"### Without an owner {number}"
        else:
            heading = f"### Owned by {', '.join(markdown_code(owner, 100) for owner in owners[:5])} {number}"
        yield heading, list(_rows(found, tracked))


def _weight(findings: Iterable[Finding]) -> tuple[int, ...]:
    counts = Counter(finding.severity for finding in findings)
    return tuple(-counts[severity] for severity in SEVERITIES)


def _rows(findings: Iterable[Finding], tracked: Tracked) -> Iterator[str]:
    groups: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((-finding.severity, finding.rule_id), []).append(finding)
    titles = {rule.id: rule.title for rule in tracked.report.rules}
    for (severity, rule), found in sorted(groups.items()):
        title = titles.get(rule) or found[0].rule_name
        since = min((_since(finding, tracked.state) for finding in found), default=tracked.report.today)
        number = f" ({len(found):,})" if len(found) > 1 else ""
        problem = f"{markdown_code(rule)} {markdown_text(title)}{number}"
        yield f"| {Severity(-severity).label} | {problem} | {_places(found, tracked)} | {_unbroken(since)} |"


def _unbroken(day: date) -> str:
    # A narrow column would break a date at its hyphens.
    return day.isoformat().replace("-", "\N{NON-BREAKING HYPHEN}")


def _since(finding: Finding, state: State) -> date:
    seen = state.open.get(finding.fingerprint)
    return seen.first if seen is not None else date.max


def _places(findings: Sequence[Finding], tracked: Tracked) -> str:
    """A line for each file, the longest known first, with links to its lines."""
    ordered = sorted(findings, key=lambda one: (_since(one, tracked.state), one.place.path, one.place.start.line))
    files: dict[str, dict[int, None]] = {}
    for finding in ordered:
        files.setdefault(finding.place.path, {})[finding.place.start.line] = None
    shown = list(files.items())[:_FILES]
    named = sum(len(list(lines)[:_LINES]) for _, lines in shown)
    more = sum(len(lines) for lines in files.values()) - named
    texts = [_file(path, list(lines)[:_LINES], tracked.where) for path, lines in shown]
    return "<br>".join([*texts, *([f"and {more:,} more"] if more else [])])


def _file(path: str, lines: Sequence[int], where: Where) -> str:
    """The file with its first line, and the numbers of the further ones."""
    texts = [markdown_code(f"{path}:{lines[0]}"), *(str(line) for line in lines[1:])]
    linked = (
        f"[{text}]({link})" if (link := where.link(path, line)) else text
        for text, line in zip(texts, lines, strict=True)
    )
    return ", ".join(linked)


def _end(tracked: Tracked) -> str:
    report = tracked.report
    coverage = report.coverage
    reasons = Counter(skipped.reason for skipped in coverage.skipped).most_common()
    shown = [(number, markdown_text(reason)) for reason, number in reasons[:_MOST_REASONS]]
    rest = sum(number for _, number in reasons[_MOST_REASONS:])
    return render_template(
        "tracking_end.md.j2",
        waivers=list(_waivers(report.waivers, report.today)),
        looked_at=f"{len(coverage.scanned):,} scanned, {len(coverage.skipped):,} not, {len(coverage.failed):,} failed",
        failed=[(markdown_code(one.path), markdown_text(one.reason)) for one in coverage.failed[:_MOST_FAILED]],
        more_failed=max(0, len(coverage.failed) - _MOST_FAILED),
        skipped=[*shown, *([(rest, "other reasons")] if rest else [])],
        switched_off=[markdown_code(rule.rule_id) for rule in report.skipped_rules[:_MOST_REASONS]],
        version=__version__,
    )


def _waivers(notes: Sequence[WaiverNote], today: date) -> Iterator[str]:
    """Those that somebody has to do something about: void, soon to expire, without effect."""
    found = [line for note in notes if (line := _waiver(note, today))]
    yield from found[:_MOST_WAIVERS]
    if len(found) > _MOST_WAIVERS:
        yield f"and {len(found) - _MOST_WAIVERS:,} more"


def _waiver(note: WaiverNote, today: date) -> str:
    what = f"{markdown_code(note.rule_id)} in {markdown_code(note.where)}"
    owner = f" (owner {markdown_code(note.owner)})" if note.owner else ""
    if note.state == "void":
        return f"**waives nothing**: {what}{owner}: {markdown_text(note.detail)}"
    parts = []
    if note.expires and date.fromisoformat(note.expires) <= today + SOON:
        parts.append(f"**expires on {note.expires}**")
    if note.state == "unused":
        parts.append("**unused**")
    return f"{', '.join(parts)}: {what}{owner}" if parts else ""


def closing(tracked: Tracked) -> bool:
    """Whether the issue is done: a complete sweep found nothing that is open."""
    return tracked.complete and not sum(open_numbers(tracked.state))
