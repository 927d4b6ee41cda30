"""What is to be done so that the threads of a pull request say what a review says. Pure: it sends nothing.

A thread is `decided` when a person resolved or hid it, `closed` when an earlier run did. Threads of other instances are
not looked at.
"""

from collections.abc import Iterable
from typing import NamedTuple

from gitops_guard.github.conversation import Thread
from gitops_guard.publishers.marks import MOVED, OPEN, SOLVED, Mark, read_mark, short
from gitops_guard.publishers.review import Comment, Review


class Rewrite(NamedTuple):
    """A thread and the text that its first comment shall have."""

    thread: Thread
    body: str


class New(NamedTuple):
    """A comment to create, and the comment whose place it takes (0 for none)."""

    comment: Comment
    after: int = 0


class Return(NamedTuple):
    """A closed thread whose problems are back, its text, and what is to be said where it cannot be opened."""

    thread: Thread
    body: str
    comment: Comment


class Plan(NamedTuple):
    """The difference between a review and the threads that are there.

    `create` are new comments, and `superseded` the threads that make way for them. `reopen` and `edit` get a text;
    `solve` and `retire` are closed, with a text that says why; `remove` are repetitions. `decided` counts the threads
    whose problems are still there and of which a person said enough.
    """

    create: tuple[New, ...] = ()
    superseded: tuple[Rewrite, ...] = ()
    edit: tuple[Rewrite, ...] = ()
    reopen: tuple[Return, ...] = ()
    solve: tuple[Rewrite, ...] = ()
    retire: tuple[Rewrite, ...] = ()
    remove: tuple[Thread, ...] = ()
    unchanged: int = 0
    decided: int = 0


class Aim(NamedTuple):
    """What the threads shall say: a review of the commit `head` by the instance.

    `complete`: all that should have been looked at was, so that what the review does not name is gone, but for what
    was in the files `unseen`.
    """

    review: Review
    head: str
    instance: str = ""
    complete: bool = True
    unseen: frozenset[str] = frozenset()


class _Known(NamedTuple):
    thread: Thread
    mark: Mark
    by_us: bool

    @property
    def decided(self) -> bool:
        """A person closed it while its problems were there."""
        closed = (self.thread.resolved and not self.by_us) or (self.thread.hidden and not self.thread.resolved)
        return closed and self.mark.state == OPEN

    @property
    def closed(self) -> bool:
        """An earlier run closed it."""
        return self.by_us or (self.mark.state != OPEN and not self.thread.resolved)

    @property
    def half_closed(self) -> bool:
        """A run that closed it died before it could say why; or a person hid it."""
        return self.mark.state == OPEN and (self.by_us or (self.thread.hidden and not self.thread.resolved))

    @property
    def is_open(self) -> bool:
        return not self.thread.resolved and not self.thread.hidden and self.mark.state == OPEN


def plan(aim: Aim, threads: Iterable[Thread], login: str) -> Plan:
    """Compares a review with the threads that the identity `login` began."""
    known = _known(aim.instance, threads, login)
    comments = (*aim.review.comments, *aim.review.file_comments)
    assigned, left = _assigned(comments, known)
    parts = [_settled(aim, comment, found) for comment, found in zip(comments, assigned, strict=True)]
    return _joined([*parts, *(_gone(aim, one) for one in left)])


def body(aim: Aim, new: New, *, folded: bool = False) -> str:
    """The text of a comment with its mark."""
    comment = new.comment
    text = comment.folded if folded and comment.suggests else comment.body
    mark = Mark(comment.key, short(comment.path), aim.instance, comment.findings, after=new.after)
    return f"{mark.line}\n{text}"


def same(one: str, other: str) -> bool:
    """Whether GitHub would show two texts alike: it keeps neither carriage returns nor space at the end."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


def _joined(parts: list[Plan]) -> Plan:
    return Plan(
        create=tuple(one for part in parts for one in part.create),
        superseded=tuple(one for part in parts for one in part.superseded),
        edit=tuple(one for part in parts for one in part.edit),
        reopen=tuple(one for part in parts for one in part.reopen),
        solve=tuple(one for part in parts for one in part.solve),
        retire=tuple(one for part in parts for one in part.retire),
        remove=tuple(one for part in parts for one in part.remove),
        unchanged=sum(part.unchanged for part in parts),
        decided=sum(part.decided for part in parts),
    )


def _known(instance: str, threads: Iterable[Thread], login: str) -> list[_Known]:
    found: list[_Known] = []
    for thread in sorted(threads, key=lambda one: one.comment):
        mark = read_mark(thread.body)
        if mark is None or mark.instance != instance:
            continue
        # Who resolved is a login with or without the suffix of an app; it is unknown where the account is gone.
        resolver = thread.resolver.removesuffix("[bot]")
        by_us = resolver == login.removesuffix("[bot]") or (not resolver and mark.state != OPEN)
        found.append(_Known(thread, mark, thread.resolved and by_us))
    return found


def _assigned(comments: tuple[Comment, ...], known: list[_Known]) -> tuple[list[list[_Known]], list[_Known]]:
    """The threads of each comment, and the rest: by object and path first, then by object, which has moved."""
    groups: list[list[_Known]] = [[] for _ in comments]
    places = {(comment.key, short(comment.path)): at for at, comment in enumerate(comments)}
    moved: list[_Known] = []
    for one in known:
        at = places.get((one.mark.key, one.mark.place))
        (moved if at is None else groups[at]).append(one)
    homeless = {comment.key: at for at, comment in reversed(list(enumerate(comments))) if not groups[at]}
    replaced = {one.mark.after: at for at, group in enumerate(groups) for one in group}
    left: list[_Known] = []
    for one in moved:
        at = replaced.get(one.thread.comment, homeless.get(one.mark.key))
        (left if at is None else groups[at]).append(one)
    return groups, left


def _settled(aim: Aim, comment: Comment, found: list[_Known]) -> Plan:
    """What becomes of one comment and the threads about its object."""
    opened = [one for one in found if one.is_open]
    if opened:
        keeper = next((one for one in opened if _fits(one.thread, comment)), opened[0])
        others = [one for one in found if one is not keeper and (one.is_open or one.half_closed)]
        return _with_spares(aim, _kept(aim, comment, keeper), keeper, others)
    if any(one.decided and comment.findings <= one.mark.findings for one in found):
        return Plan(decided=1)
    closed = [one for one in found if one.closed and one.mark.state != MOVED]
    last = next((one for one in reversed(closed) if _may_return(one.thread, comment)), None)
    half = tuple(_closing(aim, one, MOVED) for one in found if one.half_closed and one is not last)
    if last is None:
        return Plan(create=(New(comment),), retire=half)
    return Plan(reopen=(Return(last.thread, _text(aim, comment, last), comment),), retire=half)


def _kept(aim: Aim, comment: Comment, keeper: _Known) -> Plan:
    thread = keeper.thread
    if not (_fits(thread, comment) or thread.answered or _has_only_moved(thread, comment)):
        return Plan(create=(New(comment, thread.comment),), superseded=(_closing(aim, keeper, MOVED),))
    text = _text(aim, comment, keeper)
    return Plan(unchanged=1) if same(thread.body, text) else Plan(edit=(Rewrite(thread, text),))


def _with_spares(aim: Aim, settled: Plan, keeper: _Known, others: list[_Known]) -> Plan:
    """The oldest stays; what repeats it goes, and what stood at another place is closed."""
    repeated = [
        one for one in others if one.is_open and not one.thread.answered and _place(one.thread) == _place(keeper.thread)
    ]
    rest = [one for one in others if one not in repeated]
    closing = tuple(_closing(aim, one, MOVED) for one in rest)
    return settled._replace(remove=tuple(one.thread for one in repeated), retire=closing)


def _place(thread: Thread) -> tuple[object, ...]:
    return thread.path, thread.line, thread.start, thread.on_file


def _gone(aim: Aim, one: _Known) -> Plan:
    """What becomes of a thread about an object of which the review says nothing."""
    if not (one.is_open or one.half_closed):
        return Plan()
    if not aim.complete or one.mark.key in aim.review.unposted or one.thread.path in aim.unseen:
        return Plan(unchanged=1)
    return Plan(solve=(_closing(aim, one, SOLVED),))


def _fits(thread: Thread, comment: Comment) -> bool:
    """Whether a comment may stand where a thread is: a suggestion replaces exactly the lines it stands on."""
    if not comment.suggests or comment.anchor is None:
        return True
    if thread.path != comment.path or thread.on_file:
        return thread.path == comment.path
    return (thread.start or thread.line, thread.line) == (comment.anchor.first, comment.anchor.last)


def _may_return(thread: Thread, comment: Comment) -> bool:
    """Whether what comes back may come back in its closed thread."""
    return _fits(thread, comment) or thread.answered or thread.path != comment.path


def _has_only_moved(thread: Thread, comment: Comment) -> bool:
    """Whether the file has another name, or the same lines stand elsewhere in it: the thread goes on with a patch."""
    if thread.path != comment.path:
        return True
    return not thread.on_file and _suggestion(thread.body) in {"", _suggestion(comment.body)}


def _suggestion(text: str) -> str:
    """The suggestion of a comment; empty where it has none."""
    return text.replace("\r\n", "\n").partition("```suggestion\n")[2].partition("\n```")[0]


def _text(aim: Aim, comment: Comment, one: _Known) -> str:
    return body(aim, New(comment, one.mark.after), folded=one.thread.on_file or not _fits(one.thread, comment))


def _closing(aim: Aim, one: _Known, state: str) -> Rewrite:
    """The text of a closed thread: what became of it, and folded what it was about, for those who answered."""
    said = {MOVED: "Goes on in a new comment as of"}.get(state, "Solved as of")
    if state == SOLVED and one.mark.key in aim.review.waived:
        said = "Accepted by a waiver as of"
    mark = one.mark._replace(state=state, instance=aim.instance)
    about = _about(one.thread.body)
    folded = f"\n<details><summary>What it was about</summary>\n\n{about}\n\n</details>\n" if about else ""
    return Rewrite(one.thread, f"{mark.line}\n{said} {aim.head[:10]}.\n{folded}")


def _about(text: str) -> str:
    """The headline and the table of a comment: no suggestion that somebody could still apply."""
    lines = text.replace("\r\n", "\n").split("\n")[1:]
    ends = ("```", "<details", "**Before ")
    end = next((at for at, line in enumerate(lines) if line.startswith(ends)), len(lines))
    return "\n".join(lines[:end]).strip()
