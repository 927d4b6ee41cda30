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
            result = prove_fix(self._with(before), self._with(after), self._whole.needed)
        except SourceError as error:
            return Rejected(f"its connections cannot be compared: {error.message}")
        if result.holds:
            return (_sentence(result),)
        hint = "; `gitops-guard network synth` writes policies that keep it" if result.lost else ""
        return Rejected(f"{result.statement}{hint}")

    @cached_property
    def _whole(self) -> "_Whole":
        found: list[tuple[str, Located]] = []
        for file in _bounded(self._files()):
            found += ((file.path, one) for one in ManifestFiles([file]).objects(KINDS))
        every = [one for _, one in found]
        needs = infer(every, self._domain).edges
        needed = tuple(Edge(need.source, need.target, ports(need)) for need in needs)
        inhabited = _inhabited(every)
        governing: list[tuple[str, Located]] = []
        idle: dict[str, list[tuple[str, Located]]] = {}
        for path, one in found:
            if one.object.kind in _IDLE and _namespace(one) not in inhabited:
                idle.setdefault(_namespace(one), []).append((path, one))
            elif one.object.kind in NETWORK_KINDS:
                governing.append((path, one))
        return _Whole(governing, idle, needed)

    def _with(self, file: SourceFile) -> Cluster:
        """The cluster with this text of a file, without what other files say of namespaces that have no pods."""
        own = tuple(ManifestFiles([file]).objects(NETWORK_KINDS))
        idle = self._whole.idle
        woken = (one for namespace in sorted(_inhabited(own)) for one in idle.get(namespace, ()))
        kept = [one for path, one in (*self._whole.governing, *woken) if path != file.path]
        self._left -= len(kept) + len(own)
        if self._left < 0:
            raise SourceError("too many fixes of connections for one run: name fewer paths, or one rule")
        return cluster(complete((*kept, *own)))


class _Whole(NamedTuple):
    """The manifests of the run: what decides on connections, what is idle by namespace, and the needed edges."""

    governing: list[tuple[str, Located]]
    idle: dict[str, list[tuple[str, Located]]]
    needed: tuple[Edge, ...]


def _inhabited(every: Iterable[Located]) -> set[str]:
    return {_namespace(one) for one in every if one.object.kind in POD_KINDS}


def _namespace(one: Located) -> str:
    """The namespace that an object is in, or is."""
    identity = one.object.identity
    return identity.name if one.object.kind == "Namespace" else identity.namespace or DEFAULT_NAMESPACE


def _bounded(files: Iterable[SourceFile | Skipped]) -> Iterator[SourceFile]:
    for number, file in enumerate(files):
        if number >= MOST_FILES:
            raise SourceError(f"there are more than {MOST_FILES:,} files")
        if isinstance(file, SourceFile):
            yield file


def _sentence(result: FixProof) -> str:
    return f"{result.statement}{_listed('closed', result.closed)}{_listed('opened', result.opened)}"


def _listed(verb: str, changes: tuple[Change, ...]) -> str:
    if not changes:
        return ""
    names = ", ".join(f"{change.source} -> {change.target}" for change in changes[:_LISTED])
    more = f" and {len(changes) - _LISTED:,} more" if len(changes) > _LISTED else ""
    return f"; {verb}: {names}{more}"
