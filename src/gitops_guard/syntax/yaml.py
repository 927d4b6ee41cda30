"""Reads YAML and JSON into located nodes, with a guard for every way in which a text can hurt its reader.

Built over libyaml's event stream (the parser family that Kubernetes uses). The event loop is the hot path of a sweep.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from yaml import events

from gitops_guard.syntax.nodes import Alias, Anchored, Mapping, Node, Scalar, Sequence, resolved

try:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]
except ImportError:  # PyYAML without libyaml: the same events, twenty times slower
    from gitops_guard.syntax.pure_parser import PureParser as CParser  # type: ignore[assignment]

DEPTH_LIMIT = 200
EVENT_LIMIT = 2_000_000
DIRECTIVE_LIMIT = 64
EXPANSION_LIMIT = 200_000


class ParseProblem(NamedTuple):
    """A part of a file that could not be read.

    `kind` is `syntax`, `template` (a Helm or Go template), `limit` (a guard refused it) or `duplicate-key`. `start` and
    `end` are offsets: the place to show; `skipped` the range that was not looked at, if any.
    """

    kind: str
    message: str
    start: int
    end: int
    skipped: bool = True


class Document(NamedTuple):
    """One document of a stream; `number` counts the documents of the file from 0, empty ones included."""

    number: int
    root: Node
    start: int
    end: int
    has_aliases: bool = False


class Stream(NamedTuple):
    """All documents of a text, and what could not be read of it."""

    documents: tuple[Document, ...]
    problems: tuple[ParseProblem, ...] = ()


class _RefusedError(Exception):
    def __init__(self, kind: str, message: str, at: int) -> None:
        super().__init__(message)
        self.problem = ParseProblem(kind, message, at, at)


def parse(text: str) -> Stream:
    """Reads a text without a byte order mark. Never raises for any text: what is wrong with it is in `problems`.

    When one document of several is broken, the others are still read.
    """
    refused = _guard(text)
    if refused:
        return Stream((), (refused,))
    try:
        return _build(text)
    except _RefusedError as error:
        problem = error.problem
    except yaml.MarkedYAMLError as error:
        problem = _syntax_problem(text, error)
    except yaml.YAMLError as error:
        problem = ParseProblem("syntax", _reader_message(error), 0, 0)
    return _read_the_rest(text, problem)


def _guard(text: str) -> ParseProblem | None:
    if text.startswith("%") or "\n%" in text:
        directives = text.count("\n%") + text.startswith("%")
        if directives > DIRECTIVE_LIMIT:
            return ParseProblem("limit", f"more than {DIRECTIVE_LIMIT} directives", 0, 0)
    if "\r" in text:
        at = text.find("\r")
        while at >= 0 and text[at + 1 : at + 2] == "\n":
            at = text.find("\r", at + 1)
        if at >= 0:
            return ParseProblem(
                "syntax",
                "a carriage return without a line feed ends a line here: git and YAML count lines differently",
                at,
                at,
            )
    return None


def _syntax_problem(text: str, error: yaml.MarkedYAMLError) -> ParseProblem:
    mark = error.problem_mark or error.context_mark
    at = min(mark.index, len(text)) if mark is not None else 0
    line_start = text.rfind("\n", 0, at) + 1
    message = str(error.problem or error.context or "not valid YAML")
    if "{{" in text:
        return ParseProblem("template", "Helm or Go template", line_start, at)
    return ParseProblem("syntax", message, line_start, at)


def _reader_message(error: yaml.YAMLError) -> str:
    reason = getattr(error, "reason", None)
    return f"not valid YAML: {reason}" if reason else "not valid YAML"


def _read_the_rest(text: str, problem: ParseProblem) -> Stream:
    """Reads the documents beside the broken ones, if the text has more than one."""
    chunks = list(_chunks(text))
    if len(chunks) == 1 or problem.kind == "template":
        return Stream((), (problem._replace(end=max(problem.end, problem.start)),))
    problems: list[ParseProblem] = []
    kept: list[str] = []
    for start, end in chunks:
        chunk = text[start:end]
        found = _first_problem(chunk)
        if found is None:
            kept.append(chunk)
            continue
        problems.append(found._replace(start=found.start + start, end=found.end + start))
        kept.append("".join(c if c == "\n" else " " for c in chunk))
    try:
        stream = _build("".join(kept))
    except (_RefusedError, yaml.YAMLError):
        return Stream((), (problem,))
    return Stream(stream.documents, (*problems, *stream.problems))


def _first_problem(chunk: str) -> ParseProblem | None:
    try:
        _build(chunk)
    except _RefusedError as error:
        return error.problem
    except yaml.MarkedYAMLError as error:
        return _syntax_problem(chunk, error)
    except yaml.YAMLError as error:
        return ParseProblem("syntax", _reader_message(error), 0, 0)
    return None


def _chunks(text: str) -> Iterator[tuple[int, int]]:
    """The ranges between document markers; a `---` at the start of a line is one even inside a block scalar."""
    start, at = 0, text.find("\n---")
    while at >= 0:
        if text[at + 4 : at + 5] in ("", " ", "\n", "\t", "\r"):
            yield start, at + 1
            start = at + 1
        at = text.find("\n---", at + 1)
    yield start, len(text)


def _build(text: str) -> Stream:  # noqa: C901, PLR0912, PLR0915 - one loop over all events: calls would double a sweep's cost
    parser = CParser(text)
    get_event = parser.get_event
    scalar_event, alias_event = events.ScalarEvent, events.AliasEvent
    mapping_start, sequence_start = events.MappingStartEvent, events.SequenceStartEvent
    mapping_end, sequence_end = events.MappingEndEvent, events.SequenceEndEvent
    documents: list[Document] = []
    problems: list[ParseProblem] = []
    anchors: dict[str, Anchored | None] = {}
    weights: dict[int, int] = {}
    expanded = 0
    stack: list[tuple[Mapping | Sequence | None, Scalar | None, bool]] = []
    container: Mapping | Sequence | None = None
    key: Scalar | None = None
    in_mapping = False
    root: Node | None = None
    document_start = last_end = 0
    for _ in range(EVENT_LIMIT):
        event: Any = get_event()
        cls = event.__class__
        node: Node
        if cls is scalar_event:
            last_end = event.end_mark.index
            node = Scalar(event.value, event.start_mark.index, last_end, event.style or "", event.tag, event.anchor)
            if event.anchor is not None:
                anchors[event.anchor] = node
        elif cls is mapping_start or cls is sequence_start:
            stack.append((container, key, in_mapping))
            if len(stack) > DEPTH_LIMIT:
                raise _RefusedError("limit", f"nested deeper than {DEPTH_LIMIT} levels", event.start_mark.index)
            in_mapping = cls is mapping_start
            last_end = event.end_mark.index
            make = Mapping if in_mapping else Sequence
            container = make(event.start_mark.index, event.tag, event.anchor, flow=bool(event.flow_style))
            key = None
            if event.anchor is not None:
                anchors[event.anchor] = None
            continue
        elif cls is mapping_end or cls is sequence_end:
            assert container is not None  # noqa: S101 - libyaml balances its events
            if container.flow:
                last_end = event.end_mark.index
            container.end = last_end
            node = container
            if container.anchor is not None:
                anchors[container.anchor] = container
            container, key, in_mapping = stack.pop()
        elif cls is alias_event:
            target = anchors.get(event.anchor)
            last_end = event.end_mark.index
            if target is None:
                what = "is part of what it stands for" if event.anchor in anchors else "has no anchor"
                raise _RefusedError("syntax", f"the alias *{event.anchor} {what}", event.start_mark.index)
            expanded += _weight(target, weights)
            if expanded > EXPANSION_LIMIT:
                raise _RefusedError(
                    "limit", f"aliases expand to more than {EXPANSION_LIMIT} values", event.start_mark.index
                )
            node = Alias(event.anchor, event.start_mark.index, last_end, target)
        elif cls is events.DocumentStartEvent:
            document_start = last_end = event.start_mark.index
            anchors, weights, expanded, root = {}, {}, 0, None
            continue
        elif cls is events.DocumentEndEvent:
            assert root is not None  # noqa: S101 - every document has a root
            documents.append(Document(len(documents), root, document_start, max(last_end, root.start), bool(weights)))
            continue
        elif cls is events.StreamEndEvent:
            return Stream(tuple(documents), tuple(problems))
        else:
            continue
        if in_mapping:
            if key is None:
                if node.__class__ is not Scalar:
                    kind = "template" if "{{" in text else "syntax"
                    raise _RefusedError(
                        kind, "Helm or Go template" if kind == "template" else "a key that is not a scalar", node.start
                    )
                key = node
            else:
                assert isinstance(container, Mapping)  # noqa: S101 - in_mapping says so
                name = key.text
                if name in container.entries:
                    problems.append(
                        ParseProblem(
                            "duplicate-key", f"the key {name!r} is repeated", key.start, key.end, skipped=False
                        )
                    )
                    del container.entries[name]
                if name == "<<" and not key.style:
                    container.merges = (*container.merges, node)
                else:
                    container.entries[name] = (key, node)
                key = None
        elif container is None:
            root = node
        else:
            container.items.append(node)  # type: ignore[union-attr]
    raise _RefusedError("limit", f"more than {EVENT_LIMIT} values", 0)


def _weight(node: Anchored, weights: dict[int, int]) -> int:
    """The number of values that a node expands to; depth is bounded by the parser."""
    known = weights.get(id(node))
    if known is not None:
        return known
    if isinstance(node, Mapping):
        total = 1 + sum(_weight(resolved(value), weights) for _, value in node.entries.values())
    elif isinstance(node, Sequence):
        total = 1 + sum(_weight(resolved(item), weights) for item in node.items)
    else:
        total = 1
    weights[id(node)] = total
    return total
