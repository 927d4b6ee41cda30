"""What a change does to connections, and which of its objects open some."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.errors import SourceError
from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import ObjectIdentity
from gitops_guard.model.opened_path import OpenedPath
from gitops_guard.network.change import Compared, NetworkChange, compare, joined, names_in
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Located
from gitops_guard.network.completeness import complete
from gitops_guard.network.opened_paths import opened_paths
from gitops_guard.network.opening_causes import may_open
from gitops_guard.network.reading import cluster
from gitops_guard.network_sides import KINDS, WORDS, Reading, TwoSides, VariantSides, is_wanted, two_sides
from gitops_guard.pipeline import change_has_roots
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.git import Change, ChangedFile
from gitops_guard.syntax.nodes import Data

if TYPE_CHECKING:
    from gitops_guard.rendered_change import ReachedSessions

LOOSE = (
    "Manifests of several folders name no namespace: they are taken to be in `default` together, so policies of one"
    " folder count for pods of another."
)
_DEFAULT = f"{DEFAULT_NAMESPACE}/"

_IRRELEVANT = frozenset(("image", "imagePullPolicy", "resources", "terminationGracePeriodSeconds"))
"""Fields of containers and pods that say nothing of connections, wherever they stand."""


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
    if not change_has_roots(change):
        return None
    from gitops_guard.rendered_network import sessions  # noqa: PLC0415 - few repositories have roots

    return sessions(change, settings)


def _remarked(result: Compared, sides: VariantSides) -> Compared:
    """The comparison with a note, where what it says rests on which manifests are deployed together."""
    change = result.change
    if not sides.is_loose or not any(name.startswith(_DEFAULT) for name in names_in(change)):
        return result
    return result._replace(change=change._replace(notes=(*change.notes, LOOSE)))


def _touches(change: Change, exclude: Sequence[str]) -> bool:
    """Whether the changed files differ in anything that says something of connections."""
    return any(_file_touches(change, file) for file in change.files if is_wanted(file.path, exclude, ()))


def _may_open(change: Change, exclude: Sequence[str]) -> bool:
    """Whether the changed files differ in anything that may open a path."""
    wanted = [file for file in change.files if is_wanted(file.path, exclude, ())]
    if not any(_file_touches(change, file) for file in wanted):
        return False
    base, head = (Reading(read(file) for file in wanted) for read in (change.read_base, change.read_head))
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


_MENTIONED = re.compile("|".join(WORDS))


def _relevant(file: SourceFile | Skipped | None) -> Iterator[object]:
    """The objects of a file as plain values, without what never matters."""
    reading = Reading([file])
    if reading.files.failed:
        yield reading.files.failed
    for located in reading.objects:
        yield _stripped(located.object.field.data)


def _stripped(value: Data) -> Data:
    """A value without what never matters; the parser bounds its depth and size."""
    if isinstance(value, dict):
        return {key: _stripped(item) for key, item in value.items() if key not in _IRRELEVANT}
    return [_stripped(item) for item in value] if isinstance(value, list) else value
