"""Reads frozen values back from JSON arrays, checked against their declared types.

Writing needs nothing: `json` writes a NamedTuple as an array. Where a type has alternatives that are NamedTuples, the
value stands behind its type's name. Decoders are made once for a type, since a sweep reads a hundred thousand values.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import partial
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Decode = Callable[[Any], Any]
_PLAIN = (str, int, bool)


class MalformedError(ValueError):
    """The JSON does not hold what the type says."""


class Codec:
    """Makes decoders. `names` are types that a module names only for the type checker."""

    def __init__(self, names: Mapping[str, type] | None = None) -> None:
        self._names = dict(names or {})
        self._known: dict[Any, Decode] = {}

    def decoder(self, kind: Any) -> Decode:  # noqa: ANN401 - a type decides what is made
        """The decoder of a type made of NamedTuples, tuples, sets, texts, whole numbers, truth values and literals."""
        if kind not in self._known:
            # A type may hold itself: until its decoder is there, a call looks it up.
            self._known[kind] = partial(self._decoded, kind)
            self._known[kind] = self._made(kind)
        return self._known[kind]

    def _decoded(self, kind: Any, value: object) -> Any:  # noqa: ANN401 - see above
        return self._known[kind](value)

    def _made(self, kind: Any) -> Decode:  # noqa: ANN401 - see above
        arguments = get_args(kind)
        if arguments:
            return self._composed(get_origin(kind), arguments)
        if kind in _PLAIN:
            return partial(_plain, frozenset((kind,)))
        if issubclass(kind, IntEnum):
            return partial(_member, {int(one): one for one in kind})
        hints = get_type_hints(kind, localns=self._names)
        return partial(_named, kind, tuple(self.decoder(hints[name]) for name in kind._fields))

    def _composed(self, origin: object, arguments: tuple[Any, ...]) -> Decode:
        if origin in {Union, UnionType}:
            return self._alternatives(arguments)
        if origin is Literal:
            return partial(_member, {one: one for one in arguments})
        if origin is frozenset:
            return partial(_set, self.decoder(arguments[0]))
        if arguments[-1] is Ellipsis:
            return partial(_many, self.decoder(arguments[0]))
        return partial(_fixed, tuple(self.decoder(one) for one in arguments))

    def _alternatives(self, arguments: tuple[Any, ...]) -> Decode:
        wanted = [one for one in arguments if one is not NoneType]
        if all(one in _PLAIN for one in wanted):
            return partial(_plain, frozenset(arguments))
        if all(get_origin(one) is Literal for one in wanted):
            return partial(_member, {member: member for one in wanted for member in get_args(one)})
        inner = (
            self.decoder(wanted[0])
            if len(wanted) == 1
            else partial(_tagged, {one.__name__: self.decoder(one) for one in wanted})
        )
        return partial(_optional, inner) if NoneType in arguments else inner


def tagged(value: object) -> tuple[str, object]:
    """A value where its type has alternatives."""
    return type(value).__name__, value


def _plain(kinds: frozenset[type], value: object) -> object:
    # A truth value is a whole number to `isinstance`.
    if type(value) not in kinds:
        raise MalformedError(f"{type(value).__name__} where {'/'.join(sorted(k.__name__ for k in kinds))} belongs")
    return value


def _member(members: Mapping[object, object], value: object) -> object:
    if type(value) not in {str, int} or value not in members:
        raise MalformedError("a value that is not one of those it can be")
    return members[value]


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise MalformedError(f"{type(value).__name__} where a list belongs")
    return value


def _named(kind: Any, fields: tuple[Decode, ...], value: object) -> object:  # noqa: ANN401 - see above
    return kind._make(_fixed(fields, value))


def _fixed(decoders: tuple[Decode, ...], value: object) -> tuple[object, ...]:
    found = _list(value)
    if len(found) != len(decoders):
        raise MalformedError(f"{len(found)} items where {len(decoders)} belong")
    return tuple([decode(one) for decode, one in zip(decoders, found, strict=True)])


def _many(decode: Decode, value: object) -> tuple[object, ...]:
    return tuple([decode(one) for one in _list(value)])


def _set(decode: Decode, value: object) -> frozenset[object]:
    return frozenset(_many(decode, value))


def _optional(decode: Decode, value: object) -> object:
    return None if value is None else decode(value)


def _tagged(kinds: Mapping[str, Decode], value: object) -> object:
    found = _list(value)
    if len(found) != 2 or not isinstance(found[0], str) or found[0] not in kinds:  # noqa: PLR2004 - name and value
        raise MalformedError("a value of an unknown kind")
    return kinds[found[0]](found[1])
