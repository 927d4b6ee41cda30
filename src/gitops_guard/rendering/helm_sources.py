"""Leads fields of a rendered chart back to values, inline values and lines of templates."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from gitops_guard.model.kubernetes_object import KubernetesObject, objects
from gitops_guard.rendering.asking import asking_path
from gitops_guard.rendering.chart_values import (
    merged,
    parameter_path,
    parameter_place,
    value_place,
    values_sheets,
    with_parameters,
)
from gitops_guard.rendering.decision import decided
from gitops_guard.rendering.helm_switches import Switches
from gitops_guard.rendering.helm_taint import Taint, learn
from gitops_guard.rendering.helm_templates import (
    Known,
    ObjectKey,
    TemplateLines,
    charted,
    numbered,
    template_path,
)
from gitops_guard.rendering.layer import Layer, object_layer
from gitops_guard.rendering.list_items import followed
from gitops_guard.rendering.rendered_objects import sought
from gitops_guard.rendering.roots import Build, NotRendered, Rendered, Root
from gitops_guard.rendering.source_place import RESOURCE, TEMPLATE, Sheet, SourcePlace, whole_file
from gitops_guard.rendering.source_tree import SourceTree
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.yaml import Document
from gitops_guard.text import LineIndex, Span

_TELLING = ("digest", "sha", "tag", "version")
"""Of several values in one field, those with such a name are what a finding is about."""


_READ = ("templates/", "crds/", "charts/")
_SCHEMA = "values.schema.json"
_TEMPLATE = re.compile(r"[^\s\"():]{1,200}/templates/[^\s\"():]{1,200}")
_BROKEN = 8
"""Renders with numbered lines: each failure names a template that numbers break."""


class HelmSources:
    """The sources of one chart. Renders are made when they are first needed: a chart without findings costs none."""

    def __init__(
        self, root: Root, files: Mapping[str, bytes], build_of: Callable[[Root], Build], rendered: Rendered
    ) -> None:
        self._root = root
        self._files = files
        self._build_of = build_of
        self._tree = SourceTree(files)
        self._sheets = values_sheets(self._tree, root)
        self._parameters = {parameter_path(one.name): one.name for one in root.parameters}
        self._documents: Known = {}
        self.plain = charted(rendered.text, self._documents)
        self._taken_in: dict[ObjectKey, tuple[Layer, ...]] = {}
        self._keys = {obj.identity: key for key, obj in reversed(self.plain.objects.items())}

    def trace(self, obj: KubernetesObject, keypath: KeyPath) -> SourcePlace | None:
        """See `SourceMap`."""
        key = self._keys.get(obj.identity)
        if key is None:
            return self._nearest(None)
        plain = self._plain_place(key, obj, keypath)
        if plain is not None:
            return plain
        value = self.value_of(key, obj, keypath) if keypath else None
        if value is not None:
            return self._value_place(value) or self._nearest(None)
        return self._line(key, keypath) or self._included(key, obj, keypath) or self._nearest(key)

    def value_of(self, key: ObjectKey, obj: KubernetesObject, keypath: KeyPath) -> KeyPath | None:
        """The value that a field is made of, or that would make a missing one; None where it is the template's own."""
        taint = self.taint
        found = taint.reached.get((key, keypath))
        if found:
            return max(found, key=lambda path: (str(path[-1]).lower() in _TELLING, found.index(path)))
        for depth in range(len(keypath), 0, -1):
            mapping = taint.mappings.get((key, keypath[:depth]))
            if mapping is not None:
                return (*mapping, *keypath[depth:])
        missing = [step for step in range(1, len(keypath) + 1) if sought(obj, keypath[:step]).field.written is None]
        return self.switches.bringing((key, keypath[: missing[0]])) if missing else None

    @cached_property
    def taint(self) -> Taint:
        """What reaches what."""
        return learn(self.values, self.plain, self._documents, self._with_values)

    @cached_property
    def switches(self) -> Switches:
        """What values that are off would bring."""
        return Switches(self.values, self.plain, self._documents, self._with_values)

    @cached_property
    def values(self) -> dict[str, Data]:
        """All values that are known here."""
        return with_parameters(merged(self._sheets), self._root.parameters)

    def _with_values(self, text: str) -> Rendered | NotRendered:
        """Renders with further values; parameters become values, so that the further ones win over them too.

        Schemas of values are left out: they refuse marks.
        """
        given = json.dumps(with_parameters({}, self._root.parameters))
        root = self._root._replace(values=(*self._root.values, given, text), parameters=())
        files = {path: raw for path, raw in self._read_files.items() if not path.endswith(_SCHEMA)}
        return self._build_of(root)(files)

    @cached_property
    def _read_files(self) -> dict[str, bytes]:
        """The files that decide on the result: of a chart that takes in no files, those that Helm itself reads."""
        start = f"{self._root.path}/".lstrip("/")
        if any(b".Files" in raw for path, raw in self._files.items() if "templates/" in path):
            return dict(self._files)
        return {
            path: raw
            for path, raw in self._files.items()
            if not path.startswith(start)
            or path in self._root.values_files
            or "/" not in path.removeprefix(start)
            or path.removeprefix(start).startswith(_READ)
        }

    @cached_property
    def _lines(self) -> TemplateLines | None:
        """The lines of the templates; those that numbers break are left without."""
        templates = (template_path(self._tree, self._root.path, key.template) for key in self.plain.objects)
        paths = {path for path in templates if path}
        for _ in range(_BROKEN):
            result = self._build_of(self._root)(numbered(self._read_files, frozenset(paths))) if paths else None
            if not isinstance(result, NotRendered):
                return None if result is None else TemplateLines(charted(result.text))
            named = {template_path(self._tree, self._root.path, one) for one in _TEMPLATE.findall(result.reason)}
            if paths.isdisjoint(named):
                return None
            paths -= named
        return None

    def _template(self, key: ObjectKey) -> str:
        return "" if self._root.chart is not None else template_path(self._tree, self._root.path, key.template)

    def _plain_place(self, key: ObjectKey, obj: KubernetesObject, keypath: KeyPath) -> SourcePlace | None:
        """The place in a template without any expression: it is what it says."""
        path = self._template(key)
        text = self._tree.text(path) if path else None
        if text is None or "{{" in text:
            return None
        found = [
            (sheet, one) for sheet in self._tree.sheets(path) for one in _objects_of(sheet) if one.kind == key.kind
        ]
        if key.turn >= len(found):
            return None
        sheet, one = found[key.turn]
        for depth in range(len(keypath), -1, -1):
            field = followed(one.field, sought(obj, keypath[:depth]).steps)
            if field is not None:
                return sheet.place(field.at(*keypath[depth:]), RESOURCE)
        return None

    def _included(self, key: ObjectKey, obj: KubernetesObject, keypath: KeyPath) -> SourcePlace | None:
        """The place in a file that a template takes in as it is (`.Files.Get`)."""
        if key not in self._taken_in:
            self._taken_in[key] = tuple(self._as_written(obj))
        return decided(obj, keypath, self._taken_in[key]) if self._taken_in[key] else None

    def _as_written(self, obj: KubernetesObject) -> Iterator[Layer]:
        folder = f"{self._root.path}/".lstrip("/")
        for path in self._tree.holding(obj.identity.name) if self._root.chart is None and obj.identity.name else ():
            if path.startswith(folder) and "{{" not in (self._tree.text(path) or "{{"):
                for sheet in self._tree.sheets(path):
                    for one in _objects_of(sheet):
                        if (one.kind, one.identity.name) == (obj.kind, obj.identity.name):
                            yield object_layer(sheet, one.field, RESOURCE)

    def _value_place(self, path: KeyPath) -> SourcePlace | None:
        named = self._parameters.get(path)
        if named is not None:
            return parameter_place(self._tree, self._root, named)
        return value_place(self._sheets, path)

    def _line(self, key: ObjectKey, keypath: KeyPath) -> SourcePlace | None:
        path = self._template(key)
        text = self._tree.text(path) if path else None
        number = self._lines.line(key, keypath) if text is not None and self._lines is not None else None
        if text is None or number is None:
            return None
        lines = LineIndex(text)
        start = lines.line_start(number)
        end = max(start, lines.line_start(number + 1) - 1)
        written = text[start:end]
        indent = len(written) - len(written.lstrip(" -"))
        return Sheet(path, 0, Field(None, "", None), text, lines).place_of(Span(start + indent, end), (), TEMPLATE)

    def _nearest(self, key: ObjectKey | None) -> SourcePlace | None:
        """The template as a whole; of a chart that lies elsewhere, the file that asks for it."""
        path = "" if key is None else self._template(key)
        for nearest in (path, asking_path(self._tree, self._root), f"{self._root.path}/Chart.yaml".lstrip("/")):
            if nearest and nearest in self._tree:
                return whole_file(nearest)
        return None


def _objects_of(sheet: Sheet) -> list[KubernetesObject]:
    node = sheet.root.node
    return [] if node is None else list(objects(Document(sheet.document, node, node.start, node.end)))
