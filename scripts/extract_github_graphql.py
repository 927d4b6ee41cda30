"""Writes the part of GitHub's GraphQL schema that the stand-in of the tests executes.

    python scripts/extract_github_graphql.py            fetches the pinned package with npm and writes the extract
    python scripts/extract_github_graphql.py --check    says with exit code 1 that the extract is not what it should be

Source: npm `@octokit/graphql-schema`, MIT, whose text is kept beside the extract. A field that is kept keeps its type
and its arguments as they are published; inputs and enums that these need come along whole.
"""

import subprocess
import sys
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphql import (
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    Node,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

PACKAGE = "@octokit/graphql-schema"
VERSION = "15.26.1"
TARGET = Path(__file__).parents[1] / "tests" / "github_standin"
COMMENT = ("author", "body", "createdAt", "fullDatabaseId", "id", "isMinimized", "minimizedReason", "viewerDidAuthor")
CONNECTION = ("nodes", "pageInfo", "totalCount")
TYPES: dict[str, tuple[str, ...]] = {
    "Query": ("id", "node", "rateLimit", "repository", "viewer"),
    "Mutation": (
        "addPullRequestReviewThreadReply",
        "createCommitOnBranch",
        "minimizeComment",
        "resolveReviewThread",
        "unminimizeComment",
        "unresolveReviewThread",
        "updatePullRequestReviewComment",
    ),
    "Node": ("id",),
    "Actor": ("login",),
    "Comment": ("author", "body", "createdAt", "id", "viewerDidAuthor"),
    "Minimizable": ("isMinimized", "minimizedReason"),
    "GitObject": ("id", "oid"),
    "Bot": ("databaseId", "id", "login"),
    "User": ("databaseId", "id", "login"),
    "PageInfo": ("endCursor", "hasNextPage", "hasPreviousPage", "startCursor"),
    "RateLimit": ("cost", "limit", "nodeCount", "remaining", "resetAt", "used"),
    "Repository": ("defaultBranchRef", "id", "nameWithOwner", "object", "pullRequest", "ref"),
    "Ref": ("id", "name", "prefix", "target"),
    "Blob": ("byteSize", "id", "isBinary", "isTruncated", "oid", "text"),
    "Commit": ("id", "message", "oid", "url"),
    "Tree": ("id", "oid"),
    "PullRequest": (
        "author",
        "baseRefName",
        "baseRefOid",
        "body",
        "comments",
        "createdAt",
        "headRefName",
        "headRefOid",
        "id",
        "isCrossRepository",
        "number",
        "reviewThreads",
        "state",
        "viewerDidAuthor",
    ),
    "PullRequestReview": ("author", "body", "createdAt", "fullDatabaseId", "id", "isMinimized", "minimizedReason",
                          "state", "viewerDidAuthor"),
    "PullRequestReviewThread": ("comments", "id", "isCollapsed", "isOutdated", "isResolved", "line", "originalLine",
                                "originalStartLine", "path", "resolvedBy", "startLine", "subjectType",
                                "viewerCanReply", "viewerCanResolve", "viewerCanUnresolve"),
    "PullRequestReviewComment": (*COMMENT, "databaseId", "line", "originalLine", "outdated", "path",
                                 "pullRequestReview", "replyTo", "startLine", "url"),
    "IssueComment": (*COMMENT, "databaseId", "url"),
    "IssueCommentConnection": CONNECTION,
    "PullRequestReviewCommentConnection": CONNECTION,
    "PullRequestReviewThreadConnection": CONNECTION,
    "AddPullRequestReviewThreadReplyPayload": ("clientMutationId", "comment"),
    "CreateCommitOnBranchPayload": ("clientMutationId", "commit", "ref"),
    "MinimizeCommentPayload": ("clientMutationId", "minimizedComment"),
    "ResolveReviewThreadPayload": ("clientMutationId", "thread"),
    "UnminimizeCommentPayload": ("clientMutationId", "unminimizedComment"),
    "UnresolveReviewThreadPayload": ("clientMutationId", "thread"),
    "UpdatePullRequestReviewCommentPayload": ("clientMutationId", "pullRequestReviewComment"),
}  # fmt: skip
BUILT_IN = frozenset(("Boolean", "Float", "ID", "Int", "String"))


class Package:
    """What the published package holds."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"]
            name = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
            with tarfile.open(Path(folder) / name) as archive:
                self.schema = _member(archive, "package/schema.graphql")
                self.license = _member(archive, "package/LICENSE.md")


def _member(archive: tarfile.TarFile, name: str) -> str:
    file = archive.extractfile(name)
    if file is None:
        raise FileNotFoundError(name)
    return file.read().decode()


def extract(schema: str) -> str:
    """The types above and what they need, without prose and without GitHub's own directives."""
    definitions = parse(schema, no_location=True).definitions
    known = {node.name.value: node for node in definitions if isinstance(node, TypeDefinitionNode)}
    done: dict[str, Node] = {}
    waiting = list(TYPES)
    while waiting:
        name = waiting.pop()
        if name in done or name in BUILT_IN:
            continue
        if name not in TYPES and isinstance(known[name], ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            raise KeyError(f"{name} is needed, and nothing says with which fields")
        done[name] = _pruned(known[name], TYPES.get(name, ()))
        needed = _Names()
        visit(done[name], needed)
        waiting += needed.found
    return f"# {PACKAGE}@{VERSION}\n\n" + "\n\n".join(print_ast(done[name]) for name in sorted(done)) + "\n"


def _pruned(node: TypeDefinitionNode, fields: tuple[str, ...]) -> TypeDefinitionNode:
    """A definition without what is not kept of it; inputs, enums and scalars stay whole."""
    if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
        kept = tuple(
            _bare(field, arguments=tuple(_bare(argument) for argument in field.arguments or ()))
            for field in node.fields or ()
            if field.name.value in fields
        )
        if len(kept) != len(fields):
            raise KeyError(f"{node.name.value} has not all of {', '.join(fields)}")
        interfaces = tuple(one for one in node.interfaces or () if one.name.value in TYPES)
        return _bare(node, fields=kept, interfaces=interfaces)
    if isinstance(node, InputObjectTypeDefinitionNode):
        return _bare(node, fields=tuple(_bare(value) for value in node.fields or ()))
    if isinstance(node, EnumTypeDefinitionNode):
        return _bare(node, values=tuple(_bare(value) for value in node.values or ()))
    return _bare(node)


def _bare(node: Any, **parts: object) -> Any:  # noqa: ANN401 - whichever kind of node it was
    return replace(node, description=None, directives=(), **parts)


class _Names(Visitor):
    """Collects the names of types."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def enter_named_type(self, node: NamedTypeNode, *_: object) -> None:
        self.found.append(node.name.value)


def main() -> int:
    """Writes the extract and the licence, or compares them."""
    package = Package()
    wanted = {TARGET / "schema.graphql": extract(package.schema), TARGET / "schema.LICENSE": package.license}
    if "--check" in sys.argv:
        return 0 if all(file.read_text() == text for file, text in wanted.items()) else 1
    for file, text in wanted.items():
        file.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
