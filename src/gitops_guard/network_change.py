"""Both sides of a change as clusters with what their manifests need: every manifest of the repository counts.

Unchanged files are read once, for both sides.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from gitops_guard.errors import SourceError
from gitops_guard.finding import Place
from gitops_guard.manifest_files import NOT_A_MANIFEST, ManifestFiles
from gitops_guard.model.kubernetes_object import ObjectIdentity
from gitops_guard.model.opened_path import OpenedPath
from gitops_guard.network.change import Compared, NetworkChange, NetworkSide, compare, names_in
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Located
from gitops_guard.network.completeness import complete
from gitops_guard.network.inference import infer
from gitops_guard.network.material import INFERENCE_KINDS
from gitops_guard.network.opened_paths import opened_paths
from gitops_guard.network.opening_causes import may_open
from gitops_guard.network.reading import NETWORK_KINDS, cluster
from gitops_guard.network.workload_reading import POD_KINDS
from gitops_guard.network_settings import CLUSTER_DOMAIN
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.git import Change, ChangedFile
from gitops_guard.sources.tree import HELM_TEMPLATE, is_helm_template
from gitops_guard.suppression import matches
from gitops_guard.syntax.nodes import Data

KINDS = NETWORK_KINDS | INFERENCE_KINDS
"""The kinds that say anything of connections."""

LOOSE = (
    "Manifests of several folders name no namespace: they are taken to be in `default` together, so policies of one"
    " folder count for pods of another."
)
_LOOSE_KINDS = POD_KINDS | {"NetworkPolicy"}
_DEFAULT = f"{DEFAULT_NAMESPACE}/"

MOST_FILES = 20_000
MOST_BYTES = 200 * 1024 * 1024
_WORDS = sorted(KINDS)
"""Only files that hold one of these texts are read."""

_MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")
_IRRELEVANT = frozenset(("image", "imagePullPolicy", "resources", "terminationGracePeriodSeconds"))
"""Fields of containers and pods that say nothing of connections, wherever they stand."""


class TwoSides(NamedTuple):
    """Both sides, what was looked at, what could not be read, and what was past the bounds (also in `skipped`).

    `is_loose`: workloads or policies of several folders name no namespace. `objects` are those of the head.
    """

    base: NetworkSide
    head: NetworkSide
    scanned: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    failed: tuple[Skipped, ...]
    beyond: tuple[Skipped, ...]
    is_loose: bool
    objects: tuple[Located, ...]

    @property
    def is_cut(self) -> bool:
        """Whether there was more to read than is read of one repository."""
        return bool(self.beyond)


class Assessment(NamedTuple):
    """What a change does to connections (None: nothing), and what it opens by the objects that do.

    `unknown` says why the connections could not be compared, or which manifests could not be read.
    """

    change: NetworkChange | None = None
    opened: tuple[OpenedPath, ...] = ()
    unknown: str = ""


def network_change(change: Change, settings: Settings) -> NetworkChange | None:
    """What a change does to connections; None where it touches nothing that matters for them."""
    return assess(change, settings).change


def assess(change: Change, settings: Settings, *, only_openings: bool = False) -> Assessment:
    """What a change does to connections, and which of its objects open some.

    The rest of the repository is read only where the change touches what matters for connections, or with
    `only_openings` what may open some. The settings say which paths are not looked at.
    """
    touches = _may_open if only_openings else _touches
    if not touches(change, settings.exclude):
        return Assessment()
    found = two_sides(change, settings)
    unread = (*found.failed, *found.beyond)
    try:
        result = _remarked(compare(found.base, found.head, unread), found)
    except SourceError as error:
        return Assessment(NetworkChange(doubts=(error.message,), skipped=unread), unknown=error.message)
    paths = opened_paths(
        result.difference, found.base.cluster, found.head.cluster, found.head.needs, _identities(found.objects)
    )
    more = f" and {len(unread) - 1:,} more" if len(unread) > 1 else ""
    unknown = f"not all manifests could be read: {unread[0].path}{more}" if unread else ""
    return Assessment(None if result.change.is_empty else result.change, tuple(paths), unknown)


def _identities(objects: Iterable[Located]) -> Callable[[Place], ObjectIdentity]:
    """Tells which object stands at a place."""
    by_document: dict[tuple[str, int], list[Located]] | None = None

    def identify(place: Place) -> ObjectIdentity:
        nonlocal by_document
        if by_document is None:
            by_document = {}
            for one in objects:
                by_document.setdefault((one.path, one.object.document), []).append(one)
        near = by_document[place.path, place.document]
        return next(one.object.identity for one in near if one.object.field.keypath == place.keypath)

    return identify


def compared(change: Change, settings: Settings, paths: Sequence[str] = ()) -> tuple[Compared, TwoSides]:
    """The exact difference between both sides, and what was looked at.

    Raises:
        SourceError: the policies cannot be analysed within bounds.
    """
    found = two_sides(change, settings, paths)
    return _remarked(compare(found.base, found.head, (*found.failed, *found.beyond)), found), found


def _remarked(result: Compared, sides: TwoSides) -> Compared:
    """The comparison with a note, where what it says rests on which manifests are deployed together."""
    change = result.change
    if not sides.is_loose or not any(name.startswith(_DEFAULT) for name in names_in(change)):
        return result
    return result._replace(change=change._replace(notes=(*change.notes, LOOSE)))


def two_sides(change: Change, settings: Settings, paths: Sequence[str] = ()) -> TwoSides:
    """Reads every manifest of both sides, at most `MOST_FILES` files of `MOST_BYTES` in all."""
    budget, exclude = _Budget(), settings.exclude
    domain = CLUSTER_DOMAIN if settings.network is None else settings.network.cluster_domain
    changed = [file for file in change.files if _is_wanted(file.path, exclude, paths)]
    touched = {path for file in change.files for path in (file.path, file.old_path)}
    pairs = [_pair(change, file, budget) for file in changed]
    same = (path for path in change.find(_WORDS) if path not in touched and _is_wanted(path, exclude, paths))
    charts: dict[str, bool] = {}
    shared = _Reading(_unchanged(change, path, budget, charts) for path in same)
    readings = [shared, *(side for pair in pairs for side in pair)]
    return TwoSides(
        _side((*shared.objects, *(obj for base, _ in pairs for obj in base.objects)), domain),
        _side((*shared.objects, *(obj for _, head in pairs for obj in head.objects)), domain),
        tuple(dict.fromkeys(path for one in readings for path in one.files.scanned)),
        tuple(dict.fromkeys((*(skipped for one in readings for skipped in one.files.skipped), *budget.refused))),
        tuple(dict.fromkeys(failed for one in readings for failed in one.files.failed)),
        tuple(budget.refused),
        len({folder for one in readings for folder in one.loose}) > 1,
        (*shared.objects, *(obj for _, head in pairs for obj in head.objects)),
    )


def _pair(change: Change, file: ChangedFile, budget: "_Budget") -> tuple["_Reading", "_Reading"]:
    """Both sides of a changed file; what cannot be read on one side counts on neither: it is neither new nor gone."""
    base, head = (_Reading((budget.take(side),)) for side in (change.read_base(file), change.read_head(file)))
    if base.is_unread or head.is_unread or budget.is_spent:
        base.forget()
        head.forget()
    return base, head


def _side(objects: tuple[Located, ...], domain: str) -> NetworkSide:
    return NetworkSide(cluster(complete(objects)), infer(objects, domain))


class _Reading:
    """The objects of some files, kept."""

    def __init__(self, files: Iterable[SourceFile | Skipped | None]) -> None:
        self.files = ManifestFiles(file for file in files if file is not None)
        self.objects = tuple(self.files.objects(KINDS))

    @property
    def is_unread(self) -> bool:
        """Whether there may be objects that were not read."""
        return bool(self.files.failed) or any(one.reason != NOT_A_MANIFEST for one in self.files.skipped)

    @property
    def loose(self) -> Iterator[str]:
        """The folders of workloads and policies that name no namespace."""
        for one in self.objects:
            if one.object.kind in _LOOSE_KINDS and not one.object.identity.namespace:
                yield one.path.rpartition("/")[0]

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


def _is_wanted(path: str, exclude: Sequence[str], paths: Sequence[str]) -> bool:
    if not path.lower().endswith(_MANIFEST_SUFFIXES) or any(matches(path, pattern) for pattern in exclude):
        return False
    return not paths or any(matches(path, wanted) for wanted in paths)


def _touches(change: Change, exclude: Sequence[str]) -> bool:
    """Whether the changed files differ in anything that says something of connections."""
    return any(_file_touches(change, file) for file in change.files if _is_wanted(file.path, exclude, ()))


def _may_open(change: Change, exclude: Sequence[str]) -> bool:
    """Whether the changed files differ in anything that may open a path."""
    wanted = [file for file in change.files if _is_wanted(file.path, exclude, ())]
    if not any(_file_touches(change, file) for file in wanted):
        return False
    base, head = (_Reading(read(file) for file in wanted) for read in (change.read_base, change.read_head))
    return base.is_unread or head.is_unread or may_open(*(cluster(complete(side.objects)) for side in (base, head)))


def _file_touches(change: Change, file: ChangedFile) -> bool:
    sides = (change.read_base(file), change.read_head(file))
    texts = [side.text if isinstance(side, SourceFile) else "" for side in sides]
    if not any(_MENTIONED.search(text) for text in texts):
        return False
    if any(isinstance(side, Skipped) for side in sides):
        return True
    base, head = (list(_relevant(side)) for side in sides)
    return base != head


_MENTIONED = re.compile("|".join(_WORDS))


def _relevant(file: SourceFile | Skipped | None) -> Iterator[object]:
    """The objects of a file as plain values, without what never matters."""
    reading = _Reading([file])
    if reading.files.failed:
        yield reading.files.failed
    for located in reading.objects:
        yield _stripped(located.object.field.data)


def _stripped(value: Data) -> Data:
    """A value without what never matters; the parser bounds its depth and size."""
    if isinstance(value, dict):
        return {key: _stripped(item) for key, item in value.items() if key not in _IRRELEVANT}
    return [_stripped(item) for item in value] if isinstance(value, list) else value
