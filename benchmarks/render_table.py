"""Renders every root below folders and prints what became of each: `python benchmarks/render_table.py FOLDER...`."""

import os
import resource
import sys
import time

from gitops_guard.rendering.roots import NotRendered
from gitops_guard.rendering.session import open_session
from gitops_guard.rendering.trees import DiskTree
from gitops_guard.settings import Settings


def table(folder: str) -> None:
    """Prints the roots of a folder, cold and cached."""
    start = _cpu()
    session = open_session(DiskTree(folder), Settings(), os.environ, folder)
    print(f"## {folder}: discovery {_since(start)}")
    counts = [0, 0]
    for root in session.graph.roots:
        start = _cpu()
        result = session.render(root)
        cold, start = _since(start), _cpu()
        session.render(root)
        failed = isinstance(result, NotRendered)
        counts[failed] += 1
        what = f"not rendered: {result.reason}" if isinstance(result, NotRendered) else f"{len(result.text)} bytes"
        print(f"| {root.name} | {root.source or '-'} | {what} | {cold} | {_since(start)} |")
    for one in session.graph.plain:
        print(f"| {one.folder} | {one.source} | applied as it is | | |")
    for other in session.graph.elsewhere:
        print(f"| {other.what} | {other.source} | not rendered: {other.reason} | | |")
    for path, what in session.graph.parts:
        print(f"| {path} | - | {what} | | |")
    print(f"{counts[0]} rendered, {counts[1]} not")


def _cpu() -> tuple[float, float, float]:
    own, tools = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime, tools.ru_utime + tools.ru_stime, time.monotonic()


def _since(start: tuple[float, float, float]) -> str:
    own, tools, wall = (now - before for now, before in zip(_cpu(), start, strict=True))
    return f"own {own:.3f} s, tools {tools:.3f} s, wall {wall:.2f} s"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        table(name)
