"""The tree of a YAML document: every node knows the exact place it was written at.

Offsets count code points of the decoded text. `start` includes an anchor or tag that stands before the value; `end` of
a block collection is the end of its last leaf (libyaml's own mark overshoots to the next token), that of a block scalar
is the start of the line after its trailing blank lines. Nodes are built in the hot loop of a sweep, so they are plain
classes with slots; nobody changes one after the document is built.
"""

from collections.abc import Iterator

from gitops_guard.syntax.scalars import Value, resolve


class Scalar:
    """A scalar as written; `value` is what Kubernetes reads."""

    __slots__ = ("anchor", "end", "start", "style", "tag", "text")

    def __init__(  # noqa: PLR0913, PLR0917 - positional: built once per scalar of a sweep
        self, text: str, start: int, end: int, style: str, tag: str | None, anchor: str | None
    ) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.style = style
        self.tag = tag
        self.anchor = anchor

    @property
    def is_plain(self) -> bool:
        """Whether it is written without quotes and not as a block."""
        return not self.style

    @property
    def value(self) -> Value:
        """The value after Kubernetes' scalar typing."""
        return resolve(self.text, self.style, self.tag)

    def __repr__(self) -> str:
        return f"Scalar({self.text!r}, {self.start}, {self.end})"


class Mapping:
    """A mapping; of a repeated key the last entry counts, as for Kubernetes.

    `merges` holds the values of `<<` keys.
    """

    __slots__ = ("anchor", "end", "entries", "flow", "merges", "start", "tag")

    def __init__(self, start: int, tag: str | None, anchor: str | None, *, flow: bool) -> None:
        self.start = start
        self.end = start
        self.flow = flow
        self.tag = tag
        self.anchor = anchor
        self.entries: dict[str, tuple[Scalar, Node]] = {}
        self.merges: tuple[Node, ...] = ()

    def __repr__(self) -> str:
        return f"Mapping({list(self.entries)}, {self.start}, {self.end})"


class Sequence:
    """A sequence of nodes."""

    __slots__ = ("anchor", "end", "flow", "items", "start", "tag")

    def __init__(self, start: int, tag: str | None, anchor: str | None, *, flow: bool) -> None:
        self.start = start
        self.end = start
        self.flow = flow
        self.tag = tag
        self.anchor = anchor
        self.items: list[Node] = []

    def __repr__(self) -> str:
        return f"Sequence({len(self.items)} items, {self.start}, {self.end})"


class Alias:
    """The place where `*name` is written; `target` is the node it stands for."""

    __slots__ = ("end", "name", "start", "target")

    def __init__(self, name: str, start: int, end: int, target: "Scalar | Mapping | Sequence") -> None:
        self.name = name
        self.start = start
        self.end = end
        self.target = target

    def __repr__(self) -> str:
        return f"Alias({self.name!r}, {self.start}, {self.end})"


Node = Scalar | Mapping | Sequence | Alias
Anchored = Scalar | Mapping | Sequence

Data = dict[str, "Data"] | list["Data"] | str | int | float | bool | None


def resolved(node: Node) -> Anchored:
    """The node itself, or what an alias stands for."""
    return node.target if node.__class__ is Alias else node  # type: ignore[return-value]


def merged_entries(mapping: Mapping) -> dict[str, tuple[Scalar, Node]]:
    """The entries with those of `<<` below the mapping's own; earlier merges win over later ones."""
    if not mapping.merges:
        return mapping.entries
    found: dict[str, tuple[Scalar, Node]] = {}
    for source in reversed(list(_merge_sources(mapping))):
        found |= merged_entries(source)
    return found | mapping.entries


def _merge_sources(mapping: Mapping) -> Iterator[Mapping]:
    for merge in mapping.merges:
        target = resolved(merge)
        for source in target.items if isinstance(target, Sequence) else (target,):
            inner = resolved(source)
            if isinstance(inner, Mapping):
                yield inner


def data(node: Node) -> Data:
    """The node as plain data, aliases and merges expanded.

    The parser refuses documents whose expansion would be large, so the result is bounded.
    """
    target = resolved(node)
    if isinstance(target, Scalar):
        return target.value
    if isinstance(target, Mapping):
        return {key: data(value) for key, (_, value) in merged_entries(target).items()}
    return [data(item) for item in target.items]
