"""The comment that GitHub started this run for (`issue_comment`)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from gitops_guard.errors import UsageError
from gitops_guard.github.event import Addresses, addresses, read_payload

_HINT = "GitHub writes it; this command runs on `issue_comment`"
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:_[A-Za-z0-9]+)?")
BODY_LIMIT = 65_536


class CommentEvent(NamedTuple):
    """A comment of a conversation.

    `action` is `created`, `edited` or `deleted`. `at` is when it was written, in seconds since 1970. `is_bot`: an app
    wrote it. `is_pull`: it stands on a pull request, not on an issue. `is_open`: that was open then.
    """

    places: Addresses
    action: str
    number: int
    comment: int
    author: str
    body: str
    at: float
    is_bot: bool
    is_pull: bool
    is_open: bool


def read_comment(environment: Mapping[str, str]) -> CommentEvent:
    """Reads the event.

    Raises:
        UsageError: it is another event, or the file is not one of it.
    """
    name = environment.get("GITHUB_EVENT_NAME", "")
    if name != "issue_comment":
        what = f"the event is {name}" if name else "GITHUB_EVENT_NAME is not set"
        raise UsageError(f"{what}, not issue_comment", hint="see docs/github-commands.md")
    payload, path = read_payload(environment)
    places = addresses(environment, payload)
    try:
        comment, issue = payload["comment"], payload["issue"]
        user = comment["user"]
        event = CommentEvent(
            places=places,
            action=str(payload["action"]),
            number=int(issue["number"]),
            comment=int(comment["id"]),
            author=str(user["login"]),
            body=str(comment["body"] or ""),
            at=datetime.fromisoformat(str(comment["created_at"])).timestamp(),
            is_bot=user.get("type") != "User" or str(user["login"]).endswith("[bot]"),
            is_pull=bool(issue.get("pull_request")),
            is_open=issue.get("state") == "open",
        )
    except KeyError as error:
        raise UsageError(f"the event file lacks {error}", path=path, hint=_HINT) from None
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise UsageError("the event file is not one of a comment", path=path, hint=_HINT) from None
    if event.number < 1 or event.comment < 1 or len(event.body) > BODY_LIMIT:
        raise UsageError("the event file is not one of a comment", path=path, hint=_HINT)
    if not event.is_bot and _LOGIN.fullmatch(event.author) is None:
        raise UsageError("the event file's comment.user.login is none", path=path, hint=_HINT)
    return event
