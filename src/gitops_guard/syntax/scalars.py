"""Scalar typing as Kubernetes does it (sigs.k8s.io/yaml, which is YAML 1.1 as go-yaml v2 reads it).

It differs from PyYAML's: `y` and `n` are booleans, `12:30:45` is text, `1e3` is a number, dates are text, and integers
may be written with `0o`, `0b`, a leading zero (octal) or `_`.
"""

import re

Value = str | int | float | bool | None

_WORDS: dict[str, Value] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False)
_WORDS |= dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf"))
_WORDS |= dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf"))
_WORDS |= dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan"))

_NUMBER_START = frozenset("0123456789+-.")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_STRING_TAGS = frozenset(("!", "!!str", "tag:yaml.org,2002:str"))
_BLOCK_OR_QUOTED = frozenset("'\"|>")


def resolve(text: str, style: str, tag: str | None) -> Value:
    """The value of a scalar; quoted and block scalars are text, and so is whatever no other type fits."""
    if style in _BLOCK_OR_QUOTED or tag in _STRING_TAGS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    number = _integer(text.replace("_", ""))
    if number is not None:
        return number
    return float(text) if _FLOAT.match(text) else text


def _integer(text: str) -> int | None:
    sign, digits = (text[0], text[1:]) if text[:1] in {"+", "-"} else ("", text)
    base, body = 10, digits
    prefix = digits[:2].lower()
    if prefix in {"0x", "0b", "0o"}:
        base, body = {"0x": 16, "0b": 2, "0o": 8}[prefix], digits[2:]
    elif len(digits) > 1 and digits[0] == "0":
        base, body = 8, digits[1:]
    if not body.isascii() or not body.isalnum():
        return None
    try:
        return int(sign + body, base)
    except ValueError:
        return None
