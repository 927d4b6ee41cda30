"""PyYAML's own event parser, for machines where PyYAML was installed without libyaml."""

from collections.abc import Iterator

import yaml
from yaml import events


class PureParser:
    """Gives the events of `yaml.cyaml.CParser`, slower."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[events.Event] = yaml.parse(text, Loader=yaml.SafeLoader)

    def get_event(self) -> events.Event:
        """The next event; the last one is a StreamEndEvent."""
        return next(self._events)
