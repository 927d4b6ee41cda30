"""The commands of a shell text, located: enough of the shell's grammar to tell words, pipes and separators apart."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_BLANK = " \t\r"
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_WRAPPERS = frozenset(("sudo", "env", "exec", "command", "time", "nice", "if", "then", "else", "do", "while", "!", "{"))


class Word(NamedTuple):
    """A word without its quotes, and its range in the shell text, quotes included."""

    text: str
    start: int
    end: int


class Command(NamedTuple):
    """A simple command. `piped`: it reads the output of the command before it."""

    words: tuple[Word, ...]
    piped: bool

    @property
    def assignments(self) -> tuple[Word, ...]:
        """The `NAME=value` before the program."""
        return self.words[: self._program_at]

    @property
    def program(self) -> str:
        """The program's name without its folder; empty if there is none."""
        at = self._program_at
        return self.words[at].text.rpartition("/")[2] if at < len(self.words) else ""

    @property
    def arguments(self) -> tuple[Word, ...]:
        """The words after the program."""
        return self.words[self._program_at + 1 :]

    @property
    def _program_at(self) -> int:
        """Where the program stands: behind assignments and wrappers such as sudo with their options."""
        at, wrapped = 0, False
        while at < len(self.words):
            text = self.words[at].text
            if text in _WRAPPERS:
                wrapped = True
            elif not _ASSIGNMENT.match(text) and not (wrapped and text.startswith("-")):
                break
            at += 1
        return at


def commands(text: str) -> Iterator[Command]:
    """Splits a shell text at separators outside quotes; what stands in `$(...)` stays part of its word."""
    words: list[Word] = []
    piped = False
    at = 0
    while at < len(text):
        char = text[at]
        if char in _BLANK or (char == "\n" and not words):
            at += 1
        elif char in ";&|\n()":
            if words:
                yield Command(tuple(words), piped)
                words = []
            double = char in "&|" and text.startswith(char, at + 1)
            piped = char == "|" and not double
            at += 2 if double else 1
        elif char == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            word = _word(text, at)
            words.append(word)
            at = word.end
    if words:
        yield Command(tuple(words), piped)


def _word(text: str, start: int) -> Word:
    pieces: list[str] = []
    quote, depth, at = "", 0, start
    while at < len(text):
        char = text[at]
        if quote == "'":
            quote = "" if char == "'" else quote
            pieces.append("" if char == "'" else char)
        elif char == "\\" and at + 1 < len(text):
            at += 1
            pieces.append(text[at])
        elif depth:
            depth += (char == "(") - (char == ")")
            pieces.append(char)
        elif text.startswith(("$(", "<("), at) and (char == "$" or not quote):
            depth = 1
            pieces.append(text[at : at + 2])
            at += 1
        elif char == quote or (char in "'\"" and not quote):
            quote = "" if quote else char
        elif not quote and (char in _BLANK or char in ";&|\n()"):
            if char == "&" and pieces and pieces[-1] in {">", "<"}:
                pieces.append(char)
            else:
                break
        else:
            pieces.append(char)
        at += 1
    return Word("".join(pieces), start, at)
