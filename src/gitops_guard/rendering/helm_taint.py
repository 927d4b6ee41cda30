"""Learns which values of a chart reach which rendered fields, by rendering it with marked values.

Many values are marked in one render. Where marks make the chart fail (a schema, a comparison) or hide a part of it, the
group is halved; the renders are bounded, and a value that was not tried counts as one that reaches nothing.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.rendering.helm_marks import (
    FALSY,
    MAPPING,
    OFF,
    TRUTHY,
    Mark,
    marked_values,
    marks_of,
    named_in,
    numbers_in,
)
from gitops_guard.rendering.helm_switches import RenderWith, Spot
from gitops_guard.rendering.helm_templates import Charted, Known, charted
from gitops_guard.rendering.roots import NotRendered
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.nodes import Data, Scalar

MOST_RENDERS = {TRUTHY: 12, FALSY: 6, MAPPING: 8, OFF: 4}
"""Renders of one chart for each purpose; a render costs about as much as the chart's own."""


_TIMES, _MORE = 4, 200_000
"""How much longer than the chart's own text a render may be: a mark may be the number of a loop."""


class Taint(NamedTuple):
    """Which values reach which fields.

    `reached` leads from a rendered field to the values in it, in the order of the text; `mappings` to a value whose
    whole mapping is written there, whatever keys it has.
    """

    reached: dict[Spot, tuple[KeyPath, ...]]
    mappings: dict[Spot, KeyPath]


def learn(values: dict[str, Data], plain: Charted, documents: Known, render: RenderWith) -> Taint:
    """Learns what reaches what.

    Args:
        values: all values of the chart.
        plain: what it renders with them.
        documents: the documents of that, by their text.
        render: renders it with further ones.
    """
    study = _Study(values, plain, documents, render)
    for group in (TRUTHY, FALSY, MAPPING, OFF):
        study.allow(group)
        study.mark(tuple(mark for mark in study.marks if mark.group == group))
    return Taint(study.reached, study.mappings)


class _Study:
    def __init__(self, values: dict[str, Data], plain: Charted, documents: Known, render: RenderWith) -> None:
        self._values = values
        self._plain = plain
        self._documents = documents
        self._render = render
        self.marks = marks_of(values)
        self._by_number = {mark.number: mark for mark in self.marks}
        self._taken = frozenset(numbers_in(plain.text))
        self.reached: dict[Spot, tuple[KeyPath, ...]] = {}
        self.mappings: dict[Spot, KeyPath] = {}
        self.renders = 0
        self._allowed = 0
        self._seen: set[int] = set()

    def allow(self, purpose: str) -> None:
        """Allows as many renders as a purpose is worth."""
        self._allowed = self.renders + MOST_RENDERS[purpose]

    def mark(self, marks: tuple[Mark, ...]) -> None:
        """Renders with these marks.

        Where that fails, again without those that the reason names; where it names none, or something is hidden, those
        that were not seen again in halves.
        """
        marks = tuple(mark for mark in marks if mark.number not in self._taken)
        if not marks or self.renders >= self._allowed:
            return
        result = self._rendered(marked_values(self._values, marks))
        if isinstance(result, NotRendered):
            named = named_in(result.reason, marks)
            if named and len(named) < len(marks):
                self.mark(tuple(mark for mark in marks if mark not in named))
                return
        elif result is not None and not self._read(result):
            return
        unseen = tuple(mark for mark in marks if mark.number not in self._seen)
        if len(marks) > 1:
            middle = (len(unseen) + 1) // 2
            self.mark(unseen[:middle])
            self.mark(unseen[middle:])

    def _rendered(self, values: dict[str, Data]) -> Charted | NotRendered | None:
        """The chart with these values; None where it grows beyond all bounds."""
        self.renders += 1
        result = self._render(json.dumps(values))
        if isinstance(result, NotRendered):
            return result
        most = _TIMES * len(self._plain.text) + _MORE
        return charted(result.text, self._documents.copy()) if len(result.text) <= most else None

    def _read(self, result: Charted) -> bool:
        """Notes the marks of a result; says whether something is missing from it."""
        is_less = len(result.objects) < len(self._plain.objects)
        for key, obj in result.objects.items():
            before = self._plain.objects.get(key)
            if before is not None and before.field.node is obj.field.node:
                continue
            base, count = len(obj.field.keypath), 0
            for field in _scalars(obj.field):
                count += 1
                self._note((key, field.keypath[base:]), field)
            is_less = is_less or (before is not None and sum(1 for _ in _scalars(before.field)) > count)
        return is_less

    def _note(self, spot: Spot, field: Field) -> None:
        found: list[KeyPath] = []
        for number in dict.fromkeys(numbers_in(field.text)):
            mark = self._by_number.get(number)
            if mark is None or mark.number in self._taken:
                continue
            self._seen.add(number)
            if mark.group != MAPPING:
                found.append(mark.path)
            elif spot[1][-1:] == (mark.text,):
                self.mappings.setdefault((spot[0], spot[1][:-1]), mark.path)
        if found:
            self.reached[spot] = tuple(dict.fromkeys((*self.reached.get(spot, ()), *found)))


def _scalars(field: Field) -> Iterator[Field]:
    if isinstance(field.node, Scalar):
        yield field
    for below in (*field.entries(), *field.items()):
        yield from _scalars(below)
