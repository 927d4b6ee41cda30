"""Brings the one tracking issue of a repository in line with what it should say; writes only what differs.

The issue is known by its author, who must be the token's own identity, and a hidden line, which anybody may write. Of
several the oldest counts and the others are closed: two sweeps at once may both have opened one.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from gitops_guard.errors import PublishError
from gitops_guard.github.issues import Issue, IssueComment, Issues
from gitops_guard.publishers.tracking_issue import BOX, Text

LABEL = "gitops-guard"
_MARKER = re.compile(r"<!-- gitops-guard:sweep(?: parts=(\d{1,3}))? -->")
_PART = re.compile(r"<!-- gitops-guard:sweep part (\d{1,3}) -->")
_TICKED = re.compile(rf"[ \t]{{0,9}}[-*+] \[[xX]\] ?<!-- {BOX}([A-Za-z0-9@._/-]{{1,200}}) -->")
_MOST_BODY = 70_000
_MOST_TICKED = 200


class Found(NamedTuple):
    """The tracking issue as it is; `others` are further ones of ours."""

    login: str
    issue: Issue | None
    others: tuple[Issue, ...] = ()

    @property
    def ticked(self) -> tuple[str, ...]:
        """The keys of the boxes that a person ticked, in order, once each; whatever else the text holds is ignored."""
        if self.issue is None or not self.issue.is_open:
            return ()
        lines = self.issue.body[:_MOST_BODY].replace("\r\n", "\n").split("\n")
        keys = (found[1] for line in lines if (found := _TICKED.match(line)))
        return tuple(dict.fromkeys(keys))[:_MOST_TICKED]


class Wanted(NamedTuple):
    """What should be there. `close`: there is nothing left to track."""

    title: str
    text: Text
    close: bool


def find(issues: Issues, title: str) -> Found:
    """Looks for the issue; one that lost its label is found all the same."""
    login = issues.login()
    for label in (LABEL, ""):
        mine = sorted(issue for issue in issues.of(login, label) if _is_ours(issue, title))
        if mine:
            return Found(login, mine[0], tuple(mine[1:]))
    return Found(login, None)


def _is_ours(issue: Issue, title: str) -> bool:
    return issue.title == title and (LABEL in issue.labels or _MARKER.match(issue.body) is not None)


def publish(issues: Issues, found: Found, wanted: Wanted) -> str:
    """Brings the issue up to date; says what was done, for the log.

    Raises:
        PublishError: GitHub refused.
    """
    done: list[str] = []
    if found.issue is None:
        if wanted.close:
            return "no tracking issue is needed"
        found = _created(issues, wanted)
        done.append("opened")
    issue = found.issue
    if issue is None:
        raise PublishError("the tracking issue is not there although GitHub took it")
    for other in found.others:
        if other.is_open:
            issues.update(other.number, state="closed", state_reason="not_planned")
            done.append(f"closed #{other.number}, a second one")
    if wanted.close and not issue.is_open:
        return _said(issue, done)
    links = _parts(issues, found.login, issue, wanted.text.parts, done)
    body = _body(wanted.text, links)
    changes = _changes(issue, body, close=wanted.close)
    if changes:
        issues.update(issue.number, **changes)
        done.append({"closed": "closed", "open": "reopened"}.get(str(changes.get("state")), "updated"))
    return _said(issue, done)


def _said(issue: Issue, done: Sequence[str]) -> str:
    return f"tracking issue #{issue.number}: {', '.join(dict.fromkeys(done)) or 'unchanged'}"


def _body(text: Text, links: Sequence[str]) -> str:
    return f"<!-- gitops-guard:sweep parts={len(links)} -->\n{text.head(links)}"


def _changes(issue: Issue, body: str, *, close: bool) -> dict[str, object]:
    changes: dict[str, object] = {} if _same(issue.body, body) else {"body": body}
    if close and issue.is_open:
        changes |= {"state": "closed", "state_reason": "completed"}
    elif not close and not issue.is_open:
        changes |= {"state": "open", "state_reason": "reopened"}
    return changes


def _created(issues: Issues, wanted: Wanted) -> Found:
    made = issues.create(
        wanted.title,
        _body(wanted.text, ()),
        LABEL,
        written=lambda: find(issues, wanted.title).issue is not None,
    )
    # Another sweep may have opened one at the same time. A list may also be older than the answer.
    found = find(issues, wanted.title)
    return found if found.issue is not None else found._replace(issue=made)


def _parts(issues: Issues, login: str, issue: Issue, texts: Sequence[str], done: list[str]) -> list[str]:
    """Brings the further parts up to date, comments of the issue; gives their addresses."""
    known = _MARKER.match(issue.body)
    if not texts and known is not None and known[1] == "0":
        return []
    there = _known_parts(issues, login, issue)
    for number, text in enumerate(texts, 2):
        body = f"<!-- gitops-guard:sweep part {number} -->\n{text}"
        comment = there.get(number)
        if comment is None:
            issues.create_comment(issue.number, body, partial(_is_written, issues, login, issue, number))
            done.append(f"part {number} written")
        elif not _same(comment.body, body):
            issues.update_comment(comment.id, body)
            done.append(f"part {number} updated")
    if any(number not in there for number in range(2, len(texts) + 2)):
        there = _known_parts(issues, login, issue)
    for number, comment in there.items():
        if number > len(texts) + 1:
            issues.delete_comment(comment.id)
            done.append(f"part {number} deleted")
    return [there[number].url for number in range(2, len(texts) + 2)]


def _is_written(issues: Issues, login: str, issue: Issue, number: int) -> bool:
    return number in _known_parts(issues, login, issue)


def _known_parts(issues: Issues, login: str, issue: Issue) -> dict[int, IssueComment]:
    found: dict[int, IssueComment] = {}
    for comment in issues.comments(issue.number):
        part = _PART.match(comment.body)
        if part is not None and comment.author == login:
            found.setdefault(int(part[1]), comment)
    return found


def _same(one: str, other: str) -> bool:
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
