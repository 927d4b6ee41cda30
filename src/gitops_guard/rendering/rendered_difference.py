"""What a change does to the rendered objects of a root, to be shown."""

from collections.abc import Iterable, Iterator

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rendered_effect import ADDED, CHANGED, REMOVED, FieldChange, ObjectChange, RootChange
from gitops_guard.rendering.object_changes import Change, Pair, differing
from gitops_guard.rendering.roots import NotRendered, Rendered, Root
from gitops_guard.rendering.shown_values import SECRET, narrowed, shown
from gitops_guard.syntax.field import KeyPath, format_keypath

MOST_OBJECTS = 100
MOST_FIELDS = 40

Outcome = Rendered | NotRendered | None
"""What became of a root on one side; None if it is not there."""


def difference(before: Outcome, after: Outcome) -> RootChange:
    """The difference of a root, which is there on one side at least.

    A root that could not be rendered on a side where it is there was not compared: that is said, never shown as empty.
    """
    name = _name(before, after)
    for outcome, side in ((after, "after"), (before, "before")):
        if isinstance(outcome, NotRendered):
            return RootChange(name, unknown=f"not rendered {side} the change: {outcome.reason}", hint=outcome.hint)
    old = before.text if isinstance(before, Rendered) else ""
    new = after.text if isinstance(after, Rendered) else ""
    objects: list[ObjectChange] = []
    more = 0
    for pair in differing(old, new):
        if len(objects) < MOST_OBJECTS:
            objects.append(object_change(pair))
        else:
            more += 1
    return RootChange(name, tuple(objects), more, notes=_notes(before, after))


def differences(
    before: Iterable[Rendered | NotRendered], after: Iterable[Rendered | NotRendered]
) -> tuple[RootChange, ...]:
    """The differences of the roots of two sides, those that are the same included.

    A root is the same on both sides if its name and who asks for it are, or if its name is and nothing else has it.
    """
    old, new = list(before), list(after)
    pairs: list[tuple[Outcome, Outcome]] = []
    for one in new:
        same = [other for other in old if _is_same(other.root, one.root)]
        named = [other for other in old if other.root.name == one.root.name]
        alone = sum(other.root.name == one.root.name for other in new) == 1
        found = same[0] if same else named[0] if len(named) == 1 and alone else None
        if found is not None:
            old.remove(found)
        pairs.append((found, one))
    return tuple(difference(*pair) for pair in (*pairs, *((gone, None) for gone in old)))


def _is_same(one: Root, other: Root) -> bool:
    return (one.name, one.source, one.release) == (other.name, other.source, other.release)


def _name(before: Outcome, after: Outcome) -> str:
    found = after or before
    if found is None:
        return ""
    return f"{found.root.name} ({found.root.source})" if found.root.source else found.root.name


def _notes(before: Outcome, after: Outcome) -> tuple[str, ...]:
    unknown = dict.fromkeys(one for side in (before, after) if side is not None for one in side.root.unknown)
    return tuple(f"{one} is not in the repository" for one in unknown)


def object_change(pair: Pair) -> ObjectChange:
    """A pair of objects as it is shown."""
    title = str(pair.object.identity)
    if pair.before is None or pair.after is None:
        return ObjectChange(ADDED if pair.before is None else REMOVED, title)
    listed = [_field(pair.after, pair.before, change) for change in pair.changes[:MOST_FIELDS]]
    return ObjectChange(CHANGED, title, tuple(listed), max(0, len(pair.changes) - MOST_FIELDS))


def _field(obj: KubernetesObject, was: KubernetesObject, change: Change) -> FieldChange:
    name = _variable(change.path)
    before, after = shown(was, change.path, change.before, name), shown(obj, change.path, change.after, name)
    if before == after == SECRET:
        after = "(another secret, not shown)"
    return FieldChange(named_path(change.path), *narrowed(before, after))


def _variable(path: KeyPath) -> str:
    """The name of the item of a list that a value belongs to, as `env: [{name: N, value: V}]` has it."""
    named = [str(key)[1:-1] for key in path if isinstance(key, str) and key.startswith("[") and key.endswith("]")]
    return named[-1] if named and path[-1] == "value" else ""


def named_path(path: KeyPath) -> str:
    """A path as people read it, with items of lists by name."""
    return "".join(_parts(path)).removeprefix(".")


def _parts(path: KeyPath) -> Iterator[str]:
    for key in path:
        if isinstance(key, str) and key.startswith(("[", "(")):
            yield key
        else:
            shown_key = format_keypath((key,))
            yield shown_key if shown_key.startswith("[") else f".{shown_key}"
