"""Fixes of what the rules find in rendered roots, at the sources of one tree."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from gitops_guard.engine import Detection
from gitops_guard.finding import DISPLAY_ONLY, NEEDS_REVIEW, SAFE, Patch
from gitops_guard.fixing import Solution
from gitops_guard.inspection import Rules, inspect
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rendering.asking import asking_paths
from gitops_guard.rendering.graph import Versions, discover
from gitops_guard.rendering.mapping import map_sources
from gitops_guard.rendering.rendered_objects import rendered_objects
from gitops_guard.rendering.roots import NotRendered, Rendered, Root, Tree
from gitops_guard.rendering.session import Session
from gitops_guard.rendering.source_fix import RefusedFix, fix_at_source
from gitops_guard.rendering.source_map import SourceMap
from gitops_guard.rendering.source_proof import Repository, RootState
from gitops_guard.rendering.trees import ListedTree
from gitops_guard.rule import Fix, RuleContext
from gitops_guard.source_file import SourceFile
from gitops_guard.verify import Validate

_ORDER = (SAFE, NEEDS_REVIEW, DISPLAY_ONLY)
MOST_ROOTS = 50
"""Roots that one edit may feed; a source of more is too far-reaching to be changed by a machine."""


class TreeFiles(Mapping[str, bytes]):
    """The files of a tree, each read when it is asked for."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def __getitem__(self, path: str) -> bytes:
        content = self._tree.read(path) if path in self._tree.paths else None
        if content is None:
            raise KeyError(path)
        return content

    def __contains__(self, path: object) -> bool:
        return path in self._tree.paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree.paths)

    def __len__(self) -> int:
        return len(self._tree.paths)


class RootFixes:
    """Proves fixes of rendered objects; `session` is that of the side whose files are to be edited."""

    def __init__(self, session: Session, rules: Rules, context: RuleContext, validate: Validate | None = None) -> None:
        self._session = session
        self._rules = Rules(rules.manifest._replace(file=(), stream=()), lambda: rules.dockerfile, rules.read)
        self._context = context
        self._validate = validate
        self._maps: dict[Root, SourceMap] = {}
        self._found: dict[str, Counter[str]] = {}
        self._repository = Repository(TreeFiles(session.tree), self._fed_by, self._discover, session.renderer.builder)

    def solve(self, rendered: Rendered, detections: Sequence[Detection]) -> Solution:
        """One proved patch for as many problems of an object as can be solved together.

        Args:
            rendered: the root with the problems.
            detections: all of one object, with their places in the rendered text, and their fixes.
        """
        tried = self.fix(rendered, detections)
        if isinstance(tried, Patch):
            return Solution(tried, tuple(detections), ())
        if len(detections) == 1:
            return Solution(None, (), ((detections[0], tried.reason),))
        kept: list[Detection] = []
        refused: list[tuple[Detection, str]] = []
        best: Patch | None = None
        for one in detections:
            found = self.fix(rendered, [*kept, one])
            if isinstance(found, Patch):
                kept.append(one)
                best = found
            else:
                refused.append((one, found.reason))
        return Solution(best, tuple(kept), tuple(refused))

    def fix(self, rendered: Rendered, detections: Sequence[Detection]) -> Patch | RefusedFix:
        """A proved patch of the sources that solves all of these problems of one object."""
        fixes = [one.fix for one in detections if one.fix is not None]
        obj = _object_of(rendered, detections[0])
        if len(fixes) < len(detections) or obj is None:
            return RefusedFix("it has no fix")
        state = RootState(rendered, self._session.renderer.builder(rendered.root))
        stems = [one.finding.stem for one in detections]

        def gone(before: Rendered, after: Rendered) -> str:
            return next(filter(None, (self._gone(stem, before, after) for stem in stems)), "")

        return fix_at_source(_together(fixes), obj, state, self._map(rendered), self._repository, gone, self._validate)

    def _map(self, rendered: Rendered) -> SourceMap:
        root = rendered.root
        if root not in self._maps:
            files = self._repository.files
            wanted = (*rendered.files, *asking_paths(root))
            known = {path: files[path] for path in wanted if path in files}
            self._maps[root] = map_sources(root, known, self._session.renderer.builder, rendered)
        return self._maps[root]

    def _fed_by(self, paths: Collection[str]) -> Sequence[RootState | NotRendered]:
        graph = self._session.graph
        roots = [root for root, needs in zip(graph.roots, graph.needs, strict=True) if not needs.isdisjoint(paths)]
        if len(roots) > MOST_ROOTS:
            return [NotRendered(roots[0], f"{len(roots)} roots use it, more than are tried")]
        return [self._state(root) for root in roots]

    def _state(self, root: Root) -> RootState | NotRendered:
        result = self._session.render(root)
        return result if isinstance(result, NotRendered) else RootState(result, self._session.renderer.builder(root))

    def _discover(self, edited: Mapping[str, bytes]) -> Sequence[Root]:
        tree = self._session.tree

        def read(path: str) -> bytes | None:
            return edited[path] if path in edited else tree.read(path)

        def find(words: tuple[str, ...]) -> frozenset[str]:
            return tree.find(words) | frozenset(edited)

        chosen = self._session.settings
        after = ListedTree({*tree.paths, *edited}, tree.links, read, find)
        versions = Versions(self._context.settings.kubernetes_version, chosen.api_versions)
        return discover(after, versions, self._session.renderer).roots

    def _gone(self, stem: str, before: Rendered, after: Rendered) -> str:
        was, now = self._stems(before.text), self._stems(after.text)
        if now[stem] >= was[stem] > 0:
            return "the problem would still be there"
        same_was, same_now = _alike(stem, was), _alike(stem, now)
        if not was[stem] and same_now >= same_was > 0:
            return "the same problem would still be there"
        added = now - was
        return f"it would cause a new problem ({next(iter(added)).partition(chr(0))[0]})" if added else ""

    def _stems(self, text: str) -> Counter[str]:
        if text not in self._found:
            seen = inspect(SourceFile("rendered.yaml", text), self._rules, self._context)
            self._found[text] = Counter(detection.finding.stem for detection in seen.detections)
        return self._found[text]


def _together(fixes: Sequence[Fix]) -> Fix:
    intents = {repr(intent): intent for fix in fixes for intent in fix.intents}
    return Fix(
        "; ".join(dict.fromkeys(fix.title for fix in fixes)),
        max((fix.safety for fix in fixes), key=_ORDER.index),
        tuple(intents.values()),
        "; ".join(dict.fromkeys(fix.note for fix in fixes if fix.note)),
    )


def _alike(stem: str, found: Counter[str]) -> int:
    """How often a problem is there in objects of any name: overlays give names and namespaces."""
    wanted = _anonymous(stem)
    return sum(count for other, count in found.items() if _anonymous(other) == wanted)


def _anonymous(stem: str) -> tuple[str, ...]:
    rule, group, kind, _, _, *rest = stem.split("\0")
    return (rule, group, kind, *rest)


def _object_of(rendered: Rendered, detection: Detection) -> KubernetesObject | None:
    found = (obj for obj in rendered_objects(rendered.text) if obj.document == detection.document)
    return next((obj for obj in found if obj.field.keypath == detection.root), None)
