"""What a run asks GitHub about a repository and its pull requests, and only reads."""

from typing import Any, NamedTuple
from urllib.parse import quote

from gitops_guard.errors import PublishError
from gitops_guard.github.transport import Transport

_PAGE = 100
_FILE_PAGES = 30
"""GitHub lists 3,000 files of a pull request and no more (REST API, "List pull requests files")."""


class OpenPull(NamedTuple):
    """An open pull request: its number, the branch it is meant for, and the commit and repository it comes from."""

    number: int
    base_ref: str
    head_sha: str
    head_repository: str


class Reads:
    """Reads from one repository.

    Args:
        api_url: as in GITHUB_API_URL.
        token: only ever given to PyGithub.
        repository: `owner/name`.
        wait: seconds that rate limits may cost altogether.
        recovery: seconds before a request is repeated that got no answer.
    """

    def __init__(self, api_url: str, token: str, repository: str, *, wait: float = 120, recovery: float = 2) -> None:
        self._call = Transport(api_url, token, pause=0, wait=wait, recovery=recovery).call
        self._root = f"/repos/{repository}"

    def merge_base(self, base: str, head: str) -> str:
        """The newest commit that both commits come from.

        Raises:
            PublishError: GitHub does not say.
        """
        found = self._call("GET", f"{self._root}/compare/{base}...{head}?per_page=1")
        try:
            return str(found["merge_base_commit"]["sha"])
        except (KeyError, TypeError):
            raise PublishError("GitHub's answer is no comparison") from None

    def open_pulls(self, owner: str, branch: str) -> list[OpenPull]:
        """The open pull requests that come from a branch of somebody's."""
        query = f"state=open&head={quote(f'{owner}:{branch}', safe='')}&per_page={_PAGE}"
        found = self._call("GET", f"{self._root}/pulls?{query}")
        if not isinstance(found, list):
            raise PublishError("GitHub's answer is no list of pull requests")
        return [_pull(value) for value in found]

    def patches(self, number: int) -> dict[str, str]:
        """The files of a pull request with their hunks; an empty text where GitHub shows none (too large, binary).

        Deleted files are left out: nobody can comment on their lines.
        """
        patches: dict[str, str] = {}
        for page in range(1, _FILE_PAGES + 1):
            files = self._call("GET", f"{self._root}/pulls/{number}/files?per_page={_PAGE}&page={page}")
            if not isinstance(files, list):
                raise PublishError("GitHub's answer is no list of files")
            for file in files:
                if file.get("status") != "removed":
                    patches[str(file.get("filename", ""))] = str(file.get("patch") or "")
            if len(files) < _PAGE:
                break
        return patches


def _pull(value: dict[str, Any]) -> OpenPull:
    try:
        head = value["head"]
        repository = (head.get("repo") or {}).get("full_name") or ""
        return OpenPull(int(value["number"]), str(value["base"]["ref"]), str(head["sha"]), str(repository))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise PublishError("GitHub's answer is no pull request") from None
