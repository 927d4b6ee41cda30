"""Adding a command to the end of a `RUN` that is a plain chain."""

import re

from gitops_guard.syntax.dockerfile import Dockerfile, ShellText
from gitops_guard.text import Edit

_OTHER = re.compile(
    r"[;#\n`]|\|\||(?<![&<>])&(?!&)|<<|(?<!\S)(?:if|case|while|until|for|function|exec|exit|sudo|su|gosu)(?!\S)"
)
_CONTINUED = re.compile(r"(?m)^([ \t]*)&&")


def appended(dockerfile: Dockerfile, shell: ShellText, command: str) -> Edit | None:
    """The edit that adds `&& command`, in the style of the lines before; None where it could mean something else.

    A chain is plain if nothing but `&&` and pipes joins its commands: no conditions, scripts, comments or quotes that
    hold such marks.
    """
    instruction = shell.instruction
    if instruction.is_json or instruction.heredocs or instruction.on_build or _OTHER.search(shell.text):
        return None
    length = len(shell.text.rstrip())
    if not length or shell.text[length - 1] in "\\&|":
        return None
    at = shell.span(length - 1, length).end
    indents = _CONTINUED.findall(dockerfile.text, instruction.span.start, at)
    before = f" {dockerfile.escape}{dockerfile.newline}{indents[-1]}" if indents else " "
    return Edit(at, at, f"{before}&& {command}")
