"""The Kubernetes objects of a tree as a cluster gets them: those of rendered roots in place of the files they are of.

Each object of a root stands at its source, in the namespace that the root gives it.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from gitops_guard.finding import Place
from gitops_guard.manifest_files import NOT_A_MANIFEST, ManifestFiles, Variant
from gitops_guard.model.kubernetes_object import KubernetesObject, objects
from gitops_guard.network.cluster import Located
from gitops_guard.network.completeness import complete
from gitops_guard.network.variants import variants
from gitops_guard.rendered_sides import coverage_with, opened
from gitops_guard.rendering.chart_files import CHART
from gitops_guard.rendering.inspected import RootSeen, RootsSeen, render_roots
from gitops_guard.rendering.kustomize_files import below, kustomization_in
from gitops_guard.rendering.session import Session
from gitops_guard.rendering.trees import DiskTree
from gitops_guard.report import Coverage
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse
from gitops_guard.text import Position, Span

_NOWHERE = Position(0, 0)
MOST_VARIANTS = 20
_TOO_MANY = f"not looked at: there are more than {MOST_VARIANTS} roots that give the same workloads"
_OF_CLUSTERS = frozenset((
    "AdminNetworkPolicy", "APIService", "BaselineAdminNetworkPolicy", "CustomResourceDefinition", "GlobalNetworkPolicy",
    "MutatingWebhookConfiguration", "Namespace", "ValidatingWebhookConfiguration",
))  # fmt: skip
"""Kinds without a namespace, besides those that begin with `Cluster`."""


class RenderedManifests(ManifestFiles):
    """The objects of files that are applied as they are, and of rendered roots; and what was not looked at."""

    def __init__(self, files: Iterable[SourceFile | Skipped], session: Session, roots: RootsSeen) -> None:
        super().__init__(_outside(files, roots.covered))
        self._session = session
        self._roots = roots
        self.failed += coverage_with(Coverage(), session, roots, 0).failed

    @property
    def coverage(self) -> Coverage:
        """What was looked at, after `objects` ended."""
        found = coverage_with(super().coverage, self._session, self._roots, 0)
        return found._replace(failed=tuple(dict.fromkeys(found.failed)))

    @property
    def files_of(self) -> dict[str, frozenset[str]]:
        """The files that the rendered roots are made of, by the folders of the roots."""
        needs = dict(zip(self._session.graph.roots, self._session.graph.needs, strict=True))
        found: dict[str, frozenset[str]] = {}
        for one in self._roots.seen:
            folder = _own_file(one, self._session).rpartition("/")[0]
            found[folder] = found.get(folder, frozenset()) | needs[one.rendered.root]
        return found

    def objects(self, kinds: frozenset[str]) -> Iterator[Located]:
        """The objects of these kinds, with their places in sources."""
        yield from super().objects(kinds)
        for one in self._roots.seen:
            yield from located(one, self._session, kinds)

    def variants(self, kinds: frozenset[str]) -> tuple[Variant, ...]:
        """The objects of these kinds by what is deployed together; the files count as one part beside the roots."""
        parts = [
            tuple(super().objects(kinds)),
            *(tuple(located(one, self._session, kinds)) for one in self._roots.seen),
        ]
        whole = {id(one) for one in complete(one for part in parts for one in part)}
        parts[0] = tuple(one for one in parts[0] if id(one) in whole)
        names = ["", *(one.rendered.root.name for one in self._roots.seen)]
        chosen = variants(parts)
        for numbers in chosen[MOST_VARIANTS:]:
            self.failed += (Skipped(names[number] or "files", _TOO_MANY) for number in numbers if number)
        return tuple(
            Variant(
                tuple(names[number] for number in numbers if names[number]),
                tuple(one for number in numbers for one in parts[number]),
            )
            for numbers in chosen[:MOST_VARIANTS]
        )


def rendered_manifests(
    files: Iterable[SourceFile | Skipped], paths: Sequence[str], root: str, settings: Settings
) -> RenderedManifests:
    """The manifests of files and folders, with the roots that some of these are part of; see `tree_manifests`.

    Raises:
        SourceError: the configuration requires rendering, and a tool is missing.
    """
    session = opened(DiskTree(root), settings, root)
    is_asked_for = _below([os.path.relpath(os.path.join(root, path), root) for path in paths])  # noqa: PTH118
    needs = zip(session.graph.roots, session.graph.needs, strict=True)
    roots = render_roots(session, [one for one, of in needs if any(map(is_asked_for, of))])
    return RenderedManifests(files, session, roots)


def _below(paths: Sequence[str]) -> Callable[[str], bool]:
    """Tells whether a file is one of some paths, or lies below one; no path is the whole."""
    if not paths or "." in paths:
        return lambda _: True
    starts = tuple(f"{path}/" for path in paths)
    return lambda file: file in paths or file.startswith(starts)


def _outside(files: Iterable[SourceFile | Skipped], covered: frozenset[str]) -> Iterator[SourceFile | Skipped]:
    """The files, less the text of those that reach a cluster only through rendered roots."""
    for file in files:
        yield Skipped(file.path, NOT_A_MANIFEST) if file.path in covered else file


def located(seen: RootSeen, session: Session, kinds: frozenset[str], *, at_sources: bool = True) -> Iterator[Located]:
    """The objects of a rendered root; the path of each is that of the root's own file.

    Args:
        seen: the root.
        session: the rendering that it is of.
        kinds: the kinds that are wanted.
        at_sources: places are those of the sources; otherwise in the rendered text, without lines, which costs nothing.
    """
    root = seen.rendered.root
    path = _own_file(seen, session)
    for document in parse(seen.rendered.text).documents:
        place_of = _leading_back(seen, document.number, at_sources=at_sources)
        for obj in objects(document):
            if obj.kind in kinds:
                yield Located(_deployed(obj, root.namespace), place_of, path)


def _deployed(obj: KubernetesObject, namespace: str) -> KubernetesObject:
    """An object that names no namespace, in the one that whoever deploys the root gives."""
    is_loose = not obj.identity.namespace and obj.kind not in _OF_CLUSTERS and not obj.kind.startswith("Cluster")
    return obj._replace(identity=obj.identity._replace(namespace=namespace)) if namespace and is_loose else obj


def _leading_back(seen: RootSeen, document: int, *, at_sources: bool) -> Callable[[Field], Place]:
    def place(field: Field) -> Place:
        rendered = Place(seen.path, document, field.keypath, Span(0, 0), _NOWHERE, _NOWHERE)
        return seen.sources.place(rendered) if at_sources else rendered

    return place


def _own_file(seen: RootSeen, session: Session) -> str:
    """The file that stands for a root: it lies in the folder that objects without a namespace are deployed with."""
    root = seen.rendered.root
    if root.chart is not None:
        return root.source.partition(": ")[0]
    if root.tool == "helm":
        return below(root.path, CHART)
    return kustomization_in(root.path, session.tree) or below(root.path, "kustomization.yaml")
