"""The table of images in the HTML report, as cells of plain text: the template escapes them."""

from datetime import date
from typing import NamedTuple

from gitops_guard.publishers import image_words as words
from gitops_guard.publishers.escape import printable_unicode
from gitops_guard.report import ImageRow

_PLACES = 5
_DIGEST = 19


class ImageView(NamedTuple):
    """A row: `places` are paths with lines, `more` how many further ones there are."""

    image: str
    new: bool
    verdict: str
    state: str
    digest: str
    age: str
    scan: str
    signature: str
    suggestion: str
    places: list[str]
    more: int


def image_views(rows: tuple[ImageRow, ...], today: date) -> list[ImageView]:
    """The rows, new images first; none where nothing was decided and nobody was asked."""
    if not any(row.verdict or row.facts for row in rows):
        return []
    return [_view(row, today) for row in rows]


def _view(row: ImageRow, today: date) -> ImageView:
    places = list(dict.fromkeys(one.place.where for one in row.places))
    said = words.scan(row, today) or words.unknown(row)
    texts = (row.reference or row.text, words.verdict(row) or row.why, said, words.signature(row), row.suggestion)
    image, verdict, scan, signature, suggestion = map(printable_unicode, texts)
    for word in ("refused: ", "not decided: "):  # the state stands beside it
        verdict = verdict.removeprefix(word)
    return ImageView(
        _short(image),
        row.new,
        verdict,
        row.verdict,
        words.digest(row),
        words.age(row, today),
        scan,
        signature,
        _short(suggestion),
        [printable_unicode(one) for one in places[:_PLACES]],
        max(0, len(places) - _PLACES),
    )


def _short(reference: str) -> str:
    """A reference with only the beginning of its digest."""
    head, at, digest = reference.partition("@")
    return f"{head}@{digest[:_DIGEST]}…" if at else head
