"""What `createCommitOnBranch` does: a real commit in the repository behind, made without touching its work tree."""

import base64
import binascii
import os
import subprocess
import tempfile
from pathlib import Path

from .description import Json


class StaleBranchError(Exception):
    """The branch does not end in the commit that the caller expected."""


def commit_on_branch(repository: Path, branch: str, wanted: Json, login: str) -> str:
    """Commits `fileChanges` on a branch and returns the commit.

    Raises:
        StaleBranchError: the branch has another head than `expectedHeadOid`.
        ValueError: the changes are none that can be made.
    """
    head = _git(repository, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", check=False)
    expected = wanted["expectedHeadOid"]
    if head != expected:
        raise StaleBranchError(f'Expected branch to point to "{expected}" but it did not.  Pull and try again.')
    changes = wanted.get("fileChanges") or {}
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        _git(repository, "read-tree", head, environment=index)
        for removed in changes.get("deletions") or []:
            if not _git(repository, "ls-tree", head, "--", f":(literal){removed['path']}"):
                raise ValueError(f"A path was requested for deletion which does not exist: {removed['path']}")
            _git(repository, "update-index", "--force-remove", "--", removed["path"], environment=index)
        for added in changes.get("additions") or []:
            _add(repository, head, added, index)
        tree = _git(repository, "write-tree", environment=index)
    message = wanted["message"]
    text = message["headline"] + (f"\n\n{message['body']}" if message.get("body") else "")
    person = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), login)
    person |= dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), f"{login}@users.noreply.example.org")
    made = _git(repository, "commit-tree", tree, "-p", head, "-m", text, environment=person)
    _git(repository, "update-ref", f"refs/heads/{branch}", made, head)
    return made


def _add(repository: Path, head: str, added: Json, index: dict[str, str]) -> None:
    try:
        content = base64.b64decode(added["contents"], validate=True)
    except binascii.Error:
        raise ValueError(f"A value for {added['path']} is not Base64") from None
    blob = _git(repository, "hash-object", "-w", "--stdin", given=content)
    # The API sets no modes: a file that is there keeps its own.
    known = _git(repository, "ls-tree", head, "--", f":(literal){added['path']}").split()
    mode = known[0] if known else "100644"
    _git(repository, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{added['path']}", environment=index)


def _git(
    repository: Path, *arguments: str, environment: dict[str, str] | None = None, given: bytes | None = None,
    check: bool = True,
) -> str:  # fmt: skip
    command = ["git", "-C", str(repository), "-c", "commit.gpgsign=false", *arguments]
    done = subprocess.run(command, env=os.environ | (environment or {}), input=given, check=False, capture_output=True)
    if check and done.returncode:
        raise ValueError(done.stderr.decode("utf-8", "replace").strip())
    return done.stdout.decode().strip()
