"""Finds the node that an intent names, and refuses what an edit could not change with certainty."""

from typing import NamedTuple

from gitops_guard.editing.layout import RefusedError, line_start, line_stop
from gitops_guard.syntax.field import KeyPath, format_keypath
from gitops_guard.syntax.nodes import Alias, Mapping, Node, Scalar, Sequence, merged_entries, resolved
from gitops_guard.syntax.yaml import Document, Stream

_OTHER_LINE_BREAKS = ("\x85", "\u2028", "\u2029")


class Target(NamedTuple):
    """Where a path leads.

    `holders` are the collections on the way, the document's root first; `node` is what stands at the last of the
    `depth` keys that exist, the root for none. Behind it, `path[depth:]` is missing.
    """

    path: KeyPath
    holders: tuple[Mapping | Sequence, ...]
    node: Node
    depth: int

    @property
    def is_complete(self) -> bool:
        """Whether something is written at the path."""
        return self.depth == len(self.path)

    @property
    def missing(self) -> KeyPath:
        """The keys that are not there yet."""
        return self.path[self.depth :]


class Source(NamedTuple):
    """One document to edit: the whole text, and what was read from it.

    `eol` is what ends its lines. `shared` holds the identities of the nodes that aliases stand for, `repeated` the
    places of repeated keys.
    """

    text: str
    document: Document
    eol: str
    shared: frozenset[int]
    repeated: frozenset[int]


def source(text: str, stream: Stream, number: int, eol: str) -> Source:
    """The document of a number.

    Raises:
        RefusedError: the text has a part that could not be read, or no such document.
    """
    for problem in stream.problems:
        if problem.kind == "template":
            raise RefusedError("it is a template: edit what it is rendered from")
        if problem.kind != "duplicate-key":
            written = text[line_start(text, problem.start) : line_stop(text, problem.start)]
            if "\t" in written[: len(written) - len(written.lstrip(" \t-"))]:
                raise RefusedError("tabs are used as indentation")
            line = text.count("\n", 0, problem.start) + 1
            raise RefusedError(f"the file cannot be read completely: line {line}: {problem.message}")
    if any(char in text for char in _OTHER_LINE_BREAKS):
        raise RefusedError("the file holds a line break that YAML and git count differently")
    for document in stream.documents:
        if document.number == number:
            shared = _alias_targets(document.root) if document.has_aliases else frozenset[int]()
            return Source(text, document, eol, shared, frozenset(problem.start for problem in stream.problems))
    raise RefusedError(f"the file has no document {number}")


def find(place: Source, path: KeyPath) -> Target:
    """Follows a path as far as it exists.

    Raises:
        RefusedError: the path does not fit what is written, or what it leads to is written for another place too.
    """
    if not path:
        raise RefusedError("a whole document cannot be changed at once")
    node: Node = place.document.root
    holders: list[Mapping | Sequence] = []
    for depth, key in enumerate(path):
        if _is_fillable(node, key):
            return Target(path, tuple(holders), node, depth)
        holder = _holder(place, node, path[:depth], key)
        holders.append(holder)
        below = _below(place, holder, key, path[: depth + 1])
        if below is None:
            return Target(path, tuple(holders), node, depth)
        node = below
    return Target(path, tuple(holders), node, len(path))


def require_unshared(place: Source, node: Node, path: KeyPath) -> None:
    """Refuses to replace or delete a node that aliases elsewhere stand for, in whole or in part."""
    if not place.shared:
        return
    pending = [node]
    while pending:
        node = pending.pop()
        if id(node) in place.shared:
            raise RefusedError(f"{format_keypath(path)} carries an anchor that is used elsewhere")
        pending += _children(node)


def is_merged(holder: Mapping, key: str | int) -> bool:
    """Whether a merge (`<<`) of a mapping holds a key, whatever the mapping itself holds."""
    for merge in holder.merges:
        target = resolved(merge)
        for source_node in target.items if isinstance(target, Sequence) else (target,):
            inner = resolved(source_node)
            if isinstance(inner, Mapping) and key in merged_entries(inner):
                return True
    return False


def _is_fillable(node: Node, key: str | int) -> bool:
    """Whether something can be written below a node that holds nothing: null, `{}` or `[]`."""
    if isinstance(node, Scalar):
        return node.value is None
    if isinstance(node, Mapping):
        return isinstance(key, str) and not node.entries and not node.merges
    return isinstance(node, Sequence) and not node.items and key == 0


def _holder(place: Source, node: Node, path: KeyPath, key: str | int) -> Mapping | Sequence:
    where = format_keypath(path) or "the document"
    if isinstance(node, Alias):
        raise RefusedError(f"{where} is written elsewhere: here is the alias *{node.name}")
    if id(node) in place.shared:
        raise RefusedError(f"{where} carries an anchor that is used elsewhere")
    if isinstance(node, Mapping) and isinstance(key, str):
        return node
    if isinstance(node, Sequence) and isinstance(key, int):
        return node
    kind = {Mapping: "a mapping", Sequence: "a list"}.get(node.__class__, "a single value")
    raise RefusedError(f"{where} is {kind}, so {format_keypath((*path, key))} cannot be there")


def _below(place: Source, holder: Mapping | Sequence, key: str | int, path: KeyPath) -> Node | None:
    if isinstance(holder, Sequence):
        assert isinstance(key, int)  # noqa: S101 - _holder matched them
        if not 0 <= key <= len(holder.items):
            raise RefusedError(f"{format_keypath(path)} is beyond the end of the list")
        return holder.items[key] if key < len(holder.items) else None
    entry = holder.entries.get(str(key))
    if entry is None:
        if holder.merges and key in merged_entries(holder):
            raise RefusedError(f"{format_keypath(path)} comes from a merge (`<<`)")
        return None
    if entry[0].start in place.repeated:
        raise RefusedError(f"the key {format_keypath(path)} is repeated")
    return entry[1]


def _alias_targets(root: Node) -> frozenset[int]:
    found: set[int] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, Alias):
            found.add(id(node.target))
        else:
            pending += _children(node)
    return frozenset(found)


def _children(node: Node) -> list[Node]:
    if isinstance(node, Mapping):
        return [*(value for _, value in node.entries.values()), *node.merges]
    return node.items if isinstance(node, Sequence) else []
