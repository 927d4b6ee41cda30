"""The objects by which Argo CD and Flux are told what to apply, as plain data."""

import itertools
import posixpath
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.model.kubernetes_object import objects
from gitops_guard.rendering.roots import RemoteChart, Root, Tree
from gitops_guard.source_file import Skipped, decode
from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.yaml import parse

ARGO, FLUX = "argoproj.io", "fluxcd.io"
WORDS = (f"{ARGO}/", f"{FLUX}/")
_SOURCE_KINDS = frozenset(
    ("GitRepository", "OCIRepository", "HelmRepository", "Bucket", "HelmChart", "ExternalArtifact")
)
_KINDS = {
    "argoproj.io": frozenset(("Application", "ApplicationSet", "AppProject")),
    "kustomize.toolkit.fluxcd.io": frozenset(("Kustomization",)),
    "helm.toolkit.fluxcd.io": frozenset(("HelmRelease",)),
    "source.toolkit.fluxcd.io": _SOURCE_KINDS,
    "source.extensions.fluxcd.io": frozenset(("ArtifactGenerator",)),
}


class Declared(NamedTuple):
    """One such object; `where` is its file, or the root that it was rendered by. `data` is the whole object."""

    where: str
    kind: str
    namespace: str
    name: str
    data: dict[str, Data]

    @property
    def label(self) -> str:
        """What people call it: `apps/shop.yaml: Application argocd/shop`."""
        return f"{self.where}: {self.title}"

    @property
    def title(self) -> str:
        """Its kind and name."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def spec(self) -> dict[str, Data]:
        """Its `spec`."""
        return mapping(self.data.get("spec"))


class Elsewhere(NamedTuple):
    """Something to apply that this repository does not hold, or that cannot be told from it."""

    source: str
    what: str
    reason: str
    hint: str = ""


class Edge(NamedTuple):
    """`source` feeds, asks for or waits for `target`; both in words of reports."""

    source: str
    how: str
    target: str


class Plain(NamedTuple):
    """A folder of manifests that is applied as it is."""

    folder: str
    source: str


Found = Root | Elsewhere | Edge | Plain


class Surveyed(NamedTuple):
    """A tree with the folders that exist in it, and the objects that were found."""

    tree: Tree
    folders: frozenset[str]
    sources: dict[tuple[str, str, str], list[Declared]]
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()

    def source_of(self, reference: dict[str, Data], asking: Declared) -> Declared | None:
        """The Flux source that a reference names; of several clusters' the one nearest to who asks."""
        where = text(reference.get("namespace")) or asking.namespace
        named = self.sources.get((text(reference.get("kind")), where, text(reference.get("name"))), ())
        return max(named, key=lambda one: nearness(one.where, asking.where), default=None)

    def artifacts(self, name: str, asking: Declared) -> Iterator[tuple[str, str]]:
        """Where the folders of an artifact come from: pairs of place in the artifact and folder of the repository."""
        makers = [one for (kind, _, _), ones in self.sources.items() if kind == "ArtifactGenerator" for one in ones]
        for maker in sorted(makers, key=lambda one: nearness(one.where, asking.where), reverse=True):
            for artifact in mappings(maker.spec.get("artifacts")):
                if text(artifact.get("name")) == name:
                    for copy in mappings(artifact.get("copy")):
                        place = posixpath.normpath(text(copy.get("to")).partition("/")[2] or ".")
                        yield place, text(copy.get("from")).partition("/")[2].removesuffix("/**")
                    return

    def folder(self, path: str) -> str | None:
        """A path as a folder of the tree; None if there is none, or it leaves the tree."""
        place = posixpath.normpath(path.strip().lstrip("/") or ".")
        place = "" if place == "." else place
        return place if place in self.folders else None


def nearness(path: str, other: str) -> int:
    """How many folders two paths share from the top."""
    pairs = zip(path.split("/")[:-1], other.split("/")[:-1], strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def folders_of(paths: Iterable[str]) -> frozenset[str]:
    """Every folder that holds a file, at any depth; the top is empty."""
    found = {""}
    for path in paths:
        at = path.rfind("/")
        while at > 0 and path[:at] not in found:
            found.add(path[:at])
            at = path.rfind("/", 0, at)
    return frozenset(found)


def declared_in(where: str, content: bytes) -> Iterator[Declared]:
    """The objects of a text that tell Argo CD or Flux what to apply."""
    if not any(word.encode() in content for word in WORDS):
        return
    file = decode(where, content)
    if isinstance(file, Skipped):
        return
    for document in parse(file.text).documents:
        for obj in objects(document):
            if obj.kind in _KINDS.get(obj.api_group, ()):
                value = obj.field.data
                if isinstance(value, dict):
                    yield Declared(where, obj.kind, obj.identity.namespace, obj.identity.name, value)


def mapping(value: Data) -> dict[str, Data]:
    """A mapping; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: Data) -> list[dict[str, Data]]:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Data) -> str:
    """A scalar as text; empty for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def texts(value: Data) -> list[str]:
    """The texts of a list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def remote_chart(name: str, version: str, repository: str) -> RemoteChart:
    """A chart of a repository of charts; of one by its whole address (OCI), the last part is the name."""
    if not name and "/" in repository:
        repository, _, name = repository.rstrip("/").rpartition("/")
    return RemoteChart(name, version, repository)
