"""Variables of a Dockerfile: `ARG`, `ENV`, and the expansion of `$NAME` and `${NAME:-default}`.

Values are known, or None where only the build knows them. Growth is bounded: variables that double each other stop
being known long before they hurt.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gitops_guard.syntax.dockerfile_instruction import Instruction, Token

VALUE_LIMIT = 8192
_NESTING_LIMIT = 8
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_SPECIAL = re.compile(r"[$'\"\\`]")

Variables = Mapping[str, str | None]


class Expansion(NamedTuple):
    """A text after expansion.

    `unresolved` names the variables that have no known value; they stay in `text` as they were written. `used` names
    all that were looked up.
    """

    text: str
    unresolved: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


class GlobalArgument(NamedTuple):
    """An `ARG` before the first `FROM`; `default` is where its default is written, `value` what the build will use."""

    name: str
    value: str | None
    default: Token | None
    overridden: bool
    instruction: Instruction


def expand(text: str, variables: Variables, escape: str = "\\") -> Expansion:
    """Expands variables, and removes quotes and escapes, as BuildKit does for all instructions but `RUN` and `CMD`.

    A name that is absent from `variables`, or None there, is unresolved unless its expansion names a default.
    """
    if not _SPECIAL.search(text):
        return Expansion(text)
    run = _Expander(variables, escape)
    result = run.text(text, 0)
    return Expansion(result, tuple(run.unresolved), tuple(run.used))


class _Expander:
    def __init__(self, variables: Variables, escape: str) -> None:
        self._variables = variables
        self._escape = escape
        self._size = 0
        self.unresolved: list[str] = []
        self.used: list[str] = []

    def text(self, text: str, depth: int) -> str:
        pieces: list[str] = []
        quote, at = "", 0
        while at < len(text):
            char = text[at]
            if quote == "'":
                quote = "" if char == "'" else quote
                pieces.append("" if char == "'" else char)
            elif char == self._escape:
                at += 1
                kept = self._escape if quote and text[at : at + 1] not in ('"', "$", self._escape) else ""
                pieces.append(kept + text[at : at + 1])
            elif char == quote or (char in "'\"" and not quote):
                quote = "" if quote else char
            elif char == "$":
                value, at = self._variable(text, at, depth)
                pieces.append(value)
                continue
            else:
                pieces.append(char)
            at += 1
        return "".join(pieces)

    def _variable(self, text: str, at: int, depth: int) -> tuple[str, int]:
        """The value of the variable that begins at a dollar sign, and where it ends."""
        braced = text.startswith("{", at + 1)
        name = _NAME.match(text, at + 1 + braced)
        if name is None:
            if braced:
                self.unresolved.append("${")
                return text[at:], len(text)
            return "$", at + 1
        end = _closing_brace(text, name.end()) if braced else name.end()
        if end < 0 or depth > _NESTING_LIMIT:
            self.unresolved.append(name[0])
            return text[at:], len(text)
        self.used.append(name[0])
        modifier = text[name.end() : end] if braced else ""
        value = self._value(name[0], modifier, depth)
        end += braced
        if value is not None and self._size + len(value) <= VALUE_LIMIT:
            self._size += len(value)
            return value, end
        self.unresolved.append(name[0])
        return text[at:end], end

    def _value(self, name: str, modifier: str, depth: int) -> str | None:
        value = self._variables.get(name)
        if not modifier:
            return value
        colon = modifier.startswith(":")
        operator, word = modifier[colon : colon + 1], modifier[colon + 1 :]
        known = value is not None and not (colon and not value)
        if operator == "-":
            return value if known else self.text(word, depth + 1)
        if operator == "+":
            return self.text(word, depth + 1) if known else ""
        if operator == "?":
            return value if known else None
        return None


def _closing_brace(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
        elif text[at] == "}":
            if not depth:
                return at
            depth -= 1
        at += 1
    return -1


def global_arguments(
    instructions: Iterable[Instruction], overrides: Mapping[str, str], escape: str
) -> dict[str, GlobalArgument]:
    """The `ARG`s before the first `FROM`, each default expanded with those above it."""
    found: dict[str, GlobalArgument] = {}
    values: dict[str, str | None] = {}
    for instruction in instructions:
        for name, default in instruction.pairs():
            value = overrides.get(name.text)
            if value is None and default is not None:
                value = _known(expand(default.text, values, escape))
            values[name.text] = value
            found[name.text] = GlobalArgument(name.text, value, default, name.text in overrides, instruction)
    return found


class Scope:
    """The variables of a build stage while its instructions are read in order."""

    def __init__(self, arguments: Mapping[str, GlobalArgument], overrides: Mapping[str, str], escape: str) -> None:
        self._arguments = arguments
        self._overrides = overrides
        self._escape = escape
        self._environment: set[str] = set()
        self.values: dict[str, str | None] = {}

    def expand(self, text: str) -> Expansion:
        """Expands a text of the next instruction."""
        return expand(text, self.values, self._escape)

    def read(self, instruction: Instruction) -> None:
        """Takes in an instruction: the pairs of one `ENV` see the values before it; `ENV` wins over `ARG`."""
        if instruction.keyword == "ENV":
            new = [(name.text, _known(self.expand(value.text))) for name, value in instruction.pairs() if value]
            self.values.update(new)
            self._environment.update(name for name, _ in new)
        elif instruction.keyword == "ARG":
            for name, default in instruction.pairs():
                if name.text not in self._environment:
                    self.values[name.text] = self._argument(name.text, default)

    def _argument(self, name: str, default: Token | None) -> str | None:
        if name in self._overrides:
            return self._overrides[name]
        if default is not None:
            return _known(self.expand(default.text))
        declared = self._arguments.get(name)
        return declared.value if declared else None


def _known(expansion: Expansion) -> str | None:
    return None if expansion.unresolved else expansion.text
