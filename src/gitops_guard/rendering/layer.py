"""What one layer of a rendering (an object, a patch, a transformer) says of a rendered field."""

from collections.abc import Callable
from typing import NamedTuple

from gitops_guard.editing.claim import same_data
from gitops_guard.rendering.list_items import followed
from gitops_guard.rendering.rendered_objects import Sought
from gitops_guard.rendering.source_place import Sheet, SourcePlace
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.nodes import Scalar

SETS = "sets"
PART = "part"
SPEAKS = "speaks"


class Said(NamedTuple):
    """Where a layer speaks of a field.

    `how` is `sets` if what it writes is what was rendered, `part` if that is a part of it (a name that got a prefix),
    `speaks` if it writes something else. `fixed` is the place where the source is no YAML document.
    """

    sheet: Sheet
    field: Field
    kind: str
    how: str
    fixed: SourcePlace | None = None

    def place(self, missing: tuple[str | int, ...] = ()) -> SourcePlace:
        """The place of it, or of something missing below it."""
        return self.fixed or self.sheet.place(self.field.at(*missing), self.kind)


Look = Callable[[Sought], Said | None]


class Layer(NamedTuple):
    """One step of a rendering; layers are ordered from the innermost, the object as written, to the outermost."""

    kind: str
    look: Look


def object_layer(sheet: Sheet, root: Field, kind: str) -> Layer:
    """A layer that writes an object, or a part of one."""

    def look(wanted: Sought) -> Said | None:
        field = followed(root, wanted.steps)
        return None if field is None else Said(sheet, field, kind, comparison(field, wanted.field))

    return Layer(kind, look)


def comparison(written: Field, rendered: Field) -> str:
    """How what is written compares with what was rendered; see `Said.how`."""
    if same_data(written.data, rendered.data):
        return SETS
    if isinstance(written.node, Scalar) and isinstance(rendered.node, Scalar) and written.text:
        return PART if written.text in rendered.text else SPEAKS
    return SPEAKS
