"""Adds what Kustomize and Helm make of a tree to what was found in its files."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from gitops_guard import pipeline
from gitops_guard.engine import Detection
from gitops_guard.errors import SourceError
from gitops_guard.inspection import Rules
from gitops_guard.render_settings import OFF, REQUIRED, RenderSettings
from gitops_guard.rendering.inspected import RootsSeen, is_of_source, look_at_roots, merged
from gitops_guard.rendering.roots import NotRendered, Tree
from gitops_guard.rendering.session import Session, fails_without_tools, open_session
from gitops_guard.rendering.tools import HELM_HINT, KUSTOMIZE_HINT
from gitops_guard.rendering.trees import DiskTree
from gitops_guard.report import Coverage
from gitops_guard.settings import Settings
from gitops_guard.several_roots import where
from gitops_guard.source_file import Skipped, decode
from gitops_guard.sources.tree import walk
from gitops_guard.suppression import Ignore, matches, may_ignore

_LOOKED_AT = "looked at as part of {}"
_HINTS = {"kustomize": KUSTOMIZE_HINT, "helm": HELM_HINT}


def with_roots(run: pipeline.Run, side: pipeline.Side, rules: Rules) -> pipeline.Side:
    """A tree's side with its rendered roots: those that one of the files that were looked at is part of.

    Raises:
        SourceError: the configuration requires rendering, and a tool is missing.
    """
    if (run.settings.render or RenderSettings()).mode == OFF:
        return side
    tree = DiskTree(run.root)
    session = opened(tree, run.settings, run.root)
    looked_at = frozenset((*side.coverage.scanned, *(one.path for one in side.coverage.skipped)))
    needs = zip(session.graph.roots, session.graph.needs, strict=True)
    roots = look_at_roots(session, [root for root, paths in needs if paths & looked_at], rules, run.context)
    joined = merged(side.detections, roots)
    by_path = {path: facts for path, facts in side.facts_by_path.items() if path not in roots.covered}
    of_roots = [fact for one in roots.seen for fact in one.facts]
    kept = not_excluded(joined.detections, run.settings)
    return side._replace(
        detections=kept,
        facts=(*(fact for facts in by_path.values() for fact in facts), *of_roots),
        ignores=side.ignores | ignores_at(kept, side.ignores, tree.read),
        coverage=coverage_with(side.coverage, session, roots, joined.dropped),
        led_back=roots.led_back,
        covered=roots.covered,
    )


def left_out(run: pipeline.Run, paths: Sequence[str]) -> frozenset[tuple[str, str]]:
    """What was found in bases and patches and no rendered result has: pairs of path and stem.

    Raises:
        SourceError: the configuration requires rendering, and a tool is missing.
    """
    rules = pipeline.load_rules(run)
    side = pipeline.look(walk(paths, run.root), rules, run)
    after = with_roots(run, side, rules)
    kept = {where(one.finding) for one in after.detections}
    if after.led_back is not None:
        kept |= {where(after.led_back(one.finding)) for one in pipeline.whole(after.facts, rules, run)}
    found = (one.finding for one in (*side.detections, *pipeline.whole(side.facts, rules, run)))
    return frozenset(
        (one.place.path, one.stem)
        for one in found
        if one.place.path in after.covered and where(one) not in kept and not is_of_source(one)
    )


def opened(tree: Tree, settings: Settings, top: str, changed: Collection[str] | None = None) -> Session:
    """The session of a tree; `changed` as `open_session`.

    Raises:
        SourceError: the configuration requires rendering, and a tool is missing.
    """
    session = open_session(tree, settings, os.environ, top, changed=changed)
    if fails_without_tools(session):
        tool = session.lacks_tools[0]
        raise SourceError(f"rendering is required by the configuration, and there is no {tool} here", hint=_HINTS[tool])
    return session


def not_excluded(detections: Iterable[Detection], settings: Settings) -> tuple[Detection, ...]:
    """Leaves out what was found in rendered results at files that the configuration excludes."""
    return tuple(
        d
        for d in detections
        if d.finding.origin == "file" or not any(matches(d.finding.place.path, p) for p in settings.exclude)
    )


def ignores_at(
    detections: Iterable[Detection],
    known: Mapping[str, tuple[Ignore, ...]],
    read: Callable[[str], bytes | None],
) -> dict[str, tuple[Ignore, ...]]:
    """The ignore comments of files that only rendered results lead to."""
    found: dict[str, tuple[Ignore, ...]] = {}
    places = {d.finding.place.path for d in detections if d.finding.origin != "file"}
    for path in sorted(places - known.keys()):
        file = decode(path, read(path) or b"")
        if not isinstance(file, Skipped) and may_ignore(file.text):
            from gitops_guard.ignore_comments import yaml_ignores  # noqa: PLC0415 - few files need it
            from gitops_guard.syntax.yaml import parse  # noqa: PLC0415

            found[path] = yaml_ignores(file.text, parse(file.text))
    return found


def coverage_with(coverage: Coverage, session: Session, roots: RootsSeen, dropped: int) -> Coverage:
    """The coverage with the roots: rendered ones, those that were not, and files that were looked at through them."""
    files = roots.files
    not_looked_at = tuple(
        one._replace(reason=_LOOKED_AT.format(files[one.path])) if one.path in files else one
        for one in coverage.skipped
    )
    missing = tuple(dict.fromkeys(_told(one) for one in roots.not_rendered))
    elsewhere = tuple(
        dict.fromkeys(Skipped(one.source, f"not rendered: {one.what}: {one.reason}") for one in session.graph.elsewhere)
    )
    required = session.settings.mode == REQUIRED
    return coverage._replace(
        skipped=(*not_looked_at, *(() if required else missing), *elsewhere),
        failed=(*coverage.failed, *(missing if required else ())),
        rendered=roots.names,
        notes=(*coverage.notes, *_notes(roots, dropped)),
    )


def _told(one: NotRendered) -> Skipped:
    hint = f" ({one.hint})" if one.hint else ""
    return Skipped(one.root.name, f"not rendered: {one.reason}{hint}")


def _notes(roots: RootsSeen, dropped: int) -> Iterable[str]:
    if dropped:
        what = "finding" if dropped == 1 else "findings"
        yield (
            f"{dropped} {what} in bases and patches left out: no rendered result has {'it' if dropped == 1 else 'them'}"
        )
    for one in roots.seen:
        root = one.rendered.root
        for unknown in root.unknown:
            yield f"{root.name} was rendered without {unknown}: it is not in the repository"
