"""Finds the item of a source's list that became an item of a rendered list."""

from functools import lru_cache

from gitops_guard.editing.claim import same_data
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.nodes import Sequence, data

_MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("containerPort", "port"),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
}
"""The merge keys of lists whose items are not told apart by `name` (`x-kubernetes-patch-merge-key` of the API)."""


MOST_COMPARED = 300
"""Items of a list without names whose content is compared."""


def matching_item(items: Field, rendered: Field) -> Field | None:
    """The item of a list that a rendered item is made of.

    By merge key, by equal content, or by position where both lists are equally long.
    """
    node = items.node
    if not isinstance(node, Sequence):
        return None
    for key in merge_keys(rendered):
        wanted = rendered[key]
        if wanted.exists:
            found = [items[index] for index in _by_key(node, key).get(wanted.text, ())]
            if len(found) > 1:
                found = [item for item in found if item["protocol"].text == rendered["protocol"].text] or found
            if found:
                return found[0]
    value = rendered.data
    for index, item in enumerate(node.items[:MOST_COMPARED]):
        if same_data(data(item), value):
            return items[index]
    return _by_position(items, node, rendered)


@lru_cache(maxsize=1024)
def _by_key(node: Sequence, key: str) -> dict[str, list[int]]:
    """The positions of the items of a list by what stands under a key of them."""
    found: dict[str, list[int]] = {}
    for index, item in enumerate(node.items):
        text = Field(None, "", item)[key].text
        if text:
            found.setdefault(text, []).append(index)
    return found


def merge_keys(item: Field) -> tuple[str, ...]:
    """The keys that tell items of a list apart."""
    return key_names("" if item.parent is None else str(item.parent.key))


def key_names(name: str) -> tuple[str, ...]:
    """The same for a list by the key that it stands under."""
    return _MERGE_KEYS.get(name, ("name",))


def _by_position(items: Field, node: Sequence, rendered: Field) -> Field | None:
    siblings = None if rendered.parent is None else rendered.parent.node
    if not isinstance(siblings, Sequence) or len(siblings.items) != len(node.items):
        return None
    candidate = items[rendered.key]
    if any(candidate[key].text not in rendered[key].text for key in merge_keys(rendered)):
        return None
    return candidate


def followed(root: Field, steps: tuple[Field, ...]) -> Field | None:
    """The field of a source that a rendered field is made of; None where the source does not speak of it.

    Args:
        root: the source's object.
        steps: the rendered fields from below their object to the one that is sought.
    """
    field = root
    for step in steps:
        if isinstance(step.key, int):
            item = matching_item(field, step) if field.is_sequence else None
            if item is None:
                return None
            field = item
        else:
            field = field[step.key]
            if field.written is None:
                return None
    return field
