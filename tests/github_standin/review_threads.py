"""Threads of review comments: one for each comment that answers no other."""

from .description import Json


def root(comment: Json) -> int:
    """The identity of the comment that the thread of this one began with; that one may be deleted by now."""
    start: int = comment.get("reply_to") or comment["id"]
    return start


def threads(comments: list[Json]) -> dict[int, list[Json]]:
    """The comments of each thread in the order they were written, by the identity of the first."""
    found: dict[int, list[Json]] = {}
    for comment in comments:
        found.setdefault(root(comment), []).append(comment)
    return found
