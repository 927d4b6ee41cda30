"""What a change does to connections, in Markdown for a pull request and as a table for a terminal."""

from collections.abc import Iterator

from gitops_guard.finding import Patch
from gitops_guard.network.change import NetworkChange, names_in
from gitops_guard.publishers.cells import wrap
from gitops_guard.publishers.escape import fenced, markdown_code, markdown_text, printable_unicode
from gitops_guard.publishers.network_mermaid import graph
from gitops_guard.publishers.network_words import Line, arrivals, first, headline, namer, rest

LIMIT = 30_000
"""Characters of a section; a comment on GitHub holds twice as many."""

_ROWS = ((25, 40), (10, 10), (3, 1))
_PICTURE = 12_000
_REST = 40
_SENTENCES = 10
_LONGEST = 400
_INDENT = 4
_NARROW = 40


def section(change: NetworkChange) -> list[str]:
    """The lines of the section Network of a summary: of bounded length, whatever the repository holds."""
    for most in _ROWS:
        lines = _section(change, most)
        if sum(len(line) + 1 for line in lines) <= LIMIT:
            break
    return lines


def _section(change: NetworkChange, most: tuple[int, int]) -> list[str]:
    short = namer(names_in(change))
    others = rest(change, short)
    said = [*_sentences(list(arrivals(change, short))), *_remarks(change)]
    blocks = [
        [f"{_capital(headline(change))}."],
        _picture(change),
        _table(first(change, short), most[0]),
        _folded(others, most[1]),
        [f"- {sentence}" for sentence in said],
    ]
    lines: list[str] = []
    for block in filter(None, blocks):
        lines += ["", *block] if lines else block
    return lines


def _folded(others: list[Line], most: int) -> list[str]:
    if not others:
        return []
    noun = "one more change" if len(others) == 1 else f"{len(others):,} more changes"
    summary = f"<details><summary>{_capital(noun)} of connections</summary>"
    return [summary, "", *_table(others, most), "", "</details>"]


def as_markdown(change: NetworkChange) -> str:
    """A document of its own."""
    return "\n".join(("## Network", "", *section(change))) + "\n"


def _picture(change: NetworkChange) -> list[str]:
    drawn = graph(change)
    if not drawn.lines or sum(map(len, drawn.lines)) > _PICTURE:
        return []
    lines = ["```mermaid", *drawn.lines, "```"]
    if drawn.left_out:
        lines += ["", f"Not drawn: {drawn.left_out:,} more {'change' if drawn.left_out == 1 else 'changes'}."]
    return lines


def _table(lines: list[Line], most: int) -> list[str]:
    if not lines:
        return []
    rows = ["| | From | To | Port | Why |", "|---|---|---|---|---|"]
    for line in lines[:most]:
        what = f"**{line.what}**" if line.is_grave else line.what
        ends = f"{_name(line.source)} | {_name(line.target)}"
        rows.append(f"| {what} | {ends} | {markdown_text(line.ports)} | {markdown_text(line.why, _LONGEST)} |")
    if len(lines) > most:
        rows += ["", f"and {len(lines) - most:,} more: `gitops-guard network diff --format json` lists all."]
    return rows


def _name(text: str) -> str:
    return markdown_code(text) if "/" in text and " " not in text else markdown_text(text)


def _sentences(found: list[str]) -> Iterator[str]:
    for sentence in found[:_SENTENCES]:
        yield markdown_text(sentence, _LONGEST) + "."
    if len(found) > _SENTENCES:
        yield f"and {len(found) - _SENTENCES:,} more workloads come or go."


def _remarks(change: NetworkChange) -> Iterator[str]:
    for doubt in change.doubts[:_SENTENCES]:
        yield f"**unknown:** {markdown_text(doubt, _LONGEST)}."
    for problem in change.problems[:_SENTENCES]:
        place = problem.place.where
        yield f"{markdown_code(place)}: {markdown_text(problem.message, _LONGEST)}."
    if change.skipped:
        one = change.skipped[0]
        more = f" and {len(change.skipped) - 1:,} more files" if len(change.skipped) > 1 else ""
        was = "were" if len(change.skipped) > 1 else "was"
        yield f"{markdown_code(one.path)}{more} {was} not read: {markdown_text(one.reason, _LONGEST)}."
    for note in change.notes:
        yield markdown_text(note, _LONGEST)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def as_console(change: NetworkChange, width: int = 80) -> str:
    """The same for a terminal, in lines of at most `width` columns."""
    short = namer(names_in(change))
    lines: list[str] = []
    for line in first(change, short):
        lines += _entry(line, width)
    others = rest(change, short)
    if others:
        lines += ["", "Other connections:"]
        for line in others[:_REST]:
            lines += _entry(line, width)
        if len(others) > _REST:
            lines.append(f"and {len(others) - _REST:,} more: use --format json")
    said = [*arrivals(change, short), *(f"unknown: {doubt}" for doubt in change.doubts), *_problems(change)]
    for sentence in (*said, *(f"note: {note}" for note in change.notes)):
        lines += _wrapped(sentence, width, 0)
    lines += ["", *_wrapped(f"{_capital(headline(change))}.", width, _INDENT)]
    return "\n".join(lines).lstrip("\n") + "\n"


def patch_as_console(patch: Patch | None) -> str:
    """The policies for what is needed and denied; nothing where there is no patch."""
    if patch is None:
        return ""
    title = f"{_capital(patch.title)} ({patch.note}):"
    lines = [title, *(f"    {sentence}" for sentence in patch.proof), "", *patch.diff.splitlines()]
    return "".join(f"{printable_unicode(line)}\n" for line in ("", *lines))


def patch_as_markdown(patch: Patch | None) -> str:
    """The same, folded."""
    if patch is None:
        return ""
    fence, diff = fenced(patch.diff)
    title = "The policy patch for what is needed and denied"
    return f"\n<details><summary>{title}</summary>\n\n{fence}diff\n{diff}\n{fence}\n\n</details>\n"


def _problems(change: NetworkChange) -> Iterator[str]:
    for problem in change.problems:
        word = "error" if problem.is_error else "remark"
        yield f"{word}: {problem.place.where}: {problem.message}"


def _entry(line: Line, width: int) -> Iterator[str]:
    yield from _wrapped(f"{line.what}: {line.source} -> {line.target}  {line.ports}", width, _INDENT)
    if line.why:
        for part in _wrapped(line.why, width - _INDENT, 0):
            yield " " * _INDENT + part


def _wrapped(text: str, width: int, indent: int) -> Iterator[str]:
    for number, part in enumerate(wrap(printable_unicode(text), max(width - indent, _NARROW))):
        yield " " * indent * bool(number) + part
