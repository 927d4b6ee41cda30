"""The `render` command: what Kustomize, Helm, Argo CD and Flux would apply, and what feeds what."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from datetime import date

from gitops_guard.checking import write
from gitops_guard.errors import CLEAN, INCOMPLETE, UsageError
from gitops_guard.local_configuration import local_settings
from gitops_guard.rendering.kustomize_files import below, kustomization_in
from gitops_guard.rendering.roots import NotRendered, Rendered, Root
from gitops_guard.rendering.session import Session, fails_without_tools, open_session
from gitops_guard.rendering.tools import HELM_HINT, KUSTOMIZE_HINT
from gitops_guard.rendering.trees import DiskTree
from gitops_guard.report import SCHEMA_VERSION

Results = list[Rendered | NotRendered]


def render(arguments: argparse.Namespace, today: date) -> int:
    """Runs `render` and returns the exit code: 3 where something that was asked for could not be rendered."""
    place = os.path.realpath(arguments.path or ".")
    if not os.path.isdir(place):  # noqa: PTH112
        raise UsageError("no such folder", path=arguments.path, hint="name a folder of the repository")
    top = _top(place)
    settings = local_settings(arguments.config, os.getcwd() if arguments.config else top, today)  # noqa: PTH109
    session = open_session(DiskTree(top), settings, os.environ, top)
    under = _relative(place, top)
    if arguments.root is not None:
        under = below(under, arguments.root.strip("/")) if arguments.root not in {".", ""} else under
    roots = _chosen(session, under, alone=arguments.root is not None)
    if arguments.root is not None and not roots:
        raise UsageError(f"{arguments.root} is neither a kustomization nor a chart", hint="gitops-guard render --list")
    results = [session.render(root) for root in roots]
    if arguments.list:
        write(_FORMATS[arguments.format](session, results, under), arguments.output)
    else:
        write("".join(_documents(results)), arguments.output)
        for result in results:
            if isinstance(result, NotRendered):
                sys.stderr.write(f"gitops-guard: not rendered: {_told(result)}\n")
    if fails_without_tools(session):
        hints = {"kustomize": KUSTOMIZE_HINT, "helm": HELM_HINT}
        for tool in session.lacks_tools:
            sys.stderr.write(f"gitops-guard: render: required, and there is no {tool} here\n  {hints[tool]}\n")
        return INCOMPLETE
    failed = not arguments.list and any(isinstance(result, NotRendered) for result in results)
    return INCOMPLETE if failed else CLEAN


def _top(place: str) -> str:
    """The top of the repository that a folder belongs to; outside of one this folder, or else the given one."""
    at, here = place, os.path.realpath(".")
    while not os.path.lexists(os.path.join(at, ".git")):  # noqa: PTH118
        above = os.path.dirname(at)  # noqa: PTH120
        if above == at:
            return here if place == here or place.startswith(here.rstrip(os.sep) + os.sep) else place
        at = above
    return at


def _relative(place: str, top: str) -> str:
    found = os.path.relpath(place, top).replace(os.sep, "/")
    return "" if found == "." else found


def _chosen(session: Session, under: str, *, alone: bool) -> list[Root]:
    """The roots of a folder and below; a folder that is only part of others is rendered as if it stood alone."""
    inside = [root for root in session.graph.roots if root.path == under and root.chart is None]
    if not alone:
        inside = [root for root in session.graph.roots if _is_under(root, under)]
    if inside or not under:
        return inside
    if kustomization_in(under, session.tree) is not None:
        return [Root("kustomize", under)]
    return [Root("helm", under)] if below(under, "Chart.yaml") in session.tree.paths else []


def _is_under(root: Root, under: str) -> bool:
    if not under:
        return True
    if root.chart is None:
        return root.path == under or root.path.startswith(f"{under}/")
    return root.source.startswith((f"{under}/", f"kustomize:{under}:", f"kustomize:{under}/"))


def _documents(results: Results) -> Iterator[str]:
    for result in results:
        if isinstance(result, Rendered):
            yield f"---\n# Root: {_printable(result.root.name)}\n"
            if result.root.source:
                yield f"# Asked for by: {_printable(result.root.source)}\n"
            for unknown in result.root.unknown:
                yield f"# Not in the repository, so without: {_printable(unknown)}\n"
            yield result.text if result.text.endswith("\n") or not result.text else result.text + "\n"


def _told(result: NotRendered) -> str:
    return _printable(f"{result.root.name}: {result.reason}") + (
        f"\n  {_printable(result.hint)}" if result.hint else ""
    )


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _console(session: Session, results: Results, under: str) -> str:
    return "\n".join(_printable(line) for line in _lines(session, results, under)) + "\n"


def _lines(session: Session, results: Results, under: str) -> Iterator[str]:
    graph = session.graph
    for result in results:
        root, done = result.root, isinstance(result, Rendered)
        yield f"{root.name}  {'rendered' if done else 'not rendered'}"
        yield from (f"  asked for by {source}" for source in root.source.split("; ") if source)
        yield from (f"  without {unknown}: it is not in the repository" for unknown in root.unknown)
        if isinstance(result, NotRendered):
            yield f"  why: {result.reason}"
            if result.hint:
                yield f"  try: {result.hint}"
        yield from (f"  {edge.how} {edge.target}" for edge in graph.edges if edge.source == root.name)
    if under:
        return
    for one in graph.plain:
        yield f"{one.folder or '.'}  applied as it is"
        yield f"  asked for by {one.source}"
    for other in graph.elsewhere:
        yield f"{other.what}  not rendered"
        yield f"  asked for by {other.source}"
        yield f"  why: {other.reason}"
    for path, what in graph.parts:
        yield f"{path}  a {what}: part of other roots"
    waits = [edge for edge in graph.edges if edge.how in {"waits for", "reads", "belongs to", "makes", "fetches"}]
    yield from (f"{edge.source} {edge.how} {edge.target}" for edge in waits)


def _json(session: Session, results: Results, _: str) -> str:
    graph = session.graph
    roots = [
        {
            "name": result.root.name,
            "tool": result.root.tool,
            "path": result.root.path,
            "asked_by": [source for source in result.root.source.split("; ") if source],
            "rendered": isinstance(result, Rendered),
            "reason": result.reason if isinstance(result, NotRendered) else "",
            "hint": result.hint if isinstance(result, NotRendered) else "",
            "files": sorted(result.files) if isinstance(result, Rendered) else [],
            "unknown": list(result.root.unknown),
        }
        for result in results
    ]
    found = {
        "schema_version": SCHEMA_VERSION,
        "roots": roots,
        "plain": [{"path": one.folder, "asked_by": one.source} for one in graph.plain],
        "elsewhere": [
            {"asked_by": one.source, "what": one.what, "reason": one.reason, "hint": one.hint}
            for one in graph.elsewhere
        ],
        "parts": [{"path": path, "kind": what} for path, what in graph.parts],
        "edges": [{"source": edge.source, "how": edge.how, "target": edge.target} for edge in graph.edges],
    }
    return json.dumps(found, indent=2) + "\n"


_FORMATS = {"console": _console, "json": _json}
