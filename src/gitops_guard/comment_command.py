"""The `comment` command: does what a comment on a pull request asks for, and answers it once."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from gitops_guard.chat import answer
from gitops_guard.chat.answer import Answer
from gitops_guard.chat.command import Command, Explain, Fix, Mistake, Recheck, Waive, commands, shown
from gitops_guard.errors import CLEAN, INCOMPLETE, GuardError, PublishError, UsageError
from gitops_guard.github.comment_event import CommentEvent, read_comment

if TYPE_CHECKING:
    from gitops_guard.answering.conversation import Conversation
    from gitops_guard.github.repository import Pull, Repository

_MAY_NOT = "this takes write permission on the repository"
_RESULTS = {0: "clean", 1: "there are findings at or above the fail level"}


def answer_comment(arguments: argparse.Namespace, environment: Mapping[str, str], today: date) -> int:
    """Runs `comment` and returns the exit code."""
    event = read_comment(environment)
    asked = commands(event.body)
    ignored = _ignored(event, asked)
    if ignored:
        sys.stderr.write(f"gitops-guard: nothing to do: {ignored}\n")
        return CLEAN
    talk = _conversation(arguments, environment, event, today)
    if talk is None:
        return CLEAN
    _react(talk.repository, event, "eyes")
    answers = [_answered(talk, command, number, asked) for number, command in enumerate(asked)]
    if len(answers) > 1 or isinstance(asked[0], Mistake):
        answers = [answer.headed(shown(command), one) for command, one in zip(asked, answers, strict=True)]
    _reply(talk.repository, event, answers)
    failed = any(isinstance(one, _Failure) for one in answers)
    return INCOMPLETE if failed else CLEAN


class _Failure(Answer):
    """Something that was not the asker's mistake: the job fails too."""


def _ignored(event: CommentEvent, asked: tuple[Command, ...]) -> str:
    """Why nobody is answered; these cost no request."""
    if event.action != "created":
        return f"the comment was {event.action}: only new ones count"
    if not event.is_pull:
        return "it stands on no pull request"
    if event.is_bot or answer.replied_to(event.body) is not None or event.body.startswith("<!-- gitops-guard:"):
        return "a program wrote it"
    return "" if asked else "it holds no command"


def _conversation(
    arguments: argparse.Namespace, environment: Mapping[str, str], event: CommentEvent, today: date
) -> "Conversation | None":
    """What answers need; None where the comment is answered already, or only with a refusal."""
    from gitops_guard.answering.conversation import Conversation  # noqa: PLC0415 - most comments hold no command
    from gitops_guard.github.commits import Committer  # noqa: PLC0415
    from gitops_guard.github.repository import MAY_WRITE, Repository  # noqa: PLC0415
    from gitops_guard.github.transport import Transport  # noqa: PLC0415 - loads PyGithub

    token = environment.get("INPUT_GITHUB-TOKEN") or environment.get("GITHUB_TOKEN", "")
    if not token:
        raise UsageError("no token", hint="set GITHUB_TOKEN")
    transport = Transport(event.places.api_url, token, pause=1, wait=120, recovery=2)
    repository = Repository(transport.call, event.places.repository)
    login = repository.login()
    replies = (comment for comment in repository.comments(event.number) if comment.author == login)
    if any(answer.replied_to(comment.body) == event.comment for comment in replies):
        sys.stderr.write("gitops-guard: nothing to do: it is answered already\n")
        return None
    if repository.permission(event.author) not in MAY_WRITE:
        _reply(repository, event, [answer.refusal(_MAY_NOT)])
        return None
    pull = repository.pull(event.number)
    if pull.state != "open":
        _reply(repository, event, [answer.refusal("this pull request is not open")])
        return None
    root = environment.get("GITHUB_WORKSPACE") or os.getcwd()  # noqa: PTH109
    committer = Committer(transport.graphql, repository)
    return Conversation(event, pull, repository, committer, login, root, token, arguments, environment, today)


def _answered(talk: "Conversation", command: Command, number: int, asked: tuple[Command, ...]) -> Answer:
    first = next(at for at, one in enumerate(asked) if type(one) is type(command))
    if first != number and isinstance(command, Fix | Recheck):
        return answer.refusal(f"one `{'fix' if isinstance(command, Fix) else 'recheck'}` of a comment is enough")
    try:
        return _done(talk, command, number)
    except UsageError as error:
        return answer.refusal(error.message + (f" ({error.hint})" if error.hint else ""))
    except GuardError as error:
        sys.stderr.write(f"gitops-guard: {error}\n")
        return _Failure(*answer.refusal(error.message))


def _done(talk: "Conversation", command: Command, number: int) -> Answer:
    if isinstance(command, Mistake):
        return answer.mistake(command.why)
    if isinstance(command, Explain):
        from gitops_guard.rule_pages import explain  # noqa: PLC0415 - each command loads what it needs

        return answer.explained(explain(command.rule))
    if isinstance(command, Waive):
        from gitops_guard.answering.waive import waive  # noqa: PLC0415

        return waive(talk, command, number)
    if isinstance(command, Fix):
        from gitops_guard.answering.fix import fix  # noqa: PLC0415

        return fix(talk, command)
    return _recheck(talk)


def _recheck(talk: "Conversation") -> Answer:
    """Runs the review as a push would, on the head as it was when the command arrived."""
    from gitops_guard.pull_request import review  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "event.json")  # noqa: PTH118
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(_as_event(talk.pull, talk.repository), file)
        changed = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": path}
        code = review(talk.arguments, {**talk.environment, **changed}, talk.today)
    head = talk.pull.head_sha[:10]
    if code not in _RESULTS:
        return _Failure(f"Looked at {head} again, but not everything could be read: see the summary.", done=False)
    return Answer(f"Looked at {head} again: {_RESULTS[code]}.", done=True)


def _as_event(pull: "Pull", repository: "Repository") -> dict[str, object]:
    """The pull request as an event of its own would tell it."""
    base = {"ref": pull.base_ref, "sha": pull.base_sha, "repo": {"full_name": repository.name}}
    home = {"full_name": pull.head_repository} if pull.head_repository else None
    head = {"ref": pull.head_ref, "sha": pull.head_sha, "repo": home}
    request = {"number": pull.number, "base": base, "head": head, "user": {"login": pull.author}}
    return {"action": "synchronize", "number": pull.number, "pull_request": request,
            "repository": {"full_name": repository.name}}  # fmt: skip


def _reply(repository: "Repository", event: CommentEvent, answers: list[Answer]) -> None:
    """The one reply, then the reaction that says how it ended: whoever sees that may read."""
    repository.comment(event.number, answer.reply(event.comment, answers))
    _react(repository, event, "+1" if all(one.done for one in answers) else "confused")


def _react(repository: "Repository", event: CommentEvent, content: str) -> None:
    """A reaction is a courtesy: where the token may not, the reply says the same."""
    try:
        repository.react(event.comment, content)
    except PublishError as error:
        sys.stderr.write(f"gitops-guard: no reaction: {error.message}\n")
