import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.finding import Resource
from gitops_guard.publishers import console
from gitops_guard.publishers.cells import cells, fit, wrap
from gitops_guard.report import Coverage, ReadText, Report
from gitops_guard.source_file import Skipped
from unit.publishers.sample_report import (
    DEPLOYMENT,
    PATH,
    SECRET,
    TEXTS,
    finding,
    image_finding,
    large_report,
    sample_report,
    secret_finding,
    tree_report,
)

HOSTILE = "\x1b]0;pwned\x07\x1b[2J\r\x9b31m\u202e\u2066\udce9\n::error::"


def shown(report: Report, read: ReadText = TEXTS.get, width: int = 80) -> str:
    return console.render(report, read, color=False, width=width)


def test_a_secret_with_its_excerpt() -> None:
    text = shown(tree_report(secret_finding()))
    assert text.startswith("apps/checkout/deployment.yaml:16:22  high  GG-SEC-001\n")
    assert "  DB_PASSWORD holds a plain-text password (14 characters, masked)\n" in text
    assert "  16 |               value: ************\n     |                      ^^^^^^^^^^^^\n" in text
    assert "move it to a Secret mounted read-only [fix, needs review]" in text
    assert "= Deployment shop/checkout, container api · CIS 5.4.1; NIST SP 800-190" in text
    assert SECRET not in text


def test_the_last_lines_say_what_to_know() -> None:
    text = shown(sample_report())
    assert "3 new problems (2 high, 1 medium) in 2 files, 1 fixed, 60 already there" in text
    assert "1 file could not be read: apps/bad.yaml (not UTF-8: byte 0xff in line 3)\n" in text
    assert "1 file not looked at: charts/web/templates/deployment.yaml (a Helm template)\n" in text
    assert "1 waiver without effect: GG-NET-001 in x/ (.gitops-guard.yaml:15: expired)\n" in text
    assert text.endswith("Patch for 2 of 3: gitops-guard fix --diff\nExplain: gitops-guard explain GG-POD-001\n")


def test_nothing_to_report() -> None:
    clean = Report((), Coverage(scanned=("a", "b")), seconds=0.31)
    assert shown(clean) == "No problems in 2 files · 0.3 s\n"


def test_a_scan_that_failed_does_not_look_clean() -> None:
    report = Report((), Coverage(failed=(Skipped("a.yaml", "cut off"),)))
    assert "1 file could not be read: a.yaml (cut off)" in shown(report)
    assert "\x1b[32m" not in console.render(report, TEXTS.get, color=True, width=80)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_fit_the_terminal(width: int) -> None:
    for line in shown(sample_report(), width=width).split("\n"):
        if PATH not in line and "gitops-guard" not in line and "charts/" not in line and "(" not in line:
            assert cells(line) <= width


def test_no_color_means_no_escape() -> None:
    assert "\x1b" not in shown(sample_report())
    assert re.search(r"\x1b\[1;31mhigh\x1b\[0m", console.render(sample_report(), TEXTS.get, color=True, width=80))


def test_colors_add_nothing_but_color() -> None:
    colored = console.render(sample_report(), TEXTS.get, color=True, width=80)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == shown(sample_report())


def test_what_files_and_names_hold_cannot_move_the_cursor() -> None:
    text = f"a: {HOSTILE}\n"
    found = finding(
        path=f"x{HOSTILE}.yaml",
        text=text,
        marked="a:",
        message=f"name {HOSTILE}",
        resource=Resource("v1", "Pod", "", f"n{HOSTILE}", HOSTILE),
    )
    coverage = Coverage(skipped=(Skipped(HOSTILE, HOSTILE),), failed=(Skipped(HOSTILE, HOSTILE),))
    out = shown(tree_report(found)._replace(coverage=coverage), lambda _: text)
    assert all(char.isprintable() or char == "\n" for char in out)
    assert not any(line.startswith("::") for line in out.split("\n"))
    out.encode()


def test_findings_of_one_place_share_an_excerpt() -> None:
    two = (finding(), finding("GG-POD-002", message="api may gain privileges"))
    text = shown(tree_report(*two))
    assert text.count("privileged: true") == 1
    assert text.count("^") == len("privileged: true")
    assert "GG-POD-001  api runs privileged" in text
    assert "GG-POD-002  api may gain privileges" in text


def test_thousands_are_counted_by_rule() -> None:
    report = large_report(3000)
    text = console.render(report, lambda _: DEPLOYMENT, color=False, width=100)
    assert "60 of 3,000 problems are shown." in text
    assert re.search(r"critical +GG-POD-001 +2,400 in 300 files", text)
    assert "--format html --output report.html" in text
    assert text.count("\n") < 60 * 12
    assert "  low  " not in text


def test_few_are_all_shown() -> None:
    assert "are shown" not in shown(sample_report())


@pytest.mark.parametrize(
    ("environ", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_who_wants_color(environ: dict[str, str], terminal: bool, expected: bool) -> None:  # noqa: FBT001 - a table
    assert console.wants_color(environ, terminal=terminal) is expected


def test_patches_are_counted() -> None:
    both = tree_report(finding(fix=secret_finding().fix), secret_finding())
    assert "Patch for both: gitops-guard fix --diff" in shown(both)
    assert "Patch" not in shown(tree_report(image_finding()))


def test_a_refused_fix_says_why() -> None:
    offer = secret_finding().fix
    assert offer is not None
    found = secret_finding()._replace(fix=offer._replace(refused="the file would not parse"))
    text = " ".join(shown(tree_report(found)).replace("|", " ").split())
    assert "[no patch: the file would not parse]" in text
    assert "fix --diff" not in text


def test_wide_characters_keep_the_caret_in_place() -> None:
    text = "漢字: MARK\n"
    found = finding(path="f", text=text, marked="MARK")
    out = shown(tree_report(found), lambda _: text).split("\n")
    line = next(row for row in out if "MARK" in row)
    caret = next(row for row in out if "^" in row)
    assert cells(line[: line.index("MARK")]) == caret.index("^")


def test_tabs_keep_the_caret_in_place() -> None:
    out, start, end = fit("\tRUN\tx", 5, 6, 80)
    assert out[start:end] == "x"


@given(st.text(), st.data())
def test_a_line_fits_and_its_mark_is_within(text: str, data: st.DataObject) -> None:
    line = text.replace("\n", "")
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    width = data.draw(st.integers(20, 90))
    out, left, right = fit(line, start, end, width)
    assert cells(out) <= width
    assert 0 <= left <= right <= cells(out) + 1


@given(st.text(st.characters(categories=["L", "N", "Zs"])), st.integers(4, 60))
def test_wrapped_text_is_whole_and_fits(text: str, width: int) -> None:
    lines = list(wrap(text, width))
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split(" ")) == "".join(text.split(" "))


def test_files_that_were_not_looked_at_for_one_reason_are_counted() -> None:
    template = [Skipped(f"charts/t{number}.yaml", "a Helm template") for number in range(7)]
    others = [Skipped(f"x{number}", f"reason {number}") for number in range(5)]
    text = shown(Report((), Coverage(skipped=(*template, *others))))
    assert "12 files not looked at:\n  x0 (reason 0)\n" in text
    assert "  and 7 more: --format json lists them all\n" in text
    text = shown(Report((), Coverage(skipped=(*template, others[0]))))
    assert "  x0 (reason 0)\n  7 files: a Helm template; the first is charts/t0.yaml\n" in text
