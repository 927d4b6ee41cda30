"""A request and the answer to it, as values."""

from collections.abc import Mapping
from typing import NamedTuple

from gitops_guard.web.address import Target


class Request(NamedTuple):
    """One request; `limit` is what its answer's body may have, in bytes."""

    method: str
    target: Target
    headers: Mapping[str, str]
    body: bytes | None
    limit: int


class Answer(NamedTuple):
    """An answer: its status, its headers with names in lower case, its decoded body, and the address that gave it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
