"""Reads `.gitops-guard.yaml` into `Settings`; a mistake in it is an error with file, line and the nearest right key."""

from collections.abc import Callable, Collection
from datetime import date
from typing import NoReturn, TypeVar

from gitops_guard.errors import ConfigurationError
from gitops_guard.finding import Severity
from gitops_guard.settings import ApprovedImage, RuleSetting, Settings, Waiver
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse
from gitops_guard.text import LineIndex

FILE_NAMES = (".gitops-guard.yaml", ".gitops-guard.yml")

_TOP = (
    "kubernetes_version",
    "fail_level",
    "comments_budget",
    "exclude",
    "rules",
    "approved_images",
    "digests",
    "build_arguments",
    "waivers",
)
_IMAGE = ("repository", "tags", "digest_required", "replacement", "mirror", "owner", "reason", "expires")
_WAIVER = ("rule", "reason", "owner", "ticket", "expires", "paths", "resource")
_RULE = ("enabled", "severity")
_REQUIRED_OF_A_WAIVER = ("owner", "reason", "expires")

T = TypeVar("T")


def read(file: SourceFile, rule_ids: Collection[str], today: date) -> Settings:
    """The settings of a configuration file.

    Args:
        file: the file.
        rule_ids: the ids that `rules` and `waivers` may name.
        today: the day that decides which waivers have expired.

    Raises:
        ConfigurationError: with file and line; a waiver that is merely incomplete or expired is no error, it waives
            nothing and says why in `Waiver.defects`.
    """
    stream = parse(file.text)
    reader = _Reader(file, LineIndex(file.text), rule_ids, today)
    if stream.problems:
        problem = stream.problems[0]
        raise ConfigurationError(problem.message, path=file.path, line=reader.line_at(problem.start))
    if not stream.documents:
        return Settings(path=file.path)
    return reader.settings(Field(None, "", stream.documents[0].root))


class _Reader:
    def __init__(self, file: SourceFile, lines: LineIndex, rule_ids: Collection[str], today: date) -> None:
        self._file = file
        self._lines = lines
        self._rule_ids = rule_ids
        self._today = today

    def line_at(self, offset: int) -> int:
        return self._lines.position(offset).line

    def settings(self, root: Field) -> Settings:
        self._keys(root, _TOP)
        defaults = Settings()
        version = root["kubernetes_version"]
        return Settings(
            kubernetes_version=self._version(version) if version.exists else defaults.kubernetes_version,
            fail_level=self._level(root["fail_level"]) if root["fail_level"].exists else defaults.fail_level,
            comments_budget=self._count(root["comments_budget"], defaults.comments_budget),
            exclude=self._texts(root["exclude"]),
            rules=tuple(
                (self._rule_id(field, str(field.key)), self._rule(field)) for field in self._map(root["rules"])
            ),
            approved_images=tuple(self._image(item) for item in self._list(root["approved_images"])),
            digests=tuple((str(field.key), self._digest(field)) for field in self._map(root["digests"])),
            build_arguments=tuple((str(field.key), field.text) for field in self._map(root["build_arguments"])),
            waivers=tuple(self._waiver(item) for item in self._list(root["waivers"])),
            path=self._file.path,
        )

    def _fail(self, field: Field, message: str, hint: str | None = None) -> NoReturn:
        line = self.line_at(field.span.start)
        raise ConfigurationError(message, path=self._file.path, line=line, hint=hint)

    def _keys(self, field: Field, known: Collection[str]) -> None:
        if not field.is_mapping:
            self._fail(field, f"expected a mapping with {', '.join(known)}")
        for entry in field.entries():
            if entry.key not in known:
                self._unknown(entry, str(entry.key), known, "key")

    def _unknown(self, field: Field, name: str, known: Collection[str], what: str) -> NoReturn:
        from difflib import get_close_matches  # noqa: PLC0415 - only for an error

        near = get_close_matches(name, list(known), 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(sorted(known))}"
        node = field.key_node
        line = self.line_at(node.start if node is not None and what == "key" else field.span.start)
        raise ConfigurationError(f"unknown {what} {name!r}", path=self._file.path, line=line, hint=hint)

    def _map(self, field: Field) -> list[Field]:
        if field.exists and not field.is_mapping:
            self._fail(field, f"{field.key} must be a mapping")
        return list(field.entries())

    def _list(self, field: Field) -> list[Field]:
        if field.exists and not field.is_sequence:
            self._fail(field, f"{field.key} must be a list")
        return list(field.items())

    def _texts(self, field: Field) -> tuple[str, ...]:
        return tuple(self._text(item, required=True) for item in self._list(field))

    def _text(self, field: Field, *, required: bool = False) -> str:
        if field.is_mapping or field.is_sequence:
            self._fail(field, f"{field.key} must be text")
        if required and not field.text:
            self._fail(field, f"{field.key} is missing" if field.written is None else f"{field.key} must not be empty")
        return field.text

    def _flag(self, field: Field, *, default: bool) -> bool:
        if not field.exists:
            return default
        if field.value is not True and field.value is not False:
            self._fail(field, f"{field.key} must be true or false")
        return field.is_true

    def _count(self, field: Field, default: int) -> int:
        if not field.exists:
            return default
        if field.integer is None or field.integer < 0:
            self._fail(field, f"{field.key} must be a whole number from 0")
        return field.integer

    def _version(self, field: Field) -> str:
        parts = field.text.removeprefix("v").split(".")
        if len(parts) < 2 or parts[0] != "1" or not parts[1].isdigit():  # noqa: PLR2004 - major and minor
            self._fail(field, f"{field.text!r} is not a Kubernetes version", 'write for example "1.36"')
        return f"1.{int(parts[1])}"

    def _level(self, field: Field) -> Severity | None:
        return None if field.text == "none" else self._severity(field)

    def _severity(self, field: Field) -> Severity:
        words = {severity.label: severity for severity in Severity}
        if field.text not in words:
            self._unknown(field, field.text, list(words), "severity")
        return words[field.text]

    def _rule_id(self, field: Field, name: str) -> str:
        if name not in self._rule_ids:
            self._unknown(field, name, self._rule_ids, "rule")
        return name

    def _rule(self, field: Field) -> RuleSetting:
        if field.is_mapping:
            self._keys(field, _RULE)
            severity = field["severity"]
            return RuleSetting(
                self._flag(field["enabled"], default=True), self._severity(severity) if severity.exists else None
            )
        if field.value is True or field.value is False:
            return RuleSetting(enabled=field.is_true)
        return RuleSetting(severity=self._severity(field))

    def _digest(self, field: Field) -> str:
        if not is_digest(field.text):
            self._fail(field, f"{field.text!r} is not a digest", "write sha256: and 64 hexadecimal digits")
        return field.text

    def _date(self, field: Field) -> date | None:
        if not field.exists:
            return None
        try:
            return date.fromisoformat(field.text)
        except ValueError:
            self._fail(field, f"{field.text!r} is not a date", "write for example 2027-01-31")

    def _image(self, field: Field) -> ApprovedImage:
        self._keys(field, _IMAGE)
        return ApprovedImage(
            repository=self._text(field["repository"], required=True),
            tags=self._texts(field["tags"]),
            digest_required=self._flag(field["digest_required"], default=False),
            replacement=self._text(field["replacement"]),
            mirror=self._text(field["mirror"]),
            owner=self._text(field["owner"]),
            reason=self._text(field["reason"]),
            expires=self._date(field["expires"]),
        )

    def _waiver(self, field: Field) -> Waiver:
        self._keys(field, _WAIVER)
        expires, defects = self._lenient(field["expires"], self._date)
        defects += [f"it has no {name}" for name in _REQUIRED_OF_A_WAIVER if not field[name].exists]
        if expires is not None and expires < self._today:
            defects.append(f"it expired on {expires.isoformat()}")
        return Waiver(
            rule=self._rule_id(field["rule"], self._text(field["rule"], required=True)),
            owner=self._text(field["owner"]),
            reason=self._text(field["reason"]),
            ticket=self._text(field["ticket"]),
            expires=expires,
            paths=self._texts(field["paths"]),
            resource=self._text(field["resource"]),
            line=self.line_at(field.first_line.start),
            defects=tuple(defects),
        )

    def _lenient(self, field: Field, convert: Callable[[Field], T]) -> tuple[T | None, list[str]]:
        try:
            return convert(field), []
        except ConfigurationError as error:
            return None, [error.message]


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 digest as registries write it."""
    algorithm, colon, digits = text.partition(":")
    return algorithm == "sha256" and bool(colon) and len(digits) == 64 and set(digits) <= set("0123456789abcdef")  # noqa: PLR2004
