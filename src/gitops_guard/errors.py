"""The exception tree and the exit codes.

Every error that a person can cause derives from `GuardError`: it says what is wrong, where, and what to do.
Anything else that escapes is a defect of this program.
"""

CLEAN = 0
FINDINGS = 1
USAGE = 2
INCOMPLETE = 3


class GuardError(Exception):
    """An error for people.

    Args:
        message: what is wrong, one sentence without a full stop.
        path: the file that it concerns, as the user would name it.
        line: the line in that file, counted from 1.
        hint: what to do about it, if that is known.
    """

    exit_code = INCOMPLETE

    def __init__(
        self, message: str, *, path: str | None = None, line: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
        self.hint = hint

    def __str__(self) -> str:
        where = "" if self.path is None else self.path + ("" if self.line is None else f":{self.line}") + ": "
        return where + self.message + ("" if self.hint is None else f"\n  {self.hint}")


class UsageError(GuardError):
    """The command line, the environment or the repository is not what the command needs."""

    exit_code = USAGE


class ConfigurationError(UsageError):
    """The configuration file holds a mistake."""


class SourceError(GuardError):
    """Something that should have been scanned could not be read at all."""


class PublishError(GuardError):
    """The result exists, but could not be delivered where it belongs."""
