"""BuildKit's own parser behind one function: bounded before, its errors located and translated after."""

import re
from collections.abc import Sequence

from gitops_guard.syntax.dockerfile_instruction import Command
from gitops_guard.syntax.dockerfile_source import SPACE, DockerfileError, Lines

_TEMPLATE = re.compile(r"\{\{|\{%|<%|%%\w+%%|@[A-Z_]+@")
_HEREDOC = re.compile(r"<<-?[\"']?([^\s<\"']+)")
_UNTERMINATED = "unterminated heredoc"
_ATTEMPTS = 20
_LOCATE_LIMIT = 256 * 1024
_MESSAGES = (
    ("file with no instructions", "no instructions in it"),
    ("can't find =", "NAME=VALUE expected"),
    ("must have two arguments", "a name and a value expected"),
    ("arrays must be comprised of strings only", "an exec form may hold strings only"),
    (_UNTERMINATED, "a here-document without an end"),
    ("invalid escape token", "the escape directive must name \\ or `"),
    ("only one escape", "more than one escape directive"),
)


def commands(text: str) -> Sequence[Command]:
    """The commands of a text that the guard let pass.

    Raises:
        DockerfileError: the text cannot be parsed.
    """
    try:
        return raw_commands(text)
    except ValueError as error:
        raise _translated(text, str(error)) from None


def raw_commands(text: str) -> Sequence[Command]:
    """The commands of a text that the guard let pass.

    Raises:
        ValueError: as the parser words it.
    """
    import dockerfile  # type: ignore[import-not-found]  # noqa: PLC0415 - loads a Go runtime

    parsed: Sequence[Command] = dockerfile.parse_string(text)
    return parsed


def is_template(lines: Lines, line: int | None) -> bool:
    """Whether a line, or the beginning of any line or `FROM`, is written in another tool's template language."""
    if line is not None and _TEMPLATE.search(lines.content(line)):
        return True
    for number in range(1, len(lines) + 1):
        content = lines.content(number).lstrip(SPACE)
        if content.startswith(("{{", "{%", "<%")):
            return True
        if content[:4].upper() == "FROM" and _TEMPLATE.search(content):
            return True
    return False


def as_template(error: DockerfileError, lines: Lines) -> DockerfileError:
    """The error, or what explains it better: that the text is a template."""
    if error.kind == "syntax" and is_template(lines, error.line):
        return DockerfileError("a template of a Dockerfile: what it generates can be checked", error.line, "template")
    return error


def _translated(text: str, message: str) -> DockerfileError:
    lines = Lines(text)
    plain = next((ours for theirs, ours in _MESSAGES if theirs in message), None)
    if plain is None:
        plain = "not a Dockerfile: " + re.sub(r'"[^"]*"', '"..."', message)[:200]
    if "no instructions" in message:
        return DockerfileError(plain)
    line = None
    if len(text) <= _LOCATE_LIMIT:
        line = _open_heredoc(lines) if message == _UNTERMINATED else _failing_line(lines, message)
    return as_template(DockerfileError(plain, line), lines)


def _failing_line(lines: Lines, message: str) -> int | None:
    """The first line whose prefix of the text fails with the same message, by bisection over whole instructions."""
    ends = [number for number in range(1, len(lines) + 1) if not _goes_on(lines, number)]
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high) // 2
        if _message(lines.text[: lines.start(ends[middle] + 1)]) == message:
            high = middle
        else:
            low = middle + 1
    if not ends:
        return None
    first = ends[low - 1] + 1 if low else 1
    while first < ends[low] and (lines.content(first).strip(SPACE) or "#").startswith("#"):
        first += 1
    return first


def _goes_on(lines: Lines, number: int) -> bool:
    content = lines.content(number).strip(SPACE)
    return not content or content.startswith("#") or content.endswith(("\\", "`"))


def _message(text: str) -> str:
    try:
        raw_commands(text)
    except ValueError as error:
        return str(error)
    return ""


def _open_heredoc(lines: Lines) -> int | None:
    """The instruction whose here-document has no end: the one that ends when the missing names are appended."""
    attempts = 0
    for number in range(len(lines), 0, -1):
        names = _HEREDOC.findall(lines.content(number))
        if not names:
            continue
        attempts += 1
        if attempts > _ATTEMPTS:
            return None
        for missing in range(len(names)):
            closed = lines.text.rstrip("\n") + "\n" + "".join(f"{name}\n" for name in names[missing:])
            try:
                found = raw_commands(closed)
            except ValueError:
                continue
            return found[-1].start_line
    return None
