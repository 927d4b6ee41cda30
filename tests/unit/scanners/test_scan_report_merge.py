"""Several sources give the worst, and what is not certain makes nothing better."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any, get_args

import pytest

from gitops_guard.facts.scan import Counts, Grade, Scan, ScanState, Vulnerability
from gitops_guard.scanners.merge import choose

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
SILENT = ("missing", "in-progress", "failed", "unsupported", "unauthorised", "unavailable")


def scan(*grades: Grade, days: int | None = 1, state: ScanState | None = None, **changes: Any) -> Scan:
    found = tuple(Vulnerability(f"CVE-{number}", grade, "p", "1") for number, grade in enumerate(grades))
    given: ScanState = state or ("findings" if found else "clean")
    when = None if days is None else NOW - timedelta(days=days)
    return Scan(given, "one", digest=DIGEST, scanned_at=when, vulnerabilities=found)._replace(**changes)


def chosen(*scans: Scan, fresh_days: int | None = 30) -> Scan:
    """What is chosen, in whatever order the sources come."""
    results = {choose(order, NOW, fresh_days) for order in permutations(scans)}
    assert len(results) == 1
    (result,) = results
    assert result is not None
    return result


def test_no_source_gives_none() -> None:
    assert choose((), NOW, 30) is None


def test_a_fresh_scan_stays_as_it_is() -> None:
    for one in (scan(), scan("high"), scan("low", days=30)):
        assert chosen(one) == one


@pytest.mark.parametrize(
    ("scans", "worst"),
    [
        ((scan(), scan("low")), ("low",)),
        ((scan("high"), scan("critical")), ("critical",)),
        ((scan("high", "high"), scan("high", "low", "low")), ("high", "high", "low")),
        ((scan("critical"), scan("high", "high", "high")), ("critical", "high", "high")),
        ((scan("unknown"), scan()), ("unknown",)),
        ((scan("low", days=400), scan()), ("low",)),
    ],
)
def test_the_worst_counts_win_and_what_others_found_is_added(scans: tuple[Scan, ...], worst: tuple[Grade, ...]) -> None:
    assert [one.grade for one in chosen(*scans).vulnerabilities] == list(worst)


@pytest.mark.parametrize("days", [31, 400, None])
def test_an_old_scan_or_one_without_a_date_is_stale_and_keeps_its_vulnerabilities(days: int | None) -> None:
    result = chosen(scan("high", days=days))
    assert (result.state, result.counts) == ("stale", Counts(high=1))
    assert "the limit is 30 days" in result.reason
    assert chosen(scan(days=days)).state == "stale"


def test_without_a_limit_no_scan_is_stale() -> None:
    assert chosen(scan(days=4000), fresh_days=None).state == "clean"


def test_a_fresh_clean_scan_comes_before_a_stale_one() -> None:
    assert chosen(scan(days=90), scan(days=2), scan(days=5)) == scan(days=2)


@pytest.mark.parametrize("ahead", [timedelta(days=2), timedelta(days=4000)])
def test_a_date_in_the_future_is_none_and_never_fresh(ahead: timedelta) -> None:
    result = chosen(scan(scanned_at=NOW + ahead))
    assert (result.state, result.scanned_at) == ("stale", None)
    assert "lies in the future" in result.reason


def test_clocks_may_differ_by_hours() -> None:
    assert chosen(scan(scanned_at=NOW + timedelta(hours=20))).state == "clean"


def test_a_date_without_a_zone_is_none() -> None:
    assert chosen(scan(scanned_at=datetime(2026, 5, 19))).scanned_at is None  # noqa: DTZ001 - what is tested


def silent(state: ScanState) -> Scan:
    return Scan(state, f"source {state}", reason="because")


@pytest.mark.parametrize("state", SILENT)
def test_a_source_that_tells_is_used_and_the_other_is_named(state: ScanState) -> None:
    for one in (scan(), scan("high")):
        result = chosen(one, silent(state))
        assert result.state == one.state
        assert result.reason == f"source {state}: {state} (because)"


def test_of_sources_that_tell_nothing_the_one_that_may_hide_most_counts() -> None:
    result = chosen(silent("missing"), silent("unsupported"), silent("failed"), silent("unauthorised"))
    assert result.state == "unauthorised"
    assert "source failed: failed (because); source unsupported: unsupported" in result.reason


def test_every_state_has_its_place() -> None:
    for state in get_args(ScanState):
        assert choose((silent(state), scan()), NOW, 30) is not None


@pytest.mark.parametrize("doubt", [{"verified": False}, {"digest": ""}])
def test_alone_what_is_not_certain_is_at_best_missing(doubt: dict[str, Any]) -> None:
    clean = chosen(scan(**doubt))
    assert clean.state == "missing"
    assert "it can only make things worse" in clean.reason
    found = chosen(scan("low", **doubt))
    assert (found.state, found.scanned_at, found.counts) == ("stale", None, Counts(low=1))


@pytest.mark.parametrize("doubt", [{"verified": False}, {"digest": ""}])
@pytest.mark.parametrize("state", SILENT)
def test_what_is_not_certain_turns_no_failure_into_a_pass(state: ScanState, doubt: dict[str, Any]) -> None:
    for doubtful in (scan(**doubt), scan("low", **doubt)):
        assert chosen(silent(state), doubtful).state not in {"clean", "findings"}


@pytest.mark.parametrize("doubt", [{"verified": False}, {"digest": ""}])
def test_what_is_not_certain_adds_and_never_removes(doubt: dict[str, Any]) -> None:
    certain = scan("high")
    doubtful = scan(**doubt)._replace(vulnerabilities=(Vulnerability("CVE-9", "critical", "q", "1"),))
    result = chosen(certain, doubtful)
    assert [one.id for one in result.vulnerabilities] == ["CVE-0", "CVE-9"]
    assert (result.state, result.source) == ("findings", "one")
    assert chosen(scan(), doubtful).state == "findings"
    assert chosen(certain, scan(**doubt)).vulnerabilities == certain.vulnerabilities
    known = scan("critical", **doubt)
    assert chosen(certain, known).counts == Counts(high=1)


def test_a_merged_scan_may_be_merged_again() -> None:
    once = chosen(scan("low", verified=False), silent("failed"))
    assert chosen(once) == once


def test_a_scan_of_another_platform_does_not_speak_of_the_image() -> None:
    scans = (scan("critical", platform="linux/arm64"), scan(platform="linux/amd64"))
    assert choose(scans, NOW, 30, "linux/amd64") == scans[1]
    assert choose(scans, NOW, 30, "linux/arm64/v8") == scans[0]
    assert choose(scans, NOW, 30, "windows/amd64") is None
    assert choose((scan(),), NOW, 30, "linux/amd64") == scan()


def test_the_worst_takes_over_what_other_scanners_know() -> None:
    exploited = Vulnerability("GHSA-1", "low", "p", "1", aliases=("CVE-0",), kev=True, epss=0.9)
    other = scan()._replace(state="findings", vulnerabilities=(exploited,), end_of_life=True, distribution="debian 9")
    result = chosen(scan("high"), other)
    assert (result.end_of_life, result.distribution) == (True, "debian 9")
    (one,) = result.vulnerabilities
    assert (one.id, one.kev, one.epss) == ("CVE-0", True, 0.9)


def test_what_one_source_can_mend_is_not_hidden_by_another_that_cannot() -> None:
    unfixable = scan()._replace(state="findings", vulnerabilities=(Vulnerability("CVE-1", "critical", "p", "1"),))
    fixable = (Vulnerability("CVE-2", "high", "p", "1", fixed="2"), Vulnerability("CVE-1", "high", "p", "1", fixed="3"))
    result = chosen(unfixable, scan()._replace(state="findings", vulnerabilities=fixable, source="other"))
    assert [(one.id, one.fixed) for one in result.vulnerabilities] == [("CVE-1", "3"), ("CVE-2", "2")]
    assert result.reason == "1 vulnerability is from other"


def test_claims_of_doubtful_scans_on_exploits_are_left_out() -> None:
    exploited = Vulnerability("CVE-0", "high", "p", "1", kev=True)
    doubtful = scan(verified=False)._replace(state="findings", vulnerabilities=(exploited,))
    assert chosen(scan("high"), doubtful).vulnerabilities[0].kev is None
