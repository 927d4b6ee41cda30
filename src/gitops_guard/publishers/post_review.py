"""Posts a review so that a second run updates it: no duplicates, solved problems said to be solved."""

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from gitops_guard.github.client import Client, Posted, ReviewRefusedError
from gitops_guard.publishers.review import Comment, Review, marked_key, marker

SUMMARY_MARKER = "<!-- gitops-guard:summary -->"
_SECONDS = re.compile(r", [0-9][0-9,.]* s\.</sub>")
_AT_ONCE = 30
"""Comments of one request; more than this has been refused."""


class Outcome(NamedTuple):
    """What was done, in numbers, for the log."""

    created: int
    updated: int
    unchanged: int
    solved: int


def post(client: Client, review: Review, summary: str, head: str) -> Outcome:
    """Brings the comments of the pull request in line with a review.

    Args:
        client: of the pull request.
        review: what should be there.
        summary: the text of the one comment in the conversation.
        head: the commit that was looked at.

    Raises:
        PublishError: GitHub refused something that cannot be done another way.
    """
    login = client.login()
    mine = _by_key(posted for posted in client.review_comments() if posted.author == login)
    fresh: list[Comment] = []
    updated = unchanged = 0
    for comment in (*review.comments, *review.file_comments):
        known = mine.pop(comment.key, None)
        if known is None:
            fresh.append(comment)
        elif comment.anchor is not None and known.line not in {None, comment.anchor.last}:
            client.delete_review_comment(known.id)
            fresh.append(comment)
        elif _same(known.body, comment.body):
            unchanged += 1
        else:
            client.update_review_comment(known.id, comment.body)
            updated += 1
    _create(client, fresh, head)
    solved = _solve(client, mine, head)
    _summarise(client, login, summary)
    return Outcome(len(fresh), updated, unchanged, solved)


def _by_key(comments: Iterable[Posted]) -> dict[str, Posted]:
    found: dict[str, Posted] = {}
    for comment in comments:
        key = marked_key(comment.body)
        if key is not None:
            found[key] = comment
    return found


def _same(one: str, other: str) -> bool:
    return _timeless(one) == _timeless(other)


def _timeless(text: str) -> str:
    """A text without how long the run took: nobody is told of a comment that changed in nothing else."""
    return _SECONDS.sub("</sub>", text.replace("\r\n", "\n").strip())


def _create(client: Client, comments: list[Comment], head: str) -> None:
    inline = [comment for comment in comments if comment.anchor is not None]
    for start in range(0, len(inline), _AT_ONCE):
        part = inline[start : start + _AT_ONCE]
        noun = "object" if len(part) == 1 else "objects"
        text = f"gitops-guard has something to say about {len(part)} {noun} of this change."
        _in_one_review(client, head, text, part)
    for comment in comments:
        if comment.anchor is None:
            client.create_file_comment(head, comment.path, comment.body)


def _in_one_review(client: Client, head: str, text: str, comments: list[Comment]) -> None:
    """GitHub takes all comments or none and does not say which is wrong: then each is tried, last on its file."""
    try:
        client.create_review(head, text, [_request(comment) for comment in comments])
    except ReviewRefusedError:
        if len(comments) == 1:
            client.create_file_comment(head, comments[0].path, comments[0].body)
            return
        for comment in comments:
            _in_one_review(client, head, text, [comment])


def _request(comment: Comment) -> dict[str, Any]:
    anchor = comment.anchor
    if anchor is None:
        raise ValueError("a comment on a file is no part of a review")
    request: dict[str, Any] = {"path": comment.path, "body": comment.body, "line": anchor.last, "side": "RIGHT"}
    if anchor.first < anchor.last:
        request |= {"start_line": anchor.first, "start_side": "RIGHT"}
    return request


def _solve(client: Client, left: dict[str, Posted], head: str) -> int:
    solved = 0
    for key, comment in left.items():
        text = f"{marker(key)}\nSolved as of {head[:10]}.\n"
        if "\nSolved as of " not in comment.body:
            client.update_review_comment(comment.id, text)
            solved += 1
    return solved


def _summarise(client: Client, login: str, summary: str) -> None:
    text = f"{SUMMARY_MARKER}\n{summary}"
    known = next((c for c in client.issue_comments() if c.author == login and c.body.startswith(SUMMARY_MARKER)), None)
    if known is None:
        client.create_issue_comment(text)
    elif not _same(known.body, text):
        client.update_issue_comment(known.id, text)


def as_text(review: Review, summary: str, write: Callable[[str], object]) -> None:
    """Writes what would be posted, as its reader would see it."""
    for comment in (*review.comments, *review.file_comments):
        anchor = comment.anchor
        lines = "the file" if anchor is None else f"line {anchor.last}"
        if anchor is not None and anchor.first < anchor.last:
            lines = f"lines {anchor.first} to {anchor.last}"
        write(f"---- comment on {comment.path}, {lines} ----\n\n{comment.body.partition(chr(10))[2]}\n")
    if review.left_out:
        write(f"---- {review.left_out} more problems only in the summary ----\n\n")
    write(f"---- summary ----\n\n{summary}")
