"""The objects of a rendered text."""

from typing import NamedTuple

from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity, objects
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.yaml import parse


class Sought(NamedTuple):
    """A field of a rendered object to find the source of.

    `steps` are the fields from below the object's root to the sought one, which need not exist.
    """

    object: KubernetesObject
    field: Field
    steps: tuple[Field, ...]

    @property
    def keys(self) -> KeyPath:
        """The keypath below the object."""
        return tuple(step.key for step in self.steps)


def rendered_objects(text: str) -> tuple[KubernetesObject, ...]:
    """The objects of all documents, in order."""
    return tuple(obj for document in parse(text).documents for obj in objects(document))


def sought(obj: KubernetesObject, keypath: KeyPath) -> Sought:
    """A field of an object by the keypath below the object's root."""
    steps: list[Field] = []
    field = obj.field
    for key in keypath:
        field = field[key]
        steps.append(field)
    return Sought(obj, field, tuple(steps))


def by_identity(found: tuple[KubernetesObject, ...]) -> dict[ObjectIdentity, KubernetesObject]:
    """The objects by identity; of several with the same, the first."""
    return {obj.identity: obj for obj in reversed(found)}
