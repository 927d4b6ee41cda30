"""The images of a repository for a terminal: a block for each, new ones first."""

from collections.abc import Iterator, Sequence
from datetime import date

from gitops_guard.model.used_image import UsedImage
from gitops_guard.publishers import image_words as words
from gitops_guard.publishers import wording
from gitops_guard.publishers.cells import wrap
from gitops_guard.publishers.escape import printable_unicode
from gitops_guard.report import ImageRow

_PLACES = 5
_INDENT = "    "


def render(rows: Sequence[ImageRow], today: date, width: int = 80) -> str:
    """The images, and a line that sums them up."""
    lines = [line for row in rows for line in _block(row, today, width)]
    return "\n".join((*lines, _total(rows))) + "\n"


def _block(row: ImageRow, today: date, width: int) -> Iterator[str]:
    yield printable_unicode(row.reference or row.text or "(empty)") + ("  new" if row.new else "")
    for text in (words.verdict(row) or row.why, _known(row, today), words.unknown(row)):
        yield from _indented(text, width)
    if row.suggestion:
        yield from _indented(f"write {row.suggestion}", width)
    if row.built_from:
        yield from _indented(f"built from {row.built_from}", width)
    for one in row.places[:_PLACES]:
        yield from _indented(_place(one), width)
    if len(row.places) > _PLACES:
        yield f"{_INDENT}and {len(row.places) - _PLACES:,} more places"
    if row.runs_in:
        yield from _indented(f"runs in {', '.join(row.runs_in[:_PLACES])}", width)
    yield ""


def _indented(text: str, width: int) -> Iterator[str]:
    if text:
        for line in wrap(printable_unicode(text), width - len(_INDENT)):
            yield _INDENT + line


def _known(row: ImageRow, today: date) -> str:
    """What registries and scanners say, in a line."""
    found = words.as_of(row.facts, today)
    parts = (
        ("digest", words.digest(row)),
        ("age", words.age(row, today)),
        ("scan C/H/M/L (fixable)", words.scan(row, today)),
        ("signature", words.signature(row)),
        ("as of", found),
    )
    return ", ".join(f"{name} {value}" for name, value in parts if value)


def _place(one: UsedImage) -> str:
    where = f"{one.place.where}:{one.place.start.column}" if one.place.start.line else one.place.path
    about = wording.resource(one.resource) or (f"stage {one.stage}" if one.stage else "")
    return f"{where}  {one.role}" + (f" of {about}" if about else "")


def _total(rows: Sequence[ImageRow]) -> str:
    places = sum(len(row.places) for row in rows)
    unresolved = sum(1 for row in rows if not row.reference)
    words_ = [f"{wording.plural(len(rows), 'image')} in {wording.plural(places, 'place')}"]
    if unresolved:
        words_.append(f"{unresolved:,} of them not resolved")
    for verdict in ("refused", "undecided"):
        number = sum(1 for row in rows if row.verdict == verdict and row.reference)
        if number:
            words_.append(f"{number:,} {verdict}")
    return ", ".join(words_)
