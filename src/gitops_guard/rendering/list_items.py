"""Finds the item of a source's list that became an item of a rendered list."""

from gitops_guard.editing.claim import same_data
from gitops_guard.syntax.field import Field

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


def matching_item(items: Field, rendered: Field) -> Field | None:
    """The item of a list that a rendered item is made of.

    By merge key, by equal content, by name, or by position where both lists are equally long.
    """
    candidates = list(items.items())
    for key in merge_keys(rendered):
        wanted = rendered[key]
        if wanted.exists:
            found = [item for item in candidates if item[key].text == wanted.text]
            if len(found) > 1:
                found = [item for item in found if item["protocol"].text == rendered["protocol"].text] or found
            if found:
                return found[0]
    equal = next((item for item in candidates if same_data(item.data, rendered.data)), None)
    if equal is not None:
        return equal
    return _by_position(candidates, rendered)


def merge_keys(item: Field) -> tuple[str, ...]:
    """The keys that tell items of a list apart."""
    return key_names("" if item.parent is None else str(item.parent.key))


def key_names(name: str) -> tuple[str, ...]:
    """The same for a list by the key that it stands under."""
    return _MERGE_KEYS.get(name, ("name",))


def _by_position(candidates: list[Field], rendered: Field) -> Field | None:
    siblings = 0 if rendered.parent is None else sum(1 for _ in rendered.parent.items())
    if not isinstance(rendered.key, int) or siblings != len(candidates) or rendered.key >= siblings:
        return None
    candidate = candidates[rendered.key]
    for key in merge_keys(rendered):
        if candidate[key].text not in rendered[key].text:
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
