"""Both sides of a change as clusters with what their manifests need: every manifest of the repository counts.

Unchanged files are read once, for both sides.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from gitops_guard.errors import SourceError
from gitops_guard.finding import Place
from gitops_guard.manifest_files import NOT_A_MANIFEST, ManifestFiles
from gitops_guard.model.kubernetes_object import ObjectIdentity
from gitops_guard.model.opened_path import OpenedPath
from gitops_guard.network.change import Compared, NetworkChange, NetworkSide, compare, joined, names_in
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Located
from gitops_guard.network.completeness import complete
from gitops_guard.network.inference import infer
from gitops_guard.network.material import INFERENCE_KINDS
from gitops_guard.network.opened_paths import opened_paths
from gitops_guard.network.opening_causes import may_open
from gitops_guard.network.reading import NETWORK_KINDS, cluster
from gitops_guard.network.variants import variants
from gitops_guard.network.workload_reading import POD_KINDS
from gitops_guard.network_settings import CLUSTER_DOMAIN
from gitops_guard.pipeline import has_roots
from gitops_guard.report import Coverage
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.git import Change, ChangedFile
from gitops_guard.sources.tree import HELM_TEMPLATE, is_helm_template
from gitops_guard.suppression import matches
from gitops_guard.syntax.nodes import Data

if TYPE_CHECKING:
    from gitops_guard.rendered_change import ReachedSessions

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


def assess(
    change: Change, settings: Settings, *, only_openings: bool = False, reached: "ReachedSessions | None" = None
) -> Assessment:
    """What a change does to connections, and which of its objects open some.

    The rest of the repository is read only where the change touches what matters for connections, or with
    `only_openings` what may open some. The settings say which paths are not looked at.

    Args:
        change: the change.
        settings: those of the base.
        only_openings: nothing else is asked.
        reached: the rendered roots that the change can reach; None for none.
    """
    touches = _may_open if only_openings else _touches
    if not touches(change, settings.exclude) and (reached is None or not _roots_touch(reached, only_openings)):
        return Assessment()
    found = two_sides(change, settings, reached=reached)
    unread = (*found.failed, *found.beyond)
    changes: list[NetworkChange] = []
    paths: list[OpenedPath] = []
    try:
        for one in found.variants:
            result = _remarked(compare(one.base, one.head, unread), one)
            changes.append(result.change)
            paths += opened_paths(
                result.difference, one.base.cluster, one.head.cluster, one.head.needs, _identities(one.objects)
            )
    except SourceError as error:
        return Assessment(NetworkChange(doubts=(error.message,), skipped=unread), unknown=error.message)
    more = f" and {len(unread) - 1:,} more" if len(unread) > 1 else ""
    unknown = f"not all manifests could be read: {unread[0].path}{more}" if unread else ""
    together = joined(changes)
    return Assessment(None if together.is_empty else together, tuple(_once(paths)), unknown)


def _once(paths: Iterable[OpenedPath]) -> Iterator[OpenedPath]:
    """What several variants open by the same object, once: the widest of it."""
    widest: dict[tuple[Place, ObjectIdentity], OpenedPath] = {}
    for one in paths:
        known = widest.setdefault((one.place, one.identity), one)
        if one.pairs > known.pairs:
            widest[one.place, one.identity] = one
    yield from widest.values()


def _roots_touch(reached: "ReachedSessions", only_openings: bool) -> bool:  # noqa: FBT001 - the question of `assess`
    """Whether rendered roots differ in what `assess` asks for."""
    from gitops_guard.rendered_network import reached_objects  # noqa: PLC0415 - few repositories have roots

    base, head = reached_objects(reached, KINDS)
    if only_openings:
        return may_open(*(cluster(complete(side)) for side in (base, head)))
    return [_stripped(one.object.field.data) for one in base] != [_stripped(one.object.field.data) for one in head]


def _identities(objects: Iterable[Located]) -> Callable[[Place], ObjectIdentity]:
    """Tells which object stands at a place."""
    by_place: dict[Place, ObjectIdentity] | None = None

    def identify(place: Place) -> ObjectIdentity:
        nonlocal by_place
        if by_place is None:
            by_place = {one.place_of(one.object.field): one.object.identity for one in objects}
        return by_place[place]

    return identify


def compared(
    change: Change, settings: Settings, paths: Sequence[str] = ()
) -> tuple[tuple[tuple[tuple[str, ...], Compared], ...], TwoSides]:
    """The exact difference between both sides of each variant, by the names of its roots; and what was looked at.

    Raises:
        SourceError: the policies cannot be analysed within bounds, or rendering is required and a tool is missing.
    """
    found = two_sides(change, settings, paths, _reached(change, settings))
    unread = (*found.failed, *found.beyond)
    return tuple((one.names, _remarked(compare(one.base, one.head, unread), one)) for one in found.variants), found


def _reached(change: Change, settings: Settings) -> "ReachedSessions | None":
    listings = (change.listing(of_base=side)[0] for side in (False, True))
    if not (has_roots(change.paths) or any(map(has_roots, listings))):
        return None
    from gitops_guard.rendered_network import sessions  # noqa: PLC0415 - few repositories have roots

    return sessions(change, settings)


def _remarked(result: Compared, sides: VariantSides) -> Compared:
    """The comparison with a note, where what it says rests on which manifests are deployed together."""
    change = result.change
    if not sides.is_loose or not any(name.startswith(_DEFAULT) for name in names_in(change)):
        return result
    return result._replace(change=change._replace(notes=(*change.notes, LOOSE)))


def two_sides(
    change: Change, settings: Settings, paths: Sequence[str] = (), reached: "ReachedSessions | None" = None
) -> TwoSides:
    """Reads every manifest of both sides, at most `MOST_FILES` files of `MOST_BYTES` in all.

    Where the change reaches rendered roots, these stand in place of the files that they are of.
    """
    budget, exclude = _Budget(), settings.exclude
    changed = [file for file in change.files if _is_wanted(file.path, exclude, paths)]
    touched = {path for file in change.files for path in (file.path, file.old_path)}
    pairs = [_pair(change, file, budget) for file in changed]
    same = (path for path in change.find(_WORDS) if path not in touched and _is_wanted(path, exclude, paths))
    charts: dict[str, bool] = {}
    shared = _Reading(_unchanged(change, path, budget, charts) for path in same)
    readings = [shared, *(side for pair in pairs for side in pair)]
    plain = _Part(
        (),
        (*shared.objects, *(obj for base, _ in pairs for obj in base.objects)),
        (*shared.objects, *(obj for _, head in pairs for obj in head.objects)),
    )
    parts, looked_at = _with_roots(plain, reached)
    skipped = (*(skipped for one in readings for skipped in one.files.skipped), *budget.refused, *looked_at.skipped)
    failed = (*(failed for one in readings for failed in one.files.failed), *looked_at.failed)
    return TwoSides(
        tuple(_variants(parts, settings)),
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


def _with_roots(plain: _Part, reached: "ReachedSessions | None") -> tuple[list[_Part], Coverage]:
    if reached is None:
        return [plain], Coverage()
    from gitops_guard.rendered_network import both_roots  # noqa: PLC0415 - few repositories have roots

    roots = both_roots(reached, KINDS)
    base = tuple(one for one in plain.base if one.path not in roots.base_covered)
    head = tuple(one for one in plain.head if one.path not in roots.head_covered)
    return [_Part((), base, head), *(_Part((one.name,), one.base, one.head) for one in roots.parts)], roots.coverage


def _variants(parts: Sequence[_Part], settings: Settings) -> Iterator[VariantSides]:
    domain = CLUSTER_DOMAIN if settings.network is None else settings.network.cluster_domain
    for of_variant in _together(parts) if len(parts) > 1 else [parts]:
        base, head = (tuple(_all(of_variant, side)) for side in _SIDES)
        yield VariantSides(
            tuple(name for one in of_variant for name in one.names),
            _side(base, domain),
            _side(head, domain),
            head,
            len(set(_loose((*base, *head)))) > 1,
        )


def _together(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """What may be in one cluster; the files, which come first, without the patches of what roots hold as a whole."""
    whole = {id(one) for side in _SIDES for one in complete(_all(parts, side))}
    base, head = (tuple(one for one in side if id(one) in whole) for side in (parts[0].base, parts[0].head))
    chosen = [_Part((), base, head), *parts[1:]]
    for numbers in variants([(*one.base, *one.head) for one in chosen]):
        yield [chosen[number] for number in numbers]


_SIDES: tuple[Literal["base"], Literal["head"]] = ("base", "head")


def _all(parts: Iterable[_Part], side: Literal["base", "head"]) -> Iterator[Located]:
    for one in parts:
        yield from one.base if side == "base" else one.head


def _loose(objects: Iterable[Located]) -> Iterator[str]:
    """The folders of workloads and policies that name no namespace."""
    for one in objects:
        if one.object.kind in _LOOSE_KINDS and not one.object.identity.namespace:
            yield one.path.rpartition("/")[0]


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
