"""What a change of the sources does to what is rendered, fit to be shown: bounded, with secrets masked."""

from typing import NamedTuple

ADDED = "added"
REMOVED = "removed"
CHANGED = "changed"


class FieldChange(NamedTuple):
    """One field; `before` and `after` are texts to show, None where the field is not there."""

    path: str
    before: str | None
    after: str | None


class ObjectChange(NamedTuple):
    """One object; `more` counts the fields that are not listed. An added or removed object lists none."""

    what: str
    title: str
    fields: tuple[FieldChange, ...] = ()
    more: int = 0


class RootChange(NamedTuple):
    """One root: the objects that differ, and how many more do.

    `unknown` says why it could not be compared, with `hint` on what to do; then it lists nothing and is not the same as
    a root without a change. `notes` are what the comparison does not know.
    """

    root: str
    objects: tuple[ObjectChange, ...] = ()
    more: int = 0
    unknown: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether anything differs, or may."""
        return bool(self.objects or self.unknown)

    def count(self, what: str) -> int:
        """The objects that are listed as added, removed or changed."""
        return sum(one.what == what for one in self.objects)
