"""The images of rendered results, at the sources that name them, beside those that files name themselves."""

from collections.abc import Collection, Iterable, Iterator

from gitops_guard import pipeline
from gitops_guard.facts.known import key_of
from gitops_guard.finding import Resource
from gitops_guard.inspection import Rules
from gitops_guard.model.kustomization import KUSTOMIZE_GROUP
from gitops_guard.model.used_image import UsedImage
from gitops_guard.render_settings import OFF, RenderSettings
from gitops_guard.rendered_change import sessions_of_change
from gitops_guard.rendered_sides import coverage_with, opened
from gitops_guard.rendering.inspected import RootsSeen, look_at_roots
from gitops_guard.rendering.roots import Root
from gitops_guard.rendering.session import Session
from gitops_guard.rendering.trees import DiskTree
from gitops_guard.sources.git import Change
from gitops_guard.suppression import matches
from gitops_guard.syntax.image_reference import ImageReference


def with_images(run: pipeline.Run, side: pipeline.Side) -> pipeline.Side:
    """A tree's side with the images of its rendered roots; those of bases that no result has are left out.

    Raises:
        SourceError: the configuration requires rendering, and a tool is missing.
    """
    if (run.settings.render or RenderSettings()).mode == OFF:
        return side
    session = opened(DiskTree(run.root), run.settings, run.root)
    looked_at = frozenset((*side.coverage.scanned, *(one.path for one in side.coverage.skipped)))
    needs = zip(session.graph.roots, session.graph.needs, strict=True)
    roots = _looked(session, (root for root, paths in needs if paths & looked_at), run)
    made = tuple(_led_back(roots, run))
    names = {_name(one) for one in made}
    kept = [one for one in side.images if one.place.path not in roots.covered or _stays(one, names)]
    coverage = coverage_with(side.coverage, session, roots, 0)
    dropped = len(side.images) - len(kept)
    if dropped:
        what = "place of an image" if dropped == 1 else "places of images"
        note = f"{dropped} {what} in bases and patches left out: no rendered result has that image"
        coverage = coverage._replace(notes=(*coverage.notes, note))
    return side._replace(images=tuple(_joined(kept, made)), coverage=coverage)


def with_changed_images(
    change: Change, paths: Collection[str], run: pipeline.Run, head: pipeline.Side, base: pipeline.Side
) -> tuple[pipeline.Side, pipeline.Side]:
    """Both sides of a change with the images of the rendered roots that it reaches.

    Of the head only those that the base's results have not, or that stand in a file of the change.

    Raises:
        SourceError: the configuration requires rendering, and a tool is missing.
    """
    sessions = sessions_of_change(change, paths, run.settings)
    if sessions is None:
        return head, base
    roots = [
        _looked(side, (root for root in side.graph.roots if root.name in sessions.names), run)
        for side in (sessions.head, sessions.base)
    ]
    after, before = (tuple(_led_back(one, run)) for one in roots)
    was = {_name(one) for one in before}
    fresh = [one for one in after if _name(one) not in was or one.place.path in change.paths]
    graph = sessions.head.graph._replace(elsewhere=())
    coverage = coverage_with(head.coverage, sessions.head._replace(graph=graph), roots[0], 0)
    return (
        head._replace(images=tuple(_joined(head.images, fresh)), coverage=coverage),
        base._replace(images=(*base.images, *before)),
    )


def _looked(session: Session, roots: Iterable[Root], run: pipeline.Run) -> RootsSeen:
    nothing: Rules = pipeline.no_rules()
    return look_at_roots(session, roots, nothing, run.context)


def _led_back(roots: RootsSeen, run: pipeline.Run) -> Iterator[UsedImage]:
    """The images of all results, each place once."""
    seen: set[tuple[object, str]] = set()
    for root in roots.seen:
        for one in root.images:
            found = one._replace(place=root.sources.place(one.place))
            key = (found.place, _name(found))
            if key not in seen and not any(matches(found.place.path, pattern) for pattern in run.settings.exclude):
                seen.add(key)
                yield found


def _joined(of_files: Iterable[UsedImage], made: Iterable[UsedImage]) -> Iterator[UsedImage]:
    """The images of files and those of results; what both have in one file is one.

    A file of values says of an image what runs it only when it is rendered.
    """
    results: dict[tuple[str, str], list[UsedImage]] = {}
    for one in made:
        results.setdefault((one.place.path, _name(one)), []).append(one)
    known: set[tuple[str, str]] = set()
    for one in of_files:
        key = (one.place.path, _name(one))
        known.add(key)
        same = results.get(key)
        yield one._replace(resource=same[0].resource) if same and one.resource == Resource() and not one.stage else one
    for key, those in results.items():
        if key not in known:
            yield from those


def _stays(one: UsedImage, names: Collection[str]) -> bool:
    """Whether a mention in a file that only roots deploy is told: one in an object only if a result has the image."""
    is_deployed = bool(one.resource.kind) and not one.resource.api_version.startswith(f"{KUSTOMIZE_GROUP}/")
    return not is_deployed or _name(one) in names or not isinstance(one.reference, ImageReference)


def _name(one: UsedImage) -> str:
    return key_of(one.reference) if isinstance(one.reference, ImageReference) else f"? {one.text}"
