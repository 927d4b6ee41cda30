"""Proves an edit of sources on what is rendered: exactly the claimed change, in every root, and the problem is gone."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from gitops_guard.editing.claim import ImpossibleIntentError, expected, same_data
from gitops_guard.editing.intent import Intent
from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity
from gitops_guard.rendering.asking import asking_paths
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

    def is_fed_by(self, paths: Collection[str]) -> bool:
        """Whether any of these files decides on the result."""
        return not (asking_paths(self.root) | {*self.rendered.files}).isdisjoint(paths)


class NotProvedError(Exception):
    """The result is not what was claimed; the message says where it differs."""


class Repository(NamedTuple):
    """What proofs need of a repository.

    `files` are its files by path. `fed_by` gives every root that any of some files decides on, as it is rendered now.
    `discover` finds the roots after an edit, given the edited files, and `build_of` binds one to its tool: an edit of
    what asks for a root changes the root itself.
    """

    files: Mapping[str, bytes]
    fed_by: Callable[[Collection[str]], Sequence[RootState | NotRendered]]
    discover: Callable[[Mapping[str, bytes]], Sequence[Root]] | None = None
    build_of: Callable[[Root], Build] | None = None


class SourceEdit(NamedTuple):
    """The repository, and those of its files that are edited or added, as they are after."""

    repository: Repository
    edited: Mapping[str, bytes]

    def others(self, state: RootState) -> Iterator[RootState]:
        """The other roots that the edited files feed.

        Raises:
            NotProvedError: one of them is not rendered, so that nobody knows what the edit does to it.
        """
        for other in self.repository.fed_by(self.edited):
            if isinstance(other, NotRendered):
                raise NotProvedError(f"{other.root.name} uses the source too and is not rendered: {other.reason}")
            if other.root != state.root:
                yield other

    def build(self, state: RootState) -> Build:
        """How to render a root after the edit.

        Raises:
            NotProvedError: the root is not asked for any more, or cannot be discovered here.
        """
        if asking_paths(state.root).isdisjoint(self.edited):
            return state.build
        discover, build_of = self.repository.discover, self.repository.build_of
        if discover is None or build_of is None:
            raise NotProvedError(f"what asks for {state.root.name} would change: that is not tried here")
        for root in discover(self.edited):
            if (root.tool, root.path, root.source) == (state.root.tool, state.root.path, state.root.source):
                return build_of(root)
        raise NotProvedError(f"{state.root.name} would not be asked for any more")


class Proof(NamedTuple):
    """What is proved: the roots that change, the objects in them, and the sentences of the proof."""

    roots: tuple[str, ...]
    objects: tuple[str, ...]
    sentences: tuple[str, ...]


def prove(  # noqa: PLR0913, PLR0917 - a proof rests on all of these
    state: RootState,
    obj: KubernetesObject,
    intents: Sequence[Intent],
    edit: SourceEdit,
    gone: Gone,
    validate: Validate | None = None,
) -> Proof:
    """Renders all roots with the edited files and compares.

    Args:
        state: the root with the problem.
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
    valid = _valid(obj, own.after, validate)
    changed = _same_everywhere(state.root, pairs, own)
    _require_gone(gone, state.rendered, mine)
    roots = [state.root.name]
    for other in edit.others(state):
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
        *valid,
        "the problem is gone from the rendered result, no new one appears",
    )
    return Proof(tuple(dict.fromkeys(roots)), tuple(dict.fromkeys(map(str, changed))), sentences)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _rendered(state: RootState, edit: SourceEdit) -> Rendered:
    known = edit.repository.files
    files = {path: known[path] for path in state.rendered.files if path in known}
    result = edit.build(state)({**files, **edit.edited})
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


def _valid(before: KubernetesObject, after: KubernetesObject, validate: Validate | None) -> tuple[str, ...]:
    was, now = before.field.data, after.field.data
    if validate is None or not isinstance(was, dict) or not isinstance(now, dict):
        return ()
    verdict = validate(now)
    if verdict.error and validate(was).error:
        raise NotProvedError(f"the rendered object was not valid before: {validate(was).error}")
    if verdict.error:
        raise NotProvedError(f"the rendered object would not be valid: {verdict.error}")
    if verdict.not_judged:
        return (f"the rendered object was not checked against a schema: {verdict.not_judged}",)
    return ("the rendered object is valid against the Kubernetes schema",)


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
