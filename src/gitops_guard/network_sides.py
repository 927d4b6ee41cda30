"""Reads both sides of a change as clusters with what their manifests need: every manifest of the repository counts.

Unchanged files are read once, for both sides.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from gitops_guard.manifest_files import NOT_A_MANIFEST, ManifestFiles
from gitops_guard.network.change import NetworkSide
from gitops_guard.network.cluster import Located
from gitops_guard.network.completeness import complete
from gitops_guard.network.inference import infer
from gitops_guard.network.material import INFERENCE_KINDS
from gitops_guard.network.reading import NETWORK_KINDS, cluster
from gitops_guard.network.variants import variants
from gitops_guard.network.workload_reading import POD_KINDS
from gitops_guard.network_settings import CLUSTER_DOMAIN
from gitops_guard.report import Coverage
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.git import Change, ChangedFile
from gitops_guard.sources.tree import HELM_TEMPLATE, is_helm_template
from gitops_guard.suppression import matches

if TYPE_CHECKING:
    from gitops_guard.rendered_change import ReachedSessions

KINDS = NETWORK_KINDS | INFERENCE_KINDS
"""The kinds that say anything of connections."""

MOST_FILES = 20_000
MOST_BYTES = 200 * 1024 * 1024
WORDS = sorted(KINDS)
"""Only files that hold one of these texts are read."""

_MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")
_LOOSE_KINDS = POD_KINDS | {"NetworkPolicy"}


class VariantSides(NamedTuple):
    """Both sides of what is deployed together, with the names of the rendered roots in it.

    `objects` are those of the head. `is_loose`: workloads or policies of several folders name no namespace.
    """

    names: tuple[str, ...]
    base: NetworkSide
    head: NetworkSide
    objects: tuple[Located, ...]
    is_loose: bool


class TwoSides(NamedTuple):
    """Both sides, what was looked at, what could not be read, and what was past the bounds (also in `skipped`).

    There are several variants where rendered roots give the same workloads; at least one. `rendered` names the roots.
    """

    variants: tuple[VariantSides, ...]
    scanned: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    failed: tuple[Skipped, ...]
    beyond: tuple[Skipped, ...]
    rendered: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def coverage(self) -> Coverage:
        """What was looked at."""
        return Coverage(self.scanned, self.skipped, self.failed, self.rendered, self.notes)

    @property
    def is_cut(self) -> bool:
        """Whether there was more to read than is read of one repository."""
        return bool(self.beyond)


def two_sides(
    change: Change, settings: Settings, paths: Sequence[str] = (), reached: "ReachedSessions | None" = None
) -> TwoSides:
    """Reads every manifest of both sides, at most `MOST_FILES` files of `MOST_BYTES` in all.

    Where the change reaches rendered roots, these stand in place of the files that they are of.
    """
    budget, exclude = _Budget(), settings.exclude
    changed = [file for file in change.files if is_wanted(file.path, exclude, paths)]
    touched = {path for file in change.files for path in (file.path, file.old_path)}
    pairs = [_pair(change, file, budget) for file in changed]
    same = (path for path in change.find(WORDS) if path not in touched and is_wanted(path, exclude, paths))
    charts: dict[str, bool] = {}
    shared = Reading(_unchanged(change, path, budget, charts) for path in same)
    readings = [shared, *(side for pair in pairs for side in pair)]
    files = _Part(
        (),
        (*shared.objects, *(obj for base, _ in pairs for obj in base.objects)),
        (*shared.objects, *(obj for _, head in pairs for obj in head.objects)),
    )
    is_touched = any(one.objects for pair in pairs for one in pair)
    together, looked_at = ([[files]], Coverage()) if reached is None else _with_roots(files, reached, is_touched)
    skipped = (*(skipped for one in readings for skipped in one.files.skipped), *budget.refused, *looked_at.skipped)
    failed = (*(failed for one in readings for failed in one.files.failed), *looked_at.failed)
    return TwoSides(
        tuple(_variant(parts, settings) for parts in together),
        tuple(dict.fromkeys(path for one in readings for path in one.files.scanned)),
        tuple(dict.fromkeys(skipped)),
        tuple(dict.fromkeys(failed)),
        tuple(budget.refused),
        looked_at.rendered,
        looked_at.notes,
    )


class _Part(NamedTuple):
    """What the files or one rendered root give on both sides."""

    names: tuple[str, ...]
    base: tuple[Located, ...]
    head: tuple[Located, ...]


def _variant(parts: Sequence[_Part], settings: Settings) -> VariantSides:
    domain = CLUSTER_DOMAIN if settings.network is None else settings.network.cluster_domain
    base, head = (tuple(_all(parts, side)) for side in _SIDES)
    return VariantSides(
        tuple(name for one in parts for name in one.names),
        _side(base, domain),
        _side(head, domain),
        head,
        len(set(_loose((*base, *head)))) > 1,
    )


def _with_roots(
    files: _Part,
    reached: "ReachedSessions",
    is_touched: bool,  # noqa: FBT001 - whether the change touches the files
) -> tuple[list[list[_Part]], Coverage]:
    """What may be in one cluster and the change can reach; files come without the patches of what roots hold."""
    from gitops_guard.rendered_network import both_roots  # noqa: PLC0415 - few repositories have roots

    roots = both_roots(reached)
    base = tuple(one for one in files.base if one.path not in roots.base_covered)
    head = tuple(one for one in files.head if one.path not in roots.head_covered)
    parts = [_Part((), base, head), *(_Part((one.name,), *one.objects(KINDS, at_sources=False)) for one in roots.parts)]
    whole = {id(one) for side in _SIDES for one in complete(_all(parts, side))}
    parts[0] = _Part((), *(tuple(one for one in side if id(one) in whole) for side in (base, head)))
    every = variants([(*one.base, *one.head) for one in parts])
    changed = {number for number, one in enumerate(roots.parts, 1) if one.is_reached} | ({0} if is_touched else set())
    chosen = [numbers for numbers in every if not changed.isdisjoint(numbers)] or every[:1]
    for number in {number for numbers in chosen for number in numbers if number}:
        parts[number] = _Part(parts[number].names, *roots.parts[number - 1].objects(KINDS, at_sources=True))
    return [[parts[number] for number in numbers] for numbers in chosen], roots.coverage


_SIDES: tuple[Literal["base"], Literal["head"]] = ("base", "head")


def _all(parts: Iterable[_Part], side: Literal["base", "head"]) -> Iterator[Located]:
    for one in parts:
        yield from one.base if side == "base" else one.head


def _loose(objects: Iterable[Located]) -> Iterator[str]:
    """The folders of workloads and policies that name no namespace."""
    for one in objects:
        if one.object.kind in _LOOSE_KINDS and not one.object.identity.namespace:
            yield one.path.rpartition("/")[0]


def _pair(change: Change, file: ChangedFile, budget: "_Budget") -> tuple["Reading", "Reading"]:
    """Both sides of a changed file; what cannot be read on one side counts on neither: it is neither new nor gone."""
    base, head = (Reading((budget.take(side),)) for side in (change.read_base(file), change.read_head(file)))
    if base.is_unread or head.is_unread or budget.is_spent:
        base.forget()
        head.forget()
    return base, head


def _side(objects: tuple[Located, ...], domain: str) -> NetworkSide:
    return NetworkSide(cluster(complete(objects)), infer(objects, domain))


class Reading:
    """The objects of some files, kept."""

    def __init__(self, files: Iterable[SourceFile | Skipped | None]) -> None:
        self.files = ManifestFiles(file for file in files if file is not None)
        self.objects = tuple(self.files.objects(KINDS))

    @property
    def is_unread(self) -> bool:
        """Whether there may be objects that were not read."""
        return bool(self.files.failed) or any(one.reason != NOT_A_MANIFEST for one in self.files.skipped)

    def forget(self) -> None:
        """Takes away the objects, not the coverage."""
        self.objects = ()


class _Budget:
    """How much is read at all; what is past it is said."""

    def __init__(self) -> None:
        self._files = MOST_FILES
        self._bytes = MOST_BYTES
        self.refused: list[Skipped] = []

    @property
    def is_spent(self) -> bool:
        """Whether nothing more is read."""
        return self._files <= 0 or self._bytes <= 0

    def take(self, file: SourceFile | Skipped | None) -> SourceFile | Skipped | None:
        """The file, if there is room for it."""
        if not isinstance(file, SourceFile):
            return file
        if self.is_spent:
            self.refused.append(_beyond(file.path))
            return None
        self._files -= 1
        self._bytes -= len(file.text)
        return file


def _beyond(path: str) -> Skipped:
    """A file past the bounds."""
    room = f"{MOST_FILES:,} files or {MOST_BYTES // 1024 // 1024} MiB"
    return Skipped(path, f"past {room}: what it says of connections is not known")


def _unchanged(change: Change, path: str, budget: _Budget, charts: dict[str, bool]) -> SourceFile | Skipped | None:
    if "templates/" in path and _is_template(change, path, charts):
        return Skipped(path, HELM_TEMPLATE)
    if budget.is_spent:
        budget.refused.append(_beyond(path))
        return None
    return budget.take(change.read_at_head(path))


def _is_template(change: Change, path: str, charts: dict[str, bool]) -> bool:
    parts = path.split("/")
    folders = ["/".join(parts[:at]) for at, part in enumerate(parts) if part == "templates"]
    for folder in folders:
        if folder not in charts:
            charts[folder] = change.read_at_head(f"{folder}/Chart.yaml".lstrip("/")) is not None
    return is_helm_template(path, {folder for folder in folders if charts[folder]})


def is_wanted(path: str, exclude: Sequence[str], paths: Sequence[str]) -> bool:
    """Whether a file may be a manifest that is looked at; no `paths` are all."""
    if not path.lower().endswith(_MANIFEST_SUFFIXES) or any(matches(path, pattern) for pattern in exclude):
        return False
    return not paths or any(matches(path, wanted) for wanted in paths)
