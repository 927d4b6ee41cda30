"""The report as JUnit XML: a suite for each file, a case for each problem, a passing case for each clean file.

What fails the check is a failure; what is waived or below the fail level is a skipped case; a file that could not be
read is an error. So a server that shows JUnit says the same as the exit code.
"""

from xml.sax.saxutils import escape, quoteattr

from gitops_guard.finding import WAIVED, Finding
from gitops_guard.publishers import wording
from gitops_guard.publishers.escape import printable_unicode
from gitops_guard.report import Report
from gitops_guard.source_file import Skipped
from gitops_guard.syntax.field import format_keypath


def render(report: Report) -> str:
    """The report as an XML document. Control characters, which XML cannot hold, are written as escapes."""
    report = report.by_place
    failing = {id(finding) for finding in report.failing}
    by_path: dict[str, list[Finding]] = {path: [] for path in (*report.coverage.scanned, *report.coverage.rendered)}
    for finding in report.findings:
        by_path.setdefault(finding.place.path, []).append(finding)
    suites = [_suite(path, found, failing, report) for path, found in by_path.items()]
    suites += (_unread(failed, "error") for failed in report.coverage.failed)
    suites += (_unread(skipped, "skipped") for skipped in report.coverage.skipped)
    total, failures, skips = (sum(suite[1][index] for suite in suites) for index in range(3))
    numbers = f'tests="{total}" failures="{failures}" errors="{len(report.coverage.failed)}" skipped="{skips}"'
    head = f'<testsuites name="gitops-guard" {numbers} time="{report.seconds:.3f}">'
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', head, *(text for text, _ in suites), "</testsuites>\n"))


_Suite = tuple[str, tuple[int, int, int]]


def _suite(path: str, found: list[Finding], failing: set[int], report: Report) -> _Suite:
    """The XML of a file's cases, with its numbers of tests, failures and skipped tests."""
    name = _attribute(path or "the whole repository")
    if not found:
        return (
            f'  <testsuite name={name} tests="1">\n    <testcase classname={name} name="no problems"/>\n  </testsuite>',
            (
                1,
                0,
                0,
            ),
        )
    cases = [_case(finding, name, report, fails=id(finding) in failing) for finding in found]
    failures = sum(1 for finding in found if id(finding) in failing)
    skipped = len(found) - failures
    head = f'  <testsuite name={name} tests="{len(found)}" failures="{failures}" skipped="{skipped}">'
    return "\n".join((head, *cases, "  </testsuite>")), (len(found), failures, skipped)


def _case(finding: Finding, path: str, report: Report, *, fails: bool) -> str:
    title = f"{finding.rule_id} {wording.resource(finding.resource)} {format_keypath(finding.place.keypath)}"
    start = finding.place.start.line
    line = f' line="{start}"' if start else ""
    case = f"    <testcase classname={path} name={_attribute(' '.join(title.split()))} file={path}{line}>"
    if fails:
        kind = f"{finding.severity.label} {finding.rule_name}"
        body = f"<failure type={_attribute(kind)} message={_attribute(finding.message)}>{_details(finding)}</failure>"
    else:
        body = f"<skipped message={_attribute(_why_not(finding, report))}/>"
    return f"{case}\n      {body}\n    </testcase>"


def _why_not(finding: Finding, report: Report) -> str:
    if finding.status == WAIVED:
        return f"waived: {finding.suppressed_by}: {finding.message}"
    if report.comparison is not None and finding not in report.open:
        return f"was there before: {finding.message}"
    return (
        f"{finding.severity.label}, below the level that fails ({wording.level(report.fail_level)}): {finding.message}"
    )


def _details(finding: Finding) -> str:
    lines = [wording.place(finding), finding.message]
    fix = finding.fix
    if fix is not None:
        lines.append(f"fix ({wording.SAFETIES.get(fix.safety, fix.safety)}): {fix.title}")
        lines += (note for note in (fix.note, fix.refused and f"no patch: {fix.refused}") if note)
    if finding.controls:
        lines.append(wording.controls(finding.controls))
    return "\n".join(escape(printable_unicode(line)) for line in lines)


def _unread(skipped: Skipped, kind: str) -> _Suite:
    name, reason = _attribute(skipped.path), _attribute(skipped.reason)
    counted = "errors" if kind == "error" else "skipped"
    head = f'  <testsuite name={name} tests="1" {counted}="1">'
    case = f'    <testcase classname={name} name="could be read">\n      <{kind} message={reason}/>\n    </testcase>'
    return f"{head}\n{case}\n  </testsuite>", (1, 0, int(kind == "skipped"))


def _attribute(text: str) -> str:
    return quoteattr(printable_unicode(text))
