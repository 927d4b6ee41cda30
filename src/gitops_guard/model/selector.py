"""Label selectors (Kubernetes API, LabelSelector)."""

from typing import NamedTuple

from gitops_guard.syntax.field import Field

Labels = tuple[tuple[str, str], ...]


class Expression(NamedTuple):
    """One of `matchExpressions`."""

    key: str
    operator: str
    values: tuple[str, ...]


class Selector(NamedTuple):
    """All labels and all expressions must hold; an empty selector selects everything."""

    labels: Labels
    expressions: tuple[Expression, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it selects everything."""
        return not self.labels and not self.expressions

    def matches(self, labels: Labels) -> bool:
        """Whether an object with these labels is selected."""
        found = dict(labels)
        return all(found.get(key) == value for key, value in self.labels) and all(
            _holds(expression, found) for expression in self.expressions
        )


def selector(field: Field) -> Selector:
    """Reads a `LabelSelector`."""
    expressions = tuple(
        Expression(item["key"].text, item["operator"].text, tuple(value.text for value in item["values"].items()))
        for item in field["matchExpressions"].items()
    )
    return Selector(labels(field["matchLabels"]), expressions)


def labels(field: Field) -> Labels:
    """Reads a mapping of labels."""
    return tuple((str(entry.key), entry.text) for entry in field.entries())


def _holds(expression: Expression, labels: dict[str, str]) -> bool:
    value = labels.get(expression.key)
    match expression.operator:
        case "In":
            return value in expression.values
        case "NotIn":
            return value not in expression.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            return False
