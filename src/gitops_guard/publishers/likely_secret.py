"""Secrets in the lines of an excerpt that no finding of the report speaks of.

A comparison reports only what is new, and a run of one rule only what that rule finds: a secret on the next line is
masked nevertheless. Judged line by line, by name and form, for any kind of file; a mask too many does no harm.
"""

import re
from collections.abc import Iterator
from functools import cache

from gitops_guard.model.secret_values import credentials, secret_kind, url_password
from gitops_guard.text import LineIndex, Span

_LONGEST = 4000
_NEAR = 2
_AT_ONCE = 64_000


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], ...], re.Pattern[str]]:
    """How a name and its value stand on a line (YAML, JSON, an assignment, an old ENV), and what names a variable."""
    name = r"""["']?(?P<name>[\w.-]{1,120})["']?"""
    quoted = r"""(?P<value>"[^"]*"|'[^']*'|"""
    pairs = (
        rf"""{name}\s*:(?:\s+|(?=["'])){quoted}[^\s,}}\]"'][^,}}\]]*)""",
        rf"""{name}={quoted}[^\s,"']+)""",
        rf"""(?i)^\s*(?:ENV|ARG|LABEL)\s+{name}\s+(?P<value>\S.*)""",
    )
    return tuple(map(re.compile, pairs)), re.compile(r"""(?i)\bname["']?\s*[:=]\s*["']?(?P<name>[\w.-]+)""")


def likely_secrets(text: str, lines: LineIndex, first: int, last: int, around: int = 0) -> Iterator[Span]:
    """The spans near some lines that hold what looks like a secret; of a long line, those near the offset `around`."""
    near = range(max(1, first - _NEAR), min(len(lines), last + _NEAR) + 1)
    windows = {number: _window(lines, number, around) for number in near}
    names = {number: _names(text[slice(*window)]) for number, window in windows.items()}
    for part in _parts([windows[number] for number in range(first, last + 1)]):
        for found in credentials(text[slice(*part)]):
            yield Span(found.span.start + part.start, found.span.end + part.start)
    for number in range(first, last + 1):
        begin = windows[number].start
        nearby = [name for other in range(number - _NEAR, number + _NEAR + 1) for name in names.get(other, ())]
        for span in _of_line(text[slice(*windows[number])].rstrip("\r\n"), nearby):
            yield Span(span.start + begin, span.end + begin)


def _window(lines: LineIndex, number: int, around: int) -> Span:
    """A line, or what of a long one an excerpt may show."""
    start, end = lines.line_start(number), lines.line_start(number + 1)
    if end - start > _LONGEST and start <= around < end:
        start = max(start, around - _LONGEST // 2)
    return Span(start, min(end, start + _LONGEST))


def _parts(windows: list[Span]) -> list[Span]:
    """What to search at once for credentials, which may begin lines before: all, or where lines are long each alone."""
    whole = Span(max(0, windows[0].start - _LONGEST), windows[-1].end + _LONGEST)
    if whole.end - whole.start <= _AT_ONCE:
        return [whole]
    return [Span(max(0, window.start - _LONGEST), window.end + _LONGEST) for window in windows]


def _names(line: str) -> list[str]:
    """What a `value:` on a line or next to it may be the value of."""
    return [found["name"] for found in _patterns()[1].finditer(line)]


def _of_line(line: str, names: list[str]) -> Iterator[Span]:
    for found in (found for pattern in _patterns()[0] for found in pattern.finditer(line)):
        start, end = found.span("value")
        if line[start] in "\"'":
            start, end = start + 1, end - 1
        value = line[start:end].strip()
        wanted = names if found["name"].lower() == "value" else [found["name"]]
        if any(secret_kind(name, value) for name in wanted):
            yield Span(start, end)
    at = url_password(line)
    if at is not None:
        yield at
