"""The report as one HTML file: it asks for nothing else, and runs only its own script.

A content security policy names the script and the style sheet by their hashes, so that even text that got past the
escaping could neither run nor load anything.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard import __version__
from gitops_guard.finding import FIXED, WAIVED, Finding, Patch, Resource, Severity
from gitops_guard.publishers import wording
from gitops_guard.publishers.escape import cut, printable, printable_unicode, valid_unicode
from gitops_guard.publishers.excerpt import Excerpt, Excerpts
from gitops_guard.publishers.image_html import image_views
from gitops_guard.publishers.rendered_html import difference
from gitops_guard.publishers.rule_page import inline, to_html
from gitops_guard.publishers.templates import render_template, template_text
from gitops_guard.report import ReadText, Report, RuleSummary, by_severity
from gitops_guard.syntax.field import format_keypath

_OPEN_AT_MOST = 6
_LONGEST_PATCH = 20_000
_NO_FILE = "The whole repository"


class _Line(NamedTuple):
    """A line of an excerpt, in three parts: before, within and after the mark."""

    number: int
    before: str
    marked: str
    after: str


class _PatchView(NamedTuple):
    """A patch: its lines by kind (`add`, `del`, `hunk`, `head` or none), or the anchor of the finding that shows it."""

    lines: list[tuple[str, str]]
    proof: tuple[object, ...]
    masked: bool
    safety: str = ""
    note: object = ""
    solves: int = 1
    shown_at: str = ""
    left_out: int = 0


class _View(NamedTuple):
    """A finding as the template takes it."""

    anchor: str
    severity: str
    family: str
    status: str
    rule_id: str
    rule_name: str
    message: object
    where: str
    keypath: str
    fixable: bool
    fix_title: object
    fix_safety: str
    fix_note: object
    refused: object
    patch: _PatchView | None
    controls: list[str]
    suppressed_by: str
    origin: str
    lines: list[_Line]
    more: int
    has_page: bool
    search: str


def render(report: Report, read_text: ReadText) -> str:
    """The report as a page; excerpts of `read_text` are masked before they are escaped."""
    style, script = template_text("report.css"), template_text("report.js")
    pages = {rule.id: rule for rule in report.rules}
    views = _Views(report, read_text, frozenset(pages))
    shown = (*report.by_place.findings, *report.fixed)
    files = list(_files(shown, views))
    used = sorted({finding.rule_id for finding in shown})
    return render_template(
        "report.html.j2",
        policy=_policy(style, script),
        style=_raw(style),
        script=_raw(script),
        version=__version__,
        title=_capital(wording.headline(report)),
        failing=len(report.failing),
        incomplete=len(report.coverage.failed),
        fail_level=wording.level(report.fail_level),
        facts=_facts(report),
        tiles=[(severity.label, number) for severity, number in _tiles(report)],
        total=len(shown),
        files=files,
        families=sorted({(v.family, wording.FAMILIES.get(v.family, v.family)) for v in _all(files)}),
        statuses=[s for s in ("new", "existing", "waived", "fixed") if any(v.status == s for v in _all(files))],
        rules=[_rule(pages[rule_id]) for rule_id in used if rule_id in pages],
        open_all=len(shown) <= _OPEN_AT_MOST,
        images=image_views(report.images, report.today),
        difference=difference(report.rendered),
        coverage=_coverage(report),
        waivers=[tuple(map(printable_unicode, note)) for note in report.waivers],
        skipped_rules=[tuple(map(printable_unicode, skipped)) for skipped in report.skipped_rules],
    )


def _rule(rule: RuleSummary) -> tuple[str, str, str, object]:
    return rule.id, printable_unicode(rule.title), rule.severity.label, _raw(to_html(rule.page))


def _raw(text: str) -> object:
    """Marks own text as HTML."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with Jinja2, which is loaded late

    return Markup(text)  # noqa: S704 - the style, the script, and what rule_page escaped itself


def _text(text: str) -> object:
    """One line of text as HTML, with code in it marked as such."""
    return _raw(inline(printable_unicode(text)))


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    from base64 import b64encode  # noqa: PLC0415
    from hashlib import sha256  # noqa: PLC0415

    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tiles(report: Report) -> Iterator[tuple[Severity, int]]:
    for severity, number in by_severity(report.open).items():
        if number or severity != Severity.INFO:
            yield severity, number


def _facts(report: Report) -> list[str]:
    """The run in a few words each."""
    facts = []
    compared = report.comparison
    if compared is not None:
        facts.append(f"{printable_unicode(compared.head)} compared with {printable_unicode(compared.base)}")
        facts.append(f"base commit {compared.merge_base[:7]}")
        facts.append(f"{sum(compared.existing):,} already there")
    facts.append(f"{wording.plural(len(report.coverage.scanned) + len(report.coverage.rendered), 'file')} looked at")
    if report.kubernetes_version:
        facts.append(f"Kubernetes {printable_unicode(report.kubernetes_version)}")
    if report.configuration:
        facts.append(f"configuration {printable_unicode(report.configuration)}")
    facts.append(f"{report.seconds:.1f} s")
    return facts


def _coverage(report: Report) -> dict[str, list[tuple[str, str]]]:
    coverage = report.coverage
    found = {
        "failed": [(f.path, f.reason) for f in coverage.failed],
        "skipped": [(f.path, f.reason) for f in coverage.skipped],
        "rendered": [(path, "") for path in coverage.rendered],
        "scanned": [(path, "") for path in coverage.scanned],
    }
    return {
        name: [(printable_unicode(path), printable_unicode(reason)) for path, reason in rows]
        for name, rows in found.items()
    }


class _File(NamedTuple):
    """A file: its numbers by severity, and its findings by object and container."""

    path: str
    tally: list[tuple[str, int]]
    groups: list[tuple[str, list[_View]]]


def _files(findings: Iterable[Finding], views: "_Views") -> Iterator[_File]:
    """The files, those with the most severe open finding first."""
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.place.path, []).append(finding)
    ordered = sorted(by_path.items(), key=lambda item: (-max(map(_weight, item[1])), item[0]))
    for path, members in ordered:
        counted = by_severity(tuple(finding for finding in members if _weight(finding) >= 0))
        tally = [(severity.label, number) for severity, number in counted.items() if number]
        yield _File(printable_unicode(path) or _NO_FILE, tally, list(_groups(members, views)))


def _groups(members: list[Finding], views: "_Views") -> Iterator[tuple[str, list[_View]]]:
    """The findings of each object and container, in the order of the file, within each by severity."""
    members.sort(key=lambda finding: (finding.place.document, finding.place.start))
    by_resource: dict[tuple[int, Resource], list[Finding]] = {}
    for finding in members:
        by_resource.setdefault((finding.place.document, finding.resource), []).append(finding)
    for (_, resource), found in by_resource.items():
        found.sort(key=lambda finding: -_weight(finding))
        yield printable_unicode(wording.resource(resource)), [views.of(finding) for finding in found]


def _weight(finding: Finding) -> int:
    return finding.severity if finding.status not in {WAIVED, FIXED} else -1


def _all(files: Iterable[_File]) -> Iterator[_View]:
    for file in files:
        for _, views in file.groups:
            yield from views


class _Views:
    """Makes the views of findings. A patch that solves several is shown at the first of them."""

    def __init__(self, report: Report, read_text: ReadText, pages: frozenset[str]) -> None:
        self._excerpts = Excerpts(report, read_text, before=3, most=12, after=2)
        self._pages = pages
        self._secret_paths = {finding.place.path for finding in report.findings if finding.masked}
        self._patches: dict[int, str] = {}
        self._solves = Counter(
            id(f.fix.patch) for f in report.by_place.findings if f.fix is not None and f.fix.patch is not None
        )
        self._anchors: set[str] = set()

    def of(self, finding: Finding) -> _View:
        """The view of one finding."""
        anchor = self._anchor(finding)
        fix = finding.fix
        excerpt = None if finding.status == FIXED else self._excerpts.of(finding)
        message, where = printable_unicode(finding.message), printable_unicode(wording.place(finding))
        about = printable_unicode(wording.resource(finding.resource))
        return _View(
            anchor=anchor,
            severity=finding.severity.label,
            family=finding.rule_id.split("-")[1] if finding.rule_id.count("-") > 1 else "",
            status=finding.status,
            rule_id=finding.rule_id,
            rule_name=printable_unicode(finding.rule_name),
            message=_text(message),
            where=where,
            keypath=printable_unicode(format_keypath(finding.place.keypath)),
            fixable=fix is not None and not fix.refused,
            fix_title=_text("" if fix is None else fix.title),
            fix_safety="" if fix is None else wording.SAFETIES.get(fix.safety, fix.safety),
            fix_note=_text("" if fix is None else fix.note),
            refused=_text("" if fix is None else fix.refused),
            patch=None if fix is None or fix.patch is None else self._patch(fix.patch, anchor),
            controls=[printable_unicode(wording.control(name)) for name in dict.fromkeys(finding.controls)],
            suppressed_by=printable_unicode(finding.suppressed_by),
            origin=printable_unicode(", ".join(finding.rendered_in)),
            lines=[] if excerpt is None else list(_lines(excerpt)),
            more=0 if excerpt is None else excerpt.more,
            has_page=finding.rule_id in self._pages,
            search=f"{where} {message} {finding.rule_id} {printable_unicode(finding.rule_name)} {about}".lower(),
        )

    def _anchor(self, finding: Finding) -> str:
        anchor = f"f-{finding.fingerprint}"
        if anchor in self._anchors:
            anchor = f"{anchor}-{len(self._anchors)}"
        self._anchors.add(anchor)
        return anchor

    def _patch(self, patch: Patch, anchor: str) -> _PatchView:
        shown_at = self._patches.setdefault(id(patch), anchor)
        if shown_at != anchor:
            return _PatchView([], (), masked=False, shown_at=shown_at)
        masked = "**" in patch.diff and any(file.path in self._secret_paths for file in patch.files)
        whole = valid_unicode(patch.diff)
        left_out = max(0, len(whole) - _LONGEST_PATCH)
        return _PatchView(
            lines=list(_diff_lines(cut(whole, _LONGEST_PATCH))),
            proof=tuple(_text(sentence) for sentence in patch.proof),
            masked=masked,
            safety=wording.SAFETIES.get(patch.safety, patch.safety),
            note=_text(patch.note),
            solves=self._solves[id(patch)],
            left_out=left_out,
        )


def _diff_lines(diff: str) -> Iterator[tuple[str, str]]:
    in_hunk = False
    for line in diff.removesuffix("\n").split("\n"):
        in_hunk = line.startswith("@@ ") or (in_hunk and not line.startswith("diff --git "))
        if line.startswith("@@ "):
            kind = "hunk"
        elif in_hunk:
            kind = {"+": "add", "-": "del"}.get(line[:1], "")
        else:
            kind = "head"
        yield kind, _visible(line)


def _lines(excerpt: Excerpt) -> Iterator[_Line]:
    for row in excerpt.rows:
        text, start, end = row.text, row.start, row.end
        yield _Line(row.number, _visible(text[:start]), _visible(text[start:end]), _visible(text[end:]))


def _visible(text: str) -> str:
    """A line with its tabs, everything else that cannot be seen as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char == "\t" else printable(char) for char in text)
