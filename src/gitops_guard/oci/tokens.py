"""Authenticates to registries (Docker Registry v2 authentication: token and OAuth2; Basic)."""

import re
import threading
from collections import defaultdict
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple
from urllib.parse import urlencode

from gitops_guard.oci.challenge import read_challenges
from gitops_guard.oci.content import RegistryError
from gitops_guard.oci.credential import Credential
from gitops_guard.oci.credentials import Credentials
from gitops_guard.oci.hosts import Hosts
from gitops_guard.oci.json_object import json_object, text_of
from gitops_guard.oci.token_realm import TokenRealm, read_realm
from gitops_guard.oci.trouble import UNAUTHORISED, of_answer, of_web
from gitops_guard.web.client import Answer, Web, WebError

DEFAULT_SECONDS = 60
"""How long a token is good for where the server does not say ("Token response fields")."""
_LONGEST_SECONDS = 3600
_USED_PART = 0.9
"""Of a token's life: a clock that differs and a request's own time must not make it too old."""
_OK, _BAD_REQUEST, _FORBIDDEN = 200, 400, 403
_ANSWER_LIMIT = 256 * 1024
_HEADER_VALUE = re.compile(r"[\x21-\x7e]{1,16384}")


class _Token(NamedTuple):
    header: str
    until: float

    def __repr__(self) -> str:
        return "_Token(hidden)"


class Tokens:
    """Gives `Authorization` headers; safe for use by several threads, each token is asked for by one of them.

    Tokens are kept for their time, per registry and scope. A refusal of credentials is kept too: asking again would
    only lock an account.

    Args:
        web: sends the requests.
        hosts: knows who is spoken to without TLS.
        credentials: of the registries.
        clock: seconds that only grow.
    """

    def __init__(
        self, web: Web, hosts: Hosts, credentials: Credentials, clock: Callable[[], float] = monotonic
    ) -> None:
        self._web = web
        self._hosts = hosts
        self._credentials = credentials
        self._clock = clock
        self._manners: dict[str, TokenRealm | None] = {}
        self._tokens: dict[tuple[str, str], _Token | RegistryError] = {}
        self._locks: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "Tokens(hidden)"

    def known(self, registry: str, repository: str) -> str:
        """The header for a first try; empty where the registry has asked for none so far.

        Raises:
            RegistryError: a token is needed, and none is given.
        """
        return self._header(registry, repository, "") if registry in self._manners else ""

    def learn(self, registry: str, challenge: str) -> None:
        """Takes up how a registry wants to be authenticated to, from the `WWW-Authenticate` of an answer 401.

        Raises:
            RegistryError: in no way that is known here, or by a token server that may not be asked.
        """
        self._manners[registry] = self._manner(registry, challenge)

    def again(self, registry: str, repository: str, refused: str) -> str:
        """The header for a second try; `refused` is the one of the first, which is never given again.

        Raises:
            RegistryError: there is nothing (else) to try.
        """
        header = self._header(registry, repository, refused)
        if header == refused:
            raise RegistryError("unauthorised", f"registry {registry} refuses the credentials that it was given")
        return header

    def _manner(self, registry: str, header: str) -> TokenRealm | None:
        """Its token server, or None for Basic."""
        challenges = read_challenges(header)
        for challenge in challenges:
            if challenge.scheme == "bearer":
                return read_realm(registry, challenge.parameters, self._hosts)
        if any(challenge.scheme == "basic" for challenge in challenges):
            return None
        text = f"registry {registry} wants to be authenticated to in a way that is neither Bearer nor Basic"
        raise RegistryError("unauthorised", text)

    def _header(self, registry: str, repository: str, refused: str) -> str:
        realm = self._manners[registry]
        if realm is not None:
            return self._bearer(registry, realm, realm.scope or f"repository:{repository}:pull", refused)
        credential = self._credentials.for_host(registry)
        if credential is None or not credential.basic:
            raise RegistryError("unauthorised", self._without(registry))
        return credential.basic

    def _bearer(self, registry: str, realm: TokenRealm, scope: str, refused: str) -> str:
        key = (registry, scope)
        with self._lock:
            lock = self._locks[key]
        with lock:
            kept = self._tokens.get(key)
            if isinstance(kept, RegistryError):
                raise RegistryError(kept.trouble, kept.message)
            if kept is None or kept.header == refused or kept.until <= self._clock():
                kept = self._tokens[key] = self._asked(key, realm)
            return kept.header

    def _asked(self, key: tuple[str, str], realm: TokenRealm) -> _Token:
        registry, scope = key
        credential = self._credentials.for_host(registry) if realm.trusted else None
        what = f"a token of {realm.host} for {registry}"
        try:
            answer = self._sent(realm, scope, credential)
        except WebError as error:
            raise of_web(error, what) from None
        if answer.status in {_BAD_REQUEST, UNAUTHORISED, _FORBIDDEN}:
            self._tokens[key] = refusal = RegistryError("unauthorised", self._refused(registry, realm, credential))
            raise refusal
        if answer.status != _OK:
            raise of_answer(answer, what)
        return self._read(answer, what)

    def _sent(self, realm: TokenRealm, scope: str, credential: Credential | None) -> Answer:
        if credential is not None and credential.identity_token:
            return self._exchanged(realm, scope, credential)
        headers = {"Accept": "application/json"} | ({"Authorization": credential.basic} if credential else {})
        return self._web.request("GET", realm.question(scope), headers=headers, limit=_ANSWER_LIMIT)

    def _exchanged(self, realm: TokenRealm, scope: str, credential: Credential) -> Answer:
        """An identity token is exchanged by POST ("OAuth2 Token Authentication"); its body follows no redirect."""
        fields = {
            "grant_type": "refresh_token",
            "service": realm.service,
            "client_id": "gitops-guard",
            "scope": scope,
            "refresh_token": credential.identity_token,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(fields).encode()
        return self._web.request("POST", realm.url, headers=headers, body=body, limit=_ANSWER_LIMIT, follow=False)

    def _read(self, answer: Answer, what: str) -> _Token:
        value = json_object(answer.body, what)
        token = text_of(value, "token") or text_of(value, "access_token")
        if not _HEADER_VALUE.fullmatch(token):
            raise RegistryError("content", f"{what} did not come: the answer holds none")
        life = _life(value.get("expires_in"))
        return _Token(f"Bearer {token}", self._clock() + life * _USED_PART)

    def _refused(self, registry: str, realm: TokenRealm, credential: Credential | None) -> str:
        if credential is not None:
            return f"the token server {realm.host} refuses the credentials for {registry}"
        if not realm.trusted and self._credentials.for_host(registry) is not None:
            return f"the token server {realm.host} is not on a domain of {registry}: it is not given its credentials"
        return self._without(registry)

    def _without(self, registry: str) -> str:
        reason = self._credentials.reason(registry)
        text = f"registry {registry} asks for credentials, and there are none for it"
        return text + (f" ({reason})" if reason else ": give them by `registry-auth`, or `docker login`")


def _life(seconds: object) -> int:
    if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0:
        return min(seconds, _LONGEST_SECONDS)
    return DEFAULT_SECONDS
