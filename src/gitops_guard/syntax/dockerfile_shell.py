"""What the `RUN` instructions of a stage make a shell do."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.syntax.dockerfile_instruction import Heredoc, Instruction
from gitops_guard.syntax.dockerfile_source import SPACE, LogicalText, logical
from gitops_guard.text import Span

SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"))
_REDIRECTED = re.compile(r"(?<!\S)\d*<<-?\S+")


class ShellText(NamedTuple):
    """The shell text of one `RUN`: continuations joined, comment lines removed, bodies of scripts included.

    A program in exec form is given as its words joined by spaces, or as the script behind `sh -c`.
    """

    logical: LogicalText
    instruction: Instruction
    located: bool

    @property
    def text(self) -> str:
        """The text itself."""
        return self.logical.text

    def span(self, start: int, end: int) -> Span:
        """The place in the file of a range of `text`, such as that of a match; the instruction if it is not known."""
        return self.logical.covering_span(start, end) if self.located else self.instruction.span


def shell_texts(instructions: Iterable[Instruction], source: str) -> Iterator[ShellText]:
    """The shell texts of instructions of a Dockerfile whose text is `source`; `ONBUILD RUN` is not among them."""
    for instruction in instructions:
        if instruction.keyword == "RUN":
            pieces = _exec_pieces(instruction) if instruction.is_json else _shell_pieces(instruction, source)
            located = not instruction.is_json or None not in instruction.token_spans
            yield ShellText(logical(pieces or [("", instruction.span.start)]), instruction, located)


def is_shell_heredoc(instruction: Instruction, heredoc: Heredoc) -> bool:
    """Whether a here-document of a `RUN` is a script for a shell, rather than the input of another program."""
    if instruction.keyword != "RUN" or instruction.is_json:
        return False
    command = _REDIRECTED.sub("", instruction.arguments).split()
    if command:
        return len(instruction.heredocs) == 1 and _program(command[0]) in SHELLS
    first = heredoc.content.partition("\n")[0]
    if not first.startswith("#!"):
        return True
    words = first[2:].split()
    interpreter = words[1] if len(words) > 1 and _program(words[0]) == "env" else (words or [""])[0]
    return _program(interpreter) in SHELLS


def _program(word: str) -> str:
    return word.rpartition("/")[2]


def _exec_pieces(instruction: Instruction) -> list[tuple[str, int]]:
    words = list(instruction.values)
    script = len(words) > 2 and _program(words[0].text) in SHELLS and words[1].text.endswith("c")  # noqa: PLR2004 - sh -c X
    pieces: list[tuple[str, int]] = []
    for token in words[2:3] if script else words:
        start = instruction.span.start if token.span is None else token.span.start
        pieces += [(" ", max(start - 1, 0))] * bool(pieces)
        if token.text:
            pieces.append((token.text, start))
    return pieces


def _shell_pieces(instruction: Instruction, source: str) -> list[tuple[str, int]]:
    whole = instruction.logical
    starts = [*whole.starts, len(whole.text)]
    pieces: list[tuple[str, int]] = []
    for start, end, at in zip(starts, starts[1:], whole.sources, strict=False):
        if end > instruction.arguments_at:
            begin = max(start, instruction.arguments_at)
            pieces.append((whole.text[begin:end], at + begin - start))
    for heredoc in instruction.heredocs:
        if is_shell_heredoc(instruction, heredoc):
            pieces.append(("\n", max(heredoc.span.start - 1, 0)))
            pieces += _script_pieces(heredoc, source)
    return pieces


def _script_pieces(heredoc: Heredoc, source: str) -> Iterator[tuple[str, int]]:
    at = heredoc.span.start
    for line in _lines(source[at : heredoc.span.end]):
        if not line.lstrip(SPACE).startswith("#"):
            yield line, at
        at += len(line)


def _lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.split("\n")[:-1]]
