"""Scan that is missing, too old, or could not be looked at.

## What it does
Where sources of scans are configured, reports images that no source knows, whose scan failed, is still running, or is
older than `image_policy.scanned_within_days`. Whatever else could not be asked about an image (its digest, its
configuration, its scan) is reported too, at the severity of `image_policy.unknown`: what is not known is not clean.
Where nothing in the configuration asks for such facts, the table of images says so instead.

## Why it matters
An image without a scan looks exactly like one without vulnerabilities.

## Fix safety
There is no fix in the repository: the image has to be scanned, or the source of scans made reachable.

## References
NIST SP 800-190, section 4.2.2. PCI DSS, 11.3.1.
"""

from collections.abc import Iterator
from datetime import date

from gitops_guard.facts.image import ImageFacts, Unknown
from gitops_guard.facts.scan import Scan
from gitops_guard.finding import MEDIUM
from gitops_guard.images.limits import days
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.img.example import AT, pod
from gitops_guard.rules.img.known_example import FIXABLE, MADE, scan, scanned
from gitops_guard.rules.img.use import Use, as_of, on_yaml

_CANNOT_TELL = frozenset(("unauthorised", "unavailable"))
_WORDS = {"missing": "has no scan", "failed": "could not be scanned", "in-progress": "is still being scanned",
          "unsupported": "cannot be scanned", "stale": "has a stale scan"}  # fmt: skip


def judge(use: Use, context: RuleContext) -> Iterator[Problem]:
    """Reports images without a fresh scan, and what could not be looked at."""
    facts, policy = use.facts(context), context.settings.image_policy
    if facts is None:
        return
    if facts.scan is not None:
        why = _missing(facts.scan, context.today, policy.scanned_within_days)
        if why:
            yield use.problem(f", which {why}{as_of(facts, context.today)}", of="repository")
    unknown = _unknown(facts)
    if unknown and policy.unknown is not None and context.settings.asks_registries:
        yield use.problem(
            f": not looked at: {unknown}{as_of(facts, context.today)}", severity=policy.unknown, of="repository"
        )


def _missing(scan: Scan, today: date, limit: int) -> str:
    """Why a scan is no evidence; empty if it is, or if nobody can say."""
    if scan.state in _CANNOT_TELL:
        return ""
    because = f": {scan.reason}" if scan.reason else ""
    if scan.state in _WORDS and not (scan.state == "stale" and scan.scanned_at):
        return _WORDS[scan.state] + because
    if scan.scanned_at is None:
        return f"has a scan without a date ({scan.source})"
    age = (today - scan.scanned_at.date()).days
    return f"was last scanned {days(age)} ago; the limit is {days(limit)}" if age > limit else ""


def _unknown(facts: ImageFacts) -> str:
    """What of the image nobody could tell, each reason once."""
    reasons: dict[str, list[str]] = {}
    scan = facts.scan
    untold = (Unknown("scan", scan.reason or scan.state),) if scan is not None and scan.state in _CANNOT_TELL else ()
    for one in (*facts.unknown, *untold):
        reasons.setdefault(one.reason, []).append(one.what)
    return "; ".join(f"its {' and '.join(dict.fromkeys(what))}: {reason}" for reason, what in reasons.items())


_REPORTS = "scan_reports: [scans/*.json]\n"

RULE = Rule(
    id="GG-IMG-010",
    name="unscanned-image",
    title="Scan result is missing or older than the freshness limit",
    severity=MEDIUM,
    applies_to=NamedImage,
    check=on_yaml(judge),
    aliases=(),
    controls=(
        "cis_docker:4.4", "nsa:pod-image-build", "sp800_190:4.2.2", "sp800_53:RA-5", "sp800_53:CA-7", "pci:11.3.1",
    ),
    bad=(
        Example(pod("nginx:1.27.4"), at=AT, known=lambda: (scanned(state="missing"),)),
        Example(pod("nginx:1.27.4"), at=AT, known=lambda: (scanned(FIXABLE, when="2026-10-01"),)),
        Example(pod("nginx:1.27.4"), at=AT, known=lambda: (scanned(when=None),)),
        Example(pod("nginx:1.27.4"), at=AT, known=lambda: (scanned(when=None, state="stale"),)),
        Example(pod("nginx:1.27.4"), at=AT, known=lambda: (scanned(state="unauthorised"),), settings=_REPORTS),
        Example(
            pod("nginx:1.27.4"), at=AT,
            known=lambda: (MADE._replace(unknown=(Unknown("digest", "the registry answered 401"),)),),
            settings="image_policy:\n  max_age_days: 90\n",
        ),
    ),
    good=(
        Example(pod("nginx:1.27.4"), known=lambda: (scanned(FIXABLE),)),
        Example(pod("nginx:1.27.4"), known=lambda: (scanned(),)),
        Example(pod("nginx:1.27.4"), known=lambda: (MADE,)),
        Example(pod("nginx:1.27.4"), known=lambda: (MADE._replace(unknown=(Unknown("digest", "not asked"),)),)),
        Example(
            pod("nginx:1.27.4"), known=lambda: (MADE._replace(scan=scan(state="unavailable")),),
            settings="image_policy:\n  unknown: none\n",
        ),
        Example(pod("nginx:1.27.4")),
    ),
)  # fmt: skip
