"""Reads fields of policies as strictly as the API server: what it would refuse is an error with a place.

A reader collects its errors instead of raising at the first one, so that a person sees them all.
"""

import re
from collections.abc import Callable

from gitops_guard.finding import Place
from gitops_guard.model.selector import Expression, Selector
from gitops_guard.network.cluster import NetworkProblem, RulePort
from gitops_guard.network.ports import LAST_PORT, PROTOCOLS
from gitops_guard.syntax.field import Field

_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z")
_KEY = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z")
_PORT_NAME = re.compile(r"(?!.*--)(?=.*[a-z])[a-z0-9](?:[-a-z0-9]{0,13}[a-z0-9])?\Z")
_WITH_VALUES = frozenset(("In", "NotIn"))
_WITHOUT_VALUES = frozenset(("Exists", "DoesNotExist"))


class Errors:
    """What is wrong with one object."""

    __slots__ = ("_name", "_place_of", "found")

    def __init__(self, name: str, place_of: Callable[[Field], Place]) -> None:
        self._name = name
        self._place_of = place_of
        self.found: list[NetworkProblem] = []

    def add(self, field: Field, message: str) -> None:
        """Notes an error: the API server refuses the object, so what it would decide is not known."""
        self.found.append(NetworkProblem(f"{self._name}: {message}", self._place_of(field)))

    def remark(self, field: Field, message: str) -> None:
        """Notes something that a person should know."""
        self.found.append(NetworkProblem(f"{self._name}: {message}", self._place_of(field), is_error=False))

    def place(self, field: Field) -> Place:
        """Where a field stands."""
        return self._place_of(field)

    @property
    def first(self) -> str:
        """The first error; empty where there is none."""
        return next((problem.message for problem in self.found if problem.is_error), "")


def known_keys(field: Field, keys: frozenset[str], errors: Errors) -> None:
    """Notes an error for a value that is no mapping, or has a key that the API does not know."""
    if field.exists and not field.is_mapping:
        errors.add(field, f"`{field.key}` is not a mapping")
    for entry in field.entries():
        if entry.key not in keys:
            errors.add(entry, f"unknown field `{entry.key}`: kubectl refuses it and other clients drop it")


def items(field: Field, errors: Errors) -> tuple[Field, ...]:
    """The items of a list; an error where something else stands."""
    if field.exists and not field.is_sequence:
        errors.add(field, f"`{field.key}` is not a list")
    return tuple(field.items())


def selector(field: Field, errors: Errors) -> Selector:
    """Reads a LabelSelector; missing and null are empty, and so select everything."""
    known_keys(field, _SELECTOR_KEYS, errors)
    labels = field["matchLabels"]
    if labels.exists and not labels.is_mapping:
        errors.add(labels, "`matchLabels` is not a mapping")
    pairs = []
    for entry in labels.entries():
        _check_label(str(entry.key), entry, errors)
        pairs.append((str(entry.key), entry.text))
    expressions = tuple(_expression(item, errors) for item in items(field["matchExpressions"], errors))
    return Selector(tuple(sorted(pairs)), expressions)


_SELECTOR_KEYS = frozenset(("matchLabels", "matchExpressions"))
_EXPRESSION_KEYS = frozenset(("key", "operator", "values"))


def _expression(field: Field, errors: Errors) -> Expression:
    known_keys(field, _EXPRESSION_KEYS, errors)
    key, operator = field["key"].text, field["operator"].text
    values = items(field["values"], errors)
    if not _KEY.match(key):
        errors.add(field["key"], f"{key!r} is no label key")
    if operator in _WITH_VALUES:
        if not values:
            errors.add(field, f"the operator {operator} needs values")
    elif operator not in _WITHOUT_VALUES:
        errors.add(field["operator"], f"unknown operator {operator!r}: it is In, NotIn, Exists or DoesNotExist")
    elif values:
        errors.add(field["values"], f"the operator {operator} takes no values")
    for value in values:
        _check_label(key, value, errors, is_pair=False)
    return Expression(key, operator, tuple(sorted({value.text for value in values})))


def _check_label(key: str, value: Field, errors: Errors, *, is_pair: bool = True) -> None:
    if is_pair and not _KEY.match(key):
        errors.add(value, f"{key!r} is no label key")
    if value.exists and value.string is None:
        errors.add(value, f"the label value {value.text or value.key!r} is not text: put it in quotes")
    elif not _VALUE.match(value.text):
        errors.add(value, f"{value.text!r} is no label value")


def protocol(field: Field, errors: Errors) -> str:
    """Reads a protocol; TCP where none is written."""
    if not field.exists:
        return "TCP"
    if field.text not in PROTOCOLS:
        errors.add(field, f"unknown protocol {field.text!r}: it is TCP, UDP or SCTP")
    return field.text


def number(field: Field, errors: Errors) -> int:
    """Reads a port number; 1 beside an error for anything else."""
    found = field.integer
    if found is None or not 1 <= found <= LAST_PORT:
        errors.add(field, f"{field.text or 'nothing'!r} is no port number from 1 to {LAST_PORT}")
        return 1
    return found


def port_name(field: Field, errors: Errors) -> str:
    """Reads the name of a container port."""
    if field.string is None or not _PORT_NAME.match(field.text):
        errors.add(field, f"{field.text!r} is no name of a port")
    return field.text


def span(word: str, low: Field, high: Field, errors: Errors) -> RulePort:
    """Reads a range of ports of a protocol."""
    first = number(low, errors)
    last = first if high is low else number(high, errors)
    if last < first:
        errors.add(high, f"the range of ports ends at {last}, before it begins at {first}")
    return RulePort(word, first, last)
