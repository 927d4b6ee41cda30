"""A connection that a change opens, as the rule on it sees it."""

from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import ObjectIdentity


class OpenedPath(NamedTuple):
    """What one object opens, or what its absence opens (`gone`: the policies that closed it).

    `sources` and `targets` are names as in the rows of a change. `pairs` counts what they stand for. `through` is the
    Service or entry point that exposes the targets, if any. `is_uncertain`: a policy that nobody can read has a say.
    """

    place: Place
    identity: ObjectIdentity
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    ports: tuple[str, ...]
    pairs: int
    gone: tuple[str, ...] = ()
    through: str = ""
    is_uncertain: bool = False
