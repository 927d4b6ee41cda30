"""`/gitops-guard waive`: a pull request on the configuration of the default branch, never a commit to the author's."""

from gitops_guard.chat.answer import Answer
from gitops_guard.chat.command import Waive
from gitops_guard.chat.waiver import MOST_PATHS, Written, add_waiver, check_day, waiver_of
from gitops_guard.commands.answering.conversation import Conversation, judged
from gitops_guard.configuration import FILE_NAMES
from gitops_guard.errors import UsageError
from gitops_guard.finding import NEW
from gitops_guard.fix_pull_requests.groups import FileChange
from gitops_guard.pipeline import all_rules
from gitops_guard.publishers.escape import markdown_code as code
from gitops_guard.publishers.escape import markdown_text as plain
from gitops_guard.rule_pages import find_rule
from gitops_guard.settings import Waiver
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.fetch import fetch_commits
from gitops_guard.sources.git import file_at, knows

_BODY = """\
{who} asks in #{number} to accept problems of {rule}.

- where: {where}
- until: {until}
- because: {reason}

This adds one entry to `waivers` in {path}. It counts for pull requests whose base has it. After its last day it \
waives nothing and is itself reported.

Checks do not start by themselves where a workflow's own token opened this: close and open it again.
"""


def waive(talk: Conversation, asked: Waive, number: int) -> Answer:
    """Opens the pull request; `number` tells several waivers of one comment apart.

    Raises:
        UsageError: the waiver cannot be one; the text says why.
    """
    rule = find_rule(asked.rule).id
    check_day(asked.until, talk.today)
    waiver = waiver_of(asked, rule, () if asked.path else _paths(talk, rule), talk.event.author)
    base = talk.repository.default_branch()
    branch = f"gitops-guard/waive/{rule.lower()}-{talk.event.comment}-{number}"
    known = next(iter(talk.repository.pulls(state="all", branch=branch)), None)
    if known is not None:
        return _opened(known.number)
    tip = talk.repository.branch(base)
    file = _configuration(talk, tip)
    written = add_waiver(file, waiver, frozenset(one.id for one in all_rules()), talk.today)
    _commit(talk, branch, tip, written, file)
    title = f"Waive {rule} until {asked.until.isoformat()}"
    pull = talk.repository.create_pull(branch, base, title, _body(talk, waiver, written.path))
    return _opened(pull.number)


def _paths(talk: Conversation, rule: str) -> tuple[str, ...]:
    """Where this pull request introduces problems of the rule."""
    with judged(talk, frozenset((rule,))) as (_, found):
        findings = [finding for finding in found.report.by_place.findings if finding.status == NEW]
    paths = tuple(dict.fromkeys(finding.place.path for finding in findings if finding.rule_id == rule))
    if not paths:
        raise UsageError(f"this pull request introduces no problem of {rule}", hint="name a path: in PATH")
    if len(paths) > MOST_PATHS:
        raise UsageError(f"this pull request introduces problems of {rule} in {len(paths)} files: name a folder")
    return paths


def _configuration(talk: Conversation, commit: str) -> SourceFile | None:
    """The configuration of the default branch; None where there is none."""
    if not knows(talk.root, commit):
        places = talk.event.places
        fetch_commits(talk.root, places.server_url, places.repository, (commit,), talk.token)
    for name in FILE_NAMES:
        found = file_at(talk.root, commit, name)
        if isinstance(found, Skipped):
            raise UsageError(found.reason, path=name)
        if found is not None:
            return found
    return None


def _commit(talk: Conversation, branch: str, tip: str, written: Written, file: SourceFile | None) -> None:
    """Makes the branch with its commit; what an earlier try of this very comment left is made anew."""
    last = talk.repository.branch(branch)
    if not last:
        talk.repository.create_branch(branch, tip)
    elif last != tip:
        if any(commit.author != talk.login for commit in talk.repository.commits_between(tip, branch)):
            raise UsageError(f"somebody committed to {branch}")
        talk.repository.reset_branch(branch, tip)
    encoded = written.after.encode() if file is None else file.encode(written.after)
    before = None if file is None else file.encode(file.text)
    message = ("Accept a problem for some time", f"Asked for in comment {talk.event.comment}.")
    talk.committer.commit(branch, tip, message, (FileChange(written.path, before, encoded),))


def _opened(number: int) -> Answer:
    return Answer(f"Opened #{number}: the waiver counts when it is merged. Nothing changes in this branch.", done=True)


def _body(talk: Conversation, waiver: Waiver, path: str) -> str:
    return _BODY.format(
        who=code(talk.event.author),
        number=talk.pull.number,
        rule=waiver.rule,
        where=", ".join(code(pattern) for pattern in waiver.paths),
        until=waiver.expires,
        reason=plain(waiver.reason, 400),
        path=code(path),
    )
