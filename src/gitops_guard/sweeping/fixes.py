"""The check boxes of a tracking issue: what they offer, and the fix pull requests that ticked ones ask for."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard import pipeline
from gitops_guard.finding import DISPLAY_ONLY, SAFE, Finding
from gitops_guard.fix_pull_requests.codeowners import CodeOwners
from gitops_guard.fix_pull_requests.groups import PREFIX, slug
from gitops_guard.fix_pull_requests.plan import KeyOf, Planned, Request, grouping, planned
from gitops_guard.fix_pull_requests.update import Entry, Limits, Plan, update
from gitops_guard.github.commits import Committer
from gitops_guard.github.repository import Repository
from gitops_guard.publishers.escape import markdown_code, markdown_text
from gitops_guard.publishers.tracking_issue import Box
from gitops_guard.publishers.tracking_numbers import number_of
from gitops_guard.report import Report
from gitops_guard.settings import FixPullRequests
from gitops_guard.sweeping.scan import Whole

if TYPE_CHECKING:
    from gitops_guard.github.transport import Transport

ON_REQUEST = FixPullRequests(limit=10, needs_review=True)
"""Where the configuration opens none by itself: a box for each rule, also for what wants a review."""

REVIEWED = "+review"
"""Ends the key of a group with what wants a review, where the configuration opens only what is safe by itself."""

_MOST_BOXES = 60


class Offer(NamedTuple):
    """A group of fixes that a box may ask for. `by_itself`: the configuration opens it without being asked."""

    key: str
    text: str
    by_itself: bool

    @property
    def box(self) -> str:
        """The name of the box in the text of the issue: letters, digits and hyphens."""
        return slug(self.key)


class Asked(NamedTuple):
    """What the boxes offer, the names of the ticked ones, and the branch that fixes are for."""

    offers: tuple[Offer, ...]
    ticked: frozenset[str]
    branch: str


def offers(report: Report, settings: FixPullRequests | None, owners: CodeOwners) -> tuple[Offer, ...]:
    """What the boxes of an issue offer: groups of problems with fixes, by the configuration's way of grouping."""
    setting = settings or ON_REQUEST
    fixable = [
        finding
        for finding in report.by_place.open
        if finding.fix is not None
        and finding.fix.safety != DISPLAY_ONLY
        and (not setting.rules or finding.rule_id in setting.rules)
    ]
    key_of = grouping(setting, owners)
    titles = {rule.id: rule.title for rule in report.rules}
    found = [
        Offer(key, _text(key, group, titles), settings is not None)
        for key, group in _grouped(fixable, key_of, lambda one: setting.needs_review or _is_safe(one))
    ]
    if not setting.needs_review:
        found += [
            Offer(key + REVIEWED, _text(key, group, titles), by_itself=False)
            for key, group in _grouped(fixable, key_of, lambda one: not _is_safe(one))
        ]
    return tuple(sorted(found)[:_MOST_BOXES])


def _grouped(
    findings: Iterable[Finding], key_of: KeyOf, counts: Callable[[Finding], bool]
) -> Iterable[tuple[str, list[Finding]]]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if counts(finding):
            groups.setdefault(key_of(finding), []).append(finding)
    return groups.items()


def _is_safe(finding: Finding) -> bool:
    return finding.fix is not None and finding.fix.safety == SAFE


def _text(key: str, findings: list[Finding], titles: Mapping[str, str]) -> str:
    title = f" {markdown_text(titles[key])}" if key in titles else ""
    safety = "safe" if all(_is_safe(one) for one in findings) else "**needs review**"
    return f"{markdown_code(key)}{title}: {number_of(len(findings), 'problem')}, {safety}"


def boxes(found: Iterable[Offer]) -> tuple[Box, ...]:
    """The boxes of offers of which nobody ticked one yet."""
    return tuple(Box(offer.box, offer.text) for offer in found)


def answered(run: pipeline.Run, whole: Whole, transport: "Transport", repository: str, asked: Asked) -> tuple[Box, ...]:
    """Opens, updates and closes pull requests; gives the boxes as they should be shown.

    Only boxes that this sweep offers count: a text that people may edit names nothing else.
    """
    found, place = asked.offers, Repository(transport.call, repository, transport.graphql)
    setting = run.settings.fix_pull_requests
    is_open = {pull.head_ref for pull in place.pulls() if pull.head_ref.startswith(PREFIX)}
    wanted = tuple(o for o in found if not o.by_itself and (o.box in asked.ticked or PREFIX + o.box in is_open))
    entries: dict[str, Entry] = {}
    if wanted or is_open or setting is not None:
        ticked = frozenset(offer.key for offer in found if offer.box in asked.ticked)
        plans = (_by_itself(run, ticked), _on_request(run, wanted, ticked))
        groups = tuple(group for one in plans for group in one.groups)
        complete = whole.complete and all(one.complete for one in plans) and _knows_all(setting, is_open)
        plan = Plan(groups, asked.branch, whole.commit, complete=complete)
        limits = setting or ON_REQUEST
        made = update(place, Committer(transport.graphql, place).commit, plan, Limits(limits.limit, limits.labels))
        entries = {entry.key: entry for entry in made.entries}
    return tuple(_box(offer, entries.get(offer.key), asked) for offer in found)


def _by_itself(run: pipeline.Run, ticked: frozenset[str]) -> Planned:
    setting = run.settings.fix_pull_requests
    return Planned() if setting is None else planned(run, Request(setting, ticked))


def _on_request(run: pipeline.Run, wanted: tuple[Offer, ...], ticked: frozenset[str]) -> Planned:
    if not wanted:
        return Planned()
    suffix = "" if run.settings.fix_pull_requests is None else REVIEWED
    setting = (run.settings.fix_pull_requests or ON_REQUEST)._replace(needs_review=True)
    keys = {offer.key.removesuffix(suffix): offer.key for offer in wanted}
    if setting.group_by == "rule":
        # The others need not be proved.
        setting = setting._replace(rules=tuple(keys))
    found = planned(run, Request(setting))
    every = (one for one in found.groups if one.key in keys)
    groups = tuple(one._replace(key=keys[one.key], requested=keys[one.key] in ticked) for one in every)
    return found._replace(groups=groups)


def _knows_all(setting: FixPullRequests | None, is_open: Iterable[str]) -> bool:
    """Whether an open pull request without a group is obsolete, not one of another way of grouping."""
    if setting is not None:
        return True
    rules = {PREFIX + slug(rule.id) for rule in pipeline.all_rules()}
    return all(branch in rules for branch in is_open)


def _box(offer: Offer, entry: Entry | None, asked: Asked) -> Box:
    if entry is None or entry.state == "empty":
        return Box(offer.box, offer.text)
    if entry.number and entry.state != "closed":
        return Box(offer.box, offer.text, number=entry.number)
    # What found no room stays asked for.
    waits = entry.state == "postponed" and offer.box in asked.ticked
    return Box(offer.box, f"{offer.text}: not opened, {markdown_text(entry.detail or entry.state)}", ticked=waits)
