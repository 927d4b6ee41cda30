"""Whether to ask again, and when (RFC 9110, 10.2.3)."""

from collections.abc import Mapping
from datetime import UTC, datetime

from gitops_guard.web.request import Answer, Request
from gitops_guard.web.trouble import BrokenError

TOO_MANY_REQUESTS = 429
_PASSING = frozenset({TOO_MANY_REQUESTS, 502, 503, 504})
_FIRST, _LONGEST = 0.5, 8.0
_MAX_DOUBLINGS = 8
_MAX_DIGITS = 9


def may_pass(request: Request, answer: Answer) -> bool:
    """Whether an answer may be another one soon, and asking again does no harm."""
    return answer.status in _PASSING and request.method != "POST"


def may_repeat(request: Request, error: BrokenError) -> bool:
    """Whether a request may be sent again after its connection broke."""
    return request.method != "POST" or not error.sent


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that `Retry-After` asks for, as a number or a date; None where it says nothing readable."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:_MAX_DIGITS])
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - most servers name seconds

    try:
        return max(0.0, _seconds(parsedate_to_datetime(text)) - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def own_wait(attempt: int, chance: float) -> float:
    """Seconds before the next attempt: longer each time, and anything from none to that (full jitter).

    Args:
        attempt: counted from 0.
        chance: between 0 and 1.
    """
    return chance * min(_LONGEST, _FIRST * 2.0 ** min(attempt, _MAX_DOUBLINGS))


def when(seconds: float, now: float) -> str:
    """When it may be asked again, for people."""
    try:
        return f"at {datetime.fromtimestamp(now + seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return "in years"


def _seconds(date: datetime) -> float:
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
