"""The result of a run as a value: what publishers turn into text."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.finding import EXISTING, FIXED, NEW, WAIVED, Finding, Patch, Severity
from gitops_guard.model.used_image import UsedImage
from gitops_guard.source_file import Skipped

if TYPE_CHECKING:
    from gitops_guard.facts.image import ImageFacts
    from gitops_guard.network.change import NetworkChange
    from gitops_guard.rendered_effect import RootChange

SCHEMA_VERSION = "1.0"

ReadText = Callable[[str], str | None]
"""Gives the text of a scanned file (the head side) for an excerpt; None where it is not to be had any more."""


class Coverage(NamedTuple):
    """Every candidate file stands in exactly one of these.

    `skipped` were not looked at on purpose (a template, a link), `failed` should have been read and could not.
    `rendered` are the names of roots that Kustomize and Helm made (`kustomize:overlays/prod`); those that could not be
    made stand in `skipped`, or in `failed` where rendering is required. `notes` say what else a reader has to know.
    """

    scanned: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    failed: tuple[Skipped, ...] = ()
    rendered: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Comparison(NamedTuple):
    """What was compared: `base` as named by the user, the commit that it was compared at, and the head."""

    base: str
    merge_base: str
    head: str
    existing: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    """Problems in the changed files that were there before, by severity in ascending order."""
    policy_files: tuple[str, ...] = ()
    """Changed files that decide how changes are judged: what they say counts only once it is in the base."""


class RuleSummary(NamedTuple):
    """The metadata of a rule, for publishers, which know no rules."""

    id: str
    name: str
    title: str
    family: str
    severity: Severity
    aliases: tuple[str, ...]
    controls: tuple[str, ...]
    fix_safety: str | None
    page: str


class SkippedRule(NamedTuple):
    """A rule that did not run, and why."""

    rule_id: str
    reason: str


class WaiverNote(NamedTuple):
    """What became of a waiver: `used`, `unused` or `void` (with the reason why it waives nothing)."""

    rule_id: str
    where: str
    owner: str
    ticket: str
    expires: str
    state: str
    detail: str = ""


class ImageRow(NamedTuple):
    """One image of the repository.

    `reference` is its normal form (`latest` where no tag is written), empty where it could not be resolved: then `why`
    says why not. `text` is as first written. `verdict` is `approved`, `refused` or `undecided`, empty without an
    approved list; `entry` decided, `nearest` comes closest and `nearest_why` does not match. `facts` is None where
    nobody was asked. `suggestion` is what to write instead, `built_from` the Dockerfile of this
    repository that makes it, `runs_in` the workloads whose image one of its Dockerfiles builds on it.
    """

    reference: str
    text: str
    places: tuple[UsedImage, ...]
    new: bool = False
    verdict: str = ""
    why: str = ""
    entry: str = ""
    nearest: str = ""
    nearest_why: str = ""
    facts: "ImageFacts | None" = None
    suggestion: str = ""
    built_from: str = ""
    runs_in: tuple[str, ...] = ()


class Report(NamedTuple):
    """Everything a run found out.

    `findings` are ordered by path, line, column and rule; `fixed` were only on the base side. `images` are those of all
    files that were looked at, `today` is the day of the run. `network` is what a change does to connections, None where
    that was not looked at, or nothing changes; `network_patch` opens what is needed and denied. `rendered` is what a
    change does to each rendered root that it reaches.
    """

    findings: tuple[Finding, ...]
    coverage: Coverage
    rules: tuple[RuleSummary, ...] = ()
    fixed: tuple[Finding, ...] = ()
    comparison: Comparison | None = None
    skipped_rules: tuple[SkippedRule, ...] = ()
    waivers: tuple[WaiverNote, ...] = ()
    fail_level: Severity | None = None
    configuration: str = ""
    kubernetes_version: str = ""
    seconds: float = 0.0
    images: tuple[ImageRow, ...] = ()
    today: date = date.min
    network: "NetworkChange | None" = None
    network_patch: Patch | None = None
    rendered: "tuple[RootChange, ...]" = ()

    def with_status(self, status: str) -> tuple[Finding, ...]:
        """The findings of a status (`new`, `existing`, `waived`, `fixed`)."""
        return self.fixed if status == FIXED else tuple(f for f in self.findings if f.status == status)

    @property
    def by_place(self) -> "Report":
        """The report with a finding for each place, for readers that go by files and lines."""
        if not any(finding.also for finding in self.findings):
            return self
        return self._replace(findings=tuple(one for finding in self.findings for one in _each(finding)))

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that count: new ones in a comparison, all that are not waived otherwise."""
        wanted = {NEW} if self.comparison else {NEW, EXISTING}
        return tuple(f for f in self.findings if f.status in wanted and f.status != WAIVED)

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The open findings at or above the level that fails the check."""
        level = self.fail_level
        return () if level is None else tuple(f for f in self.open if f.severity >= level)


def _each(finding: Finding) -> Iterator[Finding]:
    """The places of a finding as findings of their own; each says how many others there are."""
    others = len(finding.also)
    more = f" (the same image in {others} more {'place' if others == 1 else 'places'})" if others else ""
    for one in finding.places:
        yield one._replace(also=(), message=one.message + more)


def by_severity(findings: tuple[Finding, ...]) -> dict[Severity, int]:
    """How many findings of each severity, most severe first, zeros included."""
    counts = dict.fromkeys(sorted(Severity, reverse=True), 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts
