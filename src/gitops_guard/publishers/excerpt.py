"""The lines of a file around a finding, with secrets masked before anything else looks at them."""

from collections.abc import Iterable
from typing import NamedTuple

from gitops_guard.finding import Finding, Place
from gitops_guard.report import ReadText, Report
from gitops_guard.text import LineIndex, Span

_LONGEST_MASK = 12
_LONGEST_LINE = 400
_LEAD = 120


class Row(NamedTuple):
    """A line of an excerpt: its number, what may be shown of it, and the marked columns (from 0, half-open)."""

    number: int
    text: str
    start: int = 0
    end: int = 0


class Excerpt(NamedTuple):
    """Lines around a place; `more` marked lines are left out at the end."""

    rows: tuple[Row, ...]
    more: int = 0


class Excerpts:
    """Cuts excerpts out of the files of a report; reads and indexes each file once."""

    def __init__(self, report: Report, read_text: ReadText, *, before: int = 2, most: int = 5, after: int = 0) -> None:
        self._read = read_text
        self._before, self._most, self._after = before, most, after
        self._texts: dict[str, tuple[str, LineIndex] | None] = {}
        spans: dict[str, list[Span]] = {}
        for finding in report.findings:
            if finding.masked:
                spans.setdefault(finding.place.path, []).extend(finding.masked)
        self._masked = {path: _merged(found) for path, found in spans.items()}

    def of(self, finding: Finding) -> Excerpt | None:
        """The excerpt of a finding; None where the file is not to be had, or is not the one that was scanned."""
        place = finding.place
        if not place.path or place.start.line < 1:
            return None
        if place.path not in self._texts:
            text = self._read(place.path)
            self._texts[place.path] = None if text is None else (text, LineIndex(text))
        known = self._texts[place.path]
        if known is None:
            return None
        text, lines = known
        if lines.position(min(place.span.start, len(text))) != place.start or place.span.end > len(text):
            return None
        return self._cut(text, lines, place)

    def _cut(self, text: str, lines: LineIndex, place: Place) -> Excerpt:
        from gitops_guard.publishers.likely_secret import likely_secrets  # noqa: PLC0415 - a clean run needs it not

        first, last = max(1, place.start.line - self._before), max(place.start.line, place.end.line)
        shown_last = min(last, place.start.line + self._most - 1)
        after = self._after if shown_last == last else 0
        rows = []
        end_line = min(shown_last + after, len(lines))
        likely = likely_secrets(text, lines, first, end_line, place.span.start)
        masked = _merged((*self._masked.get(place.path, ()), *likely))
        for number in range(first, end_line + 1):
            start, end = lines.line_start(number), lines.line_start(number + 1)
            marked = place.span if place.start.line <= number <= last else Span(start, start)
            rows.append(_row(number, text, _without_line_end(text, start, end), marked, masked))
        while rows and not rows[0].text.strip() and rows[0].number < place.start.line:
            del rows[0]
        while rows and not rows[-1].text.strip() and rows[-1].number > last:
            del rows[-1]
        return Excerpt(tuple(rows), last - shown_last)


def _without_line_end(text: str, start: int, end: int) -> Span:
    while end > start and text[end - 1] in "\r\n":
        end -= 1
    return Span(start, end)


def _row(number: int, text: str, line: Span, marked: Span, masked: tuple[Span, ...]) -> Row:
    """A line with its secrets as asterisks; a long one is cut around its mark."""
    pieces: list[str] = []
    done, length = line.start, 0
    start, end = max(marked.start, line.start), min(marked.end, line.end)
    columns = [start - line.start, end - line.start]
    for secret in masked:
        if secret.end <= line.start or secret.start >= line.end:
            continue
        begin, stop = max(secret.start, line.start), min(secret.end, line.end)
        stars = min(stop - begin, _LONGEST_MASK)
        pieces += (text[done:begin], "*" * stars)
        length += begin - done
        for index, offset in enumerate((start, end)):
            if offset >= stop:
                columns[index] -= stop - begin - stars
            elif offset > begin:
                columns[index] = length if index == 0 else length + stars
        length += stars
        done = stop
    pieces.append(text[done : line.end])
    shown = "".join(pieces)
    if end < start:
        columns = [0, 0]
    elif line.start > marked.start:
        columns[0] = min(len(shown) - len(shown.lstrip()), columns[1])
    return _bounded(Row(number, shown, *columns))


def _bounded(row: Row) -> Row:
    if len(row.text) <= _LONGEST_LINE:
        return row
    left = max(0, min(row.start - _LEAD, len(row.text) - _LONGEST_LINE))
    text = row.text[left : left + _LONGEST_LINE]
    head, tail = "…" if left else "", "…" if left + _LONGEST_LINE < len(row.text) else ""
    shift = len(head) - left
    end = min(row.end + shift, len(head) + len(text))
    return Row(row.number, head + text + tail, row.start + shift, max(end, row.start + shift))


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    out: list[Span] = []
    for span in sorted(spans):
        if out and span.start <= out[-1].end:
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
        elif span.end > span.start:
            out.append(span)
    return tuple(out)
