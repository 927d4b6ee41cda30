"""Text measured in the columns of a terminal: wide characters take two, combining ones none."""

from collections.abc import Iterator

from gitops_guard.publishers.escape import printable

_TAB = "    "
_LEAD_SHARE = 3


def cells(text: str) -> int:
    """How many columns a printable text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(char: str) -> int:
    if char.isascii():
        return 1
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - most texts need no table

    return 0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1


def wrap(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most `width` columns, broken at spaces; a longer word is broken anywhere."""
    line, used = "", 0
    for word in text.split(" "):
        size = cells(word)
        if line and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            yield line
        line, used = word, size
        while used > width:
            head = _head(line, width)
            yield head
            line = line[len(head) :]
            used = cells(line)
    if line:
        yield line


def _head(text: str, width: int) -> str:
    used = 0
    for number, char in enumerate(text):
        used += _cells(char)
        if used > width and number > 0:
            return text[:number]
    return text


def fit(text: str, start: int, end: int, width: int) -> tuple[str, int, int]:
    """A line of a file made printable and cut to `width` columns around its mark; gives the mark's columns."""
    if text.isascii() and text.isprintable():
        shown = list(text)
        sizes = [1] * len(shown)
    else:
        shown = [_TAB if char == "\t" else printable(char) for char in text]
        sizes = [cells(piece) for piece in shown]
    total = sum(sizes)
    if total <= width:
        left = sum(sizes[:start])
        return "".join(shown), left, left + sum(sizes[start:end])
    first, skipped = 0, 0
    before = sum(sizes[:start])
    if before + min(sum(sizes[start:end]), width // 2) > width - 1:
        while first < start and before - skipped > width // _LEAD_SHARE:
            skipped += sizes[first]
            first += 1
    out = ["…"] if first else []
    used = len(out)
    marks = [0, 0]
    for number in range(first, len(shown)):
        if number <= start:
            marks[0] = used
        if number < end:
            marks[1] = used + sizes[number]
        if used + sizes[number] > width - 1:
            out.append("…")
            marks[1] = min(marks[1], used + 1)
            break
        out.append(shown[number])
        used += sizes[number]
    return "".join(out), marks[0], max(marks)
