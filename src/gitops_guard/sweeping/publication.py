"""Publishes a sweep: the state, the tracking issue, fix pull requests that were asked for, SARIF."""

import argparse
import re
import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard import pipeline
from gitops_guard.checking import write
from gitops_guard.errors import UsageError
from gitops_guard.finding import WAIVED
from gitops_guard.fix_pull_requests.plan import local_codeowners
from gitops_guard.github.place import Place, read_place
from gitops_guard.publishers import post_tracking_issue as post
from gitops_guard.publishers.tracking_issue import Box, Owners, Text, Tracked, Where, closing, compose
from gitops_guard.report import ReadText, Report
from gitops_guard.sweeping.scan import Whole
from gitops_guard.sweeping.state_branch import Kept, Remote, keep
from gitops_guard.tracking.state import EMPTY, Seen, State, Sweep, updated

if TYPE_CHECKING:
    from gitops_guard.github.transport import Transport
    from gitops_guard.sweeping.fixes import Offer

TITLE = "gitops-guard: sweep of this repository"


class Source(NamedTuple):
    """What is published: the run, what it found, how its files are read again."""

    run: pipeline.Run
    whole: Whole
    read_text: ReadText

    @property
    def report(self) -> Report:
        """The report with the metadata of rules."""
        return self.whole.report._replace(rules=pipeline.summaries())


def publish_sweep(
    arguments: argparse.Namespace, environment: Mapping[str, str], run: pipeline.Run, whole: Whole, read_text: ReadText
) -> None:
    """Publishes what the arguments ask for.

    Raises:
        UsageError: there is nothing to publish to, or this is not the default branch.
        PublishError: GitHub or git refused.
    """
    source = Source(run, whole, read_text)
    if arguments.dry_run:
        _print(source, environment)
        return
    place = _checked_place(environment, whole)
    transport = place.transport()
    if arguments.publish:
        _say(_tracked(source, place, transport))
    if arguments.upload_sarif:
        from gitops_guard.sweeping.sarif import upload_sweep  # noqa: PLC0415 - only on request

        for line in upload_sweep(transport, place, source.report, whole, read_text, arguments.category):
            _say(line)


def _checked_place(environment: Mapping[str, str], whole: Whole) -> Place:
    place = read_place(environment)
    if not place.token:
        raise UsageError("no token", hint="set GITHUB_TOKEN, or use --dry-run")
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", whole.commit):
        raise UsageError("what was swept is no commit of a git repository", hint="sweep a checkout")
    return place


def _print(source: Source, environment: Mapping[str, str]) -> None:
    """Writes what would be published, as if nothing were known of earlier sweeps."""
    where = Where("https://github.com", "OWNER/NAME", "main", source.whole.commit)
    if environment.get("GITHUB_REPOSITORY"):
        place = read_place(environment)
        where = Where(place.server_url, place.repository, place.ref.removeprefix("refs/heads/") or "main", where.commit)
    text = _text(source, updated(EMPTY, _places(source.report), _swept(source)), where)
    write(f"---- tracking issue: {TITLE} ----\n\n{text.head(())}", None)
    for number, part in enumerate(text.parts, 2):
        write(f"\n---- part {number} ----\n\n{part}", None)


def _tracked(source: Source, place: Place, transport: "Transport") -> str:
    from gitops_guard.github.issues import Issues  # noqa: PLC0415 - loads PyGithub

    issues = Issues(transport, place.repository)
    branch = issues.default_branch()
    if place.ref and place.ref != f"refs/heads/{branch}":
        raise UsageError(
            f"{place.ref} is not the default branch", hint=f"only a sweep of {branch} is tracked; leave --publish out"
        )
    found = post.find(issues, TITLE)
    fixes = _fixes(source, place, transport, found.ticked, branch)
    kept = keep(Remote(place.clone_url, place.token), lambda state: _updated(state, source))
    if kept.damage:
        _say(f"the state of earlier sweeps could not be read and was begun anew: {kept.damage}")
    where = Where(place.server_url, place.repository, branch, source.whole.commit)
    text = _text(source, kept.state, where, fixes, _notes(kept))
    tracked = Tracked(source.report, kept.state, where)
    return post.publish(issues, found, post.Wanted(TITLE, text, closing(tracked)))


def _fixes(
    source: Source, place: Place, transport: "Transport", ticked: tuple[str, ...], branch: str
) -> tuple[Box, ...]:
    from gitops_guard.sweeping.fixes import Asked, answered  # noqa: PLC0415 - loads what proves fixes

    asked = Asked(_offers(source), frozenset(ticked), branch)
    return answered(source.run, source.whole, transport, place.repository, asked)


def _offers(source: Source) -> "tuple[Offer, ...]":
    from gitops_guard.sweeping.fixes import offers  # noqa: PLC0415 - likewise

    return offers(source.report, source.run.settings.fix_pull_requests, local_codeowners(source.run.root))


def _notes(kept: Kept) -> tuple[str, ...]:
    if not kept.damage:
        return ()
    return ("What earlier sweeps knew could not be read: every problem counts from today.",)


def _updated(state: State, source: Source) -> State:
    return updated(state, _places(source.report), _swept(source))


def _swept(source: Source) -> Sweep:
    return Sweep(source.whole.commit, source.report.today, source.whole.complete)


def _places(report: Report) -> tuple[Seen, ...]:
    return tuple(
        Seen(f.fingerprint, f.rule_id, int(f.severity), f.place.path, f.status == WAIVED)
        for f in report.by_place.findings
    )


def _text(
    source: Source, state: State, where: Where, boxes: tuple[Box, ...] | None = None, notes: tuple[str, ...] = ()
) -> Text:
    if boxes is None:
        from gitops_guard.sweeping.fixes import boxes as boxes_of  # noqa: PLC0415 - likewise

        boxes = boxes_of(_offers(source))
    return compose(Tracked(source.report, state, where, _owners(source.run.root), boxes, notes))


def _owners(root: str) -> Owners | None:
    """Who owns a path; None where nobody says so at all."""
    found = local_codeowners(root)
    # A file has many problems, and a large CODEOWNERS is slow to ask.
    return cache(found.of) if found.lines else None


def _say(line: str) -> None:
    sys.stderr.write(f"gitops-guard: {line}\n")
