"""Comments and labels of the conversation of a pull request or an issue."""

from .call import LISTEN, REPOSITORY, TALK, Answer, Call, Entry, check_length, one, user_value
from .description import Json, filled


def list_issue_comments(call: Call) -> Answer:
    own = [comment for comment in call.state.issue_comments if comment["pull"] == call.pull.number]
    return Answer(200, [_issue_comment(comment) for comment in own])


def create_issue_comment(call: Call) -> Answer:
    check_length(call.body["body"], "IssueComment")
    comment = {
        "id": call.state.new_id(),
        "pull": call.pull.number,
        "author": call.identity.login,
        "body": call.body["body"],
    }
    call.state.issue_comments.append(comment)
    return Answer(201, _issue_comment(comment))


def get_issue_comment(call: Call) -> Answer:
    return Answer(200, _issue_comment(one(call, call.state.issue_comments)))


def update_issue_comment(call: Call) -> Answer:
    check_length(call.body["body"], "IssueComment")
    comment = one(call, call.state.issue_comments)
    comment["body"] = call.body["body"]
    return Answer(200, _issue_comment(comment))


def delete_issue_comment(call: Call) -> Answer:
    call.state.issue_comments.remove(one(call, call.state.issue_comments))
    return Answer(204)


def list_labels(call: Call) -> Answer:
    names = call.state.labels.get(call.pull.number, [])
    return Answer(200, [filled("label", {"name": name}) for name in names])


def add_labels(call: Call) -> Answer:
    given = call.body if isinstance(call.body, list) else (call.body or {}).get("labels", [])
    names = call.state.labels.setdefault(call.pull.number, [])
    wanted = [label["name"] if isinstance(label, dict) else label for label in given]
    names += [name for name in dict.fromkeys(wanted) if name not in names]
    return list_labels(call)


def _issue_comment(comment: Json) -> Json:
    values = {"id": comment["id"], "body": comment["body"], "user": user_value(comment["author"])}
    return filled("issue-comment", values)


ENTRIES = {
    ("get", REPOSITORY + "/issues/{issue_number}/comments"): Entry(list_issue_comments, LISTEN),
    ("post", REPOSITORY + "/issues/{issue_number}/comments"): Entry(create_issue_comment, TALK),
    ("get", REPOSITORY + "/issues/comments/{comment_id}"): Entry(get_issue_comment, LISTEN),
    ("patch", REPOSITORY + "/issues/comments/{comment_id}"): Entry(update_issue_comment, TALK),
    ("delete", REPOSITORY + "/issues/comments/{comment_id}"): Entry(delete_issue_comment, TALK),
    ("get", REPOSITORY + "/issues/{issue_number}/labels"): Entry(list_labels, LISTEN),
    ("post", REPOSITORY + "/issues/{issue_number}/labels"): Entry(add_labels, TALK),
}
