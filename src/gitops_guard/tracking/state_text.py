"""The state of sweeps as JSON, a line for each problem, so that a comparison of two versions reads well."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from gitops_guard.finding import Severity
from gitops_guard.tracking.state import Fixed, Numbers, Sighting, State, Sweep

FORMAT, VERSION = "gitops-guard/state", 1
SIZE_LIMIT = 64 * 1024 * 1024
_TEXT = 4096
"""Characters; the longest path of Linux."""


class DamagedStateError(ValueError):
    """The text is no state of this version; the message says why."""


def render(state: State) -> str:
    """The state as text, in an order of its own: the same state is the same text."""
    sweep = state.sweep
    head = {"format": FORMAT, "version": VERSION, "sweep": None if sweep is None else _days(sweep._asdict())}
    opened = ([name, *_days(one._asdict()).values()] for name, one in sorted(state.open.items()))
    fixed = (list(_days(one._asdict()).values()) for one in state.fixed)
    return f'{json.dumps(head)[:-1]}, "open": [\n{_lines(opened)}\n], "fixed": [\n{_lines(fixed)}\n]}}\n'


def _lines(rows: Iterable[object]) -> str:
    return ",\n".join(json.dumps(row) for row in rows)


def _days(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: one.isoformat() if isinstance(one, date) else one for name, one in fields.items()}


def read(text: str) -> State:
    """Reads a state; anybody who may push to its branch may have written it.

    Raises:
        DamagedStateError: it is no state of this version.
    """
    if len(text) > SIZE_LIMIT:
        raise DamagedStateError(f"it is larger than {SIZE_LIMIT // 1024 // 1024} MiB")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise DamagedStateError("it is no JSON") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise DamagedStateError("it is something else")
    if value.get("version") != VERSION:
        raise DamagedStateError(f"it is not of version {VERSION}")
    try:
        opened = dict(_rows(value["open"], _opened))
        return State(opened, tuple(_rows(value["fixed"], _fixed)), _sweep(value["sweep"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DamagedStateError(f"a value of it cannot be read ({type(error).__name__})") from None


def _rows(rows: object, make: Callable[..., Any]) -> Iterator[Any]:
    if not isinstance(rows, list):
        raise TypeError
    for row in rows:
        yield make(*row)


def _opened(name: object, rule: object, severity: object, path: object, *rest: object) -> tuple[str, Sighting]:
    first, last, waived = rest
    if waived is not True and waived is not False:
        raise TypeError
    return _text(name), Sighting(_text(rule), _severity(severity), _text(path), _day(first), _day(last), waived)


def _fixed(name: object, rule: object, severity: object, first: object, fixed: object, commit: object) -> Fixed:  # noqa: PLR0913, PLR0917 - a row
    return Fixed(_text(name), _text(rule), _severity(severity), _day(first), _day(fixed), _text(commit))


def _sweep(value: Any) -> Sweep | None:  # noqa: ANN401 - JSON
    if value is None:
        return None
    before = value["before"]
    return Sweep(
        _text(value["commit"]),
        _day(value["day"]),
        value["complete"] is True,
        _numbers(value["new"]),
        _numbers(value["fixed"]),
        None if before is None else _day(before),
    )


def _numbers(value: object) -> Numbers:
    if not isinstance(value, list) or any(type(one) is not int or one < 0 for one in value):
        raise TypeError
    lowest, low, medium, high, critical = value
    return lowest, low, medium, high, critical


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _TEXT:
        raise TypeError
    return value


def _severity(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return int(Severity(value))


def _day(value: object) -> date:
    return date.fromisoformat(_text(value))
