"""Lists the tags of a repository, page by page (distribution specification, "Listing Tags")."""

import re
from urllib.parse import quote

from gitops_guard.oci.content import RegistryError
from gitops_guard.oci.json_object import json_object
from gitops_guard.oci.link import has_next, next_page
from gitops_guard.oci.session import Question, Session
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Answer

_PAGE = 1000
_MOST_PAGES = 200
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_FALLBACK = re.compile(r"sha(?:256-[0-9a-f]{64}|512-[0-9a-f]{64,128})(?:\.[a-z]{2,8})?")
"""Tags that hold signatures, attestations and lists of referrers, and name no image."""


def list_tags(session: Session, reference: ImageReference, limit: int) -> tuple[str, ...]:
    """The tags of a repository in the registry's order, without fallback tags.

    Args:
        session: sends the requests.
        reference: whose repository is meant.
        limit: tags that there may be.

    Raises:
        RegistryError: they are not known, there are more ("content": a part of them would mislead), or pages repeat.
    """
    what = f"the tags of {reference.name}"
    found: dict[str, None] = {}
    path = f"tags/list?n={_PAGE}"
    for _ in range(_MOST_PAGES):
        answer = session.ask(reference, Question(path, what, accept="application/json"))
        page = _read(answer, what)
        new = [tag for tag in page if tag not in found]
        found.update(dict.fromkeys(new))
        if len(found) > limit and sum(not _FALLBACK.fullmatch(tag) for tag in found) > limit:
            raise RegistryError("content", f"{what} are not looked at: there are more than {limit}")
        path = _next(session, reference, answer, page) if new else _stopped(answer, what)
        if not path:
            return tuple(tag for tag in found if not _FALLBACK.fullmatch(tag))
    raise RegistryError("content", f"{what} are not looked at: they take more than {_MOST_PAGES} pages")


def _read(answer: Answer, what: str) -> list[str]:
    given = json_object(answer.body, what).get("tags")
    if given is None:  # what distribution writes for a repository whose tags were all deleted
        return []
    tags = [tag for tag in given if isinstance(tag, str) and _TAG.fullmatch(tag)] if isinstance(given, list) else []
    if not isinstance(given, list) or len(tags) != len(given):
        raise RegistryError("content", f"{what} came as something else than a list of tags")
    return tags


def _next(session: Session, reference: ImageReference, answer: Answer, page: list[str]) -> str:
    """The next page: where the registry says it is, or else after the last tag; empty after the last page.

    A registry that sends no `Link` header has sent everything, unless the page has exactly the size that was asked for.
    """
    if not has_next(answer.headers) and len(page) != _PAGE:
        return ""
    start = session.address(reference, "tags/list?")
    return next_page(answer.headers, answer.url, start) or f"tags/list?n={_PAGE}&last={quote(page[-1])}"


def _stopped(answer: Answer, what: str) -> str:
    if has_next(answer.headers):
        raise RegistryError("content", f"{what} are not looked at: the registry's pages repeat")
    return ""
