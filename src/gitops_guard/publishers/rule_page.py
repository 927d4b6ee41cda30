"""The page of a rule as HTML: the little Markdown that pages use (headings, lists, code), everything else escaped."""

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

from gitops_guard.publishers.escape import printable_unicode


def to_html(page: str) -> str:
    """The page as HTML that holds no attribute and no link, whatever the page holds."""
    return "\n".join(_blocks("\n".join(map(printable_unicode, page.split("\n")))))


def _blocks(page: str) -> Iterator[str]:
    for number, part in enumerate(re.split(r"^```.*$", page, flags=re.MULTILINE)):
        if number % 2:
            yield f"<pre>{escape(part.strip(chr(10)))}</pre>"
            continue
        for paragraph in re.split(r"\n\s*\n", part):
            yield from _paragraph(paragraph.strip("\n").split("\n"))


def _paragraph(lines: list[str]) -> Iterator[str]:
    for kind, group in groupby(_joined(lines), key=_kind):
        members = list(group)
        if kind == "h":
            yield from (f"<h4>{inline(line.lstrip('#').strip())}</h4>" for line in members)
        elif kind == "li":
            yield "<ul>" + "".join(f"<li>{inline(line[2:])}</li>" for line in members) + "</ul>"
        else:
            text = " ".join(line.strip() for line in members).strip()
            if text:
                yield f"<p>{inline(text)}</p>"


def _joined(lines: list[str]) -> list[str]:
    """The lines, those that go on a list item joined to it."""
    out: list[str] = []
    for line in lines:
        if out and line.startswith(" ") and _kind(out[-1]) == "li":
            out[-1] += " " + line.strip()
        else:
            out.append(line)
    return out


def _kind(line: str) -> str:
    return "h" if line.startswith("#") else "li" if line.startswith(("- ", "* ")) else "p"


def inline(text: str) -> str:
    """One line as HTML: what stands between two backticks is code, everything else is escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(
        f"<code>{escape(part)}</code>" if number % 2 else _strong(escape(part)) for number, part in enumerate(parts)
    )


def _strong(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
