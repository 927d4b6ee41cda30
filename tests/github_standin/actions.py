"""What a job with a shallow checkout asks: where a change left its base."""

from .call import REPOSITORY, Answer, Call, Entry, RefusalError
from .description import filled
from .hunks import git


def compare(call: Call) -> Answer:
    base, dots, head = call.route.values["basehead"].partition("...")
    if not dots or not (call.state.git_has(base) and call.state.git_has(head)):
        raise RefusalError(404, "Not Found")
    commit = filled("commit", {"sha": git(call.state.path, "merge-base", base, head).strip()})
    return Answer(200, filled("commit-comparison", {"merge_base_commit": commit, "status": "ahead"}))


ENTRIES = {
    ("get", REPOSITORY + "/compare/{basehead}"): Entry(compare, (("contents", "read"),)),
}
