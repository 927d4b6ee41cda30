"""What the rules find in rendered results, said at the sources that a person can change."""

from collections.abc import Iterable
from typing import NamedTuple, cast

from gitops_guard.engine import Detection
from gitops_guard.finding import Place
from gitops_guard.inspection import Rules, inspect
from gitops_guard.model.inventory import Fact
from gitops_guard.model.kubernetes_object import ObjectIdentity
from gitops_guard.rendering.asking import asking_paths
from gitops_guard.rendering.chart_files import CHART
from gitops_guard.rendering.kustomize_files import below, kustomization_in
from gitops_guard.rendering.mapping import map_sources
from gitops_guard.rendering.rendered_objects import rendered_objects
from gitops_guard.rendering.roots import NotRendered, Rendered, Root
from gitops_guard.rendering.session import Session
from gitops_guard.rendering.source_place import SourcePlace
from gitops_guard.rule import RuleContext
from gitops_guard.several_roots import where
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.field import KeyPath
from gitops_guard.text import Position, Span

_NOWHERE = Position(0, 0)
_OF_SOURCES = ("GG-SEC-", "GG-GIT-", "GG-DKR-")
"""Families that judge what a file holds, whatever an overlay makes of it: a secret in a base is in the repository."""


class RootSeen(NamedTuple):
    """One rendered root, looked at: its findings at their sources, and its facts."""

    rendered: Rendered
    detections: tuple[Detection, ...]
    facts: tuple[Fact, ...]


class RootsSeen(NamedTuple):
    """All roots of a side: what was rendered and looked at, and what was not.

    `covered` are the files that reach a cluster only through the rendered roots.
    """

    seen: tuple[RootSeen, ...]
    not_rendered: tuple[NotRendered, ...]
    covered: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the rendered roots, each once."""
        return tuple(dict.fromkeys(one.rendered.root.name for one in self.seen))

    @property
    def files(self) -> dict[str, str]:
        """The files of rendered roots, each with the name of the first."""
        found: dict[str, str] = {}
        for one in self.seen:
            for path in one.rendered.files:
                found.setdefault(path, one.rendered.root.name)
        return found


class Merged(NamedTuple):
    """The findings of files and of rendered roots together; `dropped` counts those of files that no root has."""

    detections: tuple[Detection, ...]
    dropped: int


def look_at_roots(session: Session, roots: Iterable[Root], rules: Rules, context: RuleContext) -> RootsSeen:
    """Renders roots and looks at what they give."""
    of_objects = Rules(rules.manifest._replace(file=(), stream=()), lambda: rules.dockerfile, rules.read)
    seen: list[RootSeen] = []
    failed: list[NotRendered] = []
    for root in roots:
        result = session.render(root)
        if isinstance(result, NotRendered):
            failed.append(result)
        else:
            seen.append(_looked_at(result, session, of_objects, context))
    return RootsSeen(tuple(seen), tuple(failed), _covered(session, seen))


def merged(plain: Iterable[Detection], roots: RootsSeen) -> Merged:
    """Joins the findings of files with those of rendered roots.

    A finding that a file and a root have at the same place is one; a finding of a base or a patch that no result has is
    left out, unless it is about the file itself.
    """
    in_roots = {where(d.finding): None for one in roots.seen for d in one.detections}
    kept: list[Detection] = []
    dropped = 0
    for detection in plain:
        finding = detection.finding
        is_part = finding.place.path in roots.covered and bool(finding.resource.kind)
        if is_part and not finding.rule_id.startswith(_OF_SOURCES) and where(finding) not in in_roots:
            dropped += 1
        else:
            kept.append(detection)
    there = {where(detection.finding) for detection in kept}
    rendered = (d for one in roots.seen for d in one.detections if where(d.finding) not in there)
    return Merged((*kept, *rendered), dropped)


def _looked_at(result: Rendered, session: Session, rules: Rules, context: RuleContext) -> RootSeen:
    root = result.root
    virtual = below(root.path, f".rendered-{root.tool}.yaml")
    seen = inspect(SourceFile(virtual, result.text), rules, context)
    if not seen.detections and not seen.facts:
        return RootSeen(result, (), ())
    places = _Places(result, session, virtual)
    detections = tuple(places.detection(detection) for detection in seen.detections)
    return RootSeen(result, detections, tuple(places.fact(fact) for fact in seen.facts))


class _Places:
    """Leads places in a rendered text back to the sources."""

    def __init__(self, result: Rendered, session: Session, virtual: str) -> None:
        self._root = result.root
        self._virtual = virtual
        asking = ((path, session.tree.read(path)) for path in asking_paths(result.root))
        files = session.renderer.files(result.root, session.tree)
        files |= {path: content for path, content in asking if content is not None}
        self._map = map_sources(result.root, files, session.renderer.builder, result)
        self._nearest = _nearest(result, session)
        self._objects: dict[int, list[tuple[KeyPath, ObjectIdentity]]] = {}
        for obj in rendered_objects(result.text):
            self._objects.setdefault(obj.document, []).append((obj.field.keypath, obj.identity))

    def detection(self, detection: Detection) -> Detection:
        """A finding at its source. Its fix speaks of the rendered text, so there is none."""
        finding = detection.finding
        place = self.place(finding.place)
        masked = (place.span,) if finding.masked and place.span.end > place.span.start else ()
        moved = finding._replace(place=place, origin=self._root.name, fix=None, masked=masked)
        return Detection(moved, None, place.document, (), detection.unless_probed)

    def place(self, place: Place) -> Place:
        """The source of a place; the nearest file as a whole where no line is known."""
        for root, identity in self._objects.get(place.document, ()):
            if place.keypath[: len(root)] == root:
                found = self._map.locate(identity, place.keypath[len(root) :])
                if found is not None:
                    return _as_place(found)
        return Place(self._nearest, 0, (), Span(0, 0), _NOWHERE, _NOWHERE)

    def fact(self, fact: Fact) -> Fact:
        """A fact with all its places led back."""
        return cast("Fact", self._moved(fact))

    def _moved(self, value: object) -> object:
        if isinstance(value, Place):
            return self.place(value) if value.path == self._virtual else value
        if isinstance(value, tuple):
            inner = tuple(self._moved(one) for one in value)
            make = getattr(value, "_make", None)
            return inner if make is None else make(inner)
        return value


def _as_place(found: SourcePlace) -> Place:
    if found.span is None or found.start is None or found.end is None:
        return Place(found.path, found.document, found.keypath, Span(0, 0), _NOWHERE, _NOWHERE)
    return Place(found.path, found.document, (*found.keypath, *found.inner), found.span, found.start, found.end)


def _nearest(result: Rendered, session: Session) -> str:
    """The file to name where nothing better is known."""
    root = result.root
    asking = root.source.partition(": ")[0]
    if root.chart is not None:
        return asking if asking in session.tree.paths else root.name
    if root.tool == "helm":
        return below(root.path, CHART)
    return kustomization_in(root.path, session.tree) or (asking if asking in session.tree.paths else root.name)


def _covered(session: Session, seen: list[RootSeen]) -> frozenset[str]:
    """The files that reach a cluster through the rendered roots only."""
    rendered = frozenset(path for one in seen for path in one.rendered.files)
    done = {one.rendered.root for one in seen}
    graph = session.graph
    others = (needs for root, needs in zip(graph.roots, graph.needs, strict=True) if root not in done)
    as_they_are = [f"{one.folder}/" if one.folder else "" for one in graph.plain]
    return rendered.difference(*others) - {p for p in rendered if any(p.startswith(folder) for folder in as_they_are)}
