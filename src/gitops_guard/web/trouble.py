"""Why no usable answer came."""

from typing import Literal

from gitops_guard.errors import GuardError

Trouble = Literal[
    "address", "budget", "refused", "dns", "tls", "timeout", "too-large", "redirect", "rate-limited", "content"
]


class WebError(GuardError):
    """No usable answer came; `trouble` says in one word why. Its text holds no header and no credential."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


class BrokenError(WebError):
    """A connection that was refused or broke: asking again may help.

    Args:
        trouble: as in `WebError`.
        message: as in `WebError`.
        sent: whether the request may have reached the server.
    """

    def __init__(self, trouble: Trouble, message: str, *, sent: bool) -> None:
        super().__init__(trouble, message)
        self.sent = sent
