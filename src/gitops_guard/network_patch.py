"""The policy patch of a change: it opens exactly the connections that the head needs and its policies deny."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops_guard.connection_proof import paths_at_head
from gitops_guard.editing.diff import unified_diff
from gitops_guard.finding import NEEDS_REVIEW, Patch, PatchedFile
from gitops_guard.model.kubernetes_object import objects
from gitops_guard.network.change import CLOSED, NetworkChange
from gitops_guard.network.difference import difference
from gitops_guard.network.discovered import discovered
from gitops_guard.network.evidence import Edge, Inference
from gitops_guard.network.existing import Existing
from gitops_guard.network.inference import infer
from gitops_guard.network.judging import judge
from gitops_guard.network.policy_text import Draft, render
from gitops_guard.network.reading import cluster
from gitops_guard.network.synthesis import additions
from gitops_guard.network.verify import ALLOWED
from gitops_guard.network_repository import SYNTHESIS_KINDS, Repository
from gitops_guard.network_settings import NetworkSettings
from gitops_guard.network_sides import MOST_FILES
from gitops_guard.pipeline import has_roots
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.sources.git import Change
from gitops_guard.syntax.yaml import parse

_CONTEXT = 3
"""Lines that a unified diff shows around a change."""

NOTE = "it opens connections: the change may mean to close them"


def policy_patch(change: Change, settings: Settings, found: NetworkChange) -> Patch | None:
    """One proved patch of the policies; None where nothing is denied, or nothing exact can be offered.

    Args:
        change: the change; its head is patched.
        settings: those of the base.
        found: what the change does to connections.
    """
    denied = tuple(_denied(found))
    files = _head(change, settings) if denied else {}
    if not files:
        return None
    before, network = Repository(files.values()), settings.network or NetworkSettings()
    around = before.existing(infer(before.objects, network.cluster_domain), own=frozenset())
    after = _with(files, additions(around, Inference(denied), discovered(around, network)), around, change)
    if after is None or _is_rendered((path for path in after if after[path].text != files[path].text), change):
        return None
    if not _proved(before, Repository(after.values()), denied):
        return None
    return _patch(denied, files, after)


def _denied(found: NetworkChange) -> Iterator[Edge]:
    needs = [*(one.need for one in found.needed_but_denied), *(one.need for one in found.broken if one.cause == CLOSED)]
    yield from dict.fromkeys(needs)


def _head(change: Change, settings: Settings) -> dict[str, SourceFile]:
    """The manifests of the head; none where there are more than are read of one repository."""
    paths = paths_at_head(change, settings, SYNTHESIS_KINDS)
    if len(paths) > MOST_FILES:
        return {}
    read = (change.read_at_head(path) for path in paths)
    return {file.path: file for file in read if isinstance(file, SourceFile)}


def _with(
    files: Mapping[str, SourceFile], drafts: Sequence[Draft], around: Existing, change: Change
) -> dict[str, SourceFile] | None:
    """The files with a policy appended for each draft, to the file of one that governs its namespace already."""
    edited = dict(files)
    changed = {file.path for file in change.files}
    for draft in drafts:
        homes = [
            (one.policy.selector != draft.selector, path not in changed, path)
            for one in around.policies
            if one.scope.namespace == draft.namespace and (path := one.policy.place.path) in edited
            if _ends_with_policy(edited[path].text)
        ]
        if not homes:
            return None
        path = min(homes)[2]
        if not path.endswith((".yaml", ".yml")):
            return None
        text = edited[path].text
        newline = "" if text.endswith("\n") else "\n"
        edited[path] = edited[path]._replace(text=f"{text}{newline}---\n{render(draft)}")
    return edited if drafts else None


def _is_rendered(paths: Iterable[str], change: Change) -> bool:
    """Whether any file lies in or below a folder of Kustomize or a chart: what comes of it is not proved here."""
    every = change.listing(of_base=False)[0]
    folders = {path.rpartition("/")[0] for path in every if has_roots((path,))}
    return any(f"{path}/".startswith(f"{folder}/" if folder else "") for path in paths for folder in folders)


def _ends_with_policy(text: str) -> bool:
    """Whether the lines that a patch shows around its end are those of a policy: others may hold a secret."""
    documents = parse(text).documents
    if not documents or text.count("\n", documents[-1].start) <= _CONTEXT:
        return False
    return [obj.kind for obj in objects(documents[-1])] == ["NetworkPolicy"]


def _proved(before: Repository, after: Repository, denied: Iterable[Edge]) -> bool:
    """Whether every denied connection is allowed then, nothing else is opened, and nothing is closed."""
    wanted = {(edge.source, edge.target) for edge in denied}
    new = cluster(after.objects)
    if any(one.status != ALLOWED for one in judge(new, denied).needs):
        return False
    return all(
        one.closed.is_empty and (one.source, one.target) in wanted
        for one in difference(cluster(before.objects), new).changes()
    )


def _patch(denied: Sequence[Edge], files: Mapping[str, SourceFile], after: Mapping[str, SourceFile]) -> Patch:
    written = [(files[path], file) for path, file in after.items() if file.text != files[path].text]
    noun = "connection" if len(denied) == 1 else "connections"
    return Patch(
        title=f"open {len(denied)} needed {noun}",
        safety=NEEDS_REVIEW,
        note=NOTE,
        diff="".join(unified_diff(old.path, old.text, new.text) for old, new in written),
        files=tuple(PatchedFile(old.path, old.text, new.text) for old, new in written),
        proof=(
            f"the policies allow the {noun} then: "
            + ", ".join(f"{edge.source} to {edge.target} on {', '.join(edge.ports)}" for edge in denied),
            "no other connection is opened, and none is closed",
        ),
    )
