"""Vulnerabilities that a newer image mends.

## What it does
Reports images in which a scan found vulnerabilities worse than `image_policy.worst_severity` (medium by default); only
those that a newer package mends, unless `fixable_only` is false. The finding is as severe as the worst of them.

## Why it matters
A known vulnerability with a published fix is what attackers try first.

## Fix safety
Needs review: the lowest newer tag of the same line and variant whose scan keeps the policy is another build, with other
versions of what is in it. No tag is offered that moves, is a pre-release, or is older than the age limit.

## References
NIST SP 800-190, section 4.1.1. CIS Docker Benchmark, 4.4.
"""

from collections.abc import Iterator

from gitops_guard.facts.image import ImageFacts, Upgrade
from gitops_guard.facts.scan import Counts, Scan
from gitops_guard.finding import CRITICAL
from gitops_guard.images.limits import SEVERITIES, ids_of, worse_than
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.img.example import AT, SHA, pod
from gitops_guard.rules.img.known_example import FIXABLE, scan, scanned
from gitops_guard.rules.img.use import Use, as_of, on_yaml


def judge(use: Use, context: RuleContext) -> Iterator[Problem]:
    """Reports images with vulnerabilities that the policy does not accept."""
    facts, policy = use.facts(context), context.settings.image_policy
    if facts is None or facts.scan is None:
        return
    bad = worse_than(facts.scan, policy.worst_severity, fixable_only=policy.fixable_only)
    if bad:
        kind = "fixable vulnerabilities" if policy.fixable_only else "vulnerabilities"
        yield use.problem(
            f": {facts.scan.source} found {len(bad)} {kind} worse than {policy.worst_severity.label}, {ids_of(bad)} "
            f"({counts(facts.scan)}){as_of(facts, context.today)}",
            upgraded(use, facts),
            severity=SEVERITIES[bad[0].grade],
        )


def upgraded(use: Use, facts: ImageFacts) -> Fix | None:
    """The fix that moves to a newer tag, with the counts before and after."""
    upgrade = facts.upgrade
    if upgrade is None or use.image is None:
        return None
    change = use.move(upgrade.tag, upgrade.digest if use.image.digest else "")
    if isinstance(change, str):
        return None
    return needs_review(f"move to {upgrade.tag}: {_gain(upgrade)}", *change, note="it is another build of the image")


def _gain(upgrade: Upgrade) -> str:
    return f"{counts(upgrade.before)} become {counts(upgrade.after)}"


def counts(scan: Scan) -> str:
    """Vulnerabilities as people read them: `3 critical, 21 high, 0 medium, 0 low; 18 fixable`."""
    found: Counts = scan.counts
    ungraded = f", {found.unknown} ungraded" if found.unknown else ""
    return (
        f"{found.critical} critical, {found.high} high, {found.medium} medium, {found.low} low{ungraded}; "
        f"{scan.fixable} fixable"
    )


_UPGRADE = Upgrade("1.27.5", SHA, scan(FIXABLE), scan())
_BAD = scanned(FIXABLE)

RULE = Rule(
    id="GG-IMG-007",
    name="vulnerable-image",
    title="Registry scan shows fixable critical or high vulnerability in the base image",
    severity=CRITICAL,
    applies_to=NamedImage,
    check=on_yaml(judge),
    fix_safety="needs-review",
    aliases=(),
    controls=(
        "cis_docker:4.4", "nsa:pod-image-build", "mitre:T1190", "mitre:T1068", "sp800_190:4.1.1", "sp800_53:RA-5",
        "sp800_53:SI-2", "pci:6.3.1", "pci:6.3.3", "pci:11.3.1", "owasp_k8s_2025:K07",
    ),
    bad=(
        Example(pod("nginx:1.27.4"), at=AT, known=lambda: (_BAD,)),
        Example(
            pod("nginx:1.27.4"), at=AT, known=lambda: (_BAD._replace(upgrade=_UPGRADE),), fixed=pod("nginx:1.27.5"),
        ),
        Example(
            pod(f"nginx:1.27.4@{SHA}"), at=AT,
            known=lambda: (_BAD._replace(reference=f"{_BAD.reference}@{SHA}", upgrade=_UPGRADE),),
            fixed=pod(f"nginx:1.27.5@{SHA}"),
        ),
        Example(
            pod("nginx:1.27.4"), at=AT, known=lambda: (scanned(FIXABLE._replace(fixed="")),),
            settings="image_policy:\n  fixable_only: false\n",
        ),
    ),
    good=(
        Example(pod("nginx:1.27.4"), known=lambda: (scanned(),)),
        Example(pod("nginx:1.27.4"), known=lambda: (scanned(FIXABLE._replace(fixed="")),)),
        Example(pod("nginx:1.27.4"), known=lambda: (scanned(FIXABLE._replace(grade="medium")),)),
        Example(pod("nginx:1.27.4"), known=lambda: (scanned(state="missing"),)),
        Example(pod("nginx:1.27.4")),
    ),
)  # fmt: skip
