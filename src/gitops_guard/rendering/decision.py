"""Decides which of the layers of a rendered object a field comes from."""

from collections.abc import Iterator, Sequence

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rendering.layer import PART, SETS, Layer, Said
from gitops_guard.rendering.rendered_objects import Sought, sought
from gitops_guard.rendering.source_place import SourcePlace, whole_file
from gitops_guard.syntax.field import Field, KeyPath

_LEAVES = 60
"""Values below a field that are asked for where they come from; a larger one is taken by where it begins."""

_QUESTIONS = 3000
"""Questions to layers for one collection: where layers are many, fewer of its values are asked for."""


def decided(obj: KubernetesObject, keypath: KeyPath, layers: Sequence[Layer]) -> SourcePlace | None:
    """Where a field of an object is decided.

    A single value: by the outermost layer that writes it. A collection: by the layer that all its values come from,
    otherwise by the innermost that has it. Something missing: below the nearest field that is there.

    Args:
        obj: the rendered object.
        keypath: below the object's root.
        layers: from the innermost to the outermost.

    Returns:
        None if no layer speaks of the field or of anything above it.
    """
    for depth in range(len(keypath), -1, -1):
        wanted = sought(obj, keypath[:depth])
        if wanted.field.written is None:
            continue
        said = _said(wanted, layers)
        if said is not None:
            place = said.place(keypath[depth:])
            is_vague = said.how not in {SETS, PART} and not _is_collection(wanted.field)
            return whole_file(place.path) if is_vague else place
    return None


def _said(wanted: Sought, layers: Sequence[Layer]) -> Said | None:
    if not _is_collection(wanted.field):
        found = _single(wanted, layers)
        return None if found is None else found.look(wanted)
    sources = {_single(leaf, layers) for leaf in _leaves(wanted, max(1, _QUESTIONS // max(1, len(layers))))}
    if len(sources) == 1:
        only = sources.pop()
        said = None if only is None else only.look(wanted)
        if said is not None:
            return said
    return next((said for layer in layers if (said := layer.look(wanted)) is not None), None)


def _single(wanted: Sought, layers: Sequence[Layer]) -> Layer | None:
    """The outermost layer that writes a value as rendered, or else a part of it, or else speaks of it."""
    best: dict[str, Layer] = {}
    for layer in reversed(layers):
        said = layer.look(wanted)
        if said is None:
            continue
        if said.how == SETS:
            return layer
        best.setdefault(said.how, layer)
    return best.get(PART) or next(iter(best.values()), None)


def _is_collection(field: Field) -> bool:
    return field.is_mapping or field.is_sequence


def _leaves(wanted: Sought, most: int) -> list[Sought]:
    found: list[Sought] = []
    pending = [wanted]
    while pending and len(found) < min(most, _LEAVES):
        one = pending.pop()
        below = list(_below(one.field))
        if below:
            pending += (Sought(one.object, field, (*one.steps, field)) for field in below)
        else:
            found.append(one)
    return found


def _below(field: Field) -> Iterator[Field]:
    yield from field.entries()
    yield from field.items()
