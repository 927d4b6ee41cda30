"""The report for a terminal: what is wrong, at which characters of which line, what to do, and what was not looked at.

Everything that comes from files is made printable first: a terminal obeys what it is shown.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from gitops_guard.finding import WAIVED, Finding, Severity
from gitops_guard.publishers import wording
from gitops_guard.publishers.cells import cells, fit, wrap
from gitops_guard.publishers.escape import printable_unicode
from gitops_guard.publishers.excerpt import Excerpt, Excerpts, Row
from gitops_guard.report import ReadText, Report

_SHOWN = 60
_REASONS = 5
_CONTROLS = 4
_NARROWEST = 40
_CODES = {
    Severity.CRITICAL: "1;35",
    Severity.HIGH: "1;31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "2",
}
_BOLD, _DIM, _GOOD = "1", "2", "32"


def wants_color(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether to colour: what is set in the environment decides, then whether there is a terminal to see it."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") != "0":
        return True
    return terminal and environ.get("TERM") != "dumb"


def render(report: Report, read_text: ReadText, *, color: bool, width: int = 80, shown: int = _SHOWN) -> str:
    """The report as text of at most `width` columns; only file names and commands are never wrapped.

    Args:
        report: what to show.
        read_text: gives the scanned texts, for excerpts.
        color: whether to use colours.
        width: of the terminal, in columns.
        shown: how many findings are shown with an excerpt; of the others only the rules are listed.
    """
    page = _Page(color, max(width, _NARROWEST))
    found = report.open
    chosen = _chosen(found, shown)
    excerpts = Excerpts(report, read_text)
    for _, group in groupby(chosen, key=lambda finding: (finding.place.path, finding.place.start)):
        page.group(list(group), excerpts)
    if len(chosen) < len(found):
        page.others(found, len(chosen))
    page.verdict(report)
    page.coverage(report)
    page.hints(found)
    return "\n".join(page.lines) + "\n"


def _chosen(found: tuple[Finding, ...], shown: int) -> tuple[Finding, ...]:
    """The most severe findings, in the order of the report."""
    if len(found) <= shown:
        return found
    chosen = {id(finding) for finding in wording.most_severe_first(found)[:shown]}
    return tuple(finding for finding in found if id(finding) in chosen)


class _Page:
    """Collects lines."""

    def __init__(self, color: bool, width: int) -> None:  # noqa: FBT001 - the caller's own setting
        self._color, self._width = color, width
        self.lines: list[str] = []

    def group(self, findings: list[Finding], excerpts: Excerpts) -> None:
        """The findings of one place: a line for each, one excerpt, then what to do."""
        for finding in findings:
            self._heading(finding)
        excerpt = excerpts.of(findings[0])
        gutter = 5
        if excerpt is not None:
            gutter = max(5, len(str(excerpt.rows[-1].number)) + 2)
            self.lines += self._excerpt(excerpt, gutter, _offer(findings[0]), findings[0].severity)
        said = {_offer(findings[0])} if excerpt is not None else set()
        for finding in findings:
            offer = _offer(finding)
            if offer and offer not in said:
                said.add(offer)
                self._note(f"{finding.rule_id}: {offer}" if len(findings) > 1 else offer, gutter)
        for text in dict.fromkeys(wording.also(finding) for finding in findings):
            self._note(printable_unicode(text), gutter)
        self._note(_about(findings), gutter)
        self.lines.append("")

    def _heading(self, finding: Finding) -> None:
        start = finding.place.start
        path = printable_unicode(finding.place.path) or "the whole repository"
        where = f"{path}:{start.line}:{start.column}" if start.line else path
        label, message = finding.severity.label, printable_unicode(finding.message)
        colored = (self._paint(where, _BOLD), self._paint(label, _CODES[finding.severity]), finding.rule_id)
        plain = f"{where}  {label}  {finding.rule_id}  "
        if cells(plain) + cells(message) <= self._width:
            self.lines.append(f"{'  '.join(colored)}  {message}")
            return
        self.lines.append("  ".join(colored))
        self.lines += (f"  {line}" for line in wrap(message, self._width - 2))

    def _excerpt(self, excerpt: Excerpt, gutter: int, offer: str, severity: Severity) -> Iterator[str]:
        bar = self._paint(" " * gutter + "|", _DIM)
        yield bar
        labelled = False
        for row in excerpt.rows:
            text, start, end = fit(row.text, row.start, row.end, self._width - gutter - 2)
            yield f"{self._paint(f'{row.number:>{gutter - 1}} |', _DIM)} {text}".rstrip()
            if _marked(row) and not labelled:
                labelled = True
                carets = self._paint("^" * max(1, end - start), _CODES[severity])
                room = self._width - gutter - 2 - start - max(1, end - start) - 1
                beside = offer if offer and cells(offer) <= room else ""
                yield f"{bar} {' ' * start}{carets} {beside}".rstrip()
                if offer and not beside:
                    yield from (f"{bar}   {line}" for line in wrap(offer, self._width - gutter - 4))
        if excerpt.more > 0:
            yield f"{bar} … {wording.plural(excerpt.more, 'more line')}"

    def _note(self, text: str, gutter: int) -> None:
        for number, line in enumerate(wrap(text, self._width - gutter - 2)):
            self.lines.append(" " * gutter + (self._paint("= ", _DIM) if number == 0 else "  ") + line)

    def others(self, found: tuple[Finding, ...], shown: int) -> None:
        """Says how many are not shown, by rule, and how to see them."""
        self.lines.append(f"{shown} of {len(found):,} problems are shown. All of them, by rule:")
        self.lines.append("")
        by_rule: dict[tuple[str, str], list[Finding]] = {}
        for finding in found:
            by_rule.setdefault((finding.rule_id, finding.rule_name), []).append(finding)
        rows = sorted(by_rule.items(), key=lambda row: (-max(f.severity for f in row[1]), -len(row[1]), row[0]))
        for (rule_id, name), members in rows:
            severity = max(finding.severity for finding in members)
            files = wording.plural(len({finding.place.path for finding in members}), "file")
            label = self._paint(f"{severity.label:8}", _CODES[severity])
            self.lines.append(f"  {label}  {rule_id}  {len(members):>7,} in {files:14}  {name}".rstrip())
        self.lines += ["", "To see all: --format html --output report.html. To see those of a rule: --rule ID.", ""]

    def verdict(self, report: Report) -> None:
        """The line with the numbers."""
        found, compared = report.open, report.comparison
        files = wording.plural(len(report.coverage.scanned) + len(report.coverage.rendered), "file")
        noun = "new problem" if compared else "problem"
        if found:
            parts = [f"{wording.plural(len(found), noun)} ({wording.counts(found)}) in {files}"]
        else:
            parts = [f"No {noun}s in {files}"]
        if compared:
            parts.append(f"{len(report.fixed):,} fixed")
            parts.append(f"{sum(compared.existing):,} already there")
        waived = sum(1 for finding in report.findings if finding.status == WAIVED)
        if waived:
            parts.append(f"{waived:,} waived")
        line = f"{', '.join(parts)} · {report.seconds:.1f} s"
        good = not found and not report.coverage.failed
        code = _GOOD if good else _CODES[max(f.severity for f in found)] if found else _CODES[Severity.HIGH]
        self.lines += (self._paint(row, code) for row in wrap(line, self._width))

    def coverage(self, report: Report) -> None:
        """What could not be read, what was not looked at, and what of the configuration has no effect."""
        coverage = report.coverage
        self._list("could not be read", "file", [(f.path, f.reason) for f in coverage.failed], _CODES[Severity.HIGH])
        self._list("not looked at", "file", [(f.path, f.reason) for f in coverage.skipped], "")
        self.lines += (self._paint(row, "") for note in coverage.notes for row in wrap(note, self._width))
        void = [(f"{n.rule_id} in {n.where}", n.detail) for n in report.waivers if n.state == "void"]
        self._list("without effect", "waiver", void, _CODES[Severity.MEDIUM])
        unused = [(f"{n.rule_id} in {n.where}", n.detail) for n in report.waivers if n.state == "unused"]
        self._list("unused", "waiver", unused, "")
        self._list("switched off", "rule", [(r.rule_id, r.reason) for r in report.skipped_rules], "")

    def _list(self, what: str, noun: str, entries: list[tuple[str, str]], code: str) -> None:
        if not entries:
            return
        head = self._paint(f"{wording.plural(len(entries), noun)} {what}:", code)
        by_reason: dict[str, list[str]] = {}
        for name, reason in entries:
            by_reason.setdefault(reason, []).append(name)
        rows = sorted(by_reason.items(), key=lambda row: len(row[1]))
        lines = [_because(names, reason, noun) for reason, names in rows[:_REASONS]]
        if len(entries) == 1:
            self.lines.append(f"{head} {lines[0]}")
            return
        self.lines.append(head)
        self.lines += (f"  {line}" for line in lines)
        left = sum(len(names) for _, names in rows[_REASONS:])
        if left:
            self.lines.append(f"  and {left:,} more: --format json lists them all")

    def hints(self, found: tuple[Finding, ...]) -> None:
        """The commands to go on with."""
        if not found:
            return
        words = []
        fixable = sum(1 for finding in found if finding.fix is not None and not finding.fix.refused)
        if fixable:
            words.append(f"{_patches(fixable, len(found))}: gitops-guard fix --diff")
        words.append(f"Explain: gitops-guard explain {wording.most_severe_first(found)[0].rule_id}")
        line = "        ".join(words)
        self.lines += [line] if len(line) <= self._width else words

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color and code else text


def _because(names: list[str], reason: str, noun: str) -> str:
    name, why = printable_unicode(names[0]), printable_unicode(reason)
    return f"{name} ({why})" if len(names) == 1 else f"{wording.plural(len(names), noun)}: {why}; the first is {name}"


def _marked(row: Row) -> bool:
    return row.end > row.start or row.start > 0


def _patches(fixable: int, found: int) -> str:
    if fixable == found:
        return {1: "Patch", 2: "Patch for both"}.get(found, f"Patch for all {found:,}")
    return f"Patch for {fixable:,} of {found:,}"


def _offer(finding: Finding) -> str:
    """What can be done, with its safety; empty where nothing is known."""
    fix = finding.fix
    if fix is None:
        return ""
    title = printable_unicode(fix.title)
    if fix.refused:
        return f"{title} [no patch: {printable_unicode(fix.refused)}]"
    return f"{title} [fix, {wording.SAFETIES.get(fix.safety, fix.safety)}]"


def _about(findings: Iterable[Finding]) -> str:
    """The object and the controls of the findings of a place."""
    members = list(findings)
    about = printable_unicode(wording.resource(members[0].resource))
    names = list(dict.fromkeys(name for finding in members for name in finding.controls))
    cited = wording.controls(names[:_CONTROLS])
    if len(names) > _CONTROLS:
        cited += f" and {len(names) - _CONTROLS} more"
    return " · ".join(part for part in (about, printable_unicode(cited)) if part)
