"""GraphQL of the stand-in: GitHub's published schema, executed over the same state as the REST operations.

Refusals come with HTTP 200, as GitHub's do: `{"data": ..., "errors": [{"type": "FORBIDDEN", "message": ...}]}`
(github/gh-aw#35726). A document that the schema does not allow, a connection without `first` or `last`, and a variable
that nothing uses are mistakes of the product.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute,
    parse,
    validate,
)

from .branch_commit import StaleBranchError, commit_on_branch
from .description import Json
from .hunks import git
from .review_threads import root, threads
from .state import Identity, PullRequest, State

SCHEMA = Path(__file__).with_name("schema.graphql")
_PAGE_LIMIT = 100
_MINIMIZED = {"RESOLVED": "resolved", "OUTDATED": "outdated", "DUPLICATE": "duplicate", "OFF_TOPIC": "off-topic"}
Resolver = Callable[..., Any]


class Operation(NamedTuple):
    """A document that may be executed; `label` names what it changes, for the list of requests."""

    document: Any
    variables: Json
    label: str


class DocumentError(Exception):
    """What of a document the schema does not allow."""


def operation(body: object) -> Operation:
    """Reads and validates what was posted.

    Raises:
        DocumentError: it is none that GitHub would execute.
    """
    if not isinstance(body, dict) or not isinstance(body.get("query"), str) or set(body) - {"query", "variables"}:
        raise DocumentError("the body is not {query, variables}")
    variables = body.get("variables") or {}
    try:
        document = parse(body["query"], no_location=True)
    except GraphQLError as error:
        raise DocumentError(error.message) from None
    errors = [error.message for error in validate(_schema(), document)]
    (found,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    known = {variable.variable.name.value for variable in found.variable_definitions or ()}
    errors += [f"variable ${name} is used nowhere" for name in sorted(set(variables) - known)]
    if errors:
        raise DocumentError("; ".join(errors))
    names = [node.name.value for node in found.selection_set.selections if isinstance(node, FieldNode)]
    changes = "+".join(dict.fromkeys(names)) if found.operation is OperationType.MUTATION else ""
    return Operation(document, variables, f"/graphql#{changes}" if changes else "/graphql")


def answer(state: State, identity: Identity, wanted: Operation) -> Json:
    """Executes a document; raises DocumentError for pages that GitHub would not give."""
    root = _Root(state, identity)
    result = execute(_schema(), wanted.document, root.fields(), variable_values=wanted.variables)
    assert isinstance(result, ExecutionResult)
    if root.mistakes:
        raise DocumentError("; ".join(root.mistakes))
    if not result.errors:
        return {"data": result.data}
    return {"data": result.data, "errors": [_error(error) for error in result.errors]}


@cache
def _schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text())


def _error(error: GraphQLError) -> Json:
    kind = (error.extensions or {}).get("type", "INTERNAL")
    return {"type": kind, "path": error.path, "message": error.message}


def _refusal(kind: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": kind})


def _actor(login: str) -> Json:
    # GraphQL names an app without the suffix that REST gives it.
    kind = "Bot" if login.endswith("[bot]") else "User"
    return {"__typename": kind, "login": login.removesuffix("[bot]"), "id": f"U_{login}", "databaseId": 1}


class _Root:
    """The root fields for one identity."""

    def __init__(self, state: State, identity: Identity) -> None:
        self.state = state
        self.identity = identity
        self.mistakes: list[str] = []

    def fields(self) -> dict[str, Any]:
        limit = {"cost": 1, "limit": 5000, "nodeCount": 1, "remaining": 4999, "resetAt": "2026-01-01T01:00:00Z"}
        return {
            "id": "QUERY",
            "node": lambda _info, **given: self._node(given["id"]),
            "rateLimit": lambda _info, **_given: limit | {"used": 1},
            "repository": lambda _info, **given: self._repository(given["owner"], given["name"]),
            # The viewer of an installation token is a User whose login has the suffix.
            "viewer": {"login": self.identity.login, "id": f"U_{self.identity.login}", "databaseId": 1},
            "addPullRequestReviewThreadReply": self._reply,
            "createCommitOnBranch": self._commit,
            "minimizeComment": self._minimize,
            "resolveReviewThread": lambda _info, **given: self._set_resolved(given, resolved=True),
            "unminimizeComment": self._unminimize,
            "unresolveReviewThread": lambda _info, **given: self._set_resolved(given, resolved=False),
            "updatePullRequestReviewComment": self._update,
        }

    def _may(self, right: str, level: str = "write") -> bool:
        return self.identity.rights.get(right) in {level, "write"}

    def _require(self, *rights: str) -> None:
        if not any(self._may(right) for right in rights):
            raise _refusal("FORBIDDEN", "Resource not accessible by integration")

    def _connection(self, name: str, given: Json, values: list[Json]) -> Json:
        size = given.get("first") or given.get("last")
        if size is None:
            self.mistakes.append(
                f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
            )
            size = 1
        if size > _PAGE_LIMIT:
            self.mistakes.append(
                f"Requesting {size} records on the `{name}` connection exceeds the limit of 100 records."
            )
        start, end = int(given.get("after") or 0), int(given.get("before") or len(values))
        if given.get("first") is None:
            start = max(start, end - size)
        end = min(start + size, end)
        page: Json = {"endCursor": str(end) if values[start:end] else None, "startCursor": str(start)}
        page |= {"hasNextPage": end < len(values), "hasPreviousPage": start > 0}
        return {"nodes": values[start:end], "totalCount": len(values), "pageInfo": page}

    def _repository(self, owner: str, name: str) -> Json:
        if f"{owner}/{name}" != self.state.repository:
            message = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise _refusal("NOT_FOUND", message)
        return {
            "id": "R_1",
            "nameWithOwner": self.state.repository,
            "defaultBranchRef": lambda _info: self._ref("refs/heads/main"),
            "object": lambda _info, **given: self._object(given.get("oid") or given.get("expression") or ""),
            "pullRequest": lambda _info, **given: self._pull(given["number"]),
            "ref": lambda _info, **given: self._ref(given["qualifiedName"]),
        }

    def _ref(self, name: str) -> Json | None:
        full = name if name.startswith("refs/") else f"refs/heads/{name}"
        found = git(self.state.path, "for-each-ref", "--format=%(objectname)", full).strip()
        if not found:
            return None
        prefix, _, short = full.partition("refs/heads/")
        return {"id": f"REF_{full}", "name": short or full, "prefix": prefix + "refs/heads/", "target": _commit(found)}

    def _object(self, expression: str) -> Json | None:
        if not expression or expression.startswith("-"):
            return None
        path = self.state.path
        found = git(path, "rev-list", "--objects", "--no-walk", expression) if ":" not in expression else ""
        if found:
            return _commit(found.split()[0])
        revision, _, name = expression.partition(":")
        listed = git(path, "ls-tree", revision, "--", f":(literal){name}" if name else ".").split()
        if not listed:
            return None
        if listed[1] == "tree":
            return {"__typename": "Tree", "id": f"T_{listed[2]}", "oid": listed[2]}
        text = git(path, "cat-file", "blob", listed[2])
        size = len(text.encode())
        values: Json = {"__typename": "Blob", "id": f"B_{listed[2]}", "oid": listed[2], "text": text}
        return values | {"byteSize": size, "isBinary": "\0" in text, "isTruncated": False}

    def _pull(self, number: int) -> Json:
        self._require_read()
        pull = self.state.pulls.get(number)
        if pull is None:
            raise _refusal("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return {
            "__typename": "PullRequest",
            "id": f"PR_{number}",
            "number": number,
            "state": self.state.detail(number)["state"].upper(),
            "author": _actor(pull.author),
            "body": "",
            "createdAt": "2026-01-01T00:00:00Z",
            "viewerDidAuthor": pull.author == self.identity.login,
            "baseRefName": pull.base,
            "baseRefOid": lambda _info: self.state.sha(pull.base),
            "headRefName": pull.head,
            "headRefOid": lambda _info: self.state.sha(pull.head),
            "isCrossRepository": pull.head_repository is not None,
            "comments": lambda _info, **given: self._connection("comments", given, self._issue_comments(pull)),
            "reviewThreads": lambda _info, **given: self._connection("reviewThreads", given, self._threads(pull)),
        }

    def _require_read(self) -> None:
        if not (self._may("pull_requests", "read") or self._may("issues", "read")):
            raise _refusal("FORBIDDEN", "Resource not accessible by integration")

    def _issue_comments(self, pull: PullRequest) -> list[Json]:
        own = [comment for comment in self.state.issue_comments if comment["pull"] == pull.number]
        return [self._comment(comment, "IssueComment", "IC") | {"url": ""} for comment in own]

    def _comment(self, comment: Json, kind: str, prefix: str) -> Json:
        return {
            "__typename": kind,
            "id": f"{prefix}_{comment['id']}",
            "databaseId": comment["id"],
            "fullDatabaseId": str(comment["id"]),
            "author": _actor(comment["author"]),
            "body": comment["body"],
            "createdAt": "2026-01-01T00:00:00Z",
            "isMinimized": "minimized" in comment,
            "minimizedReason": comment.get("minimized"),
            "viewerDidAuthor": comment["author"] == self.identity.login,
        }

    def _threads(self, pull: PullRequest) -> list[Json]:
        own = [comment for comment in self.state.review_comments if comment["pull"] == pull.number]
        return [self._thread(comments) for comments in threads(own).values()]

    def _thread(self, comments: list[Json]) -> Json:
        first, identity = comments[0], root(comments[0])
        line, start = self.state.place(first)
        is_file = first["line"] is None
        resolver = self.state.resolved.get(identity)
        can = self._may("contents")
        return {
            "__typename": "PullRequestReviewThread",
            "id": f"PRRT_{identity}",
            "isResolved": resolver is not None,
            "isCollapsed": resolver is not None,
            "isOutdated": line is None and not is_file,
            "resolvedBy": None if not resolver else {"__typename": "User", "login": resolver, "id": f"U_{resolver}"},
            "path": first["path"],
            "line": line,
            "startLine": start,
            "originalLine": first["line"],
            "originalStartLine": first["start_line"],
            "subjectType": "FILE" if is_file else "LINE",
            "viewerCanReply": self._may("pull_requests"),
            "viewerCanResolve": can and resolver is None,
            "viewerCanUnresolve": can and resolver is not None,
            "comments": lambda _info, **given: self._connection(
                "comments", given, [self._review_comment(comment) for comment in comments]
            ),
        }

    def _review_comment(self, comment: Json) -> Json:
        line, start = self.state.place(comment)
        return self._comment(comment, "PullRequestReviewComment", "PRRC") | {
            "path": comment["path"],
            "line": line,
            "startLine": start,
            "originalLine": comment["line"],
            "outdated": line is None and comment["line"] is not None,
            "replyTo": lambda _info: self._node(f"PRRC_{comment['reply_to']}") if comment.get("reply_to") else None,
            "pullRequestReview": lambda _info: self._node(f"PRR_{comment['review']}") if comment["review"] else None,
            "url": "",
        }

    def _node(self, identity: str) -> Json:
        kind, _, rest = identity.partition("_")
        if kind in {"PRRT", "PRRC"} and (comment := self._stored(identity)) is not None:
            if kind == "PRRC":
                return self._review_comment(comment)
            return self._thread(threads(self.state.review_comments)[root(comment)])
        if kind in {"IC", "PRR"} and (comment := self._stored(identity)) is not None:
            name = {"IC": "IssueComment", "PRR": "PullRequestReview"}[kind]
            return self._comment(comment, name, kind) | {"url": "", "state": comment.get("state")}
        if kind == "PR" and rest.isdigit() and int(rest) in self.state.pulls:
            return self._pull(int(rest))
        raise _refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{identity}'")

    def _stored(self, identity: str) -> Json | None:
        kind, _, rest = identity.partition("_")
        kept = {"IC": self.state.issue_comments, "PRR": self.state.reviews}.get(kind, self.state.review_comments)
        of = root if kind == "PRRT" else _own
        return next((one for one in kept if str(of(one)) == rest), None)

    def _known(self, identity: str, *kinds: str) -> Json:
        found = self._stored(identity) if identity.partition("_")[0] in kinds else None
        if found is None:
            raise _refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{identity}'")
        return found

    def _set_resolved(self, given: Json, *, resolved: bool) -> Json:
        values = given["input"]
        # The right to write pull requests is not enough: github/gh-aw#35726, oven-sh/bun#40468.
        self._require("contents")
        first = self._known(values["threadId"], "PRRT")
        if resolved:
            self.state.resolved.setdefault(root(first), self.identity.login)
        else:
            self.state.resolved.pop(root(first), None)
        return {"thread": self._node(values["threadId"]), "clientMutationId": values.get("clientMutationId")}

    def _reply(self, _info: object, **given: Any) -> Json:
        values = given["input"]
        self._require("pull_requests")
        first = self._known(values["pullRequestReviewThreadId"], "PRRT")
        reply = self.state.add_reply(first, self.identity.login, values["body"])
        return {"comment": self._review_comment(reply), "clientMutationId": values.get("clientMutationId")}

    def _update(self, _info: object, **given: Any) -> Json:
        values = given["input"]
        self._require("pull_requests")
        comment = self._known(values["pullRequestReviewCommentId"], "PRRC")
        comment["body"] = values["body"]
        return {"pullRequestReviewComment": self._review_comment(comment)}

    def _minimize(self, _info: object, **given: Any) -> Json:
        values = given["input"]
        self._require("pull_requests", "issues")
        comment = self._known(values["subjectId"], "IC", "PRRC", "PRR")
        comment["minimized"] = _MINIMIZED.get(values["classifier"], values["classifier"].lower())
        return {"minimizedComment": self._node(values["subjectId"])}

    def _unminimize(self, _info: object, **given: Any) -> Json:
        values = given["input"]
        self._require("pull_requests", "issues")
        self._known(values["subjectId"], "IC", "PRRC", "PRR").pop("minimized", None)
        return {"unminimizedComment": self._node(values["subjectId"])}

    def _commit(self, _info: object, **given: Any) -> Json:
        values = given["input"]
        self._require("contents")
        branch = values["branch"]
        repository, name = branch.get("repositoryNameWithOwner"), branch.get("branchName")
        if branch.get("id", "").startswith("REF_refs/heads/"):
            name = branch["id"].removeprefix("REF_refs/heads/")
        elif repository != self.state.repository or not name:
            raise _refusal("NOT_FOUND", f"Could not resolve to a Repository with the name '{repository}'.")
        name = str(name).removeprefix("refs/heads/")
        try:
            made = commit_on_branch(self.state.path, name, values, self.identity.login)
        except StaleBranchError as error:
            raise _refusal("STALE_DATA", str(error)) from None
        except ValueError as error:
            raise _refusal("UNPROCESSABLE", str(error)) from None
        return {"commit": _commit(made), "ref": self._ref(name)}


def _commit(sha: str) -> Json:
    return {"__typename": "Commit", "id": f"C_{sha}", "oid": sha, "message": "", "url": ""}


def _own(comment: Json) -> int:
    identity: int = comment["id"]
    return identity
