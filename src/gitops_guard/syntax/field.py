"""A place in a document, whether something is written there or not."""

from collections.abc import Iterator

from gitops_guard.syntax.nodes import (
    Alias,
    Anchored,
    Data,
    Mapping,
    Node,
    Scalar,
    Sequence,
    data,
    merged_entries,
    resolved,
)
from gitops_guard.syntax.scalars import Value
from gitops_guard.text import Span

KeyPath = tuple[str | int, ...]
"""The route from a document's root: keys of mappings and indices of sequences."""


class Field:
    """What stands (or would stand) at a keypath of a document.

    Reading below something that is missing, null or of another type gives missing fields, never an error: a manifest
    may hold anything, and the API server refuses what does not fit.
    """

    __slots__ = ("key", "node", "parent", "written")

    def __init__(self, parent: "Field | None", key: str | int, written: Node | None) -> None:
        self.parent = parent
        self.key = key
        self.written = written
        self.node: Anchored | None = written.target if written.__class__ is Alias else written  # type: ignore[assignment]

    def __getitem__(self, key: str | int) -> "Field":
        """The field below, by key or index."""
        node = self.node
        if node.__class__ is Mapping:
            entry = node.entries.get(key)  # type: ignore[arg-type]
            if entry is None and node.merges:
                entry = merged_entries(node).get(key)  # type: ignore[arg-type]
            return Field(self, key, None if entry is None else entry[1])
        if node.__class__ is Sequence and key.__class__ is int and 0 <= key < len(node.items):
            return Field(self, key, node.items[key])
        return Field(self, key, None)

    def at(self, *keys: str | int) -> "Field":
        """The field at a relative keypath."""
        field = self
        for key in keys:
            field = field[key]
        return field

    def items(self) -> Iterator["Field"]:
        """The items of a sequence; nothing for anything else."""
        node = self.node
        if node.__class__ is Sequence:
            for index, item in enumerate(node.items):
                yield Field(self, index, item)

    def entries(self) -> Iterator["Field"]:
        """The values of a mapping, merged ones included; nothing for anything else."""
        node = self.node
        if node.__class__ is Mapping:
            for key, (_, value) in merged_entries(node).items():
                yield Field(self, key, value)

    @property
    def exists(self) -> bool:
        """Whether something other than null is written here."""
        node = self.node
        return node is not None and not (node.__class__ is Scalar and node.value is None)

    @property
    def value(self) -> Value:
        """The value of a scalar as Kubernetes types it; None for null, missing and collections."""
        node = self.node
        return node.value if node.__class__ is Scalar else None

    @property
    def string(self) -> str | None:
        """The value if it is text."""
        value = self.value
        return value if value.__class__ is str else None

    @property
    def text(self) -> str:
        """The scalar as written without quotes, whatever its type; empty for everything else."""
        node = self.node
        return node.text if node.__class__ is Scalar else ""

    @property
    def integer(self) -> int | None:
        """The value if it is a whole number."""
        value = self.value
        return value if value.__class__ is int else None

    @property
    def is_true(self) -> bool:
        """Whether the value is the boolean true."""
        return self.value is True

    @property
    def is_false(self) -> bool:
        """Whether the value is the boolean false."""
        return self.value is False

    @property
    def is_mapping(self) -> bool:
        """Whether a mapping stands here."""
        return self.node.__class__ is Mapping

    @property
    def is_sequence(self) -> bool:
        """Whether a sequence stands here."""
        return self.node.__class__ is Sequence

    @property
    def data(self) -> Data:
        """Everything below as plain data; None where nothing is written."""
        return None if self.node is None else data(self.node)

    @property
    def keypath(self) -> KeyPath:
        """The keys from the document's root to here."""
        keys: list[str | int] = []
        field: Field | None = self
        while field is not None and field.parent is not None:
            keys.append(field.key)
            field = field.parent
        return tuple(reversed(keys))

    @property
    def span(self) -> Span:
        """Where it is written; for a missing field, the first line of the nearest thing that should hold it."""
        field = self
        while field.written is None and field.parent is not None:
            field = field.parent
        if field.written is None:
            return Span(0, 0)
        if field is self and not (field.parent is not None and isinstance(field.node, Mapping | Sequence)):
            return Span(field.written.start, field.written.end)
        key = field.key_node
        if key is not None:
            return Span(key.start, key.end)
        return field.first_line

    @property
    def first_line(self) -> Span:
        """From the start of what is written here to the end of its first key and scalar."""
        written = self.written
        if written is None:
            return Span(0, 0)
        node = resolved(written)
        if isinstance(written, Alias) or isinstance(node, Scalar):
            return Span(written.start, written.end)
        if isinstance(node, Mapping) and node.entries:
            key, value = next(iter(node.entries.values()))
            end = value.end if isinstance(value, Scalar) and value.style not in {"|", ">"} else key.end
            return Span(node.start, max(end, key.end))
        return Span(node.start, node.start if node.flow is False else node.end)

    @property
    def key_node(self) -> Scalar | None:
        """The key under which it is written in its mapping."""
        node = None if self.parent is None else self.parent.node
        if not isinstance(node, Mapping):
            return None
        entry = node.entries.get(str(self.key))
        return None if entry is None else entry[0]

    @property
    def is_shared(self) -> bool:
        """Whether it is reached through an alias or a merge, so that an edit would change another place too."""
        field: Field | None = self
        while field is not None:
            if field.written.__class__ is Alias:
                return True
            holder = None if field.parent is None else field.parent.node
            if field.written is not None and isinstance(holder, Mapping) and str(field.key) not in holder.entries:
                return True
            field = field.parent
        return False

    def __repr__(self) -> str:
        return f"Field({format_keypath(self.keypath)}, {self.written!r})"


_NEEDS_QUOTES = frozenset('.[]" ')


def format_keypath(path: KeyPath) -> str:
    """The keypath as people read it: `spec.containers[0].name`, `metadata.labels["app.kubernetes.io/name"]`."""
    out: list[str] = []
    for key in path:
        if isinstance(key, int):
            out.append(f"[{key}]")
        elif _NEEDS_QUOTES.isdisjoint(key) and key:
            out.append(f".{key}")
        else:
            out.append('["' + key.replace("\\", "\\\\").replace('"', '\\"') + '"]')
    return "".join(out).removeprefix(".")
