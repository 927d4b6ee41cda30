"""What becomes of a root when it is built."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Rendered(NamedTuple):
    """The documents of a root as they would reach the cluster."""

    root: object
    text: str


class NotRendered(NamedTuple):
    """Why a root has no result, and what to do about it."""

    root: object
    reason: str
    hint: str = ""


Build = Callable[[Mapping[str, bytes]], Rendered | NotRendered]
"""Renders one root of the files of a repository, given by path; pure in its input."""
