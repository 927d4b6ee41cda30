"""What a change does to what is rendered, as text: for a terminal, and folded by root for a pull request."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice

from gitops_guard.publishers.escape import cut, markdown_code, markdown_text, printable_unicode
from gitops_guard.rendered_effect import ADDED, CHANGED, REMOVED, FieldChange, ObjectChange, RootChange

_ROOTS = 30
_ROWS = 60
_LONGEST = 20_000
_LONGEST_NAME = 200


def headline(changes: Sequence[RootChange]) -> str:
    """How many roots change, in one sentence without a full stop."""
    changed = sum(bool(one.objects) for one in changes)
    unknown = sum(bool(one.unknown) for one in changes)
    said = f"{_number(changed, 'rendered root')} of {len(changes)} {'changes' if changed == 1 else 'change'}"
    return f"{said}; {_number(unknown, 'root')} could not be compared" if unknown else said


def as_markdown(changes: Sequence[RootChange]) -> str:
    """Roots that change, each folded; at most 20,000 characters. Empty if nothing was rendered."""
    if not changes:
        return ""
    parts = [f"**Rendered difference:** {headline(changes)}."]
    size, shown = len(parts[0]), 0
    wanted = [one for one in changes if one.is_changed]
    for one in wanted[:_ROOTS]:
        part = _root(one)
        if size + len(part) > _LONGEST:
            break
        parts.append(part)
        size, shown = size + len(part), shown + 1
    if shown < len(wanted):
        parts.append(
            f"and {_number(len(wanted) - shown, 'more root')} that {_is_or_are(len(wanted) - shown)} not shown."
        )
    return "\n\n".join(parts) + "\n"


def _root(change: RootChange) -> str:
    name = escape(cut(printable_unicode(change.root), _LONGEST_NAME))
    if change.unknown:
        hint = f" To do: {markdown_text(change.hint)}" if change.hint else ""
        return f"{markdown_code(change.root)}: **not compared:** {markdown_text(change.unknown)}.{hint}"
    head = f"<details><summary><code>{name}</code>: {summary(change)}</summary>"
    rows = ["| Object | Field | Before | After |", "|---|---|---|---|"]
    every = list(_rows(change))
    rows += every[:_ROWS]
    rest = len(every) - _ROWS
    notes = [markdown_text(f"unknown: {note}") + "." for note in change.notes]
    if rest > 0:
        notes.append(f"and {_number(rest, 'more row')}.")
    if change.more:
        notes.append(f"and {_number(change.more, 'more object')}.")
    return "\n".join((head, "", *rows, "", *notes, *([""] if notes else []), "</details>"))


def summary(change: RootChange) -> str:
    """The objects of a root that differ, in numbers."""
    counts = ((change.count(what), what) for what in (ADDED, REMOVED, CHANGED))
    said = ", ".join(f"{count} {what}" for count, what in counts if count)
    return f"{said}, {change.more} more" if change.more else said


def _rows(change: RootChange) -> Iterator[str]:
    for one in change.objects:
        title = markdown_code(one.title)
        if one.what != CHANGED:
            yield f"| {title} | **{one.what}** | | |"
            continue
        for field in one.fields:
            yield f"| {title} | {markdown_code(field.path)} | {_cell(field.before)} | {_cell(field.after)} |"
            title = ""
        if one.more:
            yield f"| | and {_number(one.more, 'more field')} | | |"


def _cell(text: str | None) -> str:
    return "" if text is None else markdown_code(text) if text else '`""`'


def as_console(changes: Sequence[RootChange]) -> str:
    """The same for a terminal; nothing is left out but what the comparison itself counts only."""
    if not changes:
        return ""
    lines = [f"Rendered difference: {headline(changes)}."]
    for one in changes:
        if one.is_changed:
            lines += ["", *_console_root(one)]
    return "".join(f"{printable_unicode(line)}\n" for line in lines)


def _console_root(change: RootChange) -> Iterator[str]:
    if change.unknown:
        yield f"{change.root}: not compared: {change.unknown}"
        if change.hint:
            yield f"  {change.hint}"
        return
    yield f"{change.root}: {summary(change)}"
    for one in change.objects:
        yield from _console_object(one)
    if change.more:
        yield f"  and {_number(change.more, 'more object')}"
    yield from (f"  unknown: {note}" for note in change.notes)


def _console_object(change: ObjectChange) -> Iterator[str]:
    sign = {ADDED: "+", REMOVED: "-"}.get(change.what, "~")
    yield f"  {sign} {change.title}"
    yield from (f"      {_console_field(field)}" for field in islice(change.fields, _ROWS))
    left = change.more + max(0, len(change.fields) - _ROWS)
    if left:
        yield f"      and {_number(left, 'more field')}"


def _console_field(field: FieldChange) -> str:
    if field.before is None:
        return f"{field.path}: added: {field.after}"
    if field.after is None:
        return f"{field.path}: removed, was: {field.before}"
    return f"{field.path}: {field.before} -> {field.after}"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _is_or_are(count: int) -> str:
    return "is" if count == 1 else "are"
