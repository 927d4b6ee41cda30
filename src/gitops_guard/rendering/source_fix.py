"""Fixes a problem of a rendered object where its source is, proved on what is rendered.

The edit goes where ownership says: to the patch, the object, the entry of a kustomization or the value that decides the
field. Where none of them can be edited, a root of Kustomize gets a patch file of its own. Nothing unproved is offered.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_guard.editing.diff import unified_diff
from gitops_guard.editing.intent import AppendItem, DeleteKey, Intent, SetValue
from gitops_guard.finding import NEEDS_REVIEW, SAFE, Patch, PatchedFile
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.publishers.likely_secret import likely_secrets
from gitops_guard.rendering.patch_file import added_patch
from gitops_guard.rendering.source_edit import CannotEditError, direct_edit, readable
from gitops_guard.rendering.source_map import SourceMap
from gitops_guard.rendering.source_proof import Gone, NotProvedError, Proof, Repository, RootState, SourceEdit, prove
from gitops_guard.rule import Fix
from gitops_guard.syntax.field import KeyPath
from gitops_guard.text import LineIndex
from gitops_guard.verify import Validate

_MOST_NAMES = 40


class RefusedFix(NamedTuple):
    """Why no source can be fixed, and what a person can do."""

    reason: str


def fix_at_source(  # noqa: PLR0913, PLR0917 - a fix rests on all of these
    fix: Fix,
    obj: KubernetesObject,
    state: RootState,
    sources: SourceMap,
    repository: Repository,
    gone: Gone,
    validate: Validate | None = None,
) -> Patch | RefusedFix:
    """A proved patch of sources.

    Args:
        fix: what should change, with keypaths of the rendered document that the object lies in.
        obj: the rendered object.
        state: its root.
        sources: of that root.
        repository: its files and rendered roots, the object's own among them.
        gone: looks for the problem in a root before and after.
        validate: judges the object by the schema.
    """
    try:
        intents = [below(intent, obj.field.keypath) for intent in fix.intents]
    except CannotEditError as error:
        return RefusedFix(str(error))
    reasons: list[str] = []
    for edit in (_direct, _with_patch):
        try:
            texts = edit(obj, intents, state, sources, repository)
            if texts is not None:
                return _proved(texts, fix, obj, intents, state, repository, gone, validate)
        except (CannotEditError, NotProvedError) as error:
            reasons.append(str(error))
    return RefusedFix("; ".join(dict.fromkeys(reasons)))


def below(intent: Intent, root: KeyPath) -> Intent:
    """An intent with its keypath below an object.

    Raises:
        CannotEditError: it is not one on the object.
    """
    if isinstance(intent, SetValue | AppendItem | DeleteKey) and intent.path[: len(root)] == root:
        return intent._replace(path=intent.path[len(root) :])
    raise CannotEditError("it adds a document: add it to the sources by hand")


def _direct(
    obj: KubernetesObject, intents: Sequence[Intent], _: RootState, sources: SourceMap, repository: Repository
) -> dict[str, str] | None:
    return direct_edit(obj, intents, sources, repository.files)


def _with_patch(
    obj: KubernetesObject, intents: Sequence[Intent], state: RootState, _: SourceMap, repository: Repository
) -> dict[str, str] | None:
    if state.root.tool != "kustomize" or state.root.resources:
        return None
    return added_patch(obj, intents, state.root.path, repository.files)


def _proved(  # noqa: PLR0913, PLR0917 - one patch is made of all of these
    texts: Mapping[str, str],
    fix: Fix,
    obj: KubernetesObject,
    intents: Sequence[Intent],
    state: RootState,
    repository: Repository,
    gone: Gone,
    validate: Validate | None,
) -> Patch:
    before = {path: readable(path, repository.files) for path in texts if path in repository.files}
    if all(path in before and before[path].text == text for path, text in texts.items()):
        raise CannotEditError("the edit changes nothing")
    raw = {path: before[path].encode(text) if path in before else text.encode() for path, text in texts.items()}
    proof = prove(state, obj, intents, SourceEdit(repository, raw), gone, validate)
    files = [PatchedFile(path, before[path].text if path in before else None, texts[path]) for path in sorted(texts)]
    diff = "".join(_masked(unified_diff(file.path, file.before, file.after)) for file in files)
    plain = "".join(unified_diff(file.path, file.before, file.after) for file in files)
    reach = _reach(proof)
    return Patch(
        title=fix.title,
        safety=NEEDS_REVIEW if reach and fix.safety == SAFE else fix.safety,
        note="; ".join(filter(None, (fix.note, reach))),
        diff=diff,
        files=tuple(files),
        proof=proof.sentences,
        shows_secret=_hides_added(plain, diff),
    )


def _reach(proof: Proof) -> str:
    """What else changes, in words; empty if nothing does."""
    said: list[str] = []
    if len(proof.roots) > 1:
        said.append(f"the source is shared: it changes {_listed(proof.roots)}")
    if len(proof.objects) > 1:
        said.append(f"it changes {_listed(proof.objects)}")
    return "; ".join(said)


def _listed(names: Sequence[str]) -> str:
    """All names of roots and objects; of very many, the first and a number."""
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"


def _hides_added(plain: str, masked: str) -> bool:
    """Whether a line that the patch writes is masked."""
    rows = zip(plain.split("\n"), masked.split("\n"), strict=False)
    return any(one != other and one.startswith("+") for one, other in rows)


def _masked(diff: str) -> str:
    """The diff with everything masked that looks like a secret."""
    lines = LineIndex(diff)
    pieces: list[str] = []
    done = 0
    for start, end in sorted(likely_secrets(diff, lines, 1, len(lines))) if diff else ():
        if start >= done:
            pieces += (diff[done:start], "***")
            done = end
    return "".join((*pieces, diff[done:]))
