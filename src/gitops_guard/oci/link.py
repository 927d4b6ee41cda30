"""The next page of a list: the `Link` header (RFC 8288) as registries send it."""

import re
from collections.abc import Mapping
from urllib.parse import urljoin

_LONGEST = 8 * 1024
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_NEXT = re.compile(r";\s*rel\s*=\s*\"?next\"?\s*(?:[;,]|$)", re.IGNORECASE)


def next_page(headers: Mapping[str, str], url: str, start: str) -> str:
    """The address of the next page.

    Args:
        headers: of the answer.
        url: the address that gave the answer.
        start: what the next page's address must begin with: the same registry and repository.

    Returns:
        the address; empty where there is no next page, or it would be elsewhere.
    """
    for address, parameters in _LINK.findall(headers.get("link", "")[:_LONGEST]):
        if _NEXT.search(parameters):
            return _below(address, url, start)
    return ""


def has_next(headers: Mapping[str, str]) -> bool:
    """Whether there is a next page, wherever it is."""
    links = _LINK.findall(headers.get("link", "")[:_LONGEST])
    return any(_NEXT.search(parameters) for _, parameters in links)


def _below(address: str, url: str, start: str) -> str:
    try:
        found = urljoin(url, address)
    except ValueError:
        return ""
    return found if found.startswith(start) else ""
