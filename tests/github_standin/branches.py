"""Branches and what lies between two of them: real refs and commits of the repository behind."""

import subprocess
from urllib.parse import unquote

from .call import REPOSITORY, Answer, Call, Entry, RefusalError, user_value
from .description import Json, filled
from .hunks import git
from .state import State

_READ, _WRITE = (("contents", "read"),), (("contents", "write"),)
_COMMITS = 250


def matching_refs(call: Call) -> Answer:
    wanted = "refs/" + unquote(call.route.values["ref"])
    found = git(call.state.path, "for-each-ref", "--format=%(refname) %(objectname)").split("\n")
    refs = [line.split(" ") for line in found if line.startswith(wanted)]
    return Answer(200, [_ref(name, sha) for name, sha in refs])


def create_ref(call: Call) -> Answer:
    name, sha = call.body["ref"], call.body["sha"]
    if not name.startswith("refs/heads/") or _tip(call.state, name):
        raise RefusalError(422, "Reference already exists" if _tip(call.state, name) else "Reference name is invalid")
    if not _is_commit(call.state, sha):
        raise RefusalError(422, "Object does not exist")
    git(call.state.path, "update-ref", name, sha, "")
    return Answer(201, _ref(name, sha))


def update_ref(call: Call) -> Answer:
    """Moves a branch. An open pull request that then holds nothing is closed, as GitHub does."""
    name = "refs/" + unquote(call.route.values["ref"])
    old, sha = _tip(call.state, name), call.body["sha"]
    if not old:
        raise RefusalError(422, "Reference does not exist")
    if not _is_commit(call.state, sha):
        raise RefusalError(422, "Object does not exist")
    forward = git(call.state.path, "merge-base", old, sha).strip() == old
    if not forward and not call.body.get("force"):
        raise RefusalError(422, "Update is not a fast forward")
    git(call.state.path, "update-ref", name, sha, old)
    for pull in call.state.pulls.values():
        if f"refs/heads/{pull.head}" == name and not call.state.commits(pull):
            call.state.detail(pull.number)["state"] = "closed"
    return Answer(200, _ref(name, sha))


def delete_ref(call: Call) -> Answer:
    name = "refs/" + unquote(call.route.values["ref"])
    old = _tip(call.state, name)
    if not old:
        raise RefusalError(422, "Reference does not exist")
    for pull in call.state.pulls.values():
        if f"refs/heads/{pull.head}" == name:
            detail = call.state.detail(pull.number)
            detail |= {"state": "closed", "head_sha": old}
    git(call.state.path, "update-ref", "-d", name, old)
    return Answer(204)


def compare(call: Call) -> Answer:
    base, _, head = unquote(call.route.values["basehead"]).partition("...")
    state = call.state
    if not _is_commit(state, base) or not _is_commit(state, head):
        raise RefusalError(404, "Not Found")
    root = git(state.path, "merge-base", base, head).strip()
    names = git(state.path, "rev-list", "--reverse", f"{base}..{head}").split()
    behind = git(state.path, "rev-list", "--count", f"{head}..{base}").strip()
    values = {
        "base_commit": commit_value(state, state.sha(base)),
        "merge_base_commit": commit_value(state, root),
        "commits": [commit_value(state, name) for name in names[:_COMMITS]],
        "total_commits": len(names),
        "ahead_by": len(names),
        "behind_by": int(behind),
        "status": "ahead" if names else "identical",
    }
    return Answer(200, filled("commit-comparison", values))


def commit_value(state: State, sha: str) -> Json:
    """A commit as lists of commits hold it; its author is an account where a name of one is written."""
    name, _, message = git(state.path, "log", "-1", "--format=%an%n%B", sha).partition("\n")
    person = filled("commit", {})["commit"] | {"message": message.strip("\n")}
    known = name in {identity.login for identity in state.tokens.values()} | set(state.permissions)
    author = user_value(name) if known else None
    return filled("commit", {"sha": sha, "commit": person, "author": author, "committer": user_value("web-flow")})


def _ref(name: str, sha: str) -> Json:
    values = {"ref": name, "object": {"type": "commit", "sha": sha, "url": "https://example.org/"}}
    return filled("git-ref", values)


def _tip(state: State, name: str) -> str:
    return git(state.path, "for-each-ref", "--format=%(objectname)", name).strip()


def _is_commit(state: State, name: str) -> bool:
    try:
        git(state.path, "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}")
    except subprocess.CalledProcessError:
        return False
    return True


ENTRIES = {
    ("get", REPOSITORY + "/git/matching-refs/{ref}"): Entry(matching_refs, _READ),
    ("post", REPOSITORY + "/git/refs"): Entry(create_ref, _WRITE),
    ("patch", REPOSITORY + "/git/refs/{ref}"): Entry(update_ref, _WRITE),
    ("delete", REPOSITORY + "/git/refs/{ref}"): Entry(delete_ref, _WRITE),
    ("get", REPOSITORY + "/compare/{basehead}"): Entry(compare, _READ),
}
