"""Splits a configuration file into its settings: YAML, JSON, TOML, or lines of `name value` in any of their forms.

The form is chosen by the file's name, and by its first characters where the name says nothing. Comments hold no
settings. A file that cannot be read in its form is read by lines.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse

_SIZE_LIMIT = 2_000_000
_ENTRY_LIMIT = 100_000
_LONGEST_LINE = 8_192
_LONGEST_TOML_LINE = 2_048
"""The reader of TOML takes quadratic time for a key of many parts."""

_MISSES = 200
_PATH_LIMIT = 300
_LINE = re.compile(
    r"\s*+(?:export\s++|set\s++|-\s++)?\"?([A-Za-z_][A-Za-z0-9_.\-\[\]/]*+)\"?(?:\s*+(?:=|:(?!//))\s*+|\s++)(\S.*)",
    re.DOTALL,
)
_SECTION = re.compile(r"\s*+(?:\[[^\]]*+\]\s*\Z|<[^>]*+>\s*\Z|[A-Za-z_][^{]{0,200}\{\s*\Z|\}\s*\Z)")
_COMMENT = ("#", "//", ";", "--", "<!--")
_DECLARED = re.compile(r"\s*+(?:upstream|backend|listen|frontend)\s++([A-Za-z0-9_.\-]++)\s*+\{?\s*\Z")
_SHELL_NAMES = (".sh", ".bash")
_WRAPPING = "\"'` \t,;"


class Entry(NamedTuple):
    """A setting of a file; `line` counts from 0."""

    name: str
    value: str
    line: int


class ConfigFile(NamedTuple):
    """The settings of a file. `declared` are names that the file itself defines (an nginx `upstream`).

    `is_script`: a shell script, whose words are to be read instead. `is_cut`: beyond the limit nothing was read.
    """

    entries: tuple[Entry, ...]
    declared: frozenset[str] = frozenset()
    is_script: bool = False
    is_cut: bool = False


def read_file(name: str, text: str) -> ConfigFile:
    """Reads a file. Never raises for any text."""
    cut = len(text) > _SIZE_LIMIT
    text = text[:_SIZE_LIMIT]
    lowered = name.lower()
    if lowered.endswith(_SHELL_NAMES) or text.startswith("#!"):
        return ConfigFile((), is_script=True, is_cut=cut)
    found = _structured(lowered, text)
    if found is None:
        found, declared = _lines(text)
    else:
        declared = frozenset()
    return ConfigFile(tuple(found[:_ENTRY_LIMIT]), declared, is_cut=cut or len(found) > _ENTRY_LIMIT)


def _structured(name: str, text: str) -> list[Entry] | None:
    start = text.lstrip()[:1]
    if name.endswith(".toml"):
        return _toml(text)
    if name.endswith((".yaml", ".yml", ".json")) or ("." not in name and start == "{"):
        return _yaml(text)
    if "." not in name and re.search(r"(?m)^[A-Za-z_][\w.\-]{0,100}:(?: |$)", text[:4096]) and "{{" not in text:
        return _yaml(text)
    return None


def _yaml(text: str) -> list[Entry] | None:
    """The scalars of YAML, which JSON is too; None where it cannot be read."""
    stream = parse(text)
    if not stream.documents:
        return None
    starts = _line_starts(text)
    found: list[Entry] = []
    for document in stream.documents:
        _walk(Field(None, "", document.root), starts, found)
        if not _is_structure(document.root):
            return None
    return found


def _is_structure(node: object) -> bool:
    return hasattr(node, "entries") or hasattr(node, "items")


def _walk(field: Field, starts: "list[int]", found: list[Entry]) -> None:
    stack = [(field, "")]
    while stack and len(found) <= _ENTRY_LIMIT:
        one, path = stack.pop()
        node = one.node
        children = [*one.items(), *one.entries()]
        stack += [(child, _below(path, child.key)) for child in reversed(children)]
        if not children and node is not None and one.text:
            found += _scalar(path, one, starts)


def _below(path: str, key: str | int) -> str:
    return f"{path}[{key}]" if isinstance(key, int) else _joined(path, key)


def _joined(path: str, key: str) -> str:
    """The path of a key; only its end is kept, since a hostile file may nest long keys."""
    return f"{path[-_PATH_LIMIT:]}.{key[-_PATH_LIMIT:]}" if path else key[-_PATH_LIMIT:]


def _scalar(path: str, field: Field, starts: "list[int]") -> Iterator[Entry]:
    line = _line(starts, field.span.start)
    text = field.text
    if "\n" in text and getattr(field.node, "style", "") == "|":
        inner, _ = _lines(text)
        yield from (entry._replace(name=f"{path}/{entry.name}", line=entry.line + line + 1) for entry in inner)
        return
    yield Entry(path, text, line)


def _line_starts(text: str) -> list[int]:
    return [match.end() for match in re.finditer(r"\n", text)]


def _line(starts: "list[int]", offset: int) -> int:
    return bisect_right(starts, offset)


def _toml(text: str) -> list[Entry] | None:
    if any(len(line) > _LONGEST_TOML_LINE for line in text.split("\n")):
        return None
    import tomllib  # noqa: PLC0415 - few repositories mount TOML

    try:
        root = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return None
    found: list[Entry] = []
    lines = _TomlLines(text)
    stack: list[tuple[str, object]] = [("", root)]
    while stack and len(found) <= _ENTRY_LIMIT:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack += [(_joined(path, str(key)), item) for key, item in reversed(value.items())]
        elif isinstance(value, list):
            stack += [(f"{path}[{index}]", item) for index, item in reversed(tuple(enumerate(value)))]
        else:
            found.append(Entry(path, str(value), lines.of(str(value))))
    return found


class _TomlLines:
    """Finds the lines of values in the order in which they are read: TOML's reader keeps no places."""

    __slots__ = ("_at", "_misses", "_starts", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = _line_starts(text)
        self._at = 0
        self._misses = 0

    def of(self, value: str) -> int:
        """The line of the next place of a value; -1 where it is written in another way, or out of order."""
        if not value or self._misses > _MISSES:
            return -1
        place = self._text.find(value, self._at)
        if place < 0:
            self._misses += 1
            return -1
        self._at = place + len(value)
        return _line(self._starts, place)


def _lines(text: str) -> tuple[list[Entry], frozenset[str]]:
    found: list[Entry] = []
    declared: set[str] = set()
    section = 0
    for number, line in enumerate(text.split("\n")):
        stripped = line.strip()
        if not stripped or stripped.startswith(_COMMENT):
            continue
        if len(line) > _LONGEST_LINE:
            found.append(Entry("", line, number))
            continue
        named = _DECLARED.match(line)
        if named is not None:
            declared.add(named[1].lower())
        if _SECTION.match(line):
            section += 1
        found.append(_of_line(line, section, number))
        if len(found) > _ENTRY_LIMIT:
            break
    return found, frozenset(declared)


def _of_line(line: str, section: int, number: int) -> Entry:
    match = _LINE.match(line)
    if match is None:
        return Entry("", line.strip(), number)
    return Entry(f"{section}.{match[1]}", match[2].strip().strip(_WRAPPING), number)
