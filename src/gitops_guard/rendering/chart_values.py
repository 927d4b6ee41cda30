"""The values of a chart as Helm sees them, and where each of them is written."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.editing.claim import same_data
from gitops_guard.rendering.asking import asking_path, asking_sheets
from gitops_guard.rendering.roots import Parameter, Root
from gitops_guard.rendering.source_place import INLINE_VALUES, VALUES, Sheet, SourcePlace, whole_file
from gitops_guard.rendering.source_tree import SourceTree, sheets_of
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.scalars import resolve

_INLINE = (
    ("spec", "values"),
    ("spec", "source", "helm", "valuesObject"),
    ("spec", "source", "helm", "values"),
    ("spec", "template", "spec", "source", "helm", "valuesObject"),
    ("spec", "template", "spec", "source", "helm", "values"),
)
_PARAMETERS = (("spec", "source", "helm"), ("spec", "template", "spec", "source", "helm"))
_SOURCES = (("spec", "sources"), ("spec", "template", "spec", "sources"))
_KEYS = ("valuesObject", "values")


class ValuesSheet(NamedTuple):
    """A document that gives values: those below `prefix` of it become the values below `at` of the chart."""

    sheet: Sheet
    prefix: KeyPath
    at: KeyPath
    kind: str

    @property
    def root(self) -> Field:
        """The mapping of values."""
        return self.sheet.root.at(*self.prefix)

    def field(self, path: KeyPath) -> Field | None:
        """What stands there for a value of the chart; None where the document cannot speak of it."""
        if path[: len(self.at)] != self.at:
            return None
        return self.root.at(*path[len(self.at) :])


def values_sheets(tree: SourceTree, root: Root) -> tuple[ValuesSheet, ...]:
    """The documents that give values, the weakest first: charts in `charts/`, the chart's own, files, inline ones."""
    found = list(_of_charts(tree, root)) if root.chart is None else []
    for path in root.values_files:
        found += (ValuesSheet(sheet, (), (), VALUES) for sheet in tree.sheets(path)[:1])
    return (*found, *_inline(tree, root))


def _of_charts(tree: SourceTree, root: Root) -> Iterator[ValuesSheet]:
    yield from _of_subcharts(tree, root.path, ())
    for sheet in tree.sheets(posixpath.join(root.path, "values.yaml"))[:1]:
        yield ValuesSheet(sheet, (), (), VALUES)


def _of_subcharts(tree: SourceTree, folder: str, at: KeyPath) -> Iterator[ValuesSheet]:
    for name, inner in subcharts(tree, folder):
        yield from _of_subcharts(tree, inner, (*at, name))
        for sheet in tree.sheets(posixpath.join(inner, "values.yaml"))[:1]:
            yield ValuesSheet(sheet, (), (*at, name), VALUES)


def subcharts(tree: SourceTree, folder: str) -> Iterator[tuple[str, str]]:
    """The charts of a chart that lie in the repository, as name (or alias) and folder."""
    for sheet in tree.sheets(posixpath.join(folder, "Chart.yaml"))[:1]:
        for item in sheet.root["dependencies"].items():
            name, place = item["name"].text, item["repository"].text
            inner = posixpath.join(folder, "charts", name)
            if place.startswith("file://") and posixpath.join(inner, "Chart.yaml") not in tree:
                inner = posixpath.normpath(posixpath.join(folder, place.removeprefix("file://")))
            if name and inner != folder and posixpath.join(inner, "Chart.yaml") in tree:
                yield item["alias"].text or name, inner


def _inline(tree: SourceTree, root: Root) -> Iterator[ValuesSheet]:
    """Where the asking object writes the values that the root holds as texts."""
    for text in root.values:
        given = next(iter(sheets_of("", text)), None)
        if given is None:
            continue
        places = (*_written(tree, root), *_in_config_maps(tree, root))
        found = next((one for one in places if same_data(one.root.data, given.root.data)), None)
        yield found or ValuesSheet(given, (), (), INLINE_VALUES)


def _written(tree: SourceTree, root: Root) -> Iterator[ValuesSheet]:
    for sheet in asking_sheets(tree, root):
        for prefix in (*_INLINE, *_in_sources(sheet)):
            field = sheet.root.at(*prefix)
            if field.is_mapping:
                yield ValuesSheet(sheet, prefix, (), INLINE_VALUES)
            elif field.string:
                yield from (ValuesSheet(one, (), (), INLINE_VALUES) for one in tree.inline(sheet, field)[:1])


def _in_config_maps(tree: SourceTree, root: Root) -> Iterator[ValuesSheet]:
    """The texts of ConfigMaps that a HelmRelease takes values from."""
    if not any(sheet.root["spec"]["valuesFrom"].exists for sheet in asking_sheets(tree, root)):
        return
    for path in tree.holding("ConfigMap"):
        for sheet in tree.sheets(path):
            for entry in sheet.root["data"].entries() if sheet.root["kind"].text == "ConfigMap" else ():
                yield from (ValuesSheet(one, (), (), INLINE_VALUES) for one in tree.inline(sheet, entry)[:1])


def _in_sources(sheet: Sheet) -> Iterator[KeyPath]:
    for prefix in _SOURCES:
        for item in sheet.root.at(*prefix).items():
            yield from ((*prefix, item.key, "helm", key) for key in _KEYS)


def parameter_place(tree: SourceTree, root: Root, name: str) -> SourcePlace | None:
    """Where the asking object sets a parameter."""
    for sheet in asking_sheets(tree, root):
        holders = [sheet.root.at(*prefix) for prefix in _PARAMETERS]
        holders += [item["helm"] for prefix in _SOURCES for item in sheet.root.at(*prefix).items()]
        for holder in holders:
            for item in holder["parameters"].items():
                if item["name"].text == name:
                    return sheet.place(item["value"], INLINE_VALUES)
    return whole_file(asking_path(tree, root)) if asking_path(tree, root) else None


def merged(sheets: tuple[ValuesSheet, ...]) -> dict[str, Data]:
    """All values together, as Helm merges them: mappings by key, everything else replaced, null deletes."""
    result: Data = {}
    for one in sheets:
        value: Data = one.root.data
        for key in reversed(one.at):
            value = {str(key): value}
        result = _over(result, value)
    return result if isinstance(result, dict) else {}


def _over(below: Data, above: Data) -> Data:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return below if above is None else above
    result = dict(below)
    for key, value in above.items():
        if value is None and key in below:
            del result[key]
        else:
            result[key] = _over(below.get(key), value) if key in below else value
    return result


def with_parameters(values: dict[str, Data], parameters: tuple[Parameter, ...]) -> dict[str, Data]:
    """The values with parameters over them; one that names an item of a list is left out: Helm sets it by itself."""
    result: Data = values
    for parameter in parameters:
        if "[" in parameter.name or "{" in parameter.value:
            continue
        value: Data = parameter.value if parameter.text else resolve(parameter.value, "", None)
        for key in reversed(parameter_path(parameter.name)):
            value = {str(key): value}
        result = _over(result, value)
    return result if isinstance(result, dict) else {}


def parameter_path(name: str) -> KeyPath:
    """The path of a parameter: dots part its keys unless a backslash is before them."""
    return tuple(key.replace("\\.", ".") for key in re.split(r"(?<!\\)\.", name))


def value_place(sheets: tuple[ValuesSheet, ...], path: KeyPath) -> SourcePlace | None:
    """Where a value is written: in the strongest document that has it; one that none has, where it would be added.

    It would be added to the strongest document that holds the nearest mapping above it. None where it is written in
    a document whose place is not known.
    """
    for depth in range(len(path), -1, -1):
        for one in reversed(sheets):
            field = one.field(path[:depth])
            if field is not None and field.written is not None and (one.sheet.path or depth == len(path)):
                if not one.sheet.path:
                    return None
                return one.sheet.place(field.at(*path[depth:]), one.kind)
    return None
