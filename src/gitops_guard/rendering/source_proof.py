"""Proves an edit of sources on what is rendered: exactly the claimed change, in every root, and the problem is gone."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gitops_guard.editing.claim import ImpossibleIntentError, expected, same_data
from gitops_guard.editing.intent import Intent
from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity
from gitops_guard.rendering.object_changes import Change, Missing, Pair, Side, differing
from gitops_guard.rendering.rendered_difference import named_path
from gitops_guard.rendering.roots import Build, NotRendered, Rendered, Root
from gitops_guard.syntax.nodes import Data
from gitops_guard.verify import Validate

Gone = Callable[[Rendered, Rendered], str]
"""Says of a root before and after why a problem is not gone, or which came; empty if all is well."""


class RootState(NamedTuple):
    """A root as it is rendered now, and how to render it again."""

    rendered: Rendered
    build: Build

    @property
    def root(self) -> Root:
        """The root."""
        return self.rendered.root


class SourceEdit(NamedTuple):
    """The files of a repository, and those of them that are edited or added, as they are after."""

    files: Mapping[str, bytes]
    edited: Mapping[str, bytes]


class NotProvedError(Exception):
    """The result is not what was claimed; the message says where it differs."""


class Proof(NamedTuple):
    """What is proved: the roots that change, the objects in them, and the sentences of the proof."""

    roots: tuple[str, ...]
    objects: tuple[str, ...]
    sentences: tuple[str, ...]


def prove(  # noqa: PLR0913, PLR0917 - a proof rests on all of these
    state: RootState,
    others: Sequence[RootState],
    obj: KubernetesObject,
    intents: Sequence[Intent],
    edit: SourceEdit,
    gone: Gone,
    validate: Validate | None = None,
) -> Proof:
    """Renders all roots with the edited files and compares.

    Args:
        state: the root with the problem.
        others: the other roots that the edited files feed.
        obj: the rendered object with the problem.
        intents: the change of it, with keypaths below it.
        edit: of the sources.
        gone: looks for the problem, and for new ones.
        validate: judges the object after by the schema.

    Raises:
        NotProvedError: with the reason.
    """
    mine = _rendered(state, edit)
    pairs = list(differing(state.rendered.text, mine.text))
    own = next((pair for pair in pairs if pair.before is not None and pair.before.identity == obj.identity), None)
    if own is None or own.after is None:
        raise NotProvedError(f"{obj.identity} would not change")
    _as_claimed(obj, intents, own.after)
    _valid(obj, own.after, validate)
    changed = _same_everywhere(state.root, pairs, own)
    _require_gone(gone, state.rendered, mine)
    roots = [state.root.name]
    for other in others:
        result = _rendered(other, edit)
        found = list(differing(other.rendered.text, result.text))
        if found:
            changed += _same_everywhere(other.root, found, own)
            roots.append(other.root.name)
            _require_gone(gone, other.rendered, result)
    paths = ", ".join(f"`{named_path(change.path)}`" for change in own.changes)
    where = f"in {_count(len(changed), 'object')} of {_count(len(roots), 'root')}"
    sentences = (
        f"rendered before and after: only {paths} changes, {where}",
        "the problem is gone from the rendered result, no new one appears",
    )
    return Proof(tuple(dict.fromkeys(roots)), tuple(dict.fromkeys(map(str, changed))), sentences)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _rendered(state: RootState, edit: SourceEdit) -> Rendered:
    files = {path: edit.files[path] for path in state.rendered.files if path in edit.files}
    result = state.build({**files, **edit.edited})
    if isinstance(result, NotRendered):
        raise NotProvedError(f"{state.root.name} could not be rendered any more: {result.reason}")
    return result


def _as_claimed(obj: KubernetesObject, intents: Sequence[Intent], after: KubernetesObject) -> None:
    try:
        (wanted,) = expected([obj.field.data], 0, intents)
    except ImpossibleIntentError as error:
        raise NotProvedError(str(error)) from None
    if not same_data(_sorted(wanted), _sorted(after.field.data)):
        raise NotProvedError("the rendered object would not be what the fix claims")


def _sorted(value: Data) -> Data:
    """Without what is nothing to Kubernetes: an empty mapping left where its last key was."""
    if isinstance(value, dict):
        return {key: _sorted(inner) for key, inner in value.items() if inner != {}}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _valid(before: KubernetesObject, after: KubernetesObject, validate: Validate | None) -> None:
    was, now = before.field.data, after.field.data
    if validate is None or not isinstance(was, dict) or not isinstance(now, dict):
        return
    verdict = validate(now)
    if verdict.error and not validate(was).error:
        raise NotProvedError(f"the rendered object would not be valid: {verdict.error}")


def _same_everywhere(root: Root, pairs: Sequence[Pair], own: Pair) -> list[ObjectIdentity]:
    """The objects that change, each in the same way as the one with the problem."""
    wanted = {(change.path, _text(change.after)) for change in own.changes}
    for pair in pairs:
        if pair.before is None or pair.after is None:
            word = "appear" if pair.before is None else "vanish"
            raise NotProvedError(f"{pair.object.identity} would {word} in {root.name}")
        if pair is own:
            continue
        for change in pair.changes:
            if not _fits(change, wanted):
                where = f"{pair.object.identity}, {named_path(change.path)}"
                raise NotProvedError(f"it would change more: {where} in {root.name}")
    return [pair.object.identity for pair in pairs]


def _fits(change: Change, wanted: set[tuple[tuple[str | int, ...], str]]) -> bool:
    """Whether a change of another object is the claimed one; containers there may have other names."""
    text, path = _text(change.after), _anonymous(change.path)
    return any(text == other and path == _anonymous(known) for known, other in wanted)


def _anonymous(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return tuple("[]" if isinstance(key, int) or key.startswith("[") else key for key in path)


def _text(value: Side) -> str:
    return repr(value) if isinstance(value, Missing) else repr(_ordered(value))


def _ordered(value: Data) -> Data:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def _require_gone(gone: Gone, before: Rendered, after: Rendered) -> None:
    reason = gone(before, after)
    if reason:
        raise NotProvedError(f"{after.root.name}: {reason}")
