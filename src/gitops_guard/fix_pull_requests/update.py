"""Fix pull requests: brings the open ones in line with what can be fixed now. What is a person's is left alone."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from gitops_guard.errors import PublishError
from gitops_guard.fix_pull_requests.codeowners import people
from gitops_guard.fix_pull_requests.groups import (
    NEXT,
    PREFIX,
    FileChange,
    FixGroup,
    body,
    committable,
    has_trailer,
    is_last,
    mark,
    marked,
    message,
    title,
)
from gitops_guard.github.repository import Commit, Pull, Repository

FILES_OF_A_COMMIT = 100
"""More additions in one createCommitOnBranch have been refused."""

_ASSIGNEES, _REVIEWERS, _NAMED = 10, 15, 5
_OBSOLETE = "<!-- gitops-guard:obsolete -->"
_OBSOLETE_TEXT = (
    "\nNothing is left to fix: a complete scan of the base finds none of these problems any more. gitops-guard closes "
    "this pull request and deletes its branch, which holds only its own commits.\n"
)

MakeCommit = Callable[[str, str, tuple[str, str], Sequence[FileChange]], str]
"""Commits over the API: branch, the commit that it must end in, headline and body, files; gives the new commit."""


class Limits(NamedTuple):
    """How much is opened, and how it is marked. `most_open` counts every open fix pull request of ours."""

    most_open: int = 5
    labels: tuple[str, ...] = ()


class Plan(NamedTuple):
    """What should be open.

    `groups` are in the order in which room is given to them. `base` is the branch that they are for, `base_sha` the
    commit that was scanned. `complete`: the scan saw everything, so a pull request without a group is obsolete; a
    failed or partial scan closes none.
    """

    groups: tuple[FixGroup, ...]
    base: str
    base_sha: str
    complete: bool


class Entry(NamedTuple):
    """What became of a group.

    `state` is `created`, `updated`, `unchanged`, `closed`, `postponed` (no room), `declined` (a person closed it),
    `theirs` (a person committed to the branch), `empty` (nothing of it can be committed) or `failed`. `number` is the
    pull request's, 0 where there is none. `detail` says why, for people.
    """

    key: str
    state: str
    number: int = 0
    detail: str = ""


class Outcome(NamedTuple):
    """What became of every group, and of pull requests that were open without one."""

    entries: tuple[Entry, ...]

    def numbers(self) -> Mapping[str, int]:
        """The open pull request of each group that has one."""
        return {entry.key: entry.number for entry in self.entries if entry.number and entry.state != "closed"}


def update(repository: Repository, commit: MakeCommit, plan: Plan, limits: Limits) -> Outcome:
    """Opens, updates and closes fix pull requests.

    A second run with the same plan only reads. A run that died is repeated to the same end: the branch's commits say by
    a trailer which content they belong to and whether it is whole, the text's hidden mark whether labels are done.

    Args:
        repository: where.
        commit: makes a signed commit, for example `github.commits.Committer.commit`.
        plan: what should be open.
        limits: how much.

    Raises:
        PublishError: nothing could be read. What goes wrong with one group is its entry, `failed`.
    """
    return _Update(repository, commit, plan, limits).run()


class _Update:
    def __init__(self, repository: Repository, commit: MakeCommit, plan: Plan, limits: Limits) -> None:
        self._repository = repository
        self._commit = commit
        self._plan = plan
        self._limits = limits
        self._login = repository.login()
        self._branches = repository.branches(PREFIX.partition("/")[0] + "/")
        self._open = {
            pull.head_ref: pull
            for pull in repository.pulls()
            if pull.head_ref.startswith(PREFIX) and pull.head_repository == repository.name
        }

    def run(self) -> Outcome:
        wanted = {group.branch: group for group in self._plan.groups}
        entries = [_guarded(g.key, partial(self._known, g)) for b, g in wanted.items() if b in self._open]
        if self._plan.complete:
            gone = (pull for branch, pull in self._open.items() if branch not in wanted)
            entries += [_guarded(pull.head_ref.removeprefix(PREFIX), partial(self._obsolete, pull)) for pull in gone]
        room = self._limits.most_open - sum(entry.state != "closed" for entry in entries)
        for branch, group in wanted.items():
            if branch not in self._open:
                entry = _guarded(group.key, partial(self._fresh, group, room))
                room -= entry.state in {"created", "failed"}
                entries.append(entry)
        if self._plan.complete:
            self._forget_branches(wanted)
        return Outcome(tuple(entries))

    def _known(self, group: FixGroup) -> Entry:
        pull = self._open[group.branch]
        if pull.author != self._login:
            return Entry(group.key, "theirs", pull.number, f"{pull.author} opened it")
        commits = self._repository.pull_commits(pull.number)
        if (who := self._somebody(commits)) is not None:
            return Entry(group.key, "theirs", pull.number, f"{who} committed to it")
        files, left_out = committable(group.files)
        if not files:
            return Entry(group.key, "empty", pull.number, _reasons(left_out))
        is_whole = bool(commits) and is_last(commits[-1].message, group.content)
        if not is_whole:
            self._replace(group, files)
        return self._described(pull, group, body(group, "done", left_out=left_out), is_whole=is_whole)

    def _described(self, pull: Pull, group: FixGroup, text: str, *, is_whole: bool) -> Entry:
        known = mark(pull.body)
        detail = "" if known is not None and known.state == "done" else self._dress(pull.number, group)
        same_text = pull.body.strip() == text.strip() and pull.title == title(group)
        if not same_text:
            self._repository.update_pull(pull.number, title=title(group), body=text)
        return Entry(group.key, "unchanged" if is_whole and same_text else "updated", pull.number, detail)

    def _fresh(self, group: FixGroup, room: int) -> Entry:
        files, left_out = committable(group.files)
        if not files:
            return Entry(group.key, "empty", detail=_reasons(left_out))
        if room <= 0:
            return Entry(group.key, "postponed", detail=f"{self._limits.most_open} are open")
        refused = None if group.requested else self._declined(group)
        if refused is not None:
            return Entry(group.key, "declined", detail=f"#{refused.number} was closed with the same content")
        commits = self._commits(group.branch)
        if (who := self._somebody(commits)) is not None:
            return Entry(group.key, "theirs", detail=f"{who} committed to {group.branch}")
        if not (commits and is_last(commits[-1].message, group.content)):
            self._write(group.branch, group, files)
        text = body(group, "new", left_out=left_out)
        pull = self._repository.create_pull(group.branch, self._plan.base, title(group), text)
        detail = self._dress(pull.number, group)
        self._repository.update_pull(pull.number, body=marked(text, "done"))
        return Entry(group.key, "created", pull.number, detail)

    def _declined(self, group: FixGroup) -> Pull | None:
        """The last pull request of a group, where a person closed it although it held just this."""
        last = next(iter(self._repository.pulls(state="closed", branch=group.branch)), None)
        if last is None or last.merged or last.author != self._login:
            return None
        known = mark(last.body)
        return last if known is not None and known.state != "obsolete" and known.content == group.content else None

    def _replace(self, group: FixGroup, files: Sequence[FileChange]) -> None:
        """Writes anew beside the branch, then lets it end there: GitHub closes what is nothing but its base."""
        beside = NEXT + group.branch.removeprefix(PREFIX)
        if (who := self._somebody(self._commits(beside))) is not None:
            raise PublishError(f"{who} committed to {beside}")
        self._repository.reset_branch(group.branch, self._write(beside, group, files))
        self._repository.delete_branch(beside)
        self._branches.pop(beside, None)

    def _write(self, branch: str, group: FixGroup, files: Sequence[FileChange]) -> str:
        """Puts the commits of a group on a branch, which then holds nothing else; gives the last."""
        base = self._plan.base_sha
        if branch not in self._branches:
            self._repository.create_branch(branch, base)
        elif self._branches[branch] != base:
            self._repository.reset_branch(branch, base)
        parts = [files[at : at + FILES_OF_A_COMMIT] for at in range(0, len(files), FILES_OF_A_COMMIT)]
        tip = base
        for number, part in enumerate(parts, 1):
            tip = self._commit(branch, tip, message(group, number, len(parts)), part)
        return tip

    def _dress(self, number: int, group: FixGroup) -> str:
        """Labels, assignees and reviewers; why nobody could be asked, or nothing."""
        if self._limits.labels:
            self._repository.add_labels(number, self._limits.labels)
        logins, teams = people(group.owners)
        if logins:
            self._repository.add_assignees(number, logins[:_ASSIGNEES])
        if not (logins or teams):
            return ""
        try:
            self._repository.request_reviewers(number, logins[:_REVIEWERS], teams[:_REVIEWERS])
        except PublishError as error:
            # GitHub refuses a whole request for one person without access, and teams take an app's token. The owners
            # are in the text, and GitHub asks code owners of its own accord.
            return f"no review was asked for: {error.message}"
        return ""

    def _obsolete(self, pull: Pull) -> Entry:
        key = pull.head_ref.removeprefix(PREFIX)
        if pull.author != self._login or mark(pull.body) is None:
            return Entry(key, "theirs", pull.number, "it is not one of ours")
        if (who := self._somebody(self._repository.pull_commits(pull.number))) is not None:
            return Entry(key, "theirs", pull.number, f"nothing is left to fix, but {who} committed to it")
        said = (c for c in self._repository.comments(pull.number) if c.author == self._login)
        if not any(comment.body.startswith(_OBSOLETE) for comment in said):
            self._repository.comment(pull.number, _OBSOLETE + _OBSOLETE_TEXT)
        self._repository.update_pull(pull.number, state="closed", body=marked(pull.body, "obsolete"))
        self._repository.delete_branch(pull.head_ref)
        return Entry(key, "closed", pull.number, "nothing is left to fix")

    def _forget_branches(self, wanted: Mapping[str, FixGroup]) -> None:
        """Deletes branches of ours that a run left behind which died."""
        for branch in self._branches:
            is_left = branch.startswith(PREFIX) and branch not in wanted and branch not in self._open
            if (is_left or branch.startswith(NEXT)) and self._somebody(self._commits(branch)) is None:
                self._repository.delete_branch(branch)

    def _commits(self, branch: str) -> tuple[Commit, ...]:
        return self._repository.commits_between(self._plan.base, branch) if branch in self._branches else ()

    def _somebody(self, commits: Sequence[Commit]) -> str | None:
        """Who else committed; None where every commit is ours."""
        other = next((c for c in commits if c.author != self._login or not has_trailer(c.message)), None)
        return None if other is None else other.author or "somebody"


def _guarded(key: str, work: Callable[[], Entry]) -> Entry:
    try:
        return work()
    except PublishError as error:
        return Entry(key, "failed", detail=error.message)


def _reasons(left_out: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{path}: {reason}" for path, reason in left_out[:_NAMED])
