"""What a change does to rendered roots: those that it can reach are rendered on both sides."""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from gitops_guard.engine import Detection, rule_set
from gitops_guard.inspection import Rules
from gitops_guard.model.inventory import Fact
from gitops_guard.render_settings import OFF, RenderSettings
from gitops_guard.rendered_sides import coverage_with, ignores_at, not_excluded, opened
from gitops_guard.rendering.build import Renderer
from gitops_guard.rendering.graph import reached
from gitops_guard.rendering.inspected import Merged, RootsSeen, differing, is_rendered_path, look_at_roots, merged
from gitops_guard.rendering.roots import Tree
from gitops_guard.rendering.session import Session, open_session
from gitops_guard.rendering.trees import DiskTree, ListedTree
from gitops_guard.report import Coverage
from gitops_guard.rule import RuleContext
from gitops_guard.settings import Settings
from gitops_guard.sources.git import Change
from gitops_guard.suppression import Ignore

_UNNAMED = "directory:"
_SPEAKING = ("NetworkPolicy", "RoleBinding", "kind: Namespace", "kind: ServiceAccount")
_MOST_BESIDE = 10
_MANY = 1_000_000


class SideRoots(NamedTuple):
    """The roots of one side that a change reaches, looked at: with what the other side has not as often.

    `beside` are unchanged roots that may hold the policies and bindings of the same namespaces: only their facts count.
    """

    session: Session
    seen: RootsSeen
    beside: RootsSeen

    def facts(self, of_files: Mapping[str, tuple[Fact, ...]]) -> Iterator[Fact]:
        """The facts of files that are applied as they are, and of rendered roots in place of the files they are of."""
        for path, facts in of_files.items():
            if path not in self.seen.covered and path not in self.beside.covered:
                yield from facts
        for one in (*self.seen.seen, *self.beside.seen):
            yield from one.facts

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
    sessions = sessions_of_change(change, paths, settings)
    if sessions is None:
        return None
    head, base, names = sessions
    after, before = (_seen(side, names, rules, context) for side in (head, base))
    nothing = RootsSeen((), (), frozenset())
    return ChangedRoots(
        SideRoots(head, differing(after, before), nothing), SideRoots(base, differing(before, after), nothing)
    )


class ReachedSessions(NamedTuple):
    """Rendering of both sides, and the names of the roots that the change can reach: at least one."""

    head: Session
    base: Session
    names: frozenset[str]


def sessions_of_change(change: Change, paths: Collection[str], settings: Settings) -> ReachedSessions | None:
    """Finds what a change of these paths can reach, on both sides; None where that is nothing.

    Raises:
        SourceError: the configuration requires rendering, and a tool is missing.
    """
    if (settings.render or RenderSettings()).mode == OFF:
        return None
    head = opened(_tree(change, of_base=False), settings, change.root, paths)
    base = open_session(
        _tree(change, of_base=True), settings, os.environ, change.root, renderer=_shared(head, settings), changed=paths
    )
    names = frozenset(root.name for side in (head, base) for root in reached(side.graph, paths))
    return ReachedSessions(head, base, names) if names else None


def names_namespaces(roots: SideRoots) -> bool:
    """Whether the roots hold objects of namespaces that others may speak of too."""
    return not all(fact.scope.startswith(_UNNAMED) for one in roots.seen.seen for fact in one.facts)


def widened(roots: SideRoots, rules: Rules, context: RuleContext) -> SideRoots:
    """The roots with the facts of unchanged ones that may speak of the same namespaces; bounded.

    Both sides of a change are widened or none, so that what others hold is on both.
    """
    session = roots.session
    holding = session.tree.find(_SPEAKING)
    names = {one.rendered.root.name for one in roots.seen.seen}
    every = zip(session.graph.roots, session.graph.needs, strict=True)
    beside = [root for root, needs in every if root.name not in names and needs & holding]
    nothing = Rules(rule_set(()), lambda: rules.dockerfile)
    return roots._replace(beside=look_at_roots(session, beside[:_MOST_BESIDE], nothing, context, first=_MANY))


def led_back(found: Iterable[Detection], other: Iterable[Detection], roots: SideRoots) -> list[Detection]:
    """Findings with their places in sources; those in rendered texts that the other side has as often are left out."""
    texts = [*roots.seen.seen, *roots.beside.seen]
    by_path = {one.path: one for one in texts}
    every = list(found)
    counts = Counter(one.finding.stem for one in every if is_rendered_path(one.finding.place.path))
    others = Counter(one.finding.stem for one in other if is_rendered_path(one.finding.place.path))
    kept: list[Detection] = []
    for one in every:
        root = by_path.get(one.finding.place.path)
        if root is None:
            kept.append(one)
        elif counts[one.finding.stem] != others[one.finding.stem]:
            kept.append(root.led_back(one))
    return kept


def _seen(session: Session, names: Collection[str], rules: Rules, context: RuleContext) -> RootsSeen:
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
