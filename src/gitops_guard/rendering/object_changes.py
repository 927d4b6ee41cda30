"""The semantic difference of two rendered texts, exact: for proofs, and to be masked and shown."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.editing.claim import same_data
from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity
from gitops_guard.rendering.list_items import key_names
from gitops_guard.rendering.rendered_objects import rendered_objects
from gitops_guard.syntax.field import KeyPath
from gitops_guard.syntax.nodes import Data

HASHED = re.compile(r"-[24-9bcdfghkmt]{10}$")
"""The hash that Kustomize appends to the name of what it generates."""
ORDER = "(order)"
"""Stands for the order of a list whose items are told apart by name."""


class Missing:
    """Stands for nothing where null is something."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()
Side = Data | Missing


class Change(NamedTuple):
    """One field of one object; items of lists are named in `path` by their merge key, others by `[]` or their index."""

    path: KeyPath
    before: Side
    after: Side


class Pair(NamedTuple):
    """An object on both sides, or on one of them, and its changed fields."""

    before: KubernetesObject | None
    after: KubernetesObject | None
    changes: tuple[Change, ...] = ()

    @property
    def object(self) -> KubernetesObject:
        """The object after, or if it is gone, before."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - a pair has one side at least
        return found


def differing(before: str, after: str) -> Iterator[Pair]:
    """The objects of two rendered texts that differ, in the order of the text after, removed ones last."""
    if before == after:
        return
    old = _keyed(rendered_objects(before))
    new = _keyed(rendered_objects(after))
    _rename(old, new)
    _move(old, new)
    for key, obj in new.items():
        was = old.get(key)
        if was is None:
            yield Pair(None, obj)
            continue
        changes = tuple(changes_of(was.field.data, obj.field.data))
        if changes:
            yield Pair(was, obj, changes)
    yield from (Pair(obj, None) for key, obj in old.items() if key not in new)


_Key = tuple[str, str, str, str, int]


def _keyed(found: tuple[KubernetesObject, ...]) -> dict[_Key, KubernetesObject]:
    keyed: dict[_Key, KubernetesObject] = {}
    for obj in found:
        turn = 0
        while (key := (*_name(obj.identity), turn)) in keyed:
            turn += 1
        keyed[key] = obj
    return keyed


def _name(identity: ObjectIdentity) -> tuple[str, str, str, str]:
    """An object is the same in another version of its API."""
    return identity.api_version.rpartition("/")[0], identity.kind, identity.namespace, identity.name


def _rename(old: dict[_Key, KubernetesObject], new: dict[_Key, KubernetesObject]) -> None:
    """Takes objects for the same whose names differ by the hash that Kustomize appends."""
    gone: dict[_Key, _Key] = {}
    for key in old:
        if key not in new and HASHED.search(key[3]):
            gone[_unhashed(key)] = key
    for key in list(new):
        was = gone.get(_unhashed(key)) if key not in old else None
        if was is not None:
            old[key] = old.pop(was)
            del gone[_unhashed(key)]


def _move(old: dict[_Key, KubernetesObject], new: dict[_Key, KubernetesObject]) -> None:
    """Takes objects for the same that are in another namespace now, where no other has their kind and name."""
    gone, come = (_alone(key for key in here if key not in there) for here, there in ((old, new), (new, old)))
    for name, key in come.items():
        was = gone.get(name)
        if was is not None:
            old[key] = old.pop(was)


def _alone(keys: Iterable[_Key]) -> dict[tuple[str, str, str], _Key]:
    """The keys by group, kind and name, without those that share them."""
    found: dict[tuple[str, str, str], list[_Key]] = {}
    for key in keys:
        found.setdefault((key[0], key[1], key[3]), []).append(key)
    return {name: those[0] for name, those in found.items() if len(those) == 1}


def _unhashed(key: _Key) -> _Key:
    return (key[0], key[1], key[2], HASHED.sub("", key[3]), key[4])


def changes_of(before: Side, after: Side, path: KeyPath = ()) -> Iterator[Change]:
    """The changed fields of two values, mappings by key and lists by the merge key of their items."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from changes_of(before.get(key, MISSING), after.get(key, MISSING), (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(before, after, path)
    elif isinstance(before, Missing) or isinstance(after, Missing):
        if before is not after:
            yield Change(path, before, after)
    elif not same_data(before, after):
        yield Change(path, before, after)


def _list_changes(before: list[Data], after: list[Data], path: KeyPath) -> Iterator[Change]:
    names = _names(before, path), _names(after, path)
    if names[0] is not None and names[1] is not None:
        old = dict(zip(names[0], before, strict=True))
        new = dict(zip(names[1], after, strict=True))
        for name in dict.fromkeys((*old, *new)):
            yield from changes_of(old.get(name, MISSING), new.get(name, MISSING), (*path, name))
        common = [name for name in new if name in old]
        if common != [name for name in old if name in new]:
            yield Change((*path, ORDER), ", ".join(old), ", ".join(new))
    elif len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from changes_of(one, other, (*path, index))
    else:
        yield from _item_changes(before, after, path)


def _names(items: list[Data], path: KeyPath) -> list[str] | None:
    """What tells the items apart; None where that is not certain."""
    keys = key_names(str(path[-1]) if path else "")
    names: list[str] = []
    for item in items:
        key = next((key for key in keys if isinstance(item, dict) and key in item), None)
        if key is None or not isinstance(item, dict):
            return None
        name = f"[{item[key]}]" if "protocol" not in item else f"[{item[key]}/{item['protocol']}]"
        names.append(name)
    return names if len(set(names)) == len(names) else None


def _item_changes(before: list[Data], after: list[Data], path: KeyPath) -> Iterator[Change]:
    """Lists of different length whose items have no names: what is only on one side; all of it if that is nothing."""
    gone, come = list(before), []
    for item in after:
        at = next((index for index, other in enumerate(gone) if same_data(item, other)), None)
        if at is None:
            come.append(item)
        else:
            del gone[at]
    yield from (Change((*path, "[]"), item, MISSING) for item in gone)
    yield from (Change((*path, "[]"), MISSING, item) for item in come)
