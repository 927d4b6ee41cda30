"""What was read from scanners' reports, for a terminal and as JSON."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from gitops_guard.facts.scan import Scan
from gitops_guard.publishers.cells import cells, wrap
from gitops_guard.publishers.escape import printable_unicode, valid_json

_STATE, _DATE = 12, 10
_HEAD = ("C", "H", "M", "L", "?", "fix")


class ScanRow(NamedTuple):
    """A scan, and the file and format that it was read from; `format` is empty where it was not recognised."""

    path: str
    format: str
    scan: Scan


def render_json(rows: Sequence[ScanRow]) -> str:
    """The scans as a JSON list; `scanned_at` is RFC 3339 in UTC, or null."""
    found = [_value(row) for row in rows]
    return valid_json(json.dumps(found, ensure_ascii=False, indent=2)) + "\n"


def _value(row: ScanRow) -> dict[str, object]:
    scan = row.scan
    return {
        "path": row.path,
        "format": row.format,
        "subject": scan.subject,
        "digest": scan.digest,
        "platform": scan.platform,
        "scanner": scan.scanner,
        "scanned_at": None if scan.scanned_at is None else scan.scanned_at.isoformat().replace("+00:00", "Z"),
        "state": scan.state,
        "counts": scan.counts._asdict(),
        "fixable": scan.fixable,
        "reason": scan.reason,
    }


def render_console(rows: Sequence[ScanRow], width: int = 80) -> str:
    """The scans as text: under each file an aligned row for each scan, and the reasons below it.

    Args:
        rows: the scans, those of one file beside each other.
        width: of the terminal, in columns; only names of files may be longer.
    """
    numbers = [_numbers(row.scan) for row in rows]
    size = max((len(number) for line in (_HEAD, *numbers) for number in line), default=0)
    lines = [_line(("state", "scanned", "image"), _HEAD, size, width)] if rows else []
    for path, group in groupby(rows, key=lambda row: row.path):
        found = list(group)
        lines.append(f"{printable_unicode(path)}  {found[0].format or 'not recognised'}")
        for row in found:
            lines += _described(row.scan, size, width)
    return "".join(f"{line}\n" for line in lines)


def _numbers(scan: Scan) -> tuple[str, ...]:
    return tuple(str(number) for number in (*scan.counts, scan.fixable))


def _described(scan: Scan, size: int, width: int) -> Iterator[str]:
    when = "no date" if scan.scanned_at is None else str(scan.scanned_at.date())
    words = (scan.state, when, printable_unicode(scan.subject or scan.digest))
    yield _line(words, _numbers(scan), size, width)
    if scan.reason:
        yield from (f"    {line}" for line in wrap(printable_unicode(scan.reason), width - 4))


def _line(words: tuple[str, str, str], numbers: Sequence[str], size: int, width: int) -> str:
    state, when, image = words
    counts = " ".join(f"{number:>{size}}" for number in numbers)
    start = f"  {state:<{_STATE}} {counts}  {when:<{_DATE}}  "
    return (start + _end(image, max(1, width - cells(start)))).rstrip()


def _end(text: str, width: int) -> str:
    """The text, or as much of its end as fits: tags of images stand there."""
    if cells(text) <= width:
        return text
    while text and cells(text) > width - 1:
        text = text[1:]
    return f"…{text}"
