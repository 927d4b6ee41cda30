"""Hostile JSON: a value or a reason, never a traceback, never a clean scan."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.scanners import report_file
from gitops_guard.scanners.json_reading import decoded, digest, moment, platform, probability
from gitops_guard.scanners.report_file import read_report
from unit.scanners import scan_report_samples as samples

REPORT = json.dumps(samples.trivy(samples.trivy_vulnerability()))
UNREADABLE = {
    "empty": (b"", "the file is empty"),
    "white space": (b" \n\t", "the file is empty"),
    "byte order mark": (b"\xef\xbb\xbf", "the file is empty"),
    "latin-1": (b'{"a": "caf\xe9"}', "the text is not UTF-8"),
    "truncated": (REPORT[:200].encode(), "not JSON"),
    "yaml": (b"kind: VulnerabilityReport\n", "not JSON"),
    "html": (b"<html>Sign in</html>", "not JSON"),
    "two documents": (b"{}\n{}", "not JSON"),
    "deep": (b"[" * 200_000, "nested too deeply"),
    "deep objects": (b'{"a":' * 100_000, "nested too deeply"),
    "other": (b'{"packages": []}', "not a report of a scanner"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_a_failed_scan_with_a_reason(name: str) -> None:
    raw, reason = UNREADABLE[name]
    report = read_report("scans/api.json", raw)
    assert not report.readable
    (scan,) = report.scans
    assert (scan.state, scan.source) == ("failed", "report scans/api.json")
    assert reason in scan.reason


def test_a_file_above_the_limit_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_file, "SIZE_LIMIT", 1024)
    report = read_report("big.json", b"[" * 1025)
    assert (report.readable, report.scans[0].reason) == (False, "larger than 0 MiB")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_that_shells_redirect_in_are_read(encoding: str) -> None:
    assert read_report("a.json", REPORT.encode(encoding)).scans[0].state == "findings"


def test_numbers_of_any_size_and_double_keys_are_harmless() -> None:
    raw = b'{"a": ' + b"9" * 10_000 + b', "b": NaN, "c": -Infinity, "d": 1e999, "e": 1, "e": 2}'
    assert decoded(raw) == {"a": float("inf"), "b": None, "c": None, "d": float("inf"), "e": 2}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-19T10:00:00Z", datetime(2026, 5, 19, 10, tzinfo=UTC)),
        ("2026-05-19T10:00:00.123456789+02:00", datetime(2026, 5, 19, 8, 0, 0, 123456, tzinfo=UTC)),
        ("2026-05-19T10:00:00", datetime(2026, 5, 19, 10, tzinfo=UTC)),
        (datetime(2026, 5, 19, 10, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 5, 19, 8, tzinfo=UTC)),
        (1_779_184_800, datetime(2026, 5, 19, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (True, None),
        (1e300, None),
        (float("nan"), None),
        ({"seconds": 1}, None),
    ],
)
def test_a_time_is_aware_or_none(text: object, expected: datetime | None) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 0.0), ("0.5", 0.5), (1, 1.0), (1.5, None), (-1, None), ("x", None), (True, None), (float("inf"), None)],
)
def test_a_probability_lies_between_0_and_1(value: object, expected: float | None) -> None:
    assert probability(value) == expected


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256:" + "g" * 64, "md5:" + "a" * 32, "sha256:" + "A" * 64, "name@sha256:abc"]
)
def test_what_is_no_digest_is_none(text: str) -> None:
    assert digest(text) == ""
    assert digest(f"name@{samples.DIGEST}") == samples.DIGEST


def test_a_platform_needs_system_and_processor() -> None:
    assert platform({"os": "linux", "architecture": "arm64", "variant": "v8"}) == "linux/arm64/v8"
    assert platform({"os": "", "architecture": "arm64"}) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SAMPLES = (
    samples.trivy(samples.trivy_vulnerability()),
    samples.grype(samples.grype_match()),
    samples.harbor(samples.harbor_vulnerability()),
    samples.operator(samples.operator_vulnerability()),
    samples.sarif(samples.sarif_result()),
    samples.openvex(samples.vex_statement("pkg:oci/api")),
)


def mutated(document: object, path: list[int], value: object) -> object:
    """The document with another value at one place; the path chooses an entry at each level."""
    if not path or not isinstance(document, dict | list) or not document:
        return value
    keys = list(document) if isinstance(document, dict) else list(range(len(document)))
    key = keys[path[0] % len(keys)]
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[key] = mutated(copy[key], path[1:], value)
    return copy


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SAMPLES), st.lists(st.integers(0, 9), max_size=8), JSON)
def test_a_report_with_any_value_anywhere_is_read_without_a_traceback(
    document: object, path: list[int], value: object
) -> None:
    report = read_report("a.json", json.dumps(mutated(document, path, value)).encode())
    assert report.scans
    for scan in report.scans:
        assert scan.reason or scan.state in {"clean", "findings"}
        assert (scan.state != "clean") or not scan.vulnerabilities


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    report = read_report("a.json", raw)
    assert all(scan.state in {"failed", "missing"} and scan.reason for scan in report.scans)
