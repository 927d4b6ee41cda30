"""Which text of a file must not be shown."""

from gitops_guard.syntax.field import Field
from gitops_guard.syntax.nodes import Scalar
from gitops_guard.text import Span


def masked(field: Field) -> tuple[Span, ...]:
    """Where a scalar's text stands, behind an alias too."""
    node = field.node
    return (Span(node.start, node.end),) if isinstance(node, Scalar) else ()
