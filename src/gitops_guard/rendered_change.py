"""What a change does to rendered roots: those that it can reach are rendered on both sides."""

import os
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from gitops_guard.engine import Detection
from gitops_guard.inspection import Rules
from gitops_guard.render_settings import OFF, RenderSettings
from gitops_guard.rendered_sides import coverage_with, ignores_at, not_excluded, opened
from gitops_guard.rendering.build import Renderer
from gitops_guard.rendering.graph import reached
from gitops_guard.rendering.inspected import Merged, RootsSeen, differing, look_at_roots, merged
from gitops_guard.rendering.roots import Tree
from gitops_guard.rendering.session import Session, open_session
from gitops_guard.rendering.trees import DiskTree, ListedTree
from gitops_guard.report import Coverage
from gitops_guard.rule import RuleContext
from gitops_guard.settings import Settings
from gitops_guard.sources.git import Change
from gitops_guard.suppression import Ignore


class SideRoots(NamedTuple):
    """The roots of one side that a change reaches, looked at: with what the other side has not as often."""

    session: Session
    seen: RootsSeen

    def merged(self, plain: Iterable[Detection], elsewhere: Collection[str], settings: Settings) -> Merged:
        """The findings of the side's files together with those of its roots; `elsewhere` as `inspected.merged`."""
        found = merged(plain, self.seen, elsewhere)
        return found._replace(detections=not_excluded(found.detections, settings))

    def ignores(
        self, detections: Iterable[Detection], known: Mapping[str, tuple[Ignore, ...]]
    ) -> dict[str, tuple[Ignore, ...]]:
        """The ignore comments of unchanged files that results lead to."""
        return ignores_at(detections, known, self.session.tree.read)

    def coverage(self, coverage: Coverage, dropped: int) -> Coverage:
        """The coverage with these roots; what is asked for elsewhere is no matter of a change."""
        graph = self.session.graph._replace(elsewhere=())
        return coverage_with(coverage, self.session._replace(graph=graph), self.seen, dropped)


class ChangedRoots(NamedTuple):
    """Both sides."""

    head: SideRoots
    base: SideRoots


def roots_of_change(
    change: Change, paths: Collection[str], settings: Settings, rules: Rules, context: RuleContext
) -> ChangedRoots | None:
    """Renders what a change of these paths can reach, on both sides; None where that is nothing.

    Raises:
        SourceError: the configuration requires rendering, and a tool is missing.
    """
    if (settings.render or RenderSettings()).mode == OFF:
        return None
    head = opened(_tree(change, of_base=False), settings, change.root)
    base = open_session(_tree(change, of_base=True), settings, os.environ, change.root, _shared(head, settings))
    names = {root.name for side in (head, base) for root in reached(side.graph, paths)}
    if not names:
        return None
    after, before = (_seen(side, names, rules, context) for side in (head, base))
    return ChangedRoots(SideRoots(head, differing(after, before)), SideRoots(base, differing(before, after)))


def _seen(session: Session, names: set[str], rules: Rules, context: RuleContext) -> RootsSeen:
    roots = [root for root in session.graph.roots if root.name in names]
    return look_at_roots(session, roots, rules, context)


def _shared(head: Session, settings: Settings) -> Renderer | None:
    """The head's renderer for the base too, unless the archives of charts may differ between both."""
    cache = (settings.render or RenderSettings()).helm_cache
    return head.renderer if not cache or os.path.isabs(cache) else None  # noqa: PTH117


def _tree(change: Change, *, of_base: bool) -> Tree:
    if not of_base and change.head is None:
        return DiskTree(change.root)
    files, links = change.listing(of_base=of_base)
    return ListedTree(
        files,
        links,
        lambda path: change.content(path, of_base=of_base),
        lambda words: frozenset(change.find(words, of_base=of_base)),
    )
