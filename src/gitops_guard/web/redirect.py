"""Where an answer sends a request, and what goes along."""

from urllib.parse import urljoin

from gitops_guard.web.address import HostNames, read_target
from gitops_guard.web.request import Answer, Request
from gitops_guard.web.trouble import WebError

MAX_REDIRECTS = 5
_STATUSES = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD = frozenset({307, 308})
_FOR_ANY_HOST = frozenset({"accept", "user-agent"})


def is_redirect(answer: Answer) -> bool:
    """Whether an answer names another place to ask."""
    return answer.status in _STATUSES and bool(answer.headers.get("location"))


def redirected(request: Request, answer: Answer, *, private: HostNames, plain_http: HostNames) -> Request:
    """The request to the place that an answer names, its address checked.

    To another scheme, host or port go neither credentials nor any other header that was meant for the first one.

    Raises:
        WebError: it leads to an address that may not be asked, from TLS to none, or takes a body elsewhere.
    """
    host = request.target.host
    try:
        place = urljoin(request.target.url, answer.headers["location"].strip())
    except ValueError:
        raise WebError("redirect", f"{host} redirects to something that is no URL") from None
    try:
        target = read_target(place, private)
    except WebError as error:
        raise WebError(error.trouble, f"{host} redirects to where nobody may be asked: {error.message}") from None
    if target.scheme == "http" and not plain_http.hold(target.host, target.port):
        raise WebError("redirect", f"{host} redirects to {target.host} over http without TLS")
    elsewhere = target.origin != request.target.origin
    posted = request.method == "POST" and answer.status in _SAME_METHOD
    if elsewhere and posted:
        raise WebError("redirect", f"{host} redirects a body to {target.host}, which it is not for")
    headers = {n: v for n, v in request.headers.items() if not elsewhere or n.lower() in _FOR_ANY_HOST}
    method = request.method if posted or request.method != "POST" else "GET"
    return Request(method, target, headers, request.body if posted else None, request.limit)
