"""Learns which value that is off would make a chart render something that is missing.

All of them are turned on at once first; which one it is that brings a field is found by halves.
"""

import json
from collections.abc import Callable, Iterator

from gitops_guard.rendering.helm_templates import Charted, Known, ObjectKey, charted
from gitops_guard.rendering.roots import NotRendered, Rendered
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.nodes import Data, Mapping

MOST_RENDERS = 20
"""Renders of one chart with values turned on."""

RenderWith = Callable[[str], Rendered | NotRendered]
"""Renders a chart with further values, given as JSON."""

Spot = tuple[ObjectKey, KeyPath]


class Switches:
    """The values of a chart that are false."""

    def __init__(self, values: dict[str, Data], plain: Charted, documents: Known, render: RenderWith) -> None:
        self._paths = tuple(_off(values, ()))
        self._plain = plain
        self._documents = documents
        self._render = render
        self._seen: dict[tuple[KeyPath, ...], frozenset[Spot]] = {}

    def bringing(self, spot: Spot) -> KeyPath | None:
        """The value that, turned on, brings a field that is missing; None where no single one does."""
        paths = self._paths
        if not paths or spot not in self._appearing(paths):
            return None
        while len(paths) > 1:
            middle = len(paths) // 2
            half = next((one for one in (paths[:middle], paths[middle:]) if spot in self._appearing(one)), None)
            if half is None:
                return None
            paths = half
        return paths[0]

    def _appearing(self, paths: tuple[KeyPath, ...]) -> frozenset[Spot]:
        known = self._seen.get(paths)
        if known is None:
            result = self._render(json.dumps(_on(paths))) if len(self._seen) < MOST_RENDERS else None
            found = self._compared(charted(result.text, self._documents.copy())) if isinstance(result, Rendered) else ()
            known = frozenset(found)
            self._seen[paths] = known
        return known

    def _compared(self, result: Charted) -> Iterator[Spot]:
        for key, obj in result.objects.items():
            before = self._plain.objects.get(key)
            if before is not None and before.field.node is not obj.field.node:
                yield from ((key, added) for added in _added(before.field, obj.field, ()))


def _off(value: Data, path: KeyPath) -> Iterator[KeyPath]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _off(inner, (*path, key))
    elif value is False:
        yield path


def _on(paths: tuple[KeyPath, ...]) -> dict[str, Data]:
    result: dict[str, Data] = {}
    for path in paths:
        target = result
        for key in path[:-1]:
            inner = target.setdefault(str(key), {})
            assert isinstance(inner, dict)  # noqa: S101 - every path leads to a value that is false
            target = inner
        target[str(path[-1])] = True
    return result


def _added(before: Field, after: Field, path: KeyPath) -> Iterator[KeyPath]:
    """The keypaths of mappings' keys that are only there after; lists are compared item by item if equally long."""
    if isinstance(before.node, Mapping) and isinstance(after.node, Mapping):
        for entry in after.entries():
            if before[entry.key].written is None:
                yield (*path, entry.key)
            else:
                yield from _added(before[entry.key], entry, (*path, entry.key))
        return
    old, new = list(before.items()), list(after.items())
    if len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _added(one, other, (*path, index))
