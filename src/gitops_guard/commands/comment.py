"""The `comment` command: does what a comment on a pull request asks for, and answers it once."""

import argparse
import os
import sys
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from gitops_guard.chat import answer
from gitops_guard.chat.answer import Answer
from gitops_guard.chat.command import Command, Explain, Fix, Mistake, Recheck, Waive, commands, shown
from gitops_guard.errors import CLEAN, INCOMPLETE, GuardError, PublishError, UsageError
from gitops_guard.github.comment_event import CommentEvent, read_comment

if TYPE_CHECKING:
    from gitops_guard.commands.answering.conversation import Conversation
    from gitops_guard.github.repository import Repository

_MAY_NOT = "this takes write permission on the repository"


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
    from gitops_guard.commands.answering.conversation import Conversation  # noqa: PLC0415 - most comments hold no command
    from gitops_guard.github.commits import Committer  # noqa: PLC0415
    from gitops_guard.github.repository import MAY_WRITE, Repository  # noqa: PLC0415
    from gitops_guard.github.transport import Transport  # noqa: PLC0415 - loads PyGithub

    token = environment.get("INPUT_GITHUB-TOKEN") or environment.get("GITHUB_TOKEN", "")
    if not token:
        raise UsageError("no token", hint="set GITHUB_TOKEN")
    transport = Transport(event.places.api_url, token, pause=1, wait=120, recovery=2)
    repository = Repository(transport.call, event.places.repository, transport.graphql)
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
        from gitops_guard.commands.answering.waive import waive  # noqa: PLC0415

        return waive(talk, command, number)
    if isinstance(command, Fix):
        from gitops_guard.commands.answering.fix import fix  # noqa: PLC0415

        return fix(talk, command)
    from gitops_guard.commands.answering.recheck import recheck  # noqa: PLC0415

    return recheck(talk)


def _reply(repository: "Repository", event: CommentEvent, answers: list[Answer]) -> None:
    """The reaction that says how it ended, then the one reply: where that is, a repeated job has nothing left to do."""
    _react(repository, event, "+1" if all(one.done for one in answers) else "confused")
    repository.comment(event.number, answer.reply(event.comment, answers))


def _react(repository: "Repository", event: CommentEvent, content: str) -> None:
    """A reaction is a courtesy: where the token may not, the reply says the same."""
    try:
        repository.react(event.comment, content)
    except PublishError as error:
        sys.stderr.write(f"gitops-guard: no reaction: {error.message}\n")
