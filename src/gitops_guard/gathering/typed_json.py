"""Writes frozen values as JSON objects and reads them back, checked against their declared types."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class WrongTypeError(ValueError):
    """The JSON does not hold what the type says; the text names the place."""


def to_json(value: object) -> Json:
    """A NamedTuple as an object without what stands at its default; tuples as lists, times in RFC 3339."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        defaults: dict[str, object] = getattr(type(value), "_field_defaults", {})
        fields: dict[str, object] = value._asdict()
        return {name: to_json(one) for name, one in fields.items() if name not in defaults or one != defaults[name]}
    if isinstance(value, tuple | list):
        return [to_json(one) for one in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise WrongTypeError(f"{type(value).__name__} has no form in JSON")


def from_json(kind: type[T], value: object, at: str = "") -> T:
    """A value of a type made of NamedTuples, tuples, texts, numbers, literals and times.

    Raises:
        WrongTypeError: the JSON holds something else.
    """
    found: T = _read(kind, value, at)
    return found


def _read(kind: Any, value: object, at: str) -> Any:  # noqa: ANN401 - a type decides what is made
    made_of = get_args(kind)
    if made_of:
        return _composed(get_origin(kind), made_of, value, at)
    if isinstance(kind, type) and issubclass(kind, tuple):
        return _named(kind, value, at)
    if kind is datetime:
        return _time(value, at)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _required(value, at, fits=isinstance(value, kind) and (kind is bool or not isinstance(value, bool)))


def _composed(origin: object, made_of: tuple[Any, ...], value: object, at: str) -> object:
    if origin in {Union, UnionType}:
        return _one_of(made_of, value, at)
    if origin is Literal:
        return _required(value, at, fits=value in made_of)
    return _tuple(made_of, value, at)


def _one_of(kinds: tuple[Any, ...], value: object, at: str) -> object:
    if value is None and NoneType in kinds:
        return None
    wanted = [kind for kind in kinds if kind is not NoneType]
    return _read(wanted[0], value, at)


def _required(value: object, at: str, *, fits: bool) -> object:
    if not fits:
        raise WrongTypeError(f"{at or 'the value'} is not what is expected there")
    return value


def _tuple(kinds: tuple[Any, ...], value: object, at: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise WrongTypeError(f"{at or 'the value'} is no list")
    each = kinds[:1] * len(value) if len(kinds) > 1 and kinds[1] is Ellipsis else kinds
    if len(each) != len(value):
        raise WrongTypeError(f"{at or 'the value'} has {len(value)} items, not {len(each)}")
    return tuple(
        _read(kind, one, f"{at}[{number}]") for number, (kind, one) in enumerate(zip(each, value, strict=True))
    )


def _named(kind: Any, value: object, at: str) -> object:  # noqa: ANN401 - see above
    if not isinstance(value, Mapping):
        raise WrongTypeError(f"{at or 'the value'} is no object")
    hints = _hints(kind)
    unknown = [name for name in value if name not in hints]
    if unknown:
        raise WrongTypeError(f"{at or 'the value'} has an unknown key {unknown[0]!r}")
    missing = [name for name in hints if name not in value and name not in kind._field_defaults]
    if missing:
        raise WrongTypeError(f"{at or 'the value'} has no {missing[0]!r}")
    return kind(**{name: _read(hints[name], one, f"{at}.{name}".lstrip(".")) for name, one in value.items()})


@lru_cache(maxsize=64)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _time(value: object, at: str) -> datetime:
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is not None and found.tzinfo is not None:
            return found
    raise WrongTypeError(f"{at or 'the value'} is no time with its zone")
