"""Proves that a fix of network segmentation cuts no connection that there is evidence for.

The files of the run stand for the cluster; they are read when the first such fix is tried.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from gitops_guard.errors import SourceError
from gitops_guard.manifest_files import ManifestFiles
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Cluster, Located
from gitops_guard.network.completeness import complete
from gitops_guard.network.connections import Edge
from gitops_guard.network.difference import Change
from gitops_guard.network.fix_proof import FixProof, prove_fix
from gitops_guard.network.inference import infer
from gitops_guard.network.judging import ports
from gitops_guard.network.material import INFERENCE_KINDS
from gitops_guard.network.reading import NETWORK_KINDS, cluster
from gitops_guard.network.workload_reading import POD_KINDS
from gitops_guard.network_settings import CLUSTER_DOMAIN
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.verify import Rejected

KINDS = NETWORK_KINDS | INFERENCE_KINDS
MOST_FILES = 20_000
"""Manifests that are read for proofs."""

MOST_OBJECTS = 1_000_000
"""Objects that the proofs of one run read, each as often as it takes part in one."""

_LISTED = 5
_IDLE = frozenset(("Namespace", "NetworkPolicy"))
"""Kinds that decide nothing in a namespace without pods."""


class Connectivity:
    """The manifests of a run, and what a fix of one of them does to connections."""

    def __init__(self, files: Callable[[], Iterable[SourceFile | Skipped]], settings: Settings) -> None:
        self._files = files
        self._domain = CLUSTER_DOMAIN if settings.network is None else settings.network.cluster_domain
        self._left = MOST_OBJECTS

    def prove(self, before: SourceFile, after: SourceFile) -> tuple[str, ...] | Rejected:
        """The proof in sentences: what is closed and opened; or why the fix is not offered."""
        try:
            result = prove_fix(self._before(before), self._with(after, before), self._whole.needed)
        except SourceError as error:
            return Rejected(f"its connections cannot be compared: {error.message}")
        if result.holds:
            return (_sentence(result),)
        hint = "; `gitops-guard network synth` writes policies that keep it" if result.lost else ""
        return Rejected(f"{result.statement}{hint}")

    @cached_property
    def _whole(self) -> "_Whole":
        files = dict(_read(self._files()))
        every = [located for _, held in files.values() for located in held]
        needs = infer(every, self._domain).edges
        needed = tuple(Edge(need.source, need.target, ports(need)) for need in needs)
        return _Whole(files, _inhabited(every), cluster(complete(every)), needed)

    def _before(self, file: SourceFile) -> Cluster:
        text, _ = self._whole.files.get(file.path, ("", ()))
        return self._whole.cluster if text == file.text else self._with(file, file)

    def _with(self, file: SourceFile, before: SourceFile) -> Cluster:
        """The cluster with this text of a file, without what is idle in other namespaces."""
        own = tuple(ManifestFiles([file]).objects(KINDS))
        touched = {_namespace(one) for one in (*own, *ManifestFiles([before]).objects(KINDS))}
        matter = self._whole.inhabited | touched
        others = (one for path, (_, held) in self._whole.files.items() if path != file.path for one in held)
        kept = [one for one in others if one.object.kind not in _IDLE or _namespace(one) in matter]
        self._left -= len(kept) + len(own)
        if self._left < 0:
            raise SourceError("too many fixes of connections for one run: name fewer paths, or one rule")
        return cluster(complete((*kept, *own)))


class _Whole(NamedTuple):
    """The manifests of the run: texts and objects by path, the namespaces with pods, the needed edges."""

    files: dict[str, tuple[str, tuple[Located, ...]]]
    inhabited: set[str]
    cluster: Cluster
    needed: tuple[Edge, ...]


def _inhabited(every: Iterable[Located]) -> set[str]:
    return {_namespace(one) for one in every if one.object.kind in POD_KINDS}


def _namespace(one: Located) -> str:
    """The namespace that an object is in, or is."""
    identity = one.object.identity
    return identity.name if one.object.kind == "Namespace" else identity.namespace or DEFAULT_NAMESPACE


def _read(files: Iterable[SourceFile | Skipped]) -> Iterator[tuple[str, tuple[str, tuple[Located, ...]]]]:
    for number, file in enumerate(files):
        if number >= MOST_FILES:
            raise SourceError(f"there are more than {MOST_FILES:,} files")
        if isinstance(file, SourceFile) and (held := tuple(ManifestFiles([file]).objects(KINDS))):
            yield file.path, (file.text, held)


def _sentence(result: FixProof) -> str:
    return f"{result.statement}{_listed('closed', result.closed)}{_listed('opened', result.opened)}"


def _listed(verb: str, changes: tuple[Change, ...]) -> str:
    if not changes:
        return ""
    names = ", ".join(f"{change.source} -> {change.target}" for change in changes[:_LISTED])
    more = f" and {len(changes) - _LISTED:,} more" if len(changes) > _LISTED else ""
    return f"; {verb}: {names}{more}"
