from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.finding import HIGH, LOW, Resource
from gitops_guard.publishers import junit
from gitops_guard.report import Coverage, Report
from gitops_guard.source_file import Skipped
from unit.publishers.sample_report import SECRET, finding, sample_report, tree_report


def written(report: Report) -> ET.Element:
    return ET.fromstring(junit.render(report).encode())  # noqa: S314 - it was just written here


def test_what_fails_the_check_fails() -> None:
    root = written(sample_report())
    failed = [case.get("name", "") for case in root.iter("testcase") if case.find("failure") is not None]
    assert len(failed) == 2
    assert failed[0].startswith("GG-POD-001 Deployment shop/checkout, container api")
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == "api runs privileged"
    assert "fix (safe): set `privileged` to false" in (failure.text or "")


def test_what_does_not_fail_the_check_is_skipped_with_its_reason() -> None:
    root = written(sample_report())
    reasons = [skipped.get("message") or "" for skipped in root.iter("skipped")]
    assert any(reason.startswith("medium, below the level that fails (high)") for reason in reasons)
    assert any(reason.startswith("waived: waiver in .gitops-guard.yaml:3") for reason in reasons)
    assert "a Helm template" in reasons


def test_a_file_that_could_not_be_read_is_an_error() -> None:
    root = written(sample_report())
    error = root.find("testsuite[@name='apps/bad.yaml']/testcase/error")
    assert error is not None
    assert error.get("message") == "not UTF-8: byte 0xff in line 3"


def test_the_numbers_are_those_of_the_cases() -> None:
    root = written(sample_report())
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert root.get(name) == str(len(list(root.iter(tag))))
        for suite in root.iter("testsuite"):
            assert suite.get(name, "0") == str(len(list(suite.iter(tag))))


def test_a_clean_file_passes() -> None:
    root = written(Report((), Coverage(scanned=("a.yaml",)), fail_level=HIGH))
    assert [case.attrib for case in root.iter("testcase")] == [{"classname": "a.yaml", "name": "no problems"}]


def test_nothing_fails_without_a_level() -> None:
    assert not list(written(tree_report(finding(severity=LOW))).iter("failure"))
    assert list(written(tree_report(finding(severity=LOW))._replace(fail_level=LOW)).iter("failure"))


def test_no_secret() -> None:
    assert SECRET not in junit.render(sample_report())


@given(st.text(st.characters(exclude_categories=[]) | st.sampled_from("<>&\"'\x00\x0b\ufffe\ud800\udce9]]>\n")))
def test_hostile_text_stays_within_its_element(text: str) -> None:
    found = finding(message=text, resource=Resource("v1", text, text, text, text), suppressed_by=text)
    found = found._replace(place=found.place._replace(path=text, keypath=(text,)))
    report = tree_report(found)._replace(
        fail_level=LOW, coverage=Coverage((text,), (Skipped(text, text),), (Skipped(text, text),))
    )
    root = written(report)
    assert {element.tag for element in root.iter()} == {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "skipped",
        "error",
    }
