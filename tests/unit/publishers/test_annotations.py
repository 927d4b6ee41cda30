"""Annotations: which findings get one, and that no text of a repository gets out of a workflow command."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.publishers.annotations import MOST, PER_COMMAND, Annotation, annotations, as_json, workflow_commands
from gitops_guard.publishers.check_run import conclusion, verdict
from gitops_guard.report import Coverage, Report
from gitops_guard.runner import MARKER, obeyed
from gitops_guard.source_file import Skipped
from gitops_guard.text import Position
from unit.publishers.sample_report import SECRET, large_report, sample_report

COMMAND = re.compile(r"::error file=([^:,\r\n]*),line=3,endLine=4,title=([^:,\r\n]*)::([^\r\n]*)")
UNDONE = {"%2C": ",", "%3A": ":", "%0A": "\n", "%0D": "\r", "%25": "%"}


def test_the_most_severe_come_first_and_secrets_are_not_in_them() -> None:
    found = annotations(sample_report())
    order = ("failure", "warning", "notice")
    levels = [order.index(one.level) for one in found]
    assert levels == sorted(levels)
    assert found
    assert SECRET not in str([as_json(one) for one in found])


def test_a_finding_without_a_line_is_not_put_on_line_one() -> None:
    report = sample_report()
    nowhere = [f._replace(place=f.place._replace(start=Position(0, 0), end=Position(0, 0))) for f in report.findings]
    assert annotations(report._replace(findings=tuple(nowhere))) == ()


@given(st.text(), st.text(), st.text())
def test_no_text_leaves_its_command(path: str, title: str, message: str) -> None:
    (command,) = workflow_commands([Annotation(path, 3, 4, "failure", title, message)])
    parts = COMMAND.fullmatch(command)
    assert parts is not None
    undone = [re.sub("%(?:2C|3A|0A|0D|25)", lambda found: UNDONE[found[0]], part) for part in parts.groups()]
    assert undone == [path, title, message]


def test_ten_of_a_kind_are_shown() -> None:
    found = [Annotation("a.yaml", n, n, level, "t", "m") for n in range(1, 30) for level in ("failure", "notice")]
    commands = workflow_commands(found)
    assert len(commands) == 2 * PER_COMMAND
    assert commands[0].startswith("::error file=a.yaml,line=1,")


def test_a_stop_is_lifted_for_just_these_lines() -> None:
    assert obeyed(["::error::x"], {MARKER: "feed"}) == "\n::feed::\n::error::x\n::stop-commands::feed\n"
    assert obeyed(["::error::x"], {}) == "::error::x\n"


def test_a_check_run_marks_a_thousand_and_says_so() -> None:
    found = verdict(large_report(MOST + 500))
    assert len(found.annotations) == MOST
    assert "1,000 of 1,500 problems are marked" in found.summary
    assert len(found.summary) < 65_400


def test_what_was_not_read_is_never_a_success() -> None:
    lacking = Coverage(("a.yaml",), (), (Skipped("b.yaml", "not YAML"),))
    report = sample_report()._replace(findings=(), coverage=lacking)
    assert conclusion(report) == "failure"
    assert conclusion(report._replace(fail_level=None)) == "neutral"
    assert conclusion(Report((), Coverage(("a.yaml",)))) == "success"
