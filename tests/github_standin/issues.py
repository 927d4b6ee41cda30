"""Issues: listed by author and label, opened, changed, closed. A workflow's token may label what it opens."""

from .call import BODY_LIMIT, REPOSITORY, Answer, Call, Entry, RefusalError, check_length, user_value
from .conversation import create_issue_comment as comment_on_pull
from .conversation import list_issue_comments as comments_of_pull
from .description import Json, filled


def list_issues(call: Call) -> Answer:
    query = call.query
    labels = set(filter(None, query.get("labels", "").split(",")))
    wanted = query.get("state", "open")
    found = [
        issue
        for issue in reversed(call.state.issues)
        if labels <= set(issue["labels"])
        and query.get("creator", issue["author"]) == issue["author"]
        and wanted in {"all", issue["state"]}
    ]
    return Answer(200, [_issue(issue) for issue in found])


def create(call: Call) -> Answer:
    body = call.body
    check_length(body.get("body") or "", "Issue")
    issue = {
        "number": call.state.new_id(),
        "author": call.identity.login,
        "title": body["title"],
        "body": body.get("body") or "",
        "state": "open",
        "state_reason": None,
        "labels": list(body.get("labels", [])),
    }
    call.state.issues.append(issue)
    return Answer(201, _issue(issue))


def get(call: Call) -> Answer:
    return Answer(200, _issue(_one(call)))


def update(call: Call) -> Answer:
    issue = _one(call)
    check_length(call.body.get("body") or "", "Issue")
    for name in ("title", "body", "state", "state_reason"):
        if name in call.body:
            issue[name] = call.body[name]
    return Answer(200, _issue(issue))


def list_comments(call: Call) -> Answer:
    if _found(call) is None:
        return comments_of_pull(call)
    number = int(call.route.values["issue_number"])
    own = [comment for comment in call.state.issue_comments if comment["pull"] == number]
    return Answer(200, [_comment(call, comment) for comment in own])


def create_comment(call: Call) -> Answer:
    if _found(call) is None:
        return comment_on_pull(call)
    check_length(call.body["body"], "IssueComment")
    number = int(call.route.values["issue_number"])
    comment = {
        "id": call.state.new_id(),
        "pull": number,
        "author": call.identity.login,
        "body": call.body["body"],
    }
    call.state.issue_comments.append(comment)
    return Answer(201, _comment(call, comment))


def _found(call: Call) -> Json | None:
    number = int(call.route.values["issue_number"])
    return next((issue for issue in call.state.issues if issue["number"] == number), None)


def _one(call: Call) -> Json:
    found = _found(call)
    if found is None:
        raise RefusalError(404, "Not Found")
    assert len(found["body"]) <= BODY_LIMIT
    return found


def _issue(issue: Json) -> Json:
    names = ("number", "title", "body", "state", "state_reason")
    values = {name: issue[name] for name in names} | {"user": user_value(issue["author"])}
    return filled("issue", values | {"labels": [filled("label", {"name": name}) for name in issue["labels"]]})


def _comment(call: Call, comment: Json) -> Json:
    address = f"https://github.example/{call.state.repository}/issues/{comment['pull']}#issuecomment-{comment['id']}"
    values = {"id": comment["id"], "body": comment["body"], "user": user_value(comment["author"])}
    return filled("issue-comment", values | {"html_url": address})


def list_repositories(call: Call) -> Answer:
    found = [filled("minimal-repository", one) for one in call.state.organisation]
    return Answer(200, found)


_READ, _WRITE = (("issues", "read"),), (("issues", "write"),)
_BOTH_READ = (("issues", "read"), ("pull_requests", "read"))
_BOTH_WRITE = (("issues", "write"), ("pull_requests", "write"))
ENTRIES = {
    ("get", "/orgs/{org}/repos"): Entry(list_repositories, ()),
    ("get", REPOSITORY + "/issues"): Entry(list_issues, _READ),
    ("post", REPOSITORY + "/issues"): Entry(create, _WRITE),
    ("get", REPOSITORY + "/issues/{issue_number}"): Entry(get, _READ),
    ("patch", REPOSITORY + "/issues/{issue_number}"): Entry(update, _WRITE),
    ("get", REPOSITORY + "/issues/{issue_number}/comments"): Entry(list_comments, _BOTH_READ),
    ("post", REPOSITORY + "/issues/{issue_number}/comments"): Entry(create_comment, _BOTH_WRITE),
}
