"""Brings a pull request in line with a review: only the difference is sent, and a second run has nothing to send.

New comments come first, then everything is read again, so that two runs at once see each other's. The text of a closed
thread is written last: a run that died in between is taken up by the next one.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gitops_guard.github.client import Client, Edit, ReviewRefusedError
from gitops_guard.github.conversation import Conversation, Note, Thread
from gitops_guard.publishers import reconcile
from gitops_guard.publishers.marks import summary_mark
from gitops_guard.publishers.reconcile import Aim, New, Plan, Return, Rewrite
from gitops_guard.publishers.review import Review

_SECONDS = re.compile(r", [0-9][0-9,.]* s\.</sub>")
_AT_ONCE = 30
"""Comments of one request; more than this has been refused."""


class Outcome(NamedTuple):
    """What was done, in numbers, and `notes` for the log.

    `decided` threads were left as a person resolved them. `outdated`: a newer commit is there, so nothing was posted.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    solved: int = 0
    reopened: int = 0
    decided: int = 0
    removed: int = 0
    outdated: bool = False
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        if self.outdated:
            return "not posted: the pull request has a newer commit, which has a run of its own"
        parts = [f"{self.created} comments created, {self.updated} updated, {self.unchanged} unchanged"]
        parts.append(f"{self.solved} solved")
        for number, word in ((self.reopened, "opened again"), (self.decided, "left as resolved by a person")):
            parts += [f"{number} {word}"] if number else []
        parts += [f"{self.removed} repetitions removed"] if self.removed else []
        return "; ".join((", ".join(parts), *self.notes))


class Posting(NamedTuple):
    """What shall be said in a pull request.

    `summary` is the text of the one comment in the conversation, `worth` whether it is worth a first one. `head` is the
    commit that was looked at, `complete` whether all of it was: otherwise no thread is closed. On the files `unseen`,
    which were not looked at, none is closed either.
    """

    review: Review
    summary: str
    head: str
    instance: str = ""
    complete: bool = True
    worth: bool = True
    unseen: frozenset[str] = frozenset()


def post(client: Client, wanted: Posting) -> Outcome:
    """Brings the comments of the pull request in line.

    Raises:
        PublishError: GitHub refused something that cannot be done another way.
    """
    aim = Aim(wanted.review, wanted.head, wanted.instance, wanted.complete, wanted.unseen)
    found = client.conversation()
    if found.head not in {"", wanted.head}:
        return Outcome(outdated=True)
    first = reconcile.plan(aim, found.own_threads, found.login)
    created = _create(client, aim, first.create)
    if _begin_summary(client, wanted, found) or created:
        # Another run may have done the same at the same time.
        found = client.conversation()
    second = reconcile.plan(aim, found.own_threads, found.login)
    changed = _merged(first, second)
    closed = _change(client, aim, found, changed)
    _finish_summary(client, wanted, found)
    return _outcome(found, changed, closed)


def _merged(first: Plan, second: Plan) -> Plan:
    """The plan after the creation. What made way is closed even if GitHub does not list its successor yet."""
    known = {one.thread.comment for one in second.retire}
    superseded = [one for one in first.superseded if one.thread.comment not in known]
    retire = (*second.retire, *superseded)
    going = {one.thread.comment for one in retire}
    edit = tuple(one for one in second.edit if one.thread.comment not in going)
    unchanged = second.unchanged - len(first.create)
    return second._replace(create=first.create, retire=retire, edit=edit, unchanged=max(0, unchanged))


def _change(client: Client, aim: Aim, found: Conversation, plan: Plan) -> int:
    """Does what is left of a plan; gives how many threads are resolved by it."""
    for thread in plan.remove:
        client.delete_review_comment(thread.comment)
    _hide_empty_reviews(client, found, plan.remove)
    returned = _reopen(client, plan.reopen)
    # What comes back must not be hidden in a thread that stays closed.
    _create(client, aim, tuple(New(one.comment) for one in plan.reopen if one not in returned))
    closed = _close(client, plan.solve, "RESOLVED") + _close(client, plan.retire, "OUTDATED")
    opened = (Rewrite(one.thread, one.body) for one in returned)
    rewrites = (*plan.edit, *opened, *plan.solve, *plan.retire)
    client.edit([Edit(one.thread.comment, one.thread.comment_node, one.body) for one in rewrites])
    return closed


def _outcome(found: Conversation, plan: Plan, closed: int) -> Outcome:
    return Outcome(
        created=len(plan.create),
        updated=len(plan.edit),
        unchanged=plan.unchanged,
        solved=len(plan.solve),
        reopened=len(plan.reopen),
        decided=plan.decided,
        removed=len(plan.remove),
        notes=_notes(found, plan, closed),
    )


def _notes(found: Conversation, plan: Plan, closed: int) -> tuple[str, ...]:
    if found.unknown:
        return (f"the state of threads is not known, so none was resolved: {found.unknown}",)
    unresolved = len(plan.solve) + len(plan.retire) - closed
    if not unresolved:
        return ()
    return (f"{unresolved} threads folded, not resolved: for that the token needs contents: write",)


def _create(client: Client, aim: Aim, new: tuple[New, ...]) -> int:
    inline = [one for one in new if one.comment.anchor is not None]
    for start in range(0, len(inline), _AT_ONCE):
        _in_one_review(client, aim, inline[start : start + _AT_ONCE])
    for one in new:
        if one.comment.anchor is None:
            _on_file(client, aim, one)
    return len(new)


def _in_one_review(client: Client, aim: Aim, new: Sequence[New]) -> None:
    """GitHub takes all comments or none and does not say which is wrong: halves find it, which goes on its file."""
    noun = "object" if len(new) == 1 else "objects"
    text = f"gitops-guard has something to say about {len(new)} {noun} of this change."
    try:
        client.create_review(aim.head, text, [_request(aim, one) for one in new])
    except ReviewRefusedError:
        if len(new) == 1:
            _on_file(client, aim, new[0])
            return
        middle = len(new) // 2
        _in_one_review(client, aim, new[:middle])
        _in_one_review(client, aim, new[middle:])


def _on_file(client: Client, aim: Aim, one: New) -> None:
    client.create_file_comment(aim.head, one.comment.path, reconcile.body(aim, one, folded=True))


def _request(aim: Aim, one: New) -> dict[str, Any]:
    anchor = one.comment.anchor
    if anchor is None:
        raise ValueError("a comment on a file is no part of a review")
    text = reconcile.body(aim, one)
    request: dict[str, Any] = {"path": one.comment.path, "body": text, "line": anchor.last, "side": "RIGHT"}
    if anchor.first < anchor.last:
        request |= {"start_line": anchor.first, "start_side": "RIGHT"}
    return request


def _reopen(client: Client, wanted: Sequence[Return]) -> list[Return]:
    """Opens threads again; gives those that are open."""
    resolved = [one.thread.node for one in wanted if one.thread.resolved]
    opened = client.unresolve(resolved) if resolved else frozenset()
    done = [one for one in wanted if not one.thread.resolved or one.thread.node in opened]
    if hidden := [one.thread.comment_node for one in done if one.thread.hidden]:
        client.show(hidden)
    return done


def _close(client: Client, rewrites: Sequence[Rewrite], why: str) -> int:
    """Resolves threads, and folds those that the token may not resolve; gives how many are resolved."""
    threads = [one.thread for one in rewrites if one.thread.node]
    done = {thread.node for thread in threads if thread.resolved}
    if asked := [thread.node for thread in threads if thread.node not in done]:
        done |= client.resolve(asked)
    if hidden := [t.comment_node for t in threads if t.node not in done and not t.hidden]:
        client.hide(hidden, why)
    return len(done)


def _hide_empty_reviews(client: Client, found: Conversation, removed: Sequence[Thread]) -> None:
    """A review cannot be deleted: one that lost all its comments is folded."""
    gone = {thread.comment for thread in removed}
    left = {thread.review for thread in found.threads if thread.comment not in gone}
    if empty := sorted({thread.review for thread in removed} - left - {""}):
        client.hide(empty, "DUPLICATE")


def _summaries(found: Conversation, instance: str) -> list[Note]:
    start = summary_mark(instance)
    return sorted(note for note in found.own_notes if note.body.startswith(start))


def _summary_text(wanted: Posting) -> str:
    return f"{summary_mark(wanted.instance)}\n{wanted.summary}"


def _begin_summary(client: Client, wanted: Posting, found: Conversation) -> bool:
    if _summaries(found, wanted.instance) or not wanted.worth:
        return False
    client.create_issue_comment(_summary_text(wanted))
    return True


def _finish_summary(client: Client, wanted: Posting, found: Conversation) -> None:
    known = _summaries(found, wanted.instance)
    for note in known[1:]:
        client.delete_issue_comment(note.id)
    if known and not reconcile.same(_timeless(known[0].body), _timeless(_summary_text(wanted))):
        client.update_issue_comment(known[0].id, _summary_text(wanted))


def _timeless(text: str) -> str:
    """A text without how long the run took: nobody is told of a comment that changed in nothing else."""
    return _SECONDS.sub("</sub>", text.rstrip())


def as_text(review: Review, summary: str, write: Callable[[str], object]) -> None:
    """Writes what would be posted, as its reader would see it."""
    for comment in (*review.comments, *review.file_comments):
        anchor = comment.anchor
        lines = "the file" if anchor is None else f"line {anchor.last}"
        if anchor is not None and anchor.first < anchor.last:
            lines = f"lines {anchor.first} to {anchor.last}"
        write(f"---- comment on {comment.path}, {lines} ----\n\n{comment.body}\n")
    if review.left_out:
        write(f"---- {review.left_out} more problems only in the summary ----\n\n")
    write(f"---- summary ----\n\n{summary}")
