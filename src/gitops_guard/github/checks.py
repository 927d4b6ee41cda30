"""The check runs of a commit."""

from typing import Any, NamedTuple
from urllib.parse import quote

from gitops_guard.errors import PublishError
from gitops_guard.github.transport import Transport

Json = dict[str, Any]
_PAGE = 100
_PAGES = 10


class CheckRun(NamedTuple):
    """A check run that exists. `annotations` is how many it has: they can be added to, never taken back."""

    id: int
    external_id: str
    status: str
    conclusion: str
    title: str
    summary: str
    annotations: int


class Checks:
    """Reads and writes check runs of one commit.

    Args:
        api_url: as in GITHUB_API_URL.
        token: only ever given to PyGithub.
        repository: `owner/name`.
        commit: the head of the pull request, or of the merge group.
        pause: seconds between writes.
        wait: seconds that rate limits may cost altogether.
        recovery: seconds before a request is repeated whose answer was lost.
    """

    def __init__(  # noqa: PLR0913 - where, as whom, and three limits
        self,
        api_url: str,
        token: str,
        repository: str,
        commit: str,
        *,
        pause: float = 0.3,
        wait: float = 60,
        recovery: float = 2,
    ) -> None:
        self._call = Transport(api_url, token, pause=pause, wait=wait, recovery=recovery).call
        self._repository, self._commit = f"/repos/{repository}", commit

    def find(self, name: str, external_id: str) -> CheckRun | None:
        """The newest check run of this commit with a name and an identity."""
        newest: CheckRun | None = None
        for page in range(1, _PAGES + 1):
            query = f"check_name={quote(name, safe='')}&filter=all&per_page={_PAGE}&page={page}"
            found = self._call("GET", f"{self._repository}/commits/{self._commit}/check-runs?{query}")
            if not isinstance(found, dict) or not isinstance(found.get("check_runs"), list):
                raise PublishError("GitHub's answer is no list of check runs")
            for run in map(_run, found["check_runs"]):
                if run.external_id == external_id and (newest is None or run.id > newest.id):
                    newest = run
            if len(found["check_runs"]) < _PAGE:
                break
        return newest

    def create(self, name: str, external_id: str, fields: Json, newest: int) -> int:
        """Makes a check run; after a lost answer it looks first whether one newer than `newest` is there."""
        found: list[CheckRun] = []

        def written() -> bool:
            run = self.find(name, external_id)
            if run is None or run.id <= newest:
                return False
            found.append(run)
            return True

        body = {"name": name, "head_sha": self._commit, "external_id": external_id, **fields}
        answer = self._call("POST", f"{self._repository}/check-runs", body, written=written)
        return found[0].id if answer is None and found else _run(answer).id

    def update(self, identity: int, fields: Json, annotations: int) -> None:
        """Changes a check run; annotations are added to those that are there, and then there are so many in all."""

        def written() -> bool:
            # After a lost answer the same annotations would be there twice.
            return bool(fields.get("output", {}).get("annotations")) and self.annotated(identity) >= annotations

        self._call("PATCH", f"{self._repository}/check-runs/{identity}", fields, written=written)

    def annotated(self, identity: int) -> int:
        """How many annotations a check run has by now."""
        return _run(self._call("GET", f"{self._repository}/check-runs/{identity}")).annotations


def _run(value: object) -> CheckRun:
    if not isinstance(value, dict):
        raise PublishError("GitHub's answer is no check run")
    try:
        output = value.get("output") or {}
        return CheckRun(
            int(value["id"]),
            str(value.get("external_id") or ""),
            str(value.get("status") or ""),
            str(value.get("conclusion") or ""),
            str(output.get("title") or ""),
            str(output.get("summary") or ""),
            int(output.get("annotations_count") or 0),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise PublishError("GitHub's answer is no check run") from None
