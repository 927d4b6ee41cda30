"""The edits of a patch as SARIF replacements of whole lines."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gitops_guard.finding import PatchedFile
from gitops_guard.publishers.likely_secret import likely_secrets
from gitops_guard.text import LineIndex, Span

Json = dict[str, Any]
_Change = tuple[int, int, int, int]
_COMPARED_LINES = 4000


def artifact_changes(file: PatchedFile, masked: Iterable[Span], shown: str | None) -> list[Json] | None:
    """The replacements that make `before` into `after`.

    Args:
        file: a file of a patch.
        masked: spans of `before` that hold secrets.
        shown: the text as it may be shown; where it differs from `before`, that holds a secret, too.

    Returns:
        None where there is no such list: the file is new, or a replacement would hold secret text.
    """
    if file.before is None:
        return None
    old, new = _lines(file.before), _lines(file.after)
    changes = list(_differences(old, new))
    secrets = {line for secret in _secrets(file.before, masked, shown) for line in secret.split() if line}
    inserted = "".join(part for _, _, j1, j2 in changes for part in new[j1:j2])
    if any(secret in inserted for secret in secrets) or _looks_secret(file.after, changes):
        return None
    lines = LineIndex(file.before)
    return [
        {
            "deletedRegion": _region(lines, _offset(lines, i1, file.before), _offset(lines, i2, file.before)),
            "insertedContent": {"text": "".join(new[j1:j2])},
        }
        for i1, i2, j1, j2 in changes
    ]


def _looks_secret(after: str, changes: Iterable[_Change]) -> bool:
    lines = LineIndex(after)
    for _, _, j1, j2 in changes:
        start, end = lines.line_start(j1 + 1), lines.line_start(j2 + 1)
        found = likely_secrets(after, lines, j1 + 1, j2) if j1 < j2 else ()
        if any(span.start < end and span.end > start for span in found):
            return True
    return False


def _secrets(before: str, masked: Iterable[Span], shown: str | None) -> Iterator[str]:
    for span in masked:
        yield before[span.start : span.end]
    if shown is None or shown == before or len(shown) != len(before):
        return
    start = None
    for offset, (one, other) in enumerate(zip(before, shown, strict=True)):
        if one != other and start is None:
            start = offset
        elif one == other and start is not None:
            yield before[start:offset]
            start = None
    if start is not None:
        yield before[start:]


def _lines(text: str) -> list[str]:
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _offset(lines: LineIndex, line: int, text: str) -> int:
    return lines.line_start(line + 1) if line < len(lines) else len(text)


def _region(lines: LineIndex, start: int, end: int) -> Json:
    first, last = lines.position(start), lines.position(end)
    return {"startLine": first.line, "startColumn": first.column, "endLine": last.line, "endColumn": last.column}


def _differences(old: Sequence[str], new: Sequence[str]) -> Iterator[_Change]:
    """Ranges of lines that differ. What is equal at both ends is set aside first: edits touch few lines."""
    limit = min(len(old), len(new))
    head = 0
    while head < limit and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < limit - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old_end, new_end = len(old) - tail, len(new) - tail
    if max(old_end, new_end) - head > _COMPARED_LINES:
        yield head, old_end, head, new_end
        return
    from difflib import SequenceMatcher  # noqa: PLC0415 - only a report with patches needs it

    matcher = SequenceMatcher(None, old[head:old_end], new[head:new_end], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            yield head + i1, head + i2, head + j1, head + j2
