"""Typed readings of JSON that scanners, services and strangers wrote: none of it is believed to have a shape.

What only adds detail is read leniently, and a wrong type counts as not said. Lists of vulnerabilities are read
strictly: a list that is none must not pass for an empty one.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from gitops_guard.errors import GuardError
from gitops_guard.facts.scan import Scan

Object = Mapping[str, object]

_LONGEST_TEXT = 1000
_LONGEST_INTEGER = 18
_FIRST_YEAR = 2000
_FIRST_SECOND, _LAST_SECOND = 946_684_800, 32_503_680_000
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class MalformedReportError(GuardError):
    """A document is not what it has to be to be a report; its text says where."""


def decoded(raw: bytes) -> object:
    """The value of a JSON text, in UTF-8 (or UTF-16, which some shells redirect in), with or without a byte order mark.

    `NaN` and infinities become None, integers of more than 18 digits floating-point numbers.

    Raises:
        MalformedReportError: it is no JSON, or nested too deeply.
    """
    if not raw.strip(b"\xef\xbb\xbf \t\r\n"):
        raise MalformedReportError("the file is empty")
    try:
        text = raw.decode(json.detect_encoding(raw))
        return json.loads(text, parse_constant=lambda _: None, parse_int=_integer)
    except UnicodeDecodeError:
        raise MalformedReportError("the text is not UTF-8") from None
    except RecursionError:
        raise MalformedReportError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise MalformedReportError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text)


def guarded(read: Callable[[object], Iterable[Scan]], document: object) -> tuple[Scan, ...]:
    """What `read` makes of a document; one failed scan if the document is malformed."""
    try:
        return tuple(read(document))
    except MalformedReportError as error:
        return (Scan("failed", reason=error.message),)


def mapping(value: object) -> Object:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def section(parent: Object, *names: str) -> Object:
    """The object below these names; an empty one if it is not there."""
    for name in names:
        parent = mapping(parent.get(name))
    return parent


def member(parent: Object, name: str) -> Object:
    """The object of that name; an empty one where it is missing or null.

    Raises:
        MalformedReportError: it is something else.
    """
    value = parent.get(name)
    if value is not None and not isinstance(value, dict):
        raise MalformedReportError(f"`{name}` is no object")
    return mapping(value)


def items(value: object) -> list[object]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list that are not empty."""
    return tuple(found for item in items(value) if (found := text(item)))


def entries(parent: Object, name: str) -> list[Object]:
    """The objects of a list; none where the list is missing or null.

    Raises:
        MalformedReportError: it is no list, or holds something else than objects.
    """
    value = parent.get(name)
    return [] if value is None else objects(value, name)


def objects(value: object, what: str) -> list[Object]:
    """The objects of a list.

    Raises:
        MalformedReportError: it is no list, or holds something else than objects.
    """
    if not isinstance(value, list):
        raise MalformedReportError(f"`{what}` is no list")
    for number, item in enumerate(value):
        if not isinstance(item, dict):
            raise MalformedReportError(f"`{what}[{number}]` is no object")
    return value


def text(value: object) -> str:
    """A text, cut at 1,000 characters, or a number as text; empty for everything else.

    JSON can write halves of characters, which no encoding takes: each is a question mark.
    """
    if isinstance(value, str):
        return value[:_LONGEST_TEXT].encode("utf-8", "replace").decode()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def required(parent: Object, name: str) -> str:
    """A text that has to be there.

    Raises:
        MalformedReportError: it is missing, empty, or no text.
    """
    found = text(parent.get(name))
    if not found:
        raise MalformedReportError(f"an entry has no `{name}`")
    return found


def flag(value: object) -> bool | None:
    """True or false; None for everything else."""
    return value if isinstance(value, bool) else None


def probability(value: object) -> float | None:
    """A number from 0 to 1, also one written as text; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) and 0 <= found <= 1 else None


def moment(value: object) -> datetime | None:
    """A point in time (RFC 3339 text, seconds since 1970, or a `datetime`), aware of its zone.

    A time without a zone is taken for UTC. None for everything else, and for times before the year 2000, which are how
    programs write that they know none.
    """
    try:
        found = _moment(value)
        aware = found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
        return None if aware is None or aware.year < _FIRST_YEAR else aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return datetime.fromisoformat(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return datetime.fromtimestamp(value, UTC) if _FIRST_SECOND <= value < _LAST_SECOND else None


def digest(value: object) -> str:
    """The digest that a text is or ends in (`name@sha256:...`); empty if there is none."""
    found = text(value).rpartition("@")[2]
    return found if _DIGEST.fullmatch(found) else ""


def digests(values: Iterable[object]) -> tuple[str, ...]:
    """The different digests of several texts, in their order."""
    return tuple(dict.fromkeys(found for value in values if (found := digest(value))))


def platform(config: Object) -> str:
    """`os/architecture[/variant]` of an image configuration; empty where it names no operating system or processor."""
    system, processor, variant = (text(config.get(name)) for name in ("os", "architecture", "variant"))
    if not system or not processor:
        return ""
    return f"{system}/{processor}" + (f"/{variant}" if variant else "")


def titled(name: str, version: object) -> str:
    """A scanner with its version, where there is one."""
    return f"{name} {text(version)}".strip()
