"""`/gitops-guard recheck`: the review as a push would run it, in the place of the job that reviews the pull request."""

import json
import os
import re
import tempfile

from gitops_guard.chat.answer import Answer
from gitops_guard.commands.answering.conversation import Conversation
from gitops_guard.commands.pull_request import review
from gitops_guard.errors import CLEAN, FINDINGS, PublishError, UsageError
from gitops_guard.github.instance import OVERRIDE

_SUMMARY = re.compile(r"<!-- gitops-guard:summary instance=([0-9a-f]{8}) -->")
_CHECK = re.compile(r"gitops-guard:([0-9a-f]{8})")
_RESULTS = {CLEAN: "clean", FINDINGS: "there are findings at or above the fail level"}


def recheck(talk: Conversation) -> Answer:
    """Reviews the head as it was when the command arrived.

    Raises:
        UsageError: several jobs review this pull request, each with inputs of its own that are not known here.
    """
    found = _instances(talk)
    if len(found) > 1:
        hint = "run them again under Actions"
        raise UsageError(f"{len(found)} jobs review this pull request, and each knows its own part", hint=hint)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "event.json")  # noqa: PTH118 - pathlib costs start-up
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - likewise
            json.dump(_event(talk), file)
        changed = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": path, OVERRIDE: "".join(found)}
        code = review(talk.arguments, {**talk.environment, **changed}, talk.today)
    head = talk.pull.head_sha[:10]
    if code not in _RESULTS:
        return Answer(f"Looked at {head} again, but not everything could be read: see the summary.", done=False)
    return Answer(f"Looked at {head} again: {_RESULTS[code]}.", done=True)


def _instances(talk: Conversation) -> list[str]:
    """The jobs that review this pull request, by their summaries, or by their check runs of the head."""
    own = (comment.body for comment in talk.repository.comments(talk.pull.number) if comment.author == talk.login)
    found = sorted({match[1] for match in map(_SUMMARY.match, own) if match is not None})
    if found:
        return found
    try:
        identities = talk.repository.check_run_identities(talk.pull.head_sha)
    except PublishError:
        # Without the right to read them this job speaks for itself.
        return []
    return sorted({match[1] for match in map(_CHECK.fullmatch, identities) if match is not None})


def _event(talk: Conversation) -> dict[str, object]:
    """The pull request as an event of its own would tell it."""
    pull, name = talk.pull, {"full_name": talk.repository.name}
    home = {"full_name": pull.head_repository} if pull.head_repository else None
    base = {"ref": pull.base_ref, "sha": pull.base_sha, "repo": name}
    head = {"ref": pull.head_ref, "sha": pull.head_sha, "repo": home}
    request = {"number": pull.number, "base": base, "head": head, "user": {"login": pull.author}}
    return {"action": "synchronize", "number": pull.number, "pull_request": request, "repository": name}
