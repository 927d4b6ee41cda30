"""How a registry wants to be authenticated to: the `WWW-Authenticate` header (RFC 9110, 11.6.1)."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_LONGEST = 8 * 1024
_MOST = 16
_SEPARATOR = re.compile(r"[\s,]*")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_PARAMETER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\",]+))(?=[\s,]|$)")
_TOKEN68 = re.compile(r"\s+[A-Za-z0-9._~+/-]+=*\s*(?=,|$)")


class Challenge(NamedTuple):
    """One way to authenticate: its scheme in lower case, and its parameters with names in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def read_challenges(header: str) -> tuple[Challenge, ...]:
    """Reads the challenges of a header, which may be several headers joined by commas.

    What comes after something that is no challenge is left out, as is what exceeds 8 KiB or 16 challenges.
    """
    text, position = header[:_LONGEST], 0
    found: list[tuple[str, dict[str, str]]] = []
    while position < len(text) and len(found) <= _MOST:
        position = _end(_SEPARATOR.match(text, position), position)
        parameter = _PARAMETER.match(text, position)
        if parameter and found:
            found[-1][1].setdefault(parameter[1].lower(), _value(parameter))
            position = parameter.end()
            continue
        scheme = _TOKEN.match(text, position)
        if scheme is None:
            break
        found.append((scheme[0].lower(), {}))
        position = _end(_TOKEN68.match(text, scheme.end()), scheme.end())
    return tuple(Challenge(*challenge) for challenge in found[:_MOST])


def _value(parameter: re.Match[str]) -> str:
    quoted = parameter[2]
    return parameter[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def _end(match: re.Match[str] | None, otherwise: int) -> int:
    return otherwise if match is None else match.end()
