"""A text of the configuration with its name and place: what hosts are looked for in."""

from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.text import Position


class Text:
    """A value of a ConfigMap or Secret. It never shows itself: it may be secret.

    `place` is that of the value. `first_line` is the line of the file on which its own first line stands, where each of
    its lines has one there (a literal block); None otherwise. `owner` is `ConfigMap/name` or `Secret/name`.
    """

    __slots__ = ("first_line", "hidden", "key", "owner", "place", "value")

    def __init__(  # noqa: PLR0913 - the fields of one value
        self, value: str, place: Place, *, owner: str, key: str, hidden: bool, first_line: int | None = None
    ) -> None:
        self.value = value
        self.place = place
        self.owner = owner
        self.key = key
        self.hidden = hidden
        self.first_line = first_line

    def line_place(self, line: int) -> Place:
        """The place of a line of the value, counted from 0."""
        if self.first_line is None or line < 0:
            return self.place
        at = Position(self.first_line + line, 1)
        return self.place._replace(start=at, end=at)

    def __repr__(self) -> str:
        return f"Text({self.owner}, {self.key!r})"


class Setting(NamedTuple):
    """A named text of a workload.

    `source` is the kind of place (`env`, `command`, `file`). `hidden`: it comes from a Secret and is never shown.
    `is_shared`: it comes from configuration that several workloads read whole. `is_lookup`: the name is only looked up.
    `is_host`: it is an argument that must be a host. `port` is one that stands beside the host (`nc -z host port`).
    `known_port` is the default of the program that is called.
    """

    name: str
    text: str
    place: Place
    source: str
    through: Place | None = None
    hidden: bool = False
    is_shared: bool = False
    is_lookup: bool = False
    is_host: bool = False
    port: int | None = None
    known_port: int | None = None

    def __repr__(self) -> str:
        return f"Setting({self.name!r}, {self.source})"
