"""Leads fields of rendered objects back to their sources."""

from collections.abc import Callable, Mapping

from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity
from gitops_guard.rendering.source_place import SourcePlace
from gitops_guard.syntax.field import KeyPath

Trace = Callable[[KubernetesObject, KeyPath], SourcePlace | None]
"""Gives the source of a field of a rendered object, by the keypath below the object."""


MOST_FIELDS = 20_000
"""Fields of one root that are led back; of more it is said that their source is not known."""


class SourceMap:
    """The sources of the objects of one rendered root; each field is looked up once, when it is first asked for."""

    def __init__(self, objects: Mapping[ObjectIdentity, KubernetesObject], trace: Trace, reason: str = "") -> None:
        self._objects = objects
        self._trace = trace
        self._known: dict[tuple[ObjectIdentity, KeyPath], SourcePlace | None] = {}
        self.reason = reason
        """Why nothing can be led back, if that is so."""

    def locate(self, identity: ObjectIdentity, keypath: KeyPath) -> SourcePlace | None:
        """The source of a field; of something missing, where a person would add it.

        Args:
            identity: the object as rendered.
            keypath: of the field, below the object's root.

        Returns:
            None if not even the file is known.
        """
        key = (identity, keypath)
        if key not in self._known:
            obj = self._objects.get(identity) if len(self._known) < MOST_FIELDS else None
            self._known[key] = None if obj is None else self._trace(obj, keypath)
        return self._known[key]
