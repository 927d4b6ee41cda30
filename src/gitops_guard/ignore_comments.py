"""Ignore comments and annotations in the files themselves, those of other tools included.

Read are `gitops-guard:ignore=ID`, `checkov:skip=ID:reason`, `trivy:ignore:ID`, `hadolint ignore=ID,ID`, and the
annotations `ignore-check.kube-linter.io/NAME` and `checkov.io/skipN`. The ids of other tools reach our rules through
the rules' aliases.
"""

import re
from collections.abc import Iterator

from gitops_guard.model.kubernetes_object import objects
from gitops_guard.suppression import Ignore
from gitops_guard.syntax.yaml import Document, Stream
from gitops_guard.text import LineIndex

_COMMENT = re.compile(
    r"#[^\n]*?\b(?:"
    r"(?P<own>gitops-guard:ignore=)|(?P<checkov>checkov:skip=)|(?P<trivy>trivy:ignore:)|(?P<hadolint>hadolint\s+ignore=)"
    r")(?P<names>[A-Za-z0-9_.,-]+)"
)
_KUBE_LINTER = "ignore-check.kube-linter.io/"
_CHECKOV = "checkov.io/skip"


def yaml_ignores(text: str, stream: Stream) -> tuple[Ignore, ...]:
    """What the comments and annotations of a manifest accept, with the lines that they cover."""
    lines = LineIndex(text)
    found = [*_annotations(stream, lines)]
    for comment in _COMMENT.finditer(text):
        line = lines.position(comment.start()).line
        first, last = (1, len(lines))
        if comment["own"] or comment["trivy"]:
            first = last = _next_content(text, lines, line)
        else:
            document = next((d for d in stream.documents if d.start <= comment.start() <= _end(d, stream, text)), None)
            if document is not None:
                first, last = _document_lines(document, stream, text, lines)
        found.append(_ignore(comment, first, last))
    return tuple(found)


def dockerfile_ignores(text: str, instruction_lines: Iterator[tuple[int, int]]) -> tuple[Ignore, ...]:
    """What the comments of a Dockerfile accept.

    A comment speaks of the instruction below it; one of checkov, and hadolint's `global ignore`, of the whole file.

    Args:
        text: the Dockerfile.
        instruction_lines: first and last line of each instruction.
    """
    lines = LineIndex(text)
    places = list(instruction_lines)
    found: list[Ignore] = []
    for comment in _COMMENT.finditer(text):
        line = lines.position(comment.start()).line
        whole = comment["checkov"] or "global" in comment[0]
        below = next((place for place in places if place[0] >= line), (line, line))
        first, last = (1, len(lines)) if whole else below
        found.append(_ignore(comment, first, last))
    return tuple(found)


def _ignore(comment: re.Match[str], first: int, last: int) -> Ignore:
    names = frozenset(name for name in comment["names"].rstrip(".").split(",") if name)
    return Ignore(names, "comment " + comment[0].lstrip("# ").strip(), first, last)


def _annotations(stream: Stream, lines: LineIndex) -> Iterator[Ignore]:
    for document in stream.documents:
        for obj in objects(document):
            for annotation in obj.metadata["annotations"].entries():
                key = str(annotation.key)
                if key.startswith(_KUBE_LINTER):
                    name = key.removeprefix(_KUBE_LINTER)
                elif key.startswith(_CHECKOV):
                    name = annotation.text.partition("=")[0].strip()
                else:
                    continue
                node = obj.field.node
                if node is not None:
                    first, last = lines.position(node.start).line, lines.position(node.end).line
                    yield Ignore(frozenset((name,)), f"annotation {key}", first, last)


def _document_lines(document: Document, stream: Stream, text: str, lines: LineIndex) -> tuple[int, int]:
    return lines.position(document.start).line, lines.position(_end(document, stream, text)).line


def _end(document: Document, stream: Stream, text: str) -> int:
    """Where a document ends, its trailing comments included."""
    return next((d.start for d in stream.documents if d.number > document.number), len(text))


def _next_content(text: str, lines: LineIndex, line: int) -> int:
    """The line itself if something stands before the comment, else the next line that is no comment."""
    while line <= len(lines):
        content = text[lines.line_start(line) : lines.line_start(line + 1)].strip()
        if content and not content.startswith("#"):
            return line
        line += 1
    return line
