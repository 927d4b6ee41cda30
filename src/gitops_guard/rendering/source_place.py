"""Where a rendered field comes from, as a place that a person can open and change."""

from typing import NamedTuple

from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.nodes import Scalar
from gitops_guard.text import LineIndex, Position, Span

RESOURCE = "resource"
PATCH = "patch"
JSON6902 = "json6902"
IMAGES = "images"
GENERATOR = "generator"
REPLACEMENT = "replacement"
KUSTOMIZATION = "kustomization"
VALUES = "values"
INLINE_VALUES = "inline-values"
TEMPLATE = "template"
FILE = "file"


class SourcePlace(NamedTuple):
    """A place in a source file of a rendered field.

    `kind` says what decides the field there. For `file` only the file is known: `span`, `start` and `end` are None.
    `keypath` is that of the document; of a patch that is written inside a kustomization it leads to the patch, and
    `inner` leads on inside the patch. A keypath of something missing names what a person would add there.
    """

    path: str
    document: int
    keypath: KeyPath
    kind: str
    span: Span | None = None
    start: Position | None = None
    end: Position | None = None
    inner: KeyPath = ()

    @property
    def is_exact(self) -> bool:
        """Whether the line is known, not only the file."""
        return self.start is not None


def whole_file(path: str) -> SourcePlace:
    """A file as a whole: all that is known, or all that decides."""
    return SourcePlace(path, 0, (), FILE)


class Sheet:
    """One document of a source file, able to tell places in it."""

    __slots__ = ("document", "holder", "lines", "path", "root", "text")

    def __init__(  # noqa: PLR0913, PLR0917 - one value, built in one place
        self, path: str, document: int, root: Field, text: str, lines: LineIndex, holder: "Holder | None" = None
    ) -> None:
        self.path = path
        self.document = document
        self.root = root
        self.text = text
        self.lines = lines
        self.holder = holder

    def place(self, field: Field, kind: str) -> SourcePlace:
        """The place of a field of this document; of something missing, of what should hold it."""
        span = field.first_line if field.parent is None else field.span
        if self.holder is not None:
            return self.holder.place(self, field, span, kind)
        return self.place_of(span, field.keypath, kind)

    def place_of(self, span: Span, keypath: KeyPath, kind: str) -> SourcePlace:
        """The place of a span."""
        start, end = span
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return SourcePlace(
            self.path,
            self.document,
            keypath,
            kind,
            Span(start, end),
            self.lines.position(start),
            self.lines.position(end),
        )


class Holder(NamedTuple):
    """Where a text that is a value of another document stands: `field` of `sheet`."""

    sheet: Sheet
    field: Field

    def place(self, inner: Sheet, field: Field, span: Span, kind: str) -> SourcePlace:
        """A place inside the text: its line if the text is a literal block, the whole text otherwise."""
        node = self.field.node
        keys = self.field.keypath
        if isinstance(node, Scalar) and node.style == "|":
            outer = _inside_block(self.sheet, node, inner, span)
            if outer is not None:
                return self.sheet.place_of(outer, keys, kind)._replace(inner=field.keypath)
        return self.sheet.place(self.field, kind)._replace(inner=field.keypath)


def _inside_block(sheet: Sheet, node: Scalar, inner: Sheet, span: Span) -> Span | None:
    """The span in the file of a span in the text of a literal block; None where lines do not match."""
    at = inner.lines.position(span.start)
    header = sheet.lines.position(node.start).line
    line = header + at.line
    start = sheet.lines.line_start(line)
    written = sheet.text[start : sheet.lines.line_start(line + 1)]
    begin = inner.lines.line_start(at.line)
    said = inner.text[begin : inner.lines.line_start(at.line + 1)].rstrip("\r\n")
    indent = written.find(said) if said else -1
    if indent < 0 or written[:indent].strip(" "):
        return None
    first = start + indent + at.column - 1
    length = min(span.end, begin + len(said)) - span.start
    return Span(first, first + max(length, 0))
