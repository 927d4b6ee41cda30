"""Which unchanged files a change must be judged together with: those of the namespaces and folders that it touches."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gitops_guard.model.inventory import Fact, NamespaceFact, PolicyFact
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.git import Change

FILE_LIMIT = 500
_FOLDER = "directory:"


class Related(NamedTuple):
    """The files to read, and those that were too many."""

    files: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...]


def related_files(change: Change, facts: Iterable[Fact], images: Sequence[str] = ()) -> Related:
    """Reads the unchanged files that share a scope with the facts of the changed ones, or name images, at the head."""
    known = tuple(facts)
    scopes = {fact.scope for fact in known}
    changed = {file.path for file in change.files}
    paths: dict[str, None] = {}
    words = _words(known, sorted(scope for scope in scopes if not scope.startswith(_FOLDER)))
    words += images
    if words:
        paths |= dict.fromkeys(change.find(words))
    for scope in sorted(scopes):
        if scope.startswith(_FOLDER):
            paths |= dict.fromkeys(change.beside(scope.removeprefix(_FOLDER)))
    wanted = [path for path in paths if path not in changed]
    files = (change.read_at_head(path) for path in wanted[:FILE_LIMIT])
    return Related(
        tuple(file for file in files if isinstance(file, SourceFile)),
        tuple(Skipped(path, f"related to the change, but past {FILE_LIMIT} files") for path in wanted[FILE_LIMIT:]),
    )


def _words(facts: tuple[Fact, ...], namespaces: list[str]) -> list[str]:
    words = []
    for namespace in namespaces:
        words += [f"namespace: {namespace}", f'namespace: "{namespace}', f"namespace: '{namespace}"]
        words.append(f'"namespace": "{namespace}')
        if any(isinstance(fact, PolicyFact | NamespaceFact) and fact.scope == namespace for fact in facts):
            words.append(f"name: {namespace}")
    return words
