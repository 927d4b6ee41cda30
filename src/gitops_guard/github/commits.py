"""Commits over the API, which GitHub signs: `createCommitOnBranch` of its GraphQL schema.

It is atomic: either the branch ends in the expected commit and gets the new one, or nothing happens. It knows no modes.
"""

import base64
from collections.abc import Sequence
from typing import Protocol

from gitops_guard.errors import PublishError
from gitops_guard.github.repository import Asker, Repository, commit_name

_MUTATION = """mutation($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}"""
BYTES = 20 * 1024 * 1024
"""Content of one commit; more is not tried."""


class Changed(Protocol):
    """A file with its content after the commit; None deletes it."""

    @property
    def path(self) -> str:
        """Relative to the root of the repository."""
        ...

    @property
    def after(self) -> bytes | None:
        """The content."""
        ...


class Committer:
    """Commits to branches of a repository."""

    def __init__(self, ask: Asker, repository: Repository) -> None:
        self._ask = ask
        self._repository = repository

    def commit(self, branch: str, expected: str, message: tuple[str, str], files: Sequence[Changed]) -> str:
        """Makes one commit and returns its name.

        Args:
            branch: its name without `refs/heads/`.
            expected: the commit that the branch must end in.
            message: headline and body; a lost answer is recognised by it, so no two commits of a branch share one.
            files: what changes.

        Raises:
            StaleBranchError: the branch ends elsewhere.
            PublishError: GitHub refused it for another reason, or did not answer.
        """
        if sum(len(file.after or b"") for file in files) > BYTES:
            raise PublishError(f"the files have more than {BYTES // 1024 // 1024} MiB together")
        made: list[str] = []

        def written() -> bool:
            made.extend(self._made(branch, expected, message))
            return bool(made)

        try:
            data = self._ask(_MUTATION, {"input": self._input(branch, expected, message, files)}, written=written)
        except PublishError as error:
            if self._repository.branch(branch) != expected:
                raise StaleBranchError(f"{branch} has got another commit meanwhile") from error
            raise
        return commit_name(made[0] if made else (data["createCommitOnBranch"] or {})["commit"]["oid"])

    def _made(self, branch: str, expected: str, message: tuple[str, str]) -> list[str]:
        """The commit that a lost answer was about, if it came to be."""
        text = "\n\n".join(part for part in message if part)
        found = self._repository.commits_between(expected, branch)
        return [commit.sha for commit in found if commit.message.strip() == text.strip()]

    def _input(
        self, branch: str, expected: str, message: tuple[str, str], files: Sequence[Changed]
    ) -> dict[str, object]:
        added = [{"path": f.path, "contents": _encoded(f.after)} for f in files if f.after is not None]
        gone = [{"path": f.path} for f in files if f.after is None]
        headline, body = message
        return {
            "branch": {"repositoryNameWithOwner": self._repository.name, "branchName": branch},
            "message": {"headline": headline, "body": body} if body else {"headline": headline},
            "fileChanges": {"additions": added, "deletions": gone},
            "expectedHeadOid": expected,
        }


class StaleBranchError(PublishError):
    """A branch does not end in the commit that was looked at."""


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
