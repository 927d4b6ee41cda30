"""The rendered roots of a change as far as they say anything of connections, on both sides."""

from collections.abc import Collection
from typing import NamedTuple

from gitops_guard.network.cluster import Located
from gitops_guard.rendered_change import ReachedSessions, SideRoots, sessions_of_change
from gitops_guard.rendered_manifests import located
from gitops_guard.rendered_sides import coverage_with
from gitops_guard.rendering.inspected import RootSeen, RootsSeen, render_roots
from gitops_guard.rendering.session import Session
from gitops_guard.report import Coverage
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped
from gitops_guard.sources.git import Change

MOST_BESIDE = 50
"""Roots that a change does not reach and that are rendered all the same: they hold what its objects meet."""


class RootSide(NamedTuple):
    """A root on one side."""

    seen: RootSeen
    session: Session

    def objects(self, kinds: frozenset[str], *, at_sources: bool) -> tuple[Located, ...]:
        """Its objects of these kinds; see `rendered_manifests.located`."""
        return tuple(located(self.seen, self.session, kinds, at_sources=at_sources))


class Part(NamedTuple):
    """A root on both sides; None where it is not there. `is_reached`: the change can reach it."""

    name: str
    base: RootSide | None
    head: RootSide | None
    is_reached: bool

    def objects(self, kinds: frozenset[str], *, at_sources: bool) -> tuple[tuple[Located, ...], tuple[Located, ...]]:
        """The objects of both sides; what is the same on both is led back once."""
        head = () if self.head is None else self.head.objects(kinds, at_sources=at_sources)
        if self.base is None:
            return (), head
        is_same = not self.is_reached and self.head is not None
        if is_same and self.head is not None and self.head.seen.rendered.text == self.base.seen.rendered.text:
            return head, head
        return self.base.objects(kinds, at_sources=at_sources), head


class BothRoots(NamedTuple):
    """All roots on both sides; `base_covered` and `head_covered` are the files that only they deploy."""

    parts: tuple[Part, ...]
    base_covered: frozenset[str]
    head_covered: frozenset[str]
    coverage: Coverage


def reached_objects(
    sessions: ReachedSessions, kinds: frozenset[str]
) -> tuple[tuple[Located, ...], tuple[Located, ...]]:
    """The objects of the roots that a change reaches, of the base and of the head, without their sources."""
    base, head = (
        tuple(
            one
            for root in render_roots(side, [root for root in side.graph.roots if root.name in sessions.names]).seen
            for one in located(root, side, kinds, at_sources=False)
        )
        for side in (sessions.base, sessions.head)
    )
    return base, head


def both_roots(sessions: ReachedSessions) -> BothRoots:
    """Every root of both sides: those that a change reaches, and up to `MOST_BESIDE` others."""
    every = dict.fromkeys(root.name for side in (sessions.head, sessions.base) for root in side.graph.roots)
    beside = [name for name in every if name not in sessions.names]
    wanted = sessions.names.union(beside[:MOST_BESIDE])
    base, head = (_rendered(side, wanted) for side in (sessions.base, sessions.head))
    before, after = _by_name(base, sessions.base), _by_name(head, sessions.head)
    graph = sessions.head.graph._replace(elsewhere=())
    coverage = coverage_with(Coverage(), sessions.head._replace(graph=graph), head, 0)
    reason = f"not rendered: the change does not reach it, and there are more than {MOST_BESIDE} such roots"
    beyond = tuple(Skipped(name, reason) for name in beside[MOST_BESIDE:])
    return BothRoots(
        tuple(
            Part(key[0], before.get(key), after.get(key), key[0] in sessions.names)
            for key in dict.fromkeys((*after, *before))
        ),
        base.covered,
        head.covered,
        coverage._replace(skipped=(*coverage.skipped, *beyond)),
    )


def sessions(change: Change, settings: Settings) -> ReachedSessions | None:
    """See `rendered_change.sessions_of_change`; for all paths of a change."""
    return sessions_of_change(change, change.paths, settings)


def sessions_of(head: SideRoots, base: SideRoots) -> ReachedSessions:
    """The rendering of both sides whose reached roots were looked at already: what was built is not built again."""
    outcomes = (one.root.name for side in (head, base) for one in side.seen.outcomes)
    return ReachedSessions(head.session, base.session, frozenset(outcomes))


def _rendered(session: Session, names: Collection[str]) -> RootsSeen:
    return render_roots(session, [root for root in session.graph.roots if root.name in names])


def _by_name(roots: RootsSeen, session: Session) -> dict[tuple[str, int], RootSide]:
    """The roots; several of one name (a chart that is installed twice) are told apart by their order."""
    found: dict[tuple[str, int], RootSide] = {}
    times: dict[str, int] = {}
    for one in roots.seen:
        name = one.rendered.root.name
        times[name] = times.get(name, 0) + 1
        found[name, times[name]] = RootSide(one, session)
    return found
