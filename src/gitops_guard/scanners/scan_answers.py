"""What answers of scan services have in common: how they say that there is no result, and how much of one is read."""

from gitops_guard.errors import GuardError
from gitops_guard.facts.scan import ScanState

MOST_FINDINGS = 200_000
"""Vulnerabilities of one image that are read."""

MOST_PAGES = 200
"""Pages of one list that are read."""

_LONGEST_WORD = 60


class NoResultError(GuardError):
    """A service gave no result; `state` is what that makes of the scan."""

    def __init__(self, state: ScanState, message: str) -> None:
        super().__init__(message)
        self.state = state


def too_many() -> NoResultError:
    """The error for more vulnerabilities than are read."""
    return NoResultError("failed", f"it lists more than {MOST_FINDINGS} vulnerabilities")


def whole(value: object) -> int:
    """A whole number; 0 for everything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def word(value: object) -> str:
    """A service's own word as a message shows it: cut, and in quotation marks."""
    return f"{value[:_LONGEST_WORD]!r}" if isinstance(value, str) else "by no word"
