"""The instructions of a Dockerfile, read by BuildKit's parser and located exactly in the text.

BuildKit gives lines and values without columns. Every value is found again in the instruction's own characters; one
that is not written there in one piece has no span, so that no edit can hit the wrong place.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from gitops_guard.syntax.dockerfile_source import BLANK, SPACE, DockerfileError, Joined, Lines, LogicalText, join
from gitops_guard.text import Span

KEYWORDS = frozenset((
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
))  # fmt: skip
_MAY_BE_EMPTY = frozenset(("CMD", "ENTRYPOINT", "FROM"))
_NOT_IN_ONBUILD = frozenset(("FROM", "MAINTAINER", "ONBUILD"))
_PAIRED = frozenset(("ENV", "LABEL"))
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_WORD = re.compile(rf"[^{BLANK}]+")


class Token(NamedTuple):
    """A part of an instruction: its text as BuildKit reads it, and its place, None if it is not written in one piece.

    Quotes of JSON strings belong neither to the text nor to the place; quotes of `ENV` values belong to both.
    """

    text: str
    span: Span | None


class Pair(NamedTuple):
    """A `name=value` of `ENV`, `LABEL` or `ARG`; `value` is None for an `ARG` without a default."""

    name: Token
    value: Token | None


class Heredoc(NamedTuple):
    """A here-document: the span of its body without the line that ends it; `expands` unless its name is quoted."""

    name: str
    content: str
    span: Span
    expands: bool


class Instruction(NamedTuple):
    """One instruction.

    `span` runs from the keyword to the end of the last line, here-documents included, without the final line break.
    `logical` is the instruction with its continuations joined and the comments between them removed; its arguments
    begin at `arguments_at`. `is_json` says that the arguments are in exec form. `trigger` is what an `ONBUILD` holds,
    itself an instruction with `on_build` set.
    """

    keyword: str
    flags: tuple[Token, ...]
    values: tuple[Token, ...]
    span: Span
    first_line: int
    last_line: int
    source: str
    logical: LogicalText
    arguments_at: int
    is_json: bool = False
    heredocs: tuple[Heredoc, ...] = ()
    on_build: bool = False
    trigger: "Instruction | None" = None

    @property
    def token_spans(self) -> tuple[Span | None, ...]:
        """The places of the values."""
        return tuple(token.span for token in self.values)

    @property
    def arguments(self) -> str:
        """Everything after keyword and flags, as one line."""
        return self.logical.text[self.arguments_at :].strip(SPACE)

    def flag(self, name: str) -> Token | None:
        """The value of the last flag `--name=value`; an empty text for `--name` alone, None without the flag."""
        found = None
        for token in self.flags:
            key, equals, value = token.text.partition("=")
            if key == f"--{name}":
                skip = len(key) + len(equals)
                found = Token(value, None if token.span is None else Span(token.span.start + skip, token.span.end))
        return found

    def pairs(self) -> tuple[Pair, ...]:
        """Names and values of `ENV`, `LABEL` and `ARG`; quotes are kept."""
        if self.keyword in _PAIRED:
            return tuple(Pair(name, value) for name, value in zip(self.values[::2], self.values[1::2], strict=False))
        return tuple(_argument(token) for token in self.values) if self.keyword == "ARG" else ()


class Command(Protocol):
    """What is used of a command of the parser."""

    cmd: str | None
    sub_cmd: str | None
    json: bool
    start_line: int
    end_line: int
    flags: tuple[str, ...]
    value: tuple[str, ...]
    heredocs: tuple["Document", ...]


class Document(Protocol):
    """What is used of a here-document of the parser."""

    name: str
    content: str


def instructions(
    lines: Lines, commands: Iterable[Command], escape: str, parse: Callable[[str], Sequence[Command]]
) -> Iterator[Instruction]:
    """Locates the commands of the parser; `parse` is that parser, for what an `ONBUILD` holds.

    Raises:
        DockerfileError: an instruction is unknown, misplaced or lacks its arguments.
    """
    for command in commands:
        joined = join(lines, command.start_line, command.end_line, escape)
        found = _instruction(lines, command, joined, command.cmd or "")
        trigger = _trigger(lines, command, found, escape, parse) if found.keyword == "ONBUILD" else None
        if trigger is not None:
            span = Span(found.span.start, trigger.span.end)
            source = lines.text[span.start : span.end]
            found = found._replace(trigger=trigger, span=span, source=source, last_line=trigger.last_line)
        yield found


def _instruction(lines: Lines, command: Command, joined: Joined, name: str, at: int = 0) -> Instruction:
    keyword = name.upper()
    line = command.start_line
    if keyword not in KEYWORDS:
        shown = f": {name}" if name.isascii() and name.isalpha() and len(name) <= 12 else ""  # noqa: PLR2004 - a word
        raise DockerfileError(f"unknown instruction{shown}", line)
    text = joined.logical
    word = _WORD.search(text.text, at)
    begin, after = word.span() if word else (at, at)
    flags, after = _flags(text, after, command.flags)
    heredocs, last = _heredocs(lines, command.heredocs, joined)
    span = Span(text.source(begin), lines.end(last))
    return Instruction(
        keyword=keyword,
        flags=flags,
        values=tuple(_values(text, after, command, keyword)),
        span=span,
        first_line=line,
        last_line=last,
        source=lines.text[span.start : span.end],
        logical=text,
        arguments_at=after,
        is_json=command.json,
        heredocs=heredocs,
    )


def check(instruction: Instruction) -> None:
    """Refuses what BuildKit's builder refuses after its parser took it.

    Raises:
        DockerfileError: at the instruction.
    """
    inner = instruction.trigger
    if inner is not None and inner.keyword in _NOT_IN_ONBUILD:
        raise DockerfileError(f"{inner.keyword} is not allowed in ONBUILD", instruction.first_line)
    for one in (instruction, inner):
        if one is not None and not (one.values or one.trigger or one.keyword in _MAY_BE_EMPTY):
            raise DockerfileError(f"{one.keyword} without an argument", instruction.first_line)


def _trigger(
    lines: Lines, command: Command, outer: Instruction, escape: str, parse: Callable[[str], Sequence[Command]]
) -> Instruction | None:
    """Reads the inner instruction by itself: the parser drops its flags and here-documents."""
    text = outer.logical.text
    inner = text[outer.arguments_at :].strip(SPACE)
    if not inner:
        return None
    joined = join(lines, command.start_line, command.end_line, escape)
    body = lines.text[lines.start(joined.last_line + 1) : lines.start(command.end_line + 1)]
    directive = f"# escape={escape}\n"
    try:
        (read,) = parse(f"{directive}{inner}\n{body}")
    except ValueError:
        raise DockerfileError("the instruction in ONBUILD cannot be read", command.start_line) from None
    moved = _Moved(read, command.start_line, command.end_line)
    found = _instruction(lines, moved, joined, read.cmd or "", outer.arguments_at)
    return found._replace(on_build=True)


class _Moved:
    """A command of another text, at the lines where it really is."""

    def __init__(self, command: Command, first: int, last: int) -> None:
        self.cmd = command.cmd
        self.sub_cmd = command.sub_cmd
        self.json = command.json
        self.start_line = first
        self.end_line = last
        self.flags = command.flags
        self.value = command.value
        self.heredocs = command.heredocs


def _flags(text: LogicalText, at: int, expected: tuple[str, ...]) -> tuple[tuple[Token, ...], int]:
    """The flags, and where the arguments begin."""
    found: list[Token] = []
    while True:
        start = _skip_blanks(text.text, at)
        if not text.text.startswith("--", start):
            return _agreed(found, expected), start
        end, word = _flag_word(text.text, start)
        if word == "--":
            return _agreed(found, expected), _skip_blanks(text.text, end)
        if len(found) == len(expected):
            return tuple(found), start
        verbatim = end - start == len(word)
        found.append(Token(word, text.exact_span(start, end) if verbatim else None))
        at = end


def _agreed(found: list[Token], expected: tuple[str, ...]) -> tuple[Token, ...]:
    if tuple(token.text for token in found) == expected:
        return tuple(found)
    return tuple(Token(flag, None) for flag in expected)


def _flag_word(text: str, start: int) -> tuple[int, str]:
    """Where a flag ends, and the flag without quotes and escapes."""
    word: list[str] = []
    quote, at = "", start
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            at += 1
            word.append(text[at])
        elif quote:
            if char == quote:
                quote = ""
            else:
                word.append(char)
        elif char in "'\"":
            quote = char
        elif char in BLANK:
            break
        else:
            word.append(char)
        at += 1
    return at, "".join(word)


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in SPACE:
        at += 1
    return at


def _values(text: LogicalText, at: int, command: Command, keyword: str) -> Iterator[Token]:
    values = command.value
    if keyword == "ONBUILD":
        return
    if command.json:
        plain = values[:1] if keyword == "HEALTHCHECK" else ()
        yield from _plain_values(text, at, plain, keyword)
        yield from _json_values(text, at, values[len(plain) :])
    else:
        yield from _plain_values(text, at, values, keyword)


def _plain_values(text: LogicalText, at: int, values: tuple[str, ...], keyword: str) -> Iterator[Token]:
    lost = False
    for number, value in enumerate(values):
        if keyword in _PAIRED and number % 2 and text.text.startswith("=", at):
            at += 1
        start = text.text.find(value, at)
        lost = lost or start < 0 or bool(text.text[at:start].strip(SPACE))
        if not lost:
            at = start + len(value)
        yield Token(value, None if lost else text.exact_span(start, at))


def _json_values(text: LogicalText, at: int, values: tuple[str, ...]) -> Iterator[Token]:
    literals = list(_STRING.finditer(text.text, text.text.find("[", at)))
    for number, value in enumerate(values):
        span = None
        if len(literals) == len(values):
            start, end = literals[number].span()
            if text.text[start + 1 : end - 1] == value == _decoded(text.text[start:end]):
                span = text.exact_span(start + 1, end - 1)
        yield Token(value, span)


def _decoded(literal: str) -> object:
    try:
        return json.loads(literal)
    except ValueError:
        return None


def _heredocs(lines: Lines, documents: tuple[Document, ...], joined: Joined) -> tuple[tuple[Heredoc, ...], int]:
    """The here-documents, and the last line of the instruction."""
    line = joined.last_line
    found: list[Heredoc] = []
    for document in documents:
        end = line + 1 + document.content.count("\n")
        span = Span(lines.start(line + 1), lines.start(end))
        unquoted = f"<<{document.name}", f"<<-{document.name}"
        expands = any(text in joined.logical.text for text in unquoted)
        found.append(Heredoc(document.name, document.content, span, expands))
        line = end
    return tuple(found), line


def _argument(token: Token) -> Pair:
    name, equals, value = token.text.partition("=")
    if token.span is None:
        return Pair(Token(name, None), Token(value, None) if equals else None)
    start, end = token.span
    place = Span(start, start + len(name))
    return Pair(Token(name, place), Token(value, Span(place.end + 1, end)) if equals else None)
