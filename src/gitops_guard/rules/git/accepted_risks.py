"""What a team has accepted, and whether a pull request changes it."""

from collections.abc import Iterator

from gitops_guard.finding import MEDIUM
from gitops_guard.rule import Example, Problem, Rule, RuleContext, Spot
from gitops_guard.settings import AcceptedRisks
from gitops_guard.text import Span


def check_changed(risks: AcceptedRisks, _: RuleContext) -> Iterator[Problem]:
    """Reports that a change touches the configuration, or brings its own ignore comments."""
    if risks.changed:
        yield Problem(
            Spot(("configuration",), Span(0, 0)),
            "this change edits the configuration of the check; it was judged by the one of the base branch",
        )


def check_void(risks: AcceptedRisks, _: RuleContext) -> Iterator[Problem]:
    """Reports waivers that waive nothing."""
    for waiver, start in zip(risks.waivers, risks.waiver_starts, strict=True):
        if waiver.defects:
            yield Problem(
                Spot(("waivers", waiver.rule, *waiver.paths[:1]), Span(start, start)),
                f"the waiver for {waiver.rule} waives nothing: {', '.join(waiver.defects)}",
            )


_HEAD = "waivers:\n  - rule: GG-POD-001\n"

CHANGED = Rule(
    id="GG-GIT-007",
    name="configuration-change",
    title="PR edits scanner config, baseline or exceptions",
    severity=MEDIUM,
    applies_to=AcceptedRisks,
    check=check_changed,
    aliases=(),
    controls=("sp800_190:4.3.1", "sp800_53:CM-3", "sp800_53:CM-5", "pci:6.5.1", "owasp_k8s_2025:K04"),
    bad=(),
    good=(Example(_HEAD + "    owner: o\n    reason: r\n    expires: 2999-01-01\n", path=".gitops-guard.yaml"),),
    page="""Change edits the configuration of the check.

## What it does
Reports that a change adds, edits or deletes `.gitops-guard.yaml`. The change itself is judged by the configuration of
its base.

## Why it matters
Whoever may waive a problem in the pull request that brings it needs nobody's consent.

## Fix safety
No automatic fix: have the change approved by the owners of the configuration.

## References
NIST SP 800-53, CM-3 and CM-5.
""",
)

VOID_WAIVER = Rule(
    id="GG-GIT-008",
    name="void-waiver",
    title="Exception without owner, reason or end date, or expired",
    severity=MEDIUM,
    applies_to=AcceptedRisks,
    check=check_void,
    aliases=(),
    controls=("sp800_190:4.3.1", "sp800_53:CA-7", "sp800_53:CM-3", "pci:6.3.1", "pci:12.3.1"),
    bad=(
        Example(_HEAD, at="waivers.GG-POD-001", path=".gitops-guard.yaml"),
        Example(
            _HEAD + "    owner: o\n    reason: r\n    expires: 2020-01-01\n",
            at="waivers.GG-POD-001",
            path=".gitops-guard.yaml",
        ),
    ),
    good=(Example(_HEAD + "    owner: o\n    reason: r\n    expires: 2999-01-01\n", path=".gitops-guard.yaml"),),
    page="""Waiver waives nothing.

## What it does
Reports waivers of `.gitops-guard.yaml` that lack an owner, a reason or an end date, or whose end date has passed.

## Why it matters
An exception that nobody owns and that never ends is a hole that everybody forgets.

## Fix safety
No automatic fix: complete the waiver, or remove it.

## References
NIST SP 800-53, CA-7. PCI DSS 4.0.1, 12.3.1.
""",
)
