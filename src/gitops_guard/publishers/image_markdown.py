"""The table of images in Markdown: for a pull request's summary, and for `gitops-guard images --format markdown`."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from gitops_guard.model.used_image import UsedImage
from gitops_guard.publishers import image_words as words
from gitops_guard.publishers.escape import markdown_code, markdown_text
from gitops_guard.report import ImageRow
from gitops_guard.syntax.image_reference import ImageReference

ROWS = 40
_PLACES = 3
_NAME = 120


class _Column(NamedTuple):
    head: str
    cell: Callable[[ImageRow, date], str]


def table(rows: Sequence[ImageRow], today: date, most: int = ROWS) -> list[str]:
    """The lines of the table, new images first; columns that say nothing of any image are left out.

    Beyond `most` rows a line says how many more there are.
    """
    if not rows:
        return []
    shown = rows[:most]
    columns = [one for number, one in enumerate(_COLUMNS) if number < _ALWAYS or any(one.cell(r, today) for r in shown)]
    lines = [f"| {' | '.join(one.head for one in columns)} |", "|" + "---|" * len(columns)]
    lines += (f"| {' | '.join(one.cell(row, today) for one in columns)} |" for row in shown)
    if len(rows) > most:
        lines += ["", f"and {len(rows) - most:,} more images: the JSON report lists all."]
    return lines


def _image(row: ImageRow, _: date) -> str:
    first = row.places[0].reference
    name = first.familiar if isinstance(first, ImageReference) else row.text
    return markdown_code(_short(name), _NAME) + (" **new**" if row.new else "")


def _short(name: str) -> str:
    """A reference with only the beginning of its digest."""
    head, at, digest = name.partition("@")
    return f"{head}@{digest[:15]}…" if at else head


def _where(row: ImageRow, _: date) -> str:
    places = dict.fromkeys(place(one) for one in row.places)
    shown = "<br>".join(markdown_code(one) for one in list(places)[:_PLACES])
    more = f"<br>and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    runs = f"<br>runs in {', '.join(markdown_text(one) for one in row.runs_in[:_PLACES])}" if row.runs_in else ""
    built = f"<br>built from {markdown_code(row.built_from)}" if row.built_from else ""
    return shown + more + runs + built


def place(one: UsedImage) -> str:
    """The path and the line."""
    return one.place.where


def _scan(row: ImageRow, today: date) -> str:
    return markdown_text(words.scan(row, today) or words.unknown(row))


def _suggestion(row: ImageRow, _: date) -> str:
    return markdown_code(_short(row.suggestion), _NAME) if row.suggestion else ""


def _digest(row: ImageRow, _: date) -> str:
    return markdown_code(words.digest(row)) if words.digest(row) else ""


_ALWAYS = 2
_COLUMNS = (
    _Column("Image", _image),
    _Column("Where", _where),
    _Column("Verdict", lambda row, _: markdown_text(words.verdict(row))),
    _Column("Digest", _digest),
    _Column("Age", words.age),
    _Column("Scan C/H/M/L (fixable)", _scan),
    _Column("Signature", lambda row, _: markdown_text(words.signature(row))),
    _Column("As of", lambda row, today: words.as_of(row.facts, today)),
    _Column("Suggestion", _suggestion),
)
