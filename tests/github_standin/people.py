"""Who may do what, and reactions."""

from urllib.parse import unquote

from .call import LISTEN, REPOSITORY, TALK, Answer, Call, Entry, RefusalError, one, user_value
from .description import Json, filled


def permission(call: Call) -> Answer:
    """`permission` knows four words only; `role_name` says the role."""
    login = unquote(call.route.values["username"])
    role = call.state.permissions.get(login, "read")
    word = {"maintain": "write", "triage": "read"}.get(role, role)
    person = user_value(login) | {"role_name": role}
    values = {"permission": word, "role_name": role, "user": person}
    return Answer(200, filled("repository-collaborator-permission", values))


def list_reactions(call: Call) -> Answer:
    comment = one(call, call.state.issue_comments)
    return Answer(200, [_value(found) for found in call.state.reactions if found["comment"] == comment["id"]])


def react(call: Call) -> Answer:
    comment = one(call, call.state.issue_comments)
    wanted = {"comment": comment["id"], "content": call.body["content"], "author": call.identity.login}
    for known in call.state.reactions:
        if all(known[name] == value for name, value in wanted.items()):
            return Answer(200, _value(known))
    if len(call.state.reactions) > 1000:
        raise RefusalError(422, "Validation Failed")
    reaction = wanted | {"id": call.state.new_id()}
    call.state.reactions.append(reaction)
    return Answer(201, _value(reaction))


def _value(reaction: Json) -> Json:
    values = {"id": reaction["id"], "content": reaction["content"], "user": user_value(reaction["author"])}
    return filled("reaction", values)


_COMMENT = REPOSITORY + "/issues/comments/{comment_id}/reactions"
ENTRIES = {
    ("get", REPOSITORY + "/collaborators/{username}/permission"): Entry(permission, ()),
    ("get", _COMMENT): Entry(list_reactions, LISTEN),
    ("post", _COMMENT): Entry(react, TALK),
}
