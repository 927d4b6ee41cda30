"""What each operation does to the state. Bodies were validated before; answers are validated afterwards.

The wording of refusals is GitHub's own, as people quote it in their threads (parkerbxyz/suggest-changes#28 and #64,
ubuntu/WSL#244, qiniu/reviewbot#179).
"""

from collections.abc import Sequence

from .call import (
    BODY_LIMIT,
    PULL_READ,
    PULL_WRITE,
    REPOSITORY,
    Answer,
    Call,
    Entry,
    RefusalError,
    check_length,
    one,
    user_value,
)
from .description import Json, filled
from .hunks import ChangedFile
from .state import PullRequest, State

_OUTSIDE = "line must be part of the diff"
_OTHER_HUNK = "start line must be part of the same hunk as the line."
_NO_ORDER = "start line must precede the end line."


def user(call: Call) -> Answer:
    if call.identity.is_installation:
        raise RefusalError(403, "Resource not accessible by integration")
    return Answer(200, filled("public-user", {"login": call.identity.login}))


def repository(call: Call) -> Answer:
    owner, name = call.state.repository.split("/")
    values = {"name": name, "full_name": call.state.repository, "owner": user_value(owner), "default_branch": "main"}
    return Answer(200, filled("full-repository", values))


def pull_request(call: Call) -> Answer:
    values = pull_answer(call.state, call.pull) | {"changed_files": len(call.state.files(call.pull))}
    return Answer(200, filled("pull-request", values))


def pull_answer(state: State, pull: PullRequest) -> Json:
    """What a pull request looks like in a list as well."""
    return {
        "number": pull.number,
        "state": "open",
        "user": user_value(pull.author),
        "base": _end(pull.base, state.sha(pull.base), state.repository),
        "head": _end(pull.head, state.sha(pull.head), pull.head_repository or state.repository),
        "labels": [],
        "draft": False,
    }


def files(call: Call) -> Answer:
    found = []
    for file in call.state.files(call.pull)[:3000]:
        lines = (file.patch or "").split("\n")
        added = sum(line.startswith("+") for line in lines)
        removed = sum(line.startswith("-") for line in lines)
        values: Json = {
            "filename": file.path,
            "status": file.state,
            "additions": added,
            "deletions": removed,
            "changes": added + removed,
        }
        values |= {} if file.patch is None else {"patch": file.patch}
        values |= {} if file.previous is None else {"previous_filename": file.previous}
        found.append(filled("diff-entry", values))
    return Answer(200, found)


def list_reviews(call: Call) -> Answer:
    return Answer(200, [_review(review) for review in call.state.reviews if review["pull"] == call.pull.number])


def create_review(call: Call) -> Answer:
    """All or nothing: one bad anchor refuses every comment, and nothing says which it was."""
    body, pull, state = call.body or {}, call.pull, call.state
    event, comments = body.get("event", ""), body.get("comments", [])
    commit = body.get("commit_id", state.sha(pull.head))
    if event in {"COMMENT", "REQUEST_CHANGES"} and not body.get("body"):
        raise _unprocessable("Review body is required")
    if event in {"APPROVE", "REQUEST_CHANGES"} and call.identity.login == pull.author:
        raise _unprocessable("Can not approve your own pull request")
    if commit not in state.commits(pull):
        raise _unprocessable("Commit is not part of the pull request")
    if any(len(text) > BODY_LIMIT for text in [body.get("body", ""), *(comment["body"] for comment in comments)]):
        raise _unprocessable(f"Body is too long (maximum is {BODY_LIMIT} characters)")
    changed = state.files(pull, commit)
    wrong = [problem for comment in comments for problem in anchor_problems(changed, comment)]
    if wrong:
        raise _unprocessable(_sentence(wrong))
    review = {
        "id": state.new_id(),
        "pull": pull.number,
        "author": call.identity.login,
        "body": body.get("body", ""),
        "state": {"COMMENT": "COMMENTED", "APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED"}.get(
            event, "PENDING"
        ),
        "commit_id": commit,
    }
    state.reviews.append(review)
    for comment in comments:
        _remember(call, comment, commit, review["id"])
    return Answer(200, _review(review))


def list_review_comments(call: Call) -> Answer:
    own = [comment for comment in call.state.review_comments if comment["pull"] == call.pull.number]
    return Answer(200, [_review_comment(call, comment) for comment in own])


def create_review_comment(call: Call) -> Answer:
    body, pull, state = call.body, call.pull, call.state
    check_length(body["body"], "PullRequestReviewComment")
    if body["commit_id"] not in state.commits(pull):
        raise _invalid("commit_id is not part of the pull request", "commit_id")
    changed = state.files(pull, body["commit_id"])
    if body.get("subject_type") == "file":
        if all(file.path != body["path"] for file in changed):
            raise _invalid("", "path", code="invalid")
        body = {name: body[name] for name in ("body", "path", "commit_id")}
    elif "line" not in body:
        raise _invalid("", "line", code="missing_field")
    elif wrong := anchor_problems(changed, body):
        field = "line" if wrong[0] == _OUTSIDE else "start_line"
        raise _invalid(f"pull_request_review_thread.{wrong[0].replace('start line', 'start_line')}", field)
    return Answer(201, _review_comment(call, _remember(call, body, body["commit_id"], None)))


def reply(call: Call) -> Answer:
    check_length(call.body["body"], "PullRequestReviewComment")
    first = one(call, call.state.review_comments)
    if first.get("reply_to") is not None:
        raise _invalid("in_reply_to must be a top-level comment", "in_reply_to")
    return Answer(201, _review_comment(call, call.state.add_reply(first, call.identity.login, call.body["body"])))


def get_review_comment(call: Call) -> Answer:
    return Answer(200, _review_comment(call, one(call, call.state.review_comments)))


def update_review_comment(call: Call) -> Answer:
    check_length(call.body["body"], "PullRequestReviewComment")
    comment = one(call, call.state.review_comments)
    comment["body"] = call.body["body"]
    return Answer(200, _review_comment(call, comment))


def delete_review_comment(call: Call) -> Answer:
    call.state.review_comments.remove(one(call, call.state.review_comments))
    return Answer(204)


def anchor_problems(changed: Sequence[ChangedFile], comment: Json) -> list[str]:
    """Why a comment can't stand where it wants to; empty when it can."""
    side, line = comment.get("side", "RIGHT"), comment.get("line")
    file = next((file for file in changed if file.path == comment["path"]), None)
    hunk = None if file is None or line is None else file.hunk(side, line)
    start = comment.get("start_line")
    if start is not None and line is not None and start >= line:
        return [_NO_ORDER]
    if hunk is None:
        return [_OUTSIDE, *([] if start is None else [_OTHER_HUNK])]
    shown = hunk.right if comment.get("start_side", side) == "RIGHT" else hunk.left
    return [] if start is None or start in shown else [_OTHER_HUNK]


def _sentence(problems: list[str]) -> str:
    kinds = list(dict.fromkeys(problems))
    parts = [f"Pull request review thread {kind}" for kind in kinds]
    if _OUTSIDE in kinds:
        parts.append("Pull request review thread diff hunk can't be blank")
    return (
        parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + ("," if len(parts) > 2 else "") + " and " + parts[-1]
    )


def _unprocessable(error: str) -> RefusalError:
    return RefusalError(422, "Unprocessable Entity", [error])


def _invalid(message: str, field: str, code: str = "custom") -> RefusalError:
    first = {"resource": "PullRequestReviewComment", "code": code, "field": f"pull_request_review_thread.{field}"}
    first |= {"message": message} if message else {}
    second = {
        "resource": "PullRequestReviewComment",
        "code": "missing_field",
        "field": "pull_request_review_thread.diff_hunk",
    }
    return RefusalError(422, "Validation Failed", [first, second])


def _remember(call: Call, comment: Json, commit: str, review: int | None) -> Json:
    kept = {
        "id": call.state.new_id(),
        "pull": call.pull.number,
        "author": call.identity.login,
        "path": comment["path"],
        "body": comment["body"],
        "line": comment.get("line"),
        "side": comment.get("side", "RIGHT"),
        "start_line": comment.get("start_line"),
        "commit_id": commit,
        "review": review,
    }
    call.state.review_comments.append(kept)
    return kept


def _end(branch: str, sha: str, name: str) -> Json:
    owner, _, short = name.partition("/")
    values = {"name": short, "full_name": name, "owner": user_value(owner)}
    return {
        "label": f"{owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": user_value(owner),
        "repo": filled("repository", values),
    }


def _review(review: Json) -> Json:
    values = {name: review[name] for name in ("id", "body", "state", "commit_id")}
    return filled("pull-request-review", values | {"user": user_value(review["author"])})


def _review_comment(call: Call, comment: Json) -> Json:
    line, start = call.state.place(comment)
    is_file = comment["line"] is None
    values = {
        **{name: comment[name] for name in ("id", "path", "body", "side")},
        "pull_request_review_id": comment["review"],
        "user": user_value(comment["author"]),
        "commit_id": call.state.sha(call.state.pulls[comment["pull"]].head),
        "original_commit_id": comment["commit_id"],
        "subject_type": "file" if is_file else "line",
    }
    if not is_file:
        values |= {"line": line, "original_line": comment["line"], "start_line": start}
        values |= {"original_start_line": comment["start_line"], "position": None if line is None else 1}
    values |= {"in_reply_to_id": comment["reply_to"]} if comment.get("reply_to") else {}
    # GitHub gives an outdated comment no place, and its description knows no null for these two.
    given = {name: value for name, value in values.items() if value is not None or name not in {"line", "position"}}
    return filled("pull-request-review-comment", given)


ENTRIES = {
    ("get", "/user"): Entry(user, ()),
    ("get", REPOSITORY): Entry(repository, ()),
    ("get", REPOSITORY + "/pulls/{pull_number}"): Entry(pull_request, PULL_READ),
    ("get", REPOSITORY + "/pulls/{pull_number}/files"): Entry(files, PULL_READ),
    ("get", REPOSITORY + "/pulls/{pull_number}/reviews"): Entry(list_reviews, PULL_READ),
    ("post", REPOSITORY + "/pulls/{pull_number}/reviews"): Entry(create_review, PULL_WRITE),
    ("get", REPOSITORY + "/pulls/{pull_number}/comments"): Entry(list_review_comments, PULL_READ),
    ("post", REPOSITORY + "/pulls/{pull_number}/comments"): Entry(create_review_comment, PULL_WRITE),
    ("post", REPOSITORY + "/pulls/{pull_number}/comments/{comment_id}/replies"): Entry(reply, PULL_WRITE),
    ("get", REPOSITORY + "/pulls/comments/{comment_id}"): Entry(get_review_comment, PULL_READ),
    ("patch", REPOSITORY + "/pulls/comments/{comment_id}"): Entry(update_review_comment, PULL_WRITE),
    ("delete", REPOSITORY + "/pulls/comments/{comment_id}"): Entry(delete_review_comment, PULL_WRITE),
}
