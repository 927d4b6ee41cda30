"""What every operation is written with: the request, the answer, the refusal, and what rights it takes."""

from collections.abc import Callable
from typing import Any, NamedTuple

from .description import Json, Route, filled
from .state import Identity, PullRequest, State

DOCUMENTATION = "https://docs.github.com/rest"
BODY_LIMIT = 65536
REPOSITORY = "/repos/{owner}/{repo}"
PULL_READ, PULL_WRITE = (("pull_requests", "read"),), (("pull_requests", "write"),)
LISTEN = (("issues", "read"), ("pull_requests", "read"))
TALK = (("issues", "write"), ("pull_requests", "write"))


class Call(NamedTuple):
    """A request that may be answered."""

    state: State
    route: Route
    identity: Identity
    body: Any
    url: str
    query: dict[str, str] = {}  # noqa: RUF012 - never changed

    @property
    def pull(self) -> PullRequest:
        number = self.route.values.get("pull_number") or self.route.values["issue_number"]
        if int(number) not in self.state.pulls:
            raise RefusalError(404, "Not Found")
        return self.state.pulls[int(number)]


class Answer(NamedTuple):
    """A status and a JSON body; None sends no body."""

    status: int
    body: Any = None


class RefusalError(Exception):
    """An answer that ends the work: nothing was changed."""

    def __init__(self, status: int, message: str, errors: list[Any] | None = None) -> None:
        super().__init__(message)
        body = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
        self.answer = Answer(status, body if errors is None else body | {"errors": errors})


class Entry(NamedTuple):
    """What an operation does, and which of these rights (right, level) it takes; none is needed for an empty tuple."""

    run: Callable[[Call], Answer]
    rights: tuple[tuple[str, str], ...]


def check_length(text: str, resource: str) -> None:
    if len(text) > BODY_LIMIT:
        message = f"body is too long (maximum is {BODY_LIMIT} characters)"
        error = {"resource": resource, "code": "unprocessable", "field": "data", "message": message}
        raise RefusalError(422, "Validation Failed", [error])


def one(call: Call, values: list[Json]) -> Json:
    wanted = int(call.route.values["comment_id"])
    found = next((value for value in values if value["id"] == wanted), None)
    if found is None:
        raise RefusalError(404, "Not Found")
    return found


def user_value(login: str) -> Json:
    return filled("simple-user", {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"})
