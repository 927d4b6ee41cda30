"""Whatever happens to a pull request, one run brings it in line, and the next has nothing to do."""

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.github.client import Edit
from gitops_guard.github.conversation import Conversation, Note, Thread
from gitops_guard.publishers.marks import OPEN, read_mark
from gitops_guard.publishers.post_review import Posting, post
from gitops_guard.publishers.review import Anchor, Comment, Review

ME, PERSON = "github-actions[bot]", "octocat"


class Died(BaseException):
    """The run ends here."""


class PullRequest:
    """Threads in memory behind the methods of the client; it may die after some writes."""

    def __init__(self, *, resolves: bool) -> None:
        self.threads: list[Thread] = []
        self.notes: list[Note] = []
        self.resolves = resolves
        self.writes = 0
        self.left = 1000
        self.last = 0

    def conversation(self) -> Conversation:
        return Conversation(ME, "", tuple(self.threads), tuple(self.notes))

    def create_review(self, _commit: str, _text: str, comments: list[dict[str, Any]]) -> None:
        self.write()
        for one in comments:
            start = one.get("start_line")
            self.threads.append(self.thread(one["path"], one["body"])._replace(line=one["line"], start=start))

    def create_file_comment(self, _commit: str, path: str, text: str) -> None:
        self.write()
        self.threads.append(self.thread(path, text)._replace(on_file=True))

    def thread(self, path: str, text: str) -> Thread:
        self.last += 1
        return Thread(self.last, ME, text, path, node=f"T{self.last}", comment_node=f"C{self.last}")

    def create_issue_comment(self, text: str) -> None:
        self.write()
        self.last += 1
        self.notes.append(Note(self.last, ME, text))

    def update_issue_comment(self, identity: int, text: str) -> None:
        self.write()
        self.notes = [note._replace(body=text) if note.id == identity else note for note in self.notes]

    def delete_issue_comment(self, identity: int) -> None:
        self.write()
        self.notes = [note for note in self.notes if note.id != identity]

    def delete_review_comment(self, identity: int) -> None:
        self.write()
        assert not next(one for one in self.threads if one.comment == identity).answered
        self.threads = [one for one in self.threads if one.comment != identity]

    def edit(self, edits: Sequence[Edit]) -> None:
        for one in edits:
            self.each([one.node], partial(rewritten, one.body))

    def resolve(self, nodes: Sequence[str]) -> frozenset[str]:
        return self.each(nodes, lambda one: one._replace(resolved=True, resolver=ME)) if self.resolves else frozenset()

    def unresolve(self, nodes: Sequence[str]) -> frozenset[str]:
        return self.each(nodes, lambda one: one._replace(resolved=False, resolver="")) if self.resolves else frozenset()

    def hide(self, nodes: Sequence[str], _why: str) -> frozenset[str]:
        return self.each(nodes, lambda one: one._replace(hidden=True))

    def show(self, nodes: Sequence[str]) -> frozenset[str]:
        return self.each(nodes, lambda one: one._replace(hidden=False))

    def each(self, nodes: Sequence[str], change: Callable[[Thread], Thread]) -> frozenset[str]:
        for node in nodes:
            self.write()
            self.threads = [change(one) if node in {one.node, one.comment_node} else one for one in self.threads]
        return frozenset(nodes)

    def write(self) -> None:
        if self.left == 0:
            raise Died
        self.left -= 1
        self.writes += 1


def rewritten(body: str, thread: Thread) -> Thread:
    return thread._replace(body=body)


OBJECTS = ("a", "b", "c")
COMMENTS = st.builds(
    lambda key, path, line, length, findings, suggests: Comment(
        path, None if line == 0 else Anchor(line, line + length), f"about {key}\n", key * 16, findings,
        f"folded {key}\n" if suggests and line else "",
    ),
    st.sampled_from(OBJECTS), st.sampled_from(["x.yaml", "y.yaml"]), st.integers(0, 3), st.integers(0, 1),
    st.frozensets(st.sampled_from(["f1", "f2", "f3"]), min_size=1), st.booleans(),
)  # fmt: skip
REVIEWS = st.lists(COMMENTS, max_size=4, unique_by=lambda one: (one.key, one.path)).map(
    lambda found: Review(
        tuple(one for one in found if one.anchor is not None), tuple(one for one in found if one.anchor is None), 0
    )
)
HAPPENINGS = st.one_of(
    st.tuples(st.just("run"), REVIEWS, st.integers(0, 12)),
    st.tuples(st.sampled_from(["resolve", "answer", "outdate", "hide", "unresolve"]), st.integers(0, 9), st.just(0)),
)


def act(pull: PullRequest, what: str, number: int) -> None:
    """What people and pushes do to a thread."""
    if not pull.threads:
        return
    at = number % len(pull.threads)
    one = pull.threads[at]
    changes: dict[str, dict[str, Any]] = {
        "resolve": {} if one.resolved else {"resolved": True, "resolver": PERSON},
        "unresolve": {"resolved": False, "resolver": ""},
        "answer": {"answered": True},
        "outdate": {"line": None, "start": None},
        "hide": {"hidden": True},
    }
    pull.threads[at] = one._replace(**changes[what])


def run(pull: PullRequest, review: Review, head: str, left: int = 1000) -> None:
    pull.left = left
    post(pull, Posting(review, f"summary of {head}", head, "0123abcd"))  # type: ignore[arg-type]


def key_of(thread: Thread) -> str:
    mark = read_mark(thread.body)
    return "" if mark is None else mark.key


def is_open(thread: Thread) -> bool:
    mark = read_mark(thread.body)
    return mark is not None and mark.state == OPEN and not thread.resolved and not thread.hidden


@settings(max_examples=200, deadline=None)
@given(st.lists(HAPPENINGS, max_size=8), REVIEWS, st.booleans())
def test_one_run_is_enough(life: list[tuple[Any, Any, Any]], review: Review, resolves: bool) -> None:  # noqa: FBT001
    pull = PullRequest(resolves=resolves)
    for number, (what, value, left) in enumerate(life):
        if what != "run":
            act(pull, what, value)
            continue
        with contextlib.suppress(Died):
            run(pull, value, f"{number:040d}", left)
    decided = [one for one in pull.threads if one.resolved and one.resolver == PERSON]
    answered = {one.comment for one in pull.threads if one.answered}
    run(pull, review, "f" * 40)
    told = pull.threads
    assert decided == [one for one in told if one.resolved and one.resolver == PERSON]
    assert answered <= {one.comment for one in told}
    comments = (*review.comments, *review.file_comments)
    wanted = Counter(comment.key for comment in comments)
    opened = Counter(key_of(one) for one in told if is_open(one))
    closed = Counter(key_of(one) for one in told if one.hidden or one.resolver == PERSON)
    for key in {*wanted, *opened}:
        assert opened[key] <= wanted[key] <= opened[key] + closed[key]
    assert len(pull.notes) == 1
    pull.writes = 0
    run(pull, review, "f" * 40)
    assert pull.writes == 0
