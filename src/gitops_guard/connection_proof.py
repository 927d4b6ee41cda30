"""Where proofs about connections get their cluster from; the analysis is loaded when the first such fix is tried."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from gitops_guard.fixing import ConnectionProof
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.git import Change
from gitops_guard.sources.tree import walk
from gitops_guard.suppression import matches
from gitops_guard.verify import Rejected

if TYPE_CHECKING:
    from gitops_guard.connectivity import Connectivity


def of_change(change: Change, settings: Settings) -> ConnectionProof:
    """Proofs against all manifests of a change's head."""

    def files() -> Iterable[SourceFile | Skipped]:
        from gitops_guard.connectivity import KINDS  # noqa: PLC0415 - few fixes are about connections

        read = (change.read_at_head(path) for path in paths_at_head(change, settings, KINDS))
        return (file for file in read if file is not None)

    return _late(files, settings)


def paths_at_head(change: Change, settings: Settings, kinds: frozenset[str]) -> list[str]:
    """The files of a change, and the manifests of its head that name one of the kinds; none that is excluded."""
    changed = [file.path for file in change.files if file.status != "D"]
    every = dict.fromkeys((*changed, *change.find(sorted(kinds))))
    return [path for path in every if not _is_excluded(path, settings)]


def of_tree(paths: Sequence[str], root: str, settings: Settings) -> ConnectionProof:
    """Proofs against all manifests below the paths."""

    def files() -> Iterable[SourceFile | Skipped]:
        return (file for file in walk(paths, root) if not _is_excluded(file.path, settings))

    return _late(files, settings)


def _is_excluded(path: str, settings: Settings) -> bool:
    return any(matches(path, pattern) for pattern in settings.exclude)


def _late(files: Callable[[], Iterable[SourceFile | Skipped]], settings: Settings) -> ConnectionProof:
    @cache
    def connectivity() -> "Connectivity":
        from gitops_guard.connectivity import Connectivity  # noqa: PLC0415 - few fixes are about connections

        return Connectivity(files, settings)

    def prove(before: SourceFile, after: SourceFile) -> tuple[str, ...] | Rejected:
        return connectivity().prove(before, after)

    return prove
