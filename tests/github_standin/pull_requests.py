"""Pull requests as a whole: opened, listed, changed, closed, and who is asked to look at them."""

from .branches import commit_value
from .call import BODY_LIMIT, PULL_READ, PULL_WRITE, REPOSITORY, TALK, Answer, Call, Entry, RefusalError, user_value
from .description import Json, filled
from .hunks import git
from .state import PullRequest


def list_pulls(call: Call) -> Answer:
    """`head=owner:branch` is the only way to ask for those of a fork."""
    state, head = call.query.get("state", "open"), call.query.get("head", "")
    found = [
        _value(call, pull, "pull-request-simple")
        for pull in sorted(call.state.pulls.values(), reverse=True)
        if state in {"all", call.state.detail(pull.number)["state"]} and head in {"", _head(call, pull)}
    ]
    return Answer(200, found)


def create_pull(call: Call) -> Answer:
    body, state = call.body, call.state
    if not state.may_open_pulls and call.identity.is_installation:
        raise RefusalError(403, "GitHub Actions is not permitted to create or approve pull requests.")
    for branch in (body["base"], body["head"]):
        if not git(state.path, "for-each-ref", f"refs/heads/{branch}").strip():
            raise _invalid("invalid")
    if any(p.head == body["head"] and state.detail(p.number)["state"] == "open" for p in state.pulls.values()):
        raise _invalid(f"A pull request already exists for {state.repository.partition('/')[0]}:{body['head']}.")
    pull = PullRequest(max(state.pulls, default=0) + 1, body["base"], body["head"], call.identity.login)
    if not state.commits(pull):
        raise _invalid(f"No commits between {body['base']} and {body['head']}")
    _check_body(body)
    state.pulls[pull.number] = pull
    detail = state.detail(pull.number)
    detail |= {"title": body["title"], "body": body.get("body") or ""}
    return Answer(201, _value(call, pull, "pull-request"))


def get_pull(call: Call) -> Answer:
    return Answer(200, _value(call, call.pull, "pull-request"))


def update_pull(call: Call) -> Answer:
    _check_body(call.body)
    pull = call.pull
    detail = call.state.detail(pull.number)
    detail |= {name: call.body[name] for name in ("title", "body", "state") if name in call.body}
    return Answer(200, _value(call, pull, "pull-request"))


def pull_commits(call: Call) -> Answer:
    names = call.state.commits(call.pull)[::-1]
    return Answer(200, [commit_value(call.state, name) for name in names[:250]])


def request_reviewers(call: Call) -> Answer:
    """All or none: one who is no collaborator refuses the request."""
    wanted, teams = call.body.get("reviewers", []), call.body.get("team_reviewers", [])
    known = call.state.permissions
    if teams or any(known.get(login, "none") == "none" for login in wanted):
        raise RefusalError(
            422, "Reviews may only be requested from collaborators. One or more of the users or teams you specified is "
            "not a collaborator of the repository."
        )  # fmt: skip
    asked = call.state.detail(call.pull.number)["reviewers"]
    asked += [login for login in wanted if login not in asked]
    return Answer(201, _value(call, call.pull, "pull-request-simple"))


def add_assignees(call: Call) -> Answer:
    """Who can't be one is left out without a word."""
    own = call.state.detail(call.pull.number)["assignees"]
    known = call.state.permissions
    own += [login for login in call.body["assignees"] if login not in own and known.get(login, "none") != "none"]
    values = {"number": call.pull.number, "title": "", "assignees": [user_value(login) for login in own]}
    return Answer(201, filled("issue", values))


def _head(call: Call, pull: PullRequest) -> str:
    return (pull.head_repository or call.state.repository).partition("/")[0] + f":{pull.head}"


def _value(call: Call, pull: PullRequest, component: str) -> Json:
    state, detail = call.state, call.state.detail(pull.number)
    head = pull.head_repository or state.repository
    there = git(state.path, "for-each-ref", "--format=%(objectname)", f"refs/heads/{pull.head}").strip()
    values: Json = {
        "number": pull.number,
        "title": detail["title"],
        "body": detail["body"],
        "state": detail["state"],
        "merged_at": "2026-01-01T00:00:00Z" if detail["merged"] else None,
        "user": user_value(pull.author),
        "base": _end(pull.base, state.sha(pull.base), state.repository),
        "head": _end(pull.head, there or detail["head_sha"], head),
        "labels": [filled("label", {"name": name, "description": ""}) for name in state.labels.get(pull.number, [])],
        "draft": False,
    }
    if component == "pull-request":
        values |= {"merged": detail["merged"], "changed_files": len(state.files(pull)) if there else 0}
    return filled(component, values)


def _end(branch: str, sha: str, name: str) -> Json:
    owner, _, short = name.partition("/")
    repository = filled("repository", {"name": short, "full_name": name, "owner": user_value(owner)})
    return {"label": f"{owner}:{branch}", "ref": branch, "sha": sha, "user": user_value(owner), "repo": repository}


def _check_body(body: Json) -> None:
    if len(body.get("body") or "") > BODY_LIMIT:
        raise _invalid(f"body is too long (maximum is {BODY_LIMIT} characters)")


def _invalid(message: str) -> RefusalError:
    error = {"resource": "PullRequest", "code": "custom", "message": message}
    return RefusalError(422, "Validation Failed", [error])


ENTRIES = {
    ("get", REPOSITORY + "/pulls"): Entry(list_pulls, PULL_READ),
    ("post", REPOSITORY + "/pulls"): Entry(create_pull, PULL_WRITE),
    ("get", REPOSITORY + "/pulls/{pull_number}"): Entry(get_pull, PULL_READ),
    ("patch", REPOSITORY + "/pulls/{pull_number}"): Entry(update_pull, PULL_WRITE),
    ("get", REPOSITORY + "/pulls/{pull_number}/commits"): Entry(pull_commits, PULL_READ),
    ("post", REPOSITORY + "/pulls/{pull_number}/requested_reviewers"): Entry(request_reviewers, PULL_WRITE),
    ("post", REPOSITORY + "/issues/{issue_number}/assignees"): Entry(add_assignees, TALK),
}
