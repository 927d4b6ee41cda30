"""What the rules find in rendered results, said at the sources that a person can change."""

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import NamedTuple

from gitops_guard.engine import Detection
from gitops_guard.finding import Finding, Place
from gitops_guard.inspection import Rules, inspect
from gitops_guard.model.inventory import Fact
from gitops_guard.model.kubernetes_object import ObjectIdentity
from gitops_guard.model.kustomization import KUSTOMIZE_GROUP
from gitops_guard.model.used_image import UsedImage
from gitops_guard.rendering.asking import asking_paths
from gitops_guard.rendering.chart_files import CHART
from gitops_guard.rendering.kustomize_files import below, kustomization_in
from gitops_guard.rendering.mapping import map_sources
from gitops_guard.rendering.rendered_objects import rendered_objects
from gitops_guard.rendering.roots import NotRendered, Rendered, Root
from gitops_guard.rendering.session import Session
from gitops_guard.rendering.source_map import SourceMap
from gitops_guard.rendering.source_place import SourcePlace
from gitops_guard.rule import RuleContext
from gitops_guard.several_roots import where
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.field import KeyPath
from gitops_guard.text import Position, Span

_NOWHERE = Position(0, 0)
_RENDERED = ".rendered-"
_UNNAMED = "directory:"
_OF_SOURCES = ("GG-SEC-", "GG-GIT-", "GG-DKR-")
"""Families that judge what a file holds, whatever an overlay makes of it: a secret in a base is in the repository."""


class RootSeen(NamedTuple):
    """One rendered root, looked at. Places of its findings and facts are in the rendered text, `led_back` leads them.

    The text has a path that no file has: in a folder below the root's, which is the scope of objects without a
    namespace.
    """

    rendered: Rendered
    path: str
    detections: tuple[Detection, ...]
    facts: tuple[Fact, ...]
    sources: "Sources"
    images: tuple[UsedImage, ...] = ()

    def led_back(self, detection: Detection) -> Detection:
        """A finding at its source. Its fix speaks of the rendered text, so there is none."""
        place = self.sources.place(detection.finding.place)
        return Detection(self._at(detection.finding, place), None, place.document, (), detection.unless_probed)

    def _at(self, finding: Finding, place: Place) -> Finding:
        masked = (place.span,) if finding.masked and place.span.end > place.span.start else ()
        name = self.rendered.root.name
        return finding._replace(place=place, origin=name, rendered_in=(name,), fix=None, masked=masked)


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
    def outcomes(self) -> tuple[Rendered | NotRendered, ...]:
        """What became of each root."""
        return (*(one.rendered for one in self.seen), *self.not_rendered)

    def led_back(self, finding: Finding) -> Finding:
        """A finding of a rule on the whole repository, at its source if it stands in a rendered text."""
        one = next((one for one in self.seen if one.path == finding.place.path), None)
        return finding if one is None else one.led_back(Detection(finding, None, finding.place.document, ())).finding

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


def look_at_roots(
    session: Session, roots: Iterable[Root], rules: Rules, context: RuleContext, first: int = 0
) -> RootsSeen:
    """Renders roots and looks at what they give; their texts are numbered from `first`."""
    of_objects = Rules(rules.manifest._replace(file=(), stream=()), lambda: rules.dockerfile, rules.read)
    found = render_roots(session, roots, first)
    seen: list[RootSeen] = []
    for one in found.seen:
        inspected = inspect(SourceFile(one.path, one.rendered.text), of_objects, context)
        facts = tuple(_in_namespace(fact, one.rendered.root.namespace) for fact in inspected.facts)
        seen.append(one._replace(detections=inspected.detections, facts=facts, images=inspected.images))
    return found._replace(seen=tuple(seen))


def render_roots(session: Session, roots: Iterable[Root], first: int = 0) -> RootsSeen:
    """Renders roots without looking at what they give; their texts are numbered from `first`."""
    seen: list[RootSeen] = []
    failed: list[NotRendered] = []
    wanted = tuple(roots)
    session.prepare(wanted)
    for number, root in enumerate(wanted, first):
        result = session.render(root)
        if isinstance(result, NotRendered):
            failed.append(result)
        else:
            path = below(root.path, f"{_RENDERED}{number}/{root.tool}.yaml")
            seen.append(RootSeen(result, path, (), (), Sources(result, session)))
    return RootsSeen(tuple(seen), tuple(failed), _covered(session, seen))


def _in_namespace(fact: Fact, namespace: str) -> Fact:
    """A fact of an object that names no namespace, in the one that whoever deploys it gives."""
    return fact._replace(scope=namespace) if namespace and fact.scope.startswith(_UNNAMED) else fact


def merged(plain: Iterable[Detection], roots: RootsSeen, elsewhere: Collection[str] = ()) -> Merged:
    """Joins the findings of files with those of rendered roots.

    A finding that a file and a root have at the same place is one; a finding of a base or a patch that no result has is
    left out, unless it is about the file itself.

    Args:
        plain: the findings of files.
        roots: the rendered roots.
        elsewhere: stems of findings that the files of the other side of a change have too: these stay.
    """
    led_back = [one.led_back(detection) for one in roots.seen for detection in one.detections]
    in_roots: dict[object, dict[str, None]] = {}
    for one in led_back:
        in_roots.setdefault(where(one.finding), {})[one.finding.origin] = None
    kept: list[Detection] = []
    dropped = 0
    for detection in plain:
        finding = detection.finding
        stays = is_of_source(finding) or finding.stem in elsewhere or finding.place.path not in roots.covered
        if stays or where(finding) in in_roots:
            roots_of = tuple(in_roots.get(where(finding), ()))
            kept.append(detection._replace(finding=finding._replace(rendered_in=roots_of)) if roots_of else detection)
        else:
            dropped += 1
    there = {where(one.finding) for one in kept if one.finding.stem not in elsewhere}
    return Merged((*kept, *(d for d in led_back if where(d.finding) not in there)), dropped)


def is_of_source(finding: Finding) -> bool:
    """Whether a finding is about a file itself, and not about an object that reaches a cluster."""
    resource = finding.resource
    is_deployed = bool(resource.kind) and not resource.api_version.startswith(f"{KUSTOMIZE_GROUP}/")
    return not is_deployed or finding.rule_id.startswith(_OF_SOURCES)


def is_rendered_path(path: str) -> bool:
    """Whether a path is that of a rendered text."""
    return path.rpartition("/")[0].rpartition("/")[2].startswith(_RENDERED)


def differing(roots: RootsSeen, other: RootsSeen) -> RootsSeen:
    """The roots with those findings only that one side has more often than the other."""
    counts, others = _stems(roots), _stems(other)

    def differs(one: Detection) -> bool:
        return counts[one.finding.stem] != others[one.finding.stem]

    seen = tuple(one._replace(detections=tuple(filter(differs, one.detections))) for one in roots.seen)
    return roots._replace(seen=seen)


def _stems(roots: RootsSeen) -> Counter[str]:
    return Counter(detection.finding.stem for one in roots.seen for detection in one.detections)


class Sources:
    """Leads places in a rendered text back to the sources; what that takes is made when the first is asked for."""

    def __init__(self, result: Rendered, session: Session) -> None:
        self._result = result
        self._session = session
        self._places: dict[tuple[int, KeyPath], Place] = {}

    @cached_property
    def _map(self) -> SourceMap:
        renderer, root = self._session.renderer, self._result.root
        asking = ((path, self._session.tree.read(path)) for path in asking_paths(root))
        files = {path: content for path, content in asking if content is not None}
        files |= renderer.files(root, self._session.tree)
        return map_sources(root, files, renderer.builder, self._result)

    @cached_property
    def _objects(self) -> dict[int, list[tuple[KeyPath, ObjectIdentity]]]:
        found: dict[int, list[tuple[KeyPath, ObjectIdentity]]] = {}
        for obj in rendered_objects(self._result.text):
            found.setdefault(obj.document, []).append((obj.field.keypath, obj.identity))
        return found

    def place(self, place: Place) -> Place:
        """The source of a place; the nearest file as a whole where no line is known."""
        key = place.document, place.keypath
        if key not in self._places:
            self._places[key] = self._source_of(place)
        return self._places[key]

    def _source_of(self, place: Place) -> Place:
        for root, identity in self._objects.get(place.document, ()):
            if place.keypath[: len(root)] == root:
                found = self._found(identity, place.keypath[len(root) :])
                if found is not None:
                    return _as_place(found)
        return Place(_nearest(self._result, self._session), 0, (), Span(0, 0), _NOWHERE, _NOWHERE)

    def _found(self, identity: ObjectIdentity, keypath: KeyPath) -> SourcePlace | None:
        """The source of a field; where only its file is known, that of the nearest field above it in the same file."""
        found = self._map.locate(identity, keypath)
        for depth in range(len(keypath) - 1, 0, -1):
            if found is None or found.is_exact:
                break
            above = self._map.locate(identity, keypath[:depth])
            if above is not None and above.is_exact and above.path == found.path:
                return above
        return found


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
