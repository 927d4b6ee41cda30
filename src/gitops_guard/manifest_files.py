"""The Kubernetes objects of files, with their places: each file is read once, and what is not looked at is said."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import objects
from gitops_guard.network.cluster import Located
from gitops_guard.report import Coverage
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse
from gitops_guard.text import LineIndex

NOT_A_MANIFEST = "holds no Kubernetes object"


class Variant(NamedTuple):
    """What is deployed together, and the names of the rendered roots in it."""

    names: tuple[str, ...]
    objects: tuple[Located, ...]


class ManifestFiles:
    """The objects of files, each file read once; and what was not looked at."""

    def __init__(self, files: Iterable[SourceFile | Skipped]) -> None:
        self._files = files
        self.scanned: list[str] = []
        self.skipped: list[Skipped] = []
        self.failed: list[Skipped] = []

    @property
    def coverage(self) -> Coverage:
        """What was looked at, after `objects` ended."""
        return Coverage(tuple(self.scanned), tuple(self.skipped), tuple(self.failed))

    @property
    def files_of(self) -> dict[str, frozenset[str]]:
        """The files that rendered roots are made of, by the folders of the roots; none for files alone."""
        return {}

    def objects(self, kinds: frozenset[str]) -> Iterator[Located]:
        """The objects of these kinds, with their places."""
        for file in self._files:
            if isinstance(file, Skipped):
                self.skipped.append(file)
            elif "apiVersion" in file.text and "kind" in file.text:
                yield from self._objects(file, kinds)
            else:
                self.skipped.append(Skipped(file.path, NOT_A_MANIFEST))

    def variants(self, kinds: frozenset[str]) -> tuple[Variant, ...]:
        """The objects of these kinds by what is deployed together: files alone are taken to be one whole."""
        return (Variant((), tuple(self.objects(kinds))),)

    def _objects(self, file: SourceFile, kinds: frozenset[str]) -> Iterator[Located]:
        stream = parse(file.text)
        unread = [problem for problem in stream.problems if problem.skipped]
        if unread and unread[0].kind == "template":
            self.skipped.append(Skipped(file.path, "a Helm or Go template: not rendered here"))
        elif unread:
            self.failed.append(Skipped(file.path, unread[0].message))
        else:
            self.scanned.append(file.path)
        lines = _Lines(file)
        for document in stream.documents:
            place_of = lines.place_of(document.number)
            yield from (Located(obj, place_of, file.path) for obj in objects(document) if obj.kind in kinds)


class _Lines:
    """Places of one file; its lines are counted once, when the first is asked for."""

    def __init__(self, file: SourceFile) -> None:
        self._path = file.path
        self._text = file.text
        self._index: LineIndex | None = None

    def place_of(self, document: int) -> Callable[[Field], Place]:
        def place(field: Field) -> Place:
            if self._index is None:
                self._index = LineIndex(self._text)
            span = field.span if field.parent is not None else field.first_line
            start, end = self._index.position(span.start), self._index.position(span.end)
            return Place(self._path, document, field.keypath, span, start, end)

        return place
