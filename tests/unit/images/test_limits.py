"""What an entry asks beyond the name: kept, broken, or not to be told."""

from datetime import UTC, date, datetime

import pytest

from gitops_guard.facts.image import ImageFacts, Signature, Unknown
from gitops_guard.facts.scan import Scan, Vulnerability
from gitops_guard.finding import HIGH, INFO, LOW, MEDIUM
from gitops_guard.images.approval import decide
from gitops_guard.settings import ApprovedImage
from gitops_guard.syntax.image_reference import parse

TODAY = date(2026, 11, 24)
REFERENCE = "docker.io/library/nginx:1.27.4"
BAD = Vulnerability("CVE-2026-1", "critical", "openssl", "3.0", fixed="3.1")
UNFIXED = Vulnerability("CVE-2026-2", "high", "zlib", "1.2")
UNGRADED = Vulnerability("CVE-2026-3", "unknown", "tar", "1")


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def scanned(*found: Vulnerability, state: str = "", when: str | None = "2026-11-20", reason: str = "") -> ImageFacts:
    moment = None if when is None else at(when)
    name = state or ("findings" if found else "clean")
    scan = Scan(name, "harbor", scanned_at=moment, vulnerabilities=found, reason=reason)  # type: ignore[arg-type]
    return ImageFacts(REFERENCE, scan=scan)


def verdict(facts: ImageFacts | None, **asked: object) -> tuple[str, str]:
    entry = ApprovedImage("nginx", **asked)  # type: ignore[arg-type]
    found = decide(parse("nginx:1.27.4"), (entry,), TODAY, facts)
    assert found.nearest == (None if found.state == "approved" else entry)
    return found.state, found.why


MADE = ImageFacts(REFERENCE, created=at("2026-10-01"), platforms=("linux/amd64", "linux/arm64/v8"))
SIGNED = ImageFacts(REFERENCE, signature=Signature("verified", by="release"))


@pytest.mark.parametrize(
    ("facts", "asked", "state", "why"),
    [
        (MADE, {"max_age_days": 54}, "approved", ""),
        (MADE, {"max_age_days": 53}, "refused", "54 days old, and 53 days are allowed"),
        (ImageFacts(REFERENCE), {"max_age_days": 1}, "undecided", "does not say when it was made"),
        (None, {"max_age_days": 1}, "undecided", "was asked"),
        (
            ImageFacts(REFERENCE, unknown=(Unknown("config", "the registry answered 401"),)),
            {"max_age_days": 1},
            "undecided",
            "the registry answered 401",
        ),
        (MADE, {"platforms": ("linux/amd64", "linux/arm64")}, "approved", ""),
        (MADE, {"platforms": ("linux/arm64/v8",)}, "approved", ""),
        (MADE, {"platforms": ("linux/arm",)}, "refused", "not there for linux/arm"),
        (ImageFacts(REFERENCE), {"platforms": ("linux/arm",)}, "undecided", "platforms are not known"),
        (SIGNED, {"signed_by": ("ci", "release")}, "approved", ""),
        (SIGNED, {"signed_by": ("ci",)}, "refused", "signed by release, not by ci"),
        (ImageFacts(REFERENCE, signature=Signature("none")), {"signed_by": ("ci",)}, "refused", "not signed"),
        (
            ImageFacts(REFERENCE, signature=Signature("rejected", reason="another digest")),
            {"signed_by": ("ci",)},
            "refused",
            "another digest",
        ),
        (
            ImageFacts(REFERENCE, signature=Signature("present")),
            {"signed_by": ("ci",)},
            "undecided",
            "nobody verified it",
        ),
        (scanned(), {"scanned_within_days": 4}, "approved", ""),
        (scanned(), {"scanned_within_days": 3}, "refused", "last scanned on 2026-11-20"),
        (scanned(when=None), {"scanned_within_days": 9999}, "refused", "does not say when"),
        (scanned(), {"worst_severity": LOW}, "approved", ""),
        (scanned(BAD), {"worst_severity": MEDIUM}, "refused", "CVE-2026-1"),
        (scanned(UNFIXED), {"worst_severity": HIGH}, "approved", ""),
        (scanned(UNFIXED), {"worst_severity": MEDIUM}, "refused", "CVE-2026-2"),
        (scanned(UNFIXED), {"worst_severity": MEDIUM, "fixable_only": True}, "approved", ""),
        (scanned(UNGRADED), {"worst_severity": LOW}, "approved", ""),
        (scanned(UNGRADED), {"worst_severity": INFO}, "refused", "CVE-2026-3"),
        (scanned(state="stale"), {"worst_severity": LOW}, "undecided", "stale"),
        (scanned(BAD, state="stale"), {"worst_severity": LOW}, "refused", "CVE-2026-1"),
        (scanned(state="missing"), {"worst_severity": LOW}, "refused", "missing"),
        (scanned(state="failed", reason="no such layer"), {"worst_severity": LOW}, "refused", "no such layer"),
        (scanned(state="in-progress"), {"scanned_within_days": 3}, "refused", "in-progress"),
        (scanned(state="unauthorised"), {"scanned_within_days": 3}, "undecided", "unauthorised"),
        (scanned(state="unavailable"), {"scanned_within_days": 3}, "undecided", "unavailable"),
        (ImageFacts(REFERENCE), {"scanned_within_days": 3}, "undecided", "no source of scan results"),
    ],
)
def test_limits(facts: ImageFacts | None, asked: dict[str, object], state: str, why: str) -> None:
    found = verdict(facts, **asked)
    assert found[0] == state
    assert why in found[1]


def test_a_broken_limit_outweighs_an_unknown_one() -> None:
    state, why = verdict(MADE, max_age_days=1, scanned_within_days=1)
    assert state == "refused"
    assert "54 days old" in why
    assert "scan" not in why


def test_an_entry_that_approves_outweighs_one_that_cannot_tell() -> None:
    entries = (ApprovedImage("nginx", max_age_days=1), ApprovedImage("nginx", tags=("1.27.*",), owner="web"))
    found = decide(parse("nginx:1.27.4"), entries, TODAY)
    assert (found.state, found.entry) == ("approved", entries[1])


@pytest.mark.parametrize(
    ("text", "repository", "why"),
    [
        ("evil.io/library/python:3", "python", "the registry is evil.io, not docker.io"),
        ("docker.io.evil.io/library/python", "python", "the registry is docker.io.evil.io, not docker.io"),
        ("python2", "docker.io/library/python", "the repository is library/python2, not library/python"),
    ],
)
def test_the_nearest_entry_says_why_it_does_not_match(text: str, repository: str, why: str) -> None:
    entry = ApprovedImage(repository)
    found = decide(parse(text), (ApprovedImage("registry.example.com/other/**"), entry), TODAY)
    assert (found.state, found.nearest, found.nearest_why) == ("refused", entry, why)
