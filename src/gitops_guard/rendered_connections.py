"""What a fix of a rendered object does to connections: the rendered roots, and what else is applied, stand for it."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

from gitops_guard.rendering.inspected import RootsSeen
from gitops_guard.rendering.roots import Rendered, Root
from gitops_guard.rendering.session import Session
from gitops_guard.settings import Settings
from gitops_guard.source_file import Skipped, SourceFile, decode
from gitops_guard.suppression import matches
from gitops_guard.verify import Rejected

if TYPE_CHECKING:
    from gitops_guard.connectivity import Connectivity

RootConnections = Callable[[Rendered, Rendered], tuple[str, ...] | Rejected]
"""Says of a root before and after what a fix does to connections, or why it is not offered."""


def of_roots(session: Session, seen: RootsSeen, settings: Settings) -> RootConnections:
    """Proofs against all rendered roots of a side, and its manifests that are applied as they are."""
    paths = {_key(one.rendered.root): one.path for one in seen.seen}

    def plain() -> Iterable[SourceFile | Skipped]:
        from gitops_guard.connectivity import KINDS  # noqa: PLC0415 - few fixes are about connections

        for path in sorted(session.tree.find(tuple(sorted(KINDS))) - seen.covered):
            is_template = "templates" in path.split("/")[:-1]
            if not is_template and not any(matches(path, pattern) for pattern in settings.exclude):
                yield decode(path, session.tree.read(path) or b"")

    def files() -> Iterable[SourceFile | Skipped]:
        yield from (SourceFile(one.path, one.rendered.text) for one in seen.seen)
        yield from plain()

    @cache
    def connectivity() -> "Connectivity":
        from gitops_guard.connectivity import Connectivity  # noqa: PLC0415 - few fixes are about connections

        return Connectivity(files, settings)

    def prove(before: Rendered, after: Rendered) -> tuple[str, ...] | Rejected:
        path = paths.get(_key(before.root), before.root.name)
        return connectivity().prove(SourceFile(path, before.text), SourceFile(path, after.text))

    return prove


def _key(root: Root) -> tuple[str, str, str]:
    """What stays of a root where an edit changes its values."""
    return root.tool, root.path, root.source
