"""Texts that are values of a YAML document: a patch in a kustomization, values in an Application."""

from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.nodes import Scalar
from gitops_guard.syntax.yaml import parse


def inline_text(text: str, document: int, path: KeyPath) -> str:
    """The text at a place; empty if there is none."""
    node = _node(text, document, path)
    return "" if node is None else node.text


def with_inline_text(text: str, document: int, path: KeyPath, inner: str) -> str | None:
    """The document with another text there; None unless it is a literal block, whose lines can be kept as they are."""
    node = _node(text, document, path)
    if node is None or node.style != "|":
        return None
    begin = text.find("\n", node.start) + 1
    if not begin:
        return None
    indent = _indent(text[begin : node.end], node.text)
    if indent is None:
        return None
    lines = inner.rstrip("\n").split("\n")
    body = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
    rest = text[node.end :]
    blank = text[begin : node.end]
    trailing = blank[len(blank.rstrip("\n")) + 1 :]
    after = text[:begin] + body + trailing + rest
    found = _node(after, document, path)
    return after if found is not None and found.text.rstrip("\n") == inner.rstrip("\n") else None


def _indent(written: str, said: str) -> str | None:
    first = next((line for line in said.split("\n") if line), "")
    for line in written.split("\n"):
        if line.strip():
            indent = line[: len(line) - len(first)]
            return indent if first and not indent.strip(" ") and line.endswith(first) else None
    return None


def _node(text: str, document: int, path: KeyPath) -> Scalar | None:
    for one in parse(text).documents:
        if one.number == document:
            node = Field(None, "", one.root).at(*path).node
            return node if isinstance(node, Scalar) else None
    return None
