"""Unified diffs that `git apply` takes."""

from collections.abc import Sequence

_CONTEXT = 3
_COMPARED_LINES = 4000
_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
_FIRST_PRINTABLE, _DELETE = 0x20, 0x7F


def unified_diff(path: str, before: str | None, after: str) -> str:
    """The change of one file as git writes it; nothing if there is none.

    Args:
        path: relative to the root of the repository, with `/`; bytes that are not UTF-8 as surrogates.
        before: the text before, with its byte order mark if it has one; None for a new file.
        after: the text after.
    """
    if before == after:
        return ""
    old, new = _quoted("a/" + path), _quoted("b/" + path)
    lines = [f"diff --git {old} {new}\n"]
    if before is None:
        lines.append("new file mode 100644\n")
        if not after:
            return "".join(lines)
        old = "/dev/null"
    lines += (f"--- {_ended(old)}\n", f"+++ {_ended(new)}\n")
    lines += _hunks(_lines(before or ""), _lines(after))
    return "".join(lines)


def _lines(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one, as for git."""
    parts = text.split("\n")
    lines = [part + "\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _hunks(before: list[str], after: list[str]) -> list[str]:
    groups = _grouped(_operations(before, after))
    out: list[str] = []
    for group in groups:
        _, old_start, _, new_start, _ = group[0]
        _, _, old_end, _, new_end = group[-1]
        out.append(f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@\n")
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                out += [_line(" ", line) for line in before[old_from:old_to]]
                continue
            out += [_line("-", line) for line in before[old_from:old_to]]
            out += [_line("+", line) for line in after[new_from:new_to]]
    return out


def common_ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """How many lines are equal at the beginning, and of the rest at the end."""
    limit = min(len(before), len(after))
    head = 0
    while head < limit and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < limit - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return head, tail


_Operation = tuple[str, int, int, int, int]


def _operations(before: list[str], after: list[str]) -> list[_Operation]:
    """What to keep and to replace. What is equal at both ends is set aside first: edits touch few lines."""
    head, tail = common_ends(before, after)
    old_end, new_end = len(before) - tail, len(after) - tail
    operations: list[_Operation] = [("equal", 0, head, 0, head)]
    if max(old_end, new_end) - head > _COMPARED_LINES:
        operations.append(("replace", head, old_end, head, new_end))
    else:
        from difflib import SequenceMatcher  # noqa: PLC0415 - only those who show a patch need it

        matcher = SequenceMatcher(None, before[head:old_end], after[head:new_end], autojunk=False)
        operations += [
            (tag, head + i1, head + i2, head + j1, head + j2) for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        ]
    operations.append(("equal", old_end, len(before), new_end, len(after)))
    return [operation for operation in operations if operation[1] < operation[2] or operation[3] < operation[4]]


def _grouped(operations: list[_Operation]) -> list[list[_Operation]]:
    """The changes, with the context around them; those close to each other share a hunk."""
    groups: list[list[_Operation]] = []
    group: list[_Operation] = []
    last = len(operations) - 1
    for index, (tag, i1, i2, j1, j2) in enumerate(operations):
        if tag != "equal":
            group.append((tag, i1, i2, j1, j2))
        elif index == 0:
            skip = max(0, i2 - i1 - _CONTEXT)
            group.append((tag, i1 + skip, i2, j1 + skip, j2))
        elif index == last or i2 - i1 > 2 * _CONTEXT:
            size = min(_CONTEXT, i2 - i1)
            group.append((tag, i1, i1 + size, j1, j1 + size))
            groups.append(group)
            group = [] if index == last else [(tag, i2 - _CONTEXT, i2, j2 - _CONTEXT, j2)]
        else:
            group.append((tag, i1, i2, j1, j2))
    return [*groups, group] if group else groups


def _range(start: int, end: int) -> str:
    size = end - start
    if size == 1:
        return str(start + 1)
    return f"{start + 1 if size else start},{size}"


def _line(mark: str, line: str) -> str:
    return mark + line if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


def _ended(name: str) -> str:
    """A name with white space in it ends with a tab, so that nothing else is taken for a part of it."""
    return name + "\t" if " " in name and not name.startswith('"') else name


def _quoted(name: str) -> str:
    """The name as git writes it: in quotes with octal escapes unless it is plain ASCII."""
    raw = name.encode(errors="surrogateescape")
    if all(_FIRST_PRINTABLE <= byte < _DELETE and byte not in _ESCAPES for byte in raw):
        return name
    escaped = (
        _ESCAPES.get(byte) or (chr(byte) if _FIRST_PRINTABLE <= byte < _DELETE else f"\\{byte:03o}") for byte in raw
    )
    return '"' + "".join(escaped) + '"'
