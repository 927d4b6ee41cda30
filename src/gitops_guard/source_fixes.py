"""Fixes of what is rendered in a tree, at its sources: one after the other, each proved on what the others left."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gitops_guard.engine import Detection
from gitops_guard.finding import DISPLAY_ONLY, SAFE, Finding, Patch
from gitops_guard.inspection import Rules
from gitops_guard.rendered_connections import of_roots
from gitops_guard.rendered_fixes import Key, groups_of
from gitops_guard.rendered_sides import RenderedTree
from gitops_guard.rendering.asking import asking_paths
from gitops_guard.rendering.graph import Versions, discover
from gitops_guard.rendering.inspected import RootSeen, look_at_roots
from gitops_guard.rendering.root_fixes import RootFixes, TreeFiles
from gitops_guard.rendering.roots import NotRendered, Rendered, Root, Tree
from gitops_guard.rendering.session import Session
from gitops_guard.rendering.trees import ListedTree
from gitops_guard.rule import RuleContext
from gitops_guard.several_roots import where
from gitops_guard.source_file import Skipped, SourceFile, decode
from gitops_guard.suppression import matches
from gitops_guard.verify import Validate

MOST_OBJECTS = 100
"""Objects whose fixes are tried in one run; the time of all renders is bounded besides (`total_seconds`)."""

_TOO_MANY = "more than {} rendered objects have such problems: the others come after these"
_OUTSIDE = "{} lies outside of what was asked for"


class Wish(NamedTuple):
    """Which fixes are asked for; `is_wanted` judges the finding at its source.

    `most` objects are tried.
    """

    safe_only: bool = False
    everything: bool = False
    is_wanted: Callable[[Finding], bool] = lambda _: True
    most: int = MOST_OBJECTS


class EditedSource(NamedTuple):
    """A file after all fixes; `before` is None for one that they add."""

    path: str
    before: SourceFile | None
    after: str

    @property
    def raw(self) -> bytes:
        """The content after, encoded as the file was."""
        return self.after.encode() if self.before is None else self.before.encode(self.after)


class SourceFixes(NamedTuple):
    """What fixes make of the sources; `refused` are the problems without one, and why."""

    files: tuple[EditedSource, ...] = ()
    patches: tuple[Patch, ...] = ()
    solved: tuple[Finding, ...] = ()
    refused: tuple[tuple[Finding, str], ...] = ()


def fix_sources(
    tree: RenderedTree,
    rules: Rules,
    context: RuleContext,
    validate: Validate,
    wish: Wish = Wish(),  # noqa: B008 - frozen
) -> SourceFixes:
    """Fixes the open findings of rendered roots, object by object, the most severe first.

    An image that a file names is left to the fixes of files. A patch that would edit a file that was not asked for is
    refused.
    """
    covered = tree.roots.seen.covered
    wanted = {
        where(one): one
        for one in tree.open
        if (one.origin != "file" or (one.place.path in covered and not one.image)) and wish.is_wanted(one)
    }
    work = _Work(tree, rules, context, validate)
    done: dict[Key, str] = {}
    of_one_root: set[Key] = set()
    patches: list[Patch] = []
    tried = 0
    for seen, group in groups_of(tree.roots.seen, wanted):
        left = [(key, one) for key, one in group if (key not in done or key in of_one_root) and _is_asked(one, wish)]
        if not left:
            continue
        tried += 1
        solution = (
            work.solve(seen, left, wish)
            if tried <= wish.most
            else _Solved(None, dict.fromkeys(_keys(left), _TOO_MANY.format(wish.most)))
        )
        done |= solution.outcomes
        of_one_root -= solution.outcomes.keys()
        # A patch that an overlay got mends that overlay; the others with the problem have their turn.
        of_one_root |= {key for key, reason in solution.outcomes.items() if not reason and not solution.edits(key)}
        if solution.patch is not None:
            patches.append(solution.patch)
    return SourceFixes(
        work.files,
        tuple(patches),
        tuple(wanted[key] for key, reason in done.items() if not reason),
        tuple((wanted[key], reason) for key, reason in done.items() if reason),
    )


def _is_asked(detection: Detection, wish: Wish) -> bool:
    fix = detection.fix
    if fix is None or (wish.safe_only and fix.safety != SAFE):
        return False
    return wish.everything or fix.safety != DISPLAY_ONLY


def _keys(group: Sequence[tuple[Key, Detection]]) -> Iterator[Key]:
    return (key for key, _ in group)


class _Solved(NamedTuple):
    """A patch, and for each problem why it has none; empty if it is solved."""

    patch: Patch | None
    outcomes: dict[Key, str]

    def edits(self, key: Key) -> bool:
        """Whether the patch, if any, edits the file that a problem stands in."""
        return self.patch is None or any(file.path == key[1] for file in self.patch.files)


class _Work:
    """The tree as the fixes so far have left it."""

    def __init__(self, tree: RenderedTree, rules: Rules, context: RuleContext, validate: Validate) -> None:
        self._roots = tree.roots
        self._base: Tree = tree.roots.session.tree
        self._session: Session = tree.roots.session
        self._rules, self._context = rules, context
        self._fixes = RootFixes(
            self._session, rules, context, validate, of_roots(self._session, tree.roots.seen, context.settings)
        )
        self._edited: dict[str, bytes] = {}

    @property
    def files(self) -> tuple[EditedSource, ...]:
        """The files that differ now, added ones first: an entry that names one is written after it."""
        found: list[EditedSource] = []
        for path, raw in sorted(self._edited.items()):
            content = self._base.read(path) if path in self._base.paths else None
            before = None if content is None else decode(path, content)
            after = decode(path, raw)
            if isinstance(after, SourceFile) and not isinstance(before, Skipped):
                found.append(EditedSource(path, before, after.text))
        return tuple(sorted(found, key=lambda one: one.before is not None))

    def solve(self, seen: RootSeen, group: Sequence[tuple[Key, Detection]], wish: Wish) -> _Solved:
        """Solves problems of one object on the tree as it is now, and goes on with the result."""
        rendered = self._render(seen.rendered.root)
        if isinstance(rendered, NotRendered):
            return _Solved(None, dict.fromkeys(_keys(group), f"not rendered: {rendered.reason}"))
        left = self._left(seen, rendered, group)
        gone = {key: "" for key, _ in group if key not in {key for key, _ in left}}
        if not left:
            return _Solved(None, gone)
        keys = {id(one): key for key, one in left}
        solution = self._fixes.solve(rendered, [one for _, one in left])
        refused = {keys[id(one)]: reason for one, reason in solution.refused}
        solved = [keys[id(one)] for one in solution.solved]
        why_not = "" if solution.patch is None else self._why_not(solution.patch, wish)
        if solution.patch is None or why_not:
            return _Solved(None, gone | refused | dict.fromkeys(solved, why_not))
        self._take(solution.patch)
        return _Solved(solution.patch, gone | refused | dict.fromkeys(solved, ""))

    def _render(self, root: Root) -> Rendered | NotRendered:
        graph = self._session.graph
        names = (root.tool, root.path, root.source)
        now = (
            root if root in graph.roots else next((r for r in graph.roots if (r.tool, r.path, r.source) == names), None)
        )
        return NotRendered(root, "it is not asked for any more") if now is None else self._session.render(now)

    def _left(
        self, seen: RootSeen, rendered: Rendered, group: Sequence[tuple[Key, Detection]]
    ) -> list[tuple[Key, Detection]]:
        """The problems of a group that the result still has."""
        if rendered.text == seen.rendered.text:
            return list(group)
        now = look_at_roots(self._session, [rendered.root], self._rules, self._context)
        found: dict[str, list[Detection]] = {}
        for one in (one for again in now.seen for one in again.detections if one.fix is not None):
            found.setdefault(one.finding.stem, []).append(one)
        return [(key, found[one.finding.stem].pop(0)) for key, one in group if found.get(one.finding.stem)]

    def _why_not(self, patch: Patch, wish: Wish) -> str:
        if wish.safe_only and patch.safety != SAFE:
            return f"it needs review: {patch.note}"
        for file in patch.files:
            excluded = any(matches(file.path, pattern) for pattern in self._context.settings.exclude)
            known = file.before is None or file.path in self._roots.looked_at or file.path in self._edited
            if excluded or not known:
                return _OUTSIDE.format(file.path)
        return ""

    def _take(self, patch: Patch) -> None:
        files = TreeFiles(self._session.tree)
        for file in patch.files:
            was = None if file.before is None else decode(file.path, files[file.path])
            self._edited[file.path] = was.encode(file.after) if isinstance(was, SourceFile) else file.after.encode()
        paths = {file.path for file in patch.files}
        session = self._session._replace(tree=self._tree())
        graph = session.graph
        if any(not asking_paths(root).isdisjoint(paths) for root in graph.roots):
            versions = Versions(self._context.settings.kubernetes_version, session.settings.api_versions)
            graph = discover(session.tree, versions, session.renderer)
        else:
            graph = graph._replace(needs=tuple(needs | paths if needs & paths else needs for needs in graph.needs))
        self._session = session._replace(graph=graph)
        self._fixes.take(self._session, paths)

    def _tree(self) -> Tree:
        base, edited = self._base, dict(self._edited)

        def read(path: str) -> bytes | None:
            return edited[path] if path in edited else base.read(path)

        def find(words: tuple[str, ...]) -> frozenset[str]:
            return base.find(words) | frozenset(edited)

        return ListedTree({*base.paths, *edited}, base.links, read, find)
