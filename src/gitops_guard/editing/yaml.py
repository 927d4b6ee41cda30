"""Turns intents into edits of YAML and JSON text that follow the file's own style.

Only the places that change are written; everything else keeps its bytes. What cannot be edited with certainty is
refused with a reason. That an edit did what its intents claim is for `claim` and the proof to say, not for this module.
"""

from collections.abc import Sequence as Ordered
from typing import NamedTuple

from gitops_guard.editing import block, flow
from gitops_guard.editing.claim import ImpossibleIntentError, nested, ordered, same_data
from gitops_guard.editing.intent import AppendDocument, AppendItem, DeleteKey, Intent, SetValue
from gitops_guard.editing.layout import (
    RefusedError,
    grows_with_line_end,
    is_unterminated,
    last_leaf,
    strip_chomping,
)
from gitops_guard.editing.quoting import UnwritableError
from gitops_guard.editing.style import Style, detect, is_json, line_end_of
from gitops_guard.editing.target import Source, Target, find, is_merged, require_unshared, source
from gitops_guard.syntax.field import format_keypath
from gitops_guard.syntax.nodes import Alias, Data, Mapping, Node, Scalar, Sequence, data
from gitops_guard.syntax.yaml import Stream, parse
from gitops_guard.text import Edit, apply_edits


class Edited(NamedTuple):
    """The text after all intents."""

    text: str


class Refused(NamedTuple):
    """No intent was applied, for this reason, which is meant for people."""

    reason: str


def apply(text: str, document: int, intents: Ordered[Intent]) -> Edited | Refused:
    """Applies intents to the document of a number (`Document.number`) in a file.

    They are applied one after the other, the text being read again between them: first what sets and appends, in the
    order given; then deletions from the back to the front, so that indices of lists stay valid. Either all of them are
    applied or none. A value that is there already is left as it is written.
    """
    eol = line_end_of(text)
    try:
        for intent in ordered(intents):
            text = _applied(text, document, intent, eol)
    except (RefusedError, ImpossibleIntentError, UnwritableError) as error:
        return Refused(str(error))
    return Edited(text)


def _applied(text: str, document: int, intent: Intent, eol: str) -> str:
    stream = parse(text)
    if isinstance(intent, AppendDocument):
        edits = _append_document(text, stream, intent.text, eol)
    elif isinstance(intent, SetValue):
        edits = _set(source(text, stream, document, eol), intent)
    elif isinstance(intent, AppendItem):
        edits = _append(source(text, stream, document, eol), intent)
    elif isinstance(intent, DeleteKey):
        edits = _delete(source(text, stream, document, eol), intent)
    else:
        raise RefusedError("this change is not one of a YAML document")
    return apply_edits(text, edits)


def _set(place: Source, intent: SetValue) -> list[Edit]:
    target = find(place, intent.path)
    if target.is_complete and same_data(data(target.node), intent.value):
        return []
    return _write(place, target, intent.value)


def _append(place: Source, intent: AppendItem) -> list[Edit]:
    target = find(place, intent.path)
    node = target.node
    if not target.is_complete or (isinstance(node, Scalar) and node.value is None):
        return _write(place, target, [intent.value])
    if isinstance(node, Sequence) and node.items:
        return _append_to(place, target, node, intent.value)
    if isinstance(node, Sequence):
        return _write(place, target, [intent.value])
    where = format_keypath(intent.path)
    if isinstance(node, Alias):
        raise RefusedError(f"{where} is written elsewhere: here is the alias *{node.name}")
    raise RefusedError(f"{where} is not a list")


def _append_to(place: Source, target: Target, node: Sequence, value: Data) -> list[Edit]:
    if id(node) in place.shared:
        raise RefusedError(f"{format_keypath(target.path)} carries an anchor that is used elsewhere")
    style = detect(place.text, place.document.root, place.eol)
    if node.flow:
        return flow.add(place.text, node, len(node.items), value, style)
    return block.add_item(place.text, node, value, style)


def _write(place: Source, target: Target, value: Data) -> list[Edit]:
    """Writes a value where a path leads: in the place of what is there, or below it."""
    text, node, depth = place.text, target.node, target.depth
    style = detect(text, place.document.root, place.eol)
    if len(target.holders) > depth:
        return _insert(text, target.holders[-1], target.path[depth], nested(target.path[depth + 1 :], value), style)
    if not target.holders:
        raise RefusedError("the document is empty")
    require_unshared(place, node, target.path)
    whole = nested(target.missing, value)
    holder, key = target.holders[-1], target.path[depth - 1]
    if holder.flow:
        return flow.replace(text, holder, key, node, whole, style)
    return block.replace(text, holder, node, whole, style)


def _insert(text: str, holder: Mapping | Sequence, key: str | int, value: Data, style: Style) -> list[Edit]:
    if holder.flow:
        return flow.add(text, holder, key, value, style)
    if isinstance(holder, Sequence):
        return block.add_item(text, holder, value, style)
    return block.add_entry(text, holder, str(key), value, style)


def _delete(place: Source, intent: DeleteKey) -> list[Edit]:
    target = find(place, intent.path)
    if not target.is_complete:
        raise RefusedError(f"there is nothing at {format_keypath(intent.path)}")
    depth = _deleted_depth(target)
    holder = target.holders[depth]
    node = _child(holder, target.path[depth])
    require_unshared(place, node, intent.path[: depth + 1])
    if any(holder.start <= start < holder.end for start in place.repeated):
        raise RefusedError(f"keys are repeated beside {format_keypath(intent.path)}")
    if holder.flow:
        return flow.delete(place.text, holder, node)
    return block.delete(place.text, holder, node, is_root=depth == 0)


def _deleted_depth(target: Target) -> int:
    """The depth of the holder that keeps something when what the path leads to is gone."""
    for depth in range(len(target.holders) - 1, -1, -1):
        holder = target.holders[depth]
        if isinstance(holder, Mapping) and holder.merges:
            if len(holder.entries) == 1 or is_merged(holder, target.path[depth]):
                raise RefusedError("what a merge (`<<`) holds would show when the key is deleted")
            return depth
        size = len(holder.items) if isinstance(holder, Sequence) else len(holder.entries)
        if size > 1:
            return depth
    raise RefusedError("nothing would be left of the document")


def _child(holder: Mapping | Sequence, key: str | int) -> Node:
    if isinstance(holder, Sequence):
        assert isinstance(key, int)  # noqa: S101 - the path was followed through it
        return holder.items[key]
    return holder.entries[str(key)][1]


def _append_document(text: str, stream: Stream, addition: str, eol: str) -> list[Edit]:
    body = addition.replace("\r\n", "\n").removeprefix("---\n").strip("\n") + "\n"
    read = parse(body)
    if read.problems or len(read.documents) != 1 or _has_marker(body):
        raise RefusedError("the text to append is not one readable document")
    if not stream.documents and stream.problems:
        raise RefusedError("the file cannot be read")
    if any(is_json(document.root) for document in stream.documents[:1]) and text.lstrip()[:1] in {"{", "["}:
        raise RefusedError("a JSON file holds one document only")
    edits: list[Edit] = []
    lead = "---\n" if stream.documents else ""
    if stream.documents and grows_with_line_end(text, stream.documents[-1].root):
        leaf = last_leaf(stream.documents[-1].root)
        if isinstance(leaf, Scalar):
            edits.append(strip_chomping(text, leaf))
    if is_unterminated(text):
        lead = "\n" + lead
    return [*edits, Edit(len(text), len(text), (lead + body).replace("\n", eol))]


def _has_marker(text: str) -> bool:
    """Whether a line begins or ends a document, or is a directive."""
    return any(line.startswith(("---", "...", "%")) for line in text.split("\n"))
