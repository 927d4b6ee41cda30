"""What urllib3 says went wrong, in our words: its own texts hold URLs with queries, and headers."""

import ssl
from http.client import HTTPException, IncompleteRead, LineTooLong

from urllib3 import exceptions

from gitops_guard.web.budget import Pace
from gitops_guard.web.trouble import BrokenError, WebError


def explained(error: Exception, host: str, pace: Pace, *, in_body: bool) -> WebError:
    """The error for people.

    Args:
        error: what urllib3 raised.
        host: who was asked.
        pace: of the request.
        in_body: whether the answer's status and headers had come.
    """
    match error:
        case exceptions.TimeoutError():
            return pace.timed_out()
        case exceptions.ProxyError():
            return WebError("refused", f"the proxy that the environment names does not connect to {host}")
        case exceptions.SSLError():
            return WebError("tls", f"no trusted TLS connection to {host}: {_tls_reason(error)}")
        case exceptions.ProtocolError():
            return _broken(error.args[-1], host, in_body=in_body)
        case OSError():
            return _broken(error, host, in_body=in_body)
    return WebError("content", f"{host} answers in a way that is not HTTP")


def _broken(cause: object, host: str, *, in_body: bool) -> WebError:
    if in_body and isinstance(cause, OSError | IncompleteRead):
        return BrokenError("content", f"the answer of {host} ends early", sent=True)
    if isinstance(cause, OSError):
        return BrokenError("refused", f"{host} closed the connection without an answer", sent=True)
    if isinstance(cause, LineTooLong) or type(cause) is HTTPException:
        return WebError("too-large", f"{host} sends more headers than may be read")
    return WebError("content", f"{host} answers in a way that is not HTTP")


def _tls_reason(error: exceptions.SSLError) -> str:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, ssl.SSLError) and cause.reason:
        return cause.reason.lower().replace("_", " ")
    return "the handshake failed"
