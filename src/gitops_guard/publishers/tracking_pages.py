"""Tables in pages that GitHub takes: whole rows only."""

from collections.abc import Iterable, Iterator

SIZE = 60_000
"""Characters of a part; GitHub takes 65,536."""

MOST_PARTS = 20


def pages_of(sections: Iterable[tuple[str, list[str]]], head: str, first: int) -> Iterator[tuple[str, int]]:
    """Packs tables into pages, whole rows only; gives each with the number of its rows. `first` is the first's size."""
    lines: list[str] = []
    used = rows = 0
    limit = first
    for heading, table in sections:
        start = f"\n{heading}\n\n{head}"
        for at, row in enumerate(table):
            # A heading is never left alone at the end of a page.
            needed = len(row) + 1 + (len(start) + 1 if at == 0 else 0)
            if used + needed > limit:
                yield "\n".join([*lines, ""]), rows
                lines, used, rows, limit = [], 0, 0, SIZE
                again = start if at == 0 else f"\n{heading}, continued\n\n{head}"
                lines.append(again)
                used += len(again) + 1
            elif at == 0:
                lines.append(start)
                used += len(start) + 1
            lines.append(row)
            used += len(row) + 1
            rows += 1
    if lines:
        yield "\n".join([*lines, ""]), rows
