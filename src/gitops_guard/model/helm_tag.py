"""What Helm makes of a tag that is written without quotes, and of a chart's `appVersion`.

Measured with Helm 3.22: values are read as numbers of double precision and printed as Go prints those, so `tag: 1.10`
becomes `1.1`, `tag: 012` becomes `10`, and `tag: 20240101` becomes `2.0240101e+07`. `appVersion` is decoded as text:
there a whole number stays as it is.
"""

from gitops_guard.syntax.field import Field
from gitops_guard.syntax.scalars import Value

_PLAIN_FROM = 1e-4
_PLAIN_BELOW = 1e6
_DIGITS = 17


def printed(field: Field) -> str:
    """The text that a template prints for a scalar; empty for null and for what is missing."""
    return _printed(field.value)


def changed(field: Field) -> str:
    """Why a tag is not what is written; empty if it is."""
    text = printed(field)
    return "" if text in {field.text, ""} else f"Helm makes {text} of the unquoted {field.text}: put it in quotes"


def app_version(field: Field) -> str:
    """The text of a chart's `appVersion`."""
    value = field.value
    return str(value) if value.__class__ is int else _printed(value)


def _printed(value: Value) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return _number(float(value))
    except OverflowError:
        return "Inf"


def _number(value: float) -> str:
    """The shortest digits that mean the number, with an exponent where Go's `%v` writes one."""
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return repr(value).removesuffix(".0")
    written = (f"{value:.{digits}e}" for digits in range(_DIGITS))
    return next((text for text in written if float(text) == value), repr(value))
