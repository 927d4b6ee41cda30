"""The files of a repository as sources: each read and parsed once, when it is first asked for."""

import posixpath
from collections.abc import Iterator, Mapping

from gitops_guard.model.file_names import is_kustomization_name
from gitops_guard.rendering.source_place import Holder, Sheet
from gitops_guard.source_file import Skipped, decode
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.yaml import parse
from gitops_guard.text import LineIndex

_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class SourceTree:
    """The files of a repository by path."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._texts: dict[str, str | None] = {}
        self._sheets: dict[str, tuple[Sheet, ...]] = {}
        self._inline: dict[tuple[str, int, KeyPath], tuple[Sheet, ...]] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def text(self, path: str) -> str | None:
        """The text of a file without its byte order mark; None where there is none that can be read."""
        if path not in self._texts:
            raw = self._files.get(path)
            file = None if raw is None else decode(path, raw)
            self._texts[path] = None if file is None or isinstance(file, Skipped) else file.text
        return self._texts[path]

    def holding(self, word: str) -> Iterator[str]:
        """The YAML files with a word in them."""
        wanted = word.encode()
        yield from (path for path, raw in self._files.items() if path.endswith((".yaml", ".yml")) and wanted in raw)

    def sheets(self, path: str) -> tuple[Sheet, ...]:
        """The documents of a YAML or JSON file; none where it cannot be read."""
        known = self._sheets.get(path)
        if known is None:
            text = self.text(path)
            known = () if text is None else sheets_of(path, text)
            self._sheets[path] = known
        return known

    def inline(self, sheet: Sheet, field: Field) -> tuple[Sheet, ...]:
        """The documents of a text that is a value of another document."""
        key = (sheet.path, sheet.document, field.keypath)
        known = self._inline.get(key)
        if known is None:
            text = field.string or ""
            lines, holder = LineIndex(text), Holder(sheet, field)
            known = tuple(
                Sheet(sheet.path, sheet.document, Field(None, "", document.root), text, lines, holder)
                for document in parse(text).documents
            )
            self._inline[key] = known
        return known

    def kustomization(self, folder: str) -> Sheet | None:
        """The kustomization of a folder, given with `/` and without one at the end; empty for the repository's root."""
        for name in _NAMES:
            sheets = self.sheets(posixpath.join(folder, name))
            if sheets:
                return sheets[0]
        return None


def sheets_of(path: str, text: str) -> tuple[Sheet, ...]:
    """The documents of a text."""
    lines = LineIndex(text)
    return tuple(
        Sheet(path, document.number, Field(None, "", document.root), text, lines) for document in parse(text).documents
    )


def resolved_path(base: str, path: str) -> str:
    """A path that is written relative to a folder, as the repository names it; it may lead out of it (`../`)."""
    joined = posixpath.normpath(posixpath.join(base, path))
    return "" if joined == "." else joined


def folder_of(path: str) -> str:
    """The folder of a file."""
    return posixpath.dirname(path)


def is_kustomization_path(path: str) -> bool:
    """Whether a path is one of a kustomization."""
    return is_kustomization_name(posixpath.basename(path))
