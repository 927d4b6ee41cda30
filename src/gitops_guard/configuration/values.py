"""Reads single values of the configuration; a wrong one is an error that names its line and the nearest right word."""

from collections.abc import Callable, Collection
from datetime import date
from typing import NoReturn, TypeVar

from gitops_guard.errors import ConfigurationError
from gitops_guard.finding import Severity
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.field import Field
from gitops_guard.text import LineIndex

T = TypeVar("T")


class ValueReader:
    """Reads the fields of one configuration file. Every method raises ConfigurationError for a wrong value."""

    def __init__(self, file: SourceFile) -> None:
        self._path = file.path
        self._lines = LineIndex(file.text)

    def line_at(self, offset: int) -> int:
        """The line of an offset."""
        return self._lines.position(offset).line

    def fail(self, field: Field, message: str, hint: str | None = None) -> NoReturn:
        """Raises the error for a field."""
        raise ConfigurationError(message, path=self._path, line=self.line_at(field.span.start), hint=hint)

    def keys(self, field: Field, known: Collection[str]) -> None:
        """Checks that a mapping has known keys only."""
        if not field.is_mapping:
            self.fail(field, f"expected a mapping with {', '.join(known)}")
        for entry in field.entries():
            if entry.key not in known:
                self.unknown(entry, str(entry.key), known, "key")

    def unknown(self, field: Field, name: str, known: Collection[str], what: str) -> NoReturn:
        """Raises the error for a word that is none of the known ones."""
        from difflib import get_close_matches  # noqa: PLC0415 - only for an error

        near = get_close_matches(name, list(known), 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(sorted(known))}"
        node = field.key_node
        line = self.line_at(node.start if node is not None and what == "key" else field.span.start)
        raise ConfigurationError(f"unknown {what} {name!r}", path=self._path, line=line, hint=hint)

    def mapping(self, field: Field) -> list[Field]:
        """The entries of a mapping."""
        if field.exists and not field.is_mapping:
            self.fail(field, f"{field.key} must be a mapping")
        return list(field.entries())

    def list(self, field: Field) -> list[Field]:
        """The items of a list."""
        if field.exists and not field.is_sequence:
            self.fail(field, f"{field.key} must be a list")
        return list(field.items())

    def texts(self, field: Field) -> tuple[str, ...]:
        """The items of a list of texts."""
        return tuple(self.text(item, required=True) for item in self.list(field))

    def text(self, field: Field, *, required: bool = False) -> str:
        """A text, as written."""
        if field.is_mapping or field.is_sequence:
            self.fail(field, f"{field.key} must be text")
        if required and not field.text:
            self.fail(field, f"{field.key} is missing" if field.written is None else f"{field.key} must not be empty")
        return field.text

    def word(self, field: Field, known: Collection[str], what: str) -> str:
        """One of several words."""
        text = self.text(field, required=True)
        if text not in known:
            self.unknown(field, text, known, what)
        return text

    def flag(self, field: Field, *, default: bool) -> bool:
        """True or false."""
        if not field.exists:
            return default
        if field.value is not True and field.value is not False:
            self.fail(field, f"{field.key} must be true or false")
        return field.is_true

    def count(self, field: Field) -> int | None:
        """A whole number from 0; None where nothing is written."""
        if not field.exists:
            return None
        if field.integer is None or field.integer < 0:
            self.fail(field, f"{field.key} must be a whole number from 0")
        return field.integer

    def number(self, field: Field, default: float, *, low: float, high: float) -> float:
        """A number within bounds."""
        if not field.exists:
            return default
        value = field.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.fail(field, f"{field.key} must be a number from {low:g} to {high:g}")
        return float(value)

    def level(self, field: Field) -> Severity | None:
        """A severity, or `none`."""
        return None if field.text == "none" else self.severity(field)

    def severity(self, field: Field) -> Severity:
        """A severity."""
        words = {severity.label: severity for severity in Severity}
        if field.text not in words:
            self.unknown(field, field.text, list(words), "severity")
        return words[field.text]

    def digest(self, field: Field) -> str:
        """A SHA-256 digest."""
        if not is_digest(field.text):
            self.fail(field, f"{field.text!r} is not a digest", "write sha256: and 64 hexadecimal digits")
        return field.text

    def date(self, field: Field) -> date | None:
        """A day; None where nothing is written."""
        if not field.exists:
            return None
        try:
            return date.fromisoformat(field.text)
        except ValueError:
            self.fail(field, f"{field.text!r} is not a date", "write for example 2027-01-31")

    def lenient(self, field: Field, convert: Callable[[Field], T]) -> tuple[T | None, str]:
        """A value, or what is wrong with it."""
        try:
            return convert(field), ""
        except ConfigurationError as error:
            return None, error.message


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 digest as registries write it."""
    algorithm, colon, digits = text.partition(":")
    return algorithm == "sha256" and bool(colon) and len(digits) == 64 and set(digits) <= set("0123456789abcdef")  # noqa: PLR2004
