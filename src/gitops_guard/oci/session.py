"""Requests to registries: authenticated where a registry asks for it, their troubles told as `RegistryError`."""

import threading
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from gitops_guard.oci.content import RegistryError
from gitops_guard.oci.credentials import Credentials
from gitops_guard.oci.hosts import Hosts, canonical
from gitops_guard.oci.tokens import Tokens
from gitops_guard.oci.trouble import UNAUTHORISED, of_answer, of_web
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Answer, Web, WebError

OK = 200
LIMIT = 4 * 1024 * 1024
"""Bytes of a manifest, index or page of tags (distribution specification: clients should take manifests of 4 MiB)."""


_PATIENCE = 2
_NO_ANSWER = frozenset(("unavailable", "timeout"))


class Question(NamedTuple):
    """A request below a repository.

    `path` follows `/v2/NAME/`, or is a whole address on the registry itself. `follow`: redirects are followed.
    """

    path: str
    what: str
    method: str = "GET"
    accept: str = "*/*"
    limit: int = LIMIT
    follow: bool = True


class Session:
    """Asks registries; safe for use by several threads.

    The first request to a registry goes alone, so that its way to authenticate is learnt once and not by each thread.
    A registry that did not answer twice, and never did before, is not asked again: the budget is for the others.

    Args:
        web: sends the requests.
        hosts: says who may be asked, and where.
        credentials: of the registries.
    """

    def __init__(self, web: Web, hosts: Hosts, credentials: Credentials) -> None:
        self._web = web
        self._hosts = hosts
        self._tokens = Tokens(web, hosts, credentials)
        self._met: set[str] = set()
        self._gates: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._silences: defaultdict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def address(self, reference: ImageReference, path: str) -> str:
        """The address of a path below a repository.

        Raises:
            RegistryError: the registry is not asked.
        """
        start = f"{self._hosts.address(reference.registry)}/v2/{reference.repository}/"
        return path if path.startswith(start) else start + path

    def ask(self, reference: ImageReference, question: Question, accepted: Collection[int] = (OK,)) -> Answer:
        """Sends a request and gives its answer.

        Args:
            reference: whose registry and repository are asked.
            question: what is asked.
            accepted: the statuses that the caller reads.

        Raises:
            RegistryError: there is no answer, or one of another status.
        """
        url = self.address(reference, question.path)
        answer = self._authenticated(reference, question, url)
        if answer.status in accepted:
            return answer
        if answer.status == UNAUTHORISED:
            raise RegistryError("unauthorised", _refusal(reference, question, answer, url))
        raise of_answer(answer, question.what)

    def _authenticated(self, reference: ImageReference, question: Question, url: str) -> Answer:
        registry = canonical(reference.registry)

        def attempt() -> tuple[Answer, str]:
            header = self._tokens.known(registry, reference.repository)
            answer = self._sent(question, url, header)
            if _is_asked(answer, url):
                self._tokens.learn(registry, answer.headers.get("www-authenticate", ""))
            return answer, header

        answer, header = self._first(registry, attempt) or attempt()
        if not _is_asked(answer, url):
            return answer
        return self._sent(question, url, self._tokens.again(registry, reference.repository, header))

    def _first(self, registry: str, attempt: Callable[[], tuple[Answer, str]]) -> tuple[Answer, str] | None:
        """The attempt, made alone if it is the first at this registry; None where it is not."""
        if registry in self._met:
            return None
        with self._lock:
            gate = self._gates[registry]
        with gate:
            return None if registry in self._met else self._introduced(registry, attempt)

    def _introduced(self, registry: str, attempt: Callable[[], tuple[Answer, str]]) -> tuple[Answer, str]:
        if self._silences[registry] >= _PATIENCE:
            text = f"registry {registry} gave no answer {_PATIENCE} times, and is not asked again"
            raise RegistryError("unavailable", text)
        try:
            found = attempt()
        except RegistryError as error:
            self._silences[registry] += error.trouble in _NO_ANSWER
            raise
        self._met.add(registry)
        return found

    def _sent(self, question: Question, url: str, header: str) -> Answer:
        headers = {"Accept": question.accept} | ({"Authorization": header} if header else {})
        try:
            return self._web.request(
                question.method, url, headers=headers, limit=question.limit, follow=question.follow
            )
        except WebError as error:
            raise of_web(error, question.what) from None


def _is_asked(answer: Answer, url: str) -> bool:
    """Whether the registry asks for authentication; another host's 401, after a redirect, is not its question."""
    return answer.status == UNAUTHORISED and _origin(answer.url) == _origin(url)


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (80 if parts.scheme == "http" else 443)


def _refusal(reference: ImageReference, question: Question, answer: Answer, url: str) -> str:
    if not _is_asked(answer, url):
        elsewhere = urlsplit(answer.url).netloc
        return f"{question.what}: {reference.registry} sends on to {elsewhere}, which asks for credentials of its own"
    return f"{question.what}: registry {reference.registry} refuses it, with the token that was asked for it"
