"""What a job that follows another one asks: the pull requests of a branch, and where a change left its base."""

from .call import PULL_READ, REPOSITORY, Answer, Call, Entry, RefusalError
from .description import filled
from .endpoints import pull_answer
from .hunks import git


def list_pulls(call: Call) -> Answer:
    """Open ones; `head=owner:branch` is the only way to ask for those of a fork."""
    found = list(call.state.pulls.values()) if call.query.get("state", "open") != "closed" else []
    if wanted := call.query.get("head"):
        owner, _, branch = wanted.partition(":")
        found = [
            pull
            for pull in found
            if pull.head == branch and (pull.head_repository or call.state.repository).partition("/")[0] == owner
        ]
    return Answer(200, [filled("pull-request-simple", pull_answer(call.state, pull)) for pull in found])


def compare(call: Call) -> Answer:
    base, dots, head = call.route.values["basehead"].partition("...")
    if not dots or not (call.state.git_has(base) and call.state.git_has(head)):
        raise RefusalError(404, "Not Found")
    commit = filled("commit", {"sha": git(call.state.path, "merge-base", base, head).strip()})
    return Answer(200, filled("commit-comparison", {"merge_base_commit": commit, "status": "ahead"}))


ENTRIES = {
    ("get", REPOSITORY + "/pulls"): Entry(list_pulls, PULL_READ),
    ("get", REPOSITORY + "/compare/{basehead}"): Entry(compare, (("contents", "read"),)),
}
