"""The state of sweeps on a branch of its own: read and pushed with git, so that two sweeps at once lose nothing.

A push that is no fast-forward is refused by the server: whoever comes second reads again, and judges again.
"""

import base64
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from typing import NamedTuple

from gitops_guard.errors import PublishError, UsageError
from gitops_guard.tracking.state import EMPTY, State
from gitops_guard.tracking.state_text import SIZE_LIMIT, DamagedStateError, read, render

BRANCH = "refs/heads/gitops-guard/state"
_TIMEOUT = 120
_ATTEMPTS = 4
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "credential.helper=", "-c", "gc.auto=0")
_NAME, _EMAIL = "gitops-guard", "gitops-guard@users.noreply.github.com"


class Remote(NamedTuple):
    """A repository that git can reach; `token` is only ever given to git in its environment."""

    url: str
    token: str

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment of a git process: no prompt, no configuration of a person, the token as a header."""
        kept = {name: value for name, value in base.items() if name not in {"GITHUB_TOKEN", "INPUT_GITHUB-TOKEN"}}
        kept |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "LC_ALL": "C"}
        if not self.token or not self.url.startswith(("http://", "https://")):
            return kept
        given = kept.get("GIT_CONFIG_COUNT") or "0"
        if not (given.isascii() and given.isdigit()):
            raise UsageError(f"GIT_CONFIG_COUNT can't be {given!r}", hint="it is a number")
        count = int(given)
        secret = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return kept | {
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": f"http.{self.url}.extraHeader",
            f"GIT_CONFIG_VALUE_{count}": f"Authorization: Basic {secret}",
        }


class Kept(NamedTuple):
    """A state, the commit that holds it (empty: there is none yet), and why an earlier one could not be read."""

    state: State
    commit: str
    damage: str = ""


Change = Callable[[State], State]


def keep(remote: Remote, change: Change, file: str = "state.json") -> Kept:
    """Brings the kept state up to date and returns it; nothing is written if it stays the same.

    Args:
        remote: the repository.
        change: gives the new state; asked again when another sweep was faster.
        file: the name of the state's file on the branch.

    Raises:
        PublishError: git or the server refused.
    """
    with tempfile.TemporaryDirectory(prefix="gitops-guard-") as folder:
        store = _Store(folder, remote)
        for _ in range(_ATTEMPTS):
            kept = store.read(file)
            new = change(kept.state)
            if new == kept.state and not kept.damage:
                return kept
            commit = store.push(kept.commit, file, render(new))
            if commit is not None:
                return Kept(new, commit, kept.damage)
    raise PublishError("other sweeps keep changing the state", hint="run one sweep at a time: `concurrency:`")


def look(remote: Remote, file: str = "state.json") -> Kept:
    """The kept state; writes nothing."""
    with tempfile.TemporaryDirectory(prefix="gitops-guard-") as folder:
        return _Store(folder, remote).read(file)


class _Store:
    """A bare repository of its own: the checkout is not touched."""

    def __init__(self, folder: str, remote: Remote) -> None:
        self._folder, self._remote = folder, remote
        self._git("init", "--quiet", "--bare", ".")

    def read(self, file: str) -> Kept:
        done = self._run("fetch", "--quiet", "--depth=1", "--no-tags", self._remote.url, f"+{BRANCH}:{BRANCH}")
        if done.returncode:
            if b"couldn't find remote ref" in done.stderr:
                return Kept(EMPTY, "")
            raise self._refused("read", done.stderr)
        commit = self._git("rev-parse", "--verify", BRANCH).decode().strip()
        size = self._run("cat-file", "-s", f"{commit}:{file}")
        if size.returncode:
            return Kept(EMPTY, commit)
        if int(size.stdout) > SIZE_LIMIT:
            return Kept(EMPTY, commit, f"it is larger than {SIZE_LIMIT // 1024 // 1024} MiB")
        try:
            return Kept(read(self._git("cat-file", "blob", f"{commit}:{file}").decode()), commit)
        except UnicodeDecodeError:
            return Kept(EMPTY, commit, "it is no UTF-8")
        except DamagedStateError as error:
            return Kept(EMPTY, commit, str(error))

    def push(self, parent: str, file: str, text: str) -> str | None:
        """The new commit on top of `parent`; None where the branch has moved meanwhile."""
        blob = self._git("hash-object", "-w", "--stdin", given=text.encode()).decode().strip()
        kept = self._git("ls-tree", "-z", parent).split(b"\0") if parent else []
        others = [line for line in kept if line and line.partition(b"\t")[2] != file.encode()]
        entries = b"\0".join([*others, f"100644 blob {blob}\t{file}".encode()]) + b"\0"
        tree = self._git("mktree", "-z", "--missing", given=entries).decode().strip()
        above = ("-p", parent) if parent else ()
        commit = self._git("commit-tree", tree, *above, "-m", "Record a sweep").decode().strip()
        lease = f"--force-with-lease={BRANCH}:{parent}"
        done = self._run("push", "--quiet", "--porcelain", lease, self._remote.url, f"{commit}:{BRANCH}")
        if done.returncode == 0:
            return commit
        # A server words a lost race in many ways; where the branch ends now is plain.
        now = self._run("ls-remote", "--quiet", self._remote.url, BRANCH)
        if now.returncode == 0 and now.stdout.decode().partition("\t")[0].strip() != parent:
            return None
        raise self._refused("written", done.stderr)

    def _refused(self, what: str, stderr: bytes) -> PublishError:
        lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        said = (lines or ["no message"])[0].removeprefix("fatal: ").removeprefix("remote: ")
        hint = "the token needs contents=write" if what == "written" else "the token needs contents=read"
        return PublishError(f"the state of sweeps cannot be {what}: {said}", hint=hint)

    def _git(self, *arguments: str, given: bytes | None = None) -> bytes:
        done = self._run(*arguments, given=given)
        if done.returncode:
            raise self._refused("kept", done.stderr)
        return done.stdout

    def _run(self, *arguments: str, given: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
        who = {"GIT_AUTHOR_NAME": _NAME, "GIT_AUTHOR_EMAIL": _EMAIL} | {
            "GIT_COMMITTER_NAME": _NAME,
            "GIT_COMMITTER_EMAIL": _EMAIL,
        }
        try:
            return subprocess.run(
                ("git", *_SAFE, *arguments),
                cwd=self._folder,
                env=self._remote.environment(os.environ) | who,
                input=given,
                stdin=None if given is not None else subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_TIMEOUT,
            )
        except FileNotFoundError:
            raise UsageError("git is not on the PATH") from None
        except subprocess.TimeoutExpired:
            raise PublishError(f"git did not answer within {_TIMEOUT} s") from None
