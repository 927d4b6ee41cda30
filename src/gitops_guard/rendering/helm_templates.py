"""The templates of a chart: which of them made an object, and which line of it a field.

Helm writes `# Source: CHART/templates/FILE` before each document (helm.sh/docs, "helm template"). Lines are found by a
render of templates that carry their line numbers as comments, which Helm copies to the result.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gitops_guard.model.kubernetes_object import KubernetesObject, objects
from gitops_guard.rendering.chart_values import subcharts
from gitops_guard.rendering.rendered_objects import sought
from gitops_guard.rendering.source_tree import SourceTree
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.yaml import parse
from gitops_guard.text import LineIndex

_SOURCE = re.compile(r"^# Source: (\S+)$", re.MULTILINE)
_NUMBERED = re.compile(r"#gg@(\d+)")
_LINE = re.compile(r"\s*(?:- +)*(?:[\w.\"'/-]+:(?: .*)?|- *\S.*)$")
_CHARTS = "/charts/"


class ObjectKey(NamedTuple):
    """What names an object of a chart whatever its values are: its template, its kind, its turn among those."""

    template: str
    kind: str
    turn: int


class Charted(NamedTuple):
    """The objects of a rendered chart by what names them, and their text."""

    objects: dict[ObjectKey, KubernetesObject]
    text: str

    def key_of(self, obj: KubernetesObject) -> ObjectKey | None:
        """The key of an object."""
        return next((key for key, one in self.objects.items() if one.field is obj.field), None)


Known = dict[str, tuple[KubernetesObject, ...]]
"""The objects of documents by their text: renders of one chart differ in few of them."""

_BETWEEN = "\n---\n# Source: "


def charted(text: str, known: Known | None = None) -> Charted:
    """The objects of a rendered text with the templates that Helm names for them.

    Args:
        text: as Helm writes it.
        known: objects that were read before are taken from here, and others put here; places in them are those in
            their own document. Without it, all places are those in the text.
    """
    found: dict[ObjectKey, KubernetesObject] = {}
    turns: dict[tuple[str, str], int] = {}
    for template, obj in _named(text) if known is None else _named_by_document(text, known):
        turn = turns[template, obj.kind] = turns.get((template, obj.kind), -1) + 1
        found[ObjectKey(template, obj.kind, turn)] = obj
    return Charted(found, text)


def _named(text: str) -> Iterator[tuple[str, KubernetesObject]]:
    template, done = "", 0
    for document in parse(text).documents:
        named = _SOURCE.findall(text, done, document.root.start)
        template, done = named[-1] if named else template, document.root.start
        yield from ((template, obj) for obj in objects(document))


def _named_by_document(text: str, known: Known) -> Iterator[tuple[str, KubernetesObject]]:
    first, *others = text.split(_BETWEEN)
    for document in (first, *(f"# Source: {other}" for other in others)):
        seen = known.get(document)
        if seen is None:
            seen = known[document] = tuple(obj for one in parse(document).documents for obj in objects(one))
        named = _SOURCE.search(document)
        yield from ((named[1] if named else "", obj) for obj in seen)


def template_path(tree: SourceTree, folder: str, template: str) -> str:
    """The file of a template that Helm names; empty where it lies in no chart of the repository."""
    rest = template.partition("/")[2]
    while rest.startswith("charts/"):
        name, _, rest = rest.removeprefix("charts/").partition("/")
        inner = next((place for known, place in subcharts(tree, folder) if known == name), None)
        folder = inner if inner is not None else posixpath.join(folder, "charts", name)
    path = posixpath.join(folder, rest)
    return path if path in tree else ""


def numbered(files: Mapping[str, bytes], paths: frozenset[str]) -> dict[str, bytes]:
    """The files with a comment that holds its number on each line of the templates that looks like YAML."""
    return {path: _numbered(raw) if path in paths else raw for path, raw in files.items()}


def _numbered(raw: bytes) -> bytes:
    try:
        lines = raw.decode().split("\n")
    except UnicodeDecodeError:
        return raw
    out: list[str] = []
    is_open = False
    for number, line in enumerate(lines, 1):
        opened, closed = line.rfind("{{"), line.rfind("}}")
        was_open, is_open = is_open, opened > closed or (is_open and closed < 0)
        plain = line.rstrip("\r ")
        fits = _LINE.match(plain) and not was_open and not is_open and not plain.endswith("-}}")
        fits = fits and not _goes_on(plain, lines[number] if number < len(lines) else "")
        out.append(f"{plain} #gg@{number}" if fits else line)
    return "\n".join(out).encode()


def _goes_on(line: str, following: str) -> bool:
    """Whether a text may go on in the next line, so that a comment would end it."""
    body = following.strip()
    deeper = len(following) - len(following.lstrip()) > len(line) - len(line.lstrip())
    is_text = bool(body) and not body.startswith(("{{", "#", "---", "- ")) and not _LINE.match(following)
    return is_text and deeper


class TemplateLines:
    """The lines of the fields of a chart, from a render with numbers."""

    def __init__(self, with_numbers: Charted) -> None:
        self._with = with_numbers
        self._lines = LineIndex(with_numbers.text)

    def line(self, key: ObjectKey, keypath: KeyPath) -> int | None:
        """The line in its template that wrote a field, or else the nearest thing above it that can be told."""
        obj = self._with.objects.get(key)
        if obj is None:
            return None
        for depth in range(len(keypath), -1, -1):
            wanted = sought(obj, keypath[:depth])
            found = self._number(wanted.field) if wanted.field.written is not None else None
            if found is not None:
                return found
        return None

    def _number(self, field: Field) -> int | None:
        span = field.first_line if field.parent is None else field.span
        line = self._lines.position(span.start).line
        text = self._with.text[self._lines.line_start(line) : self._lines.line_start(line + 1)]
        found = _NUMBERED.search(text)
        return int(found[1]) if found else None
