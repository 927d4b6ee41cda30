"""A credential for one registry, and where one was looked for in vain."""

from base64 import b64encode
from typing import NamedTuple

_LONGEST = 16 * 1024


class Credential(NamedTuple):
    """A user name and password, or an identity token (Docker Registry v2 authentication, "OAuth2"); never printed."""

    username: str
    password: str = ""
    identity_token: str = ""

    @property
    def basic(self) -> str:
        """The value of an `Authorization` header; empty for an identity token, which only a token server takes."""
        if self.identity_token:
            return ""
        return "Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode()

    def __repr__(self) -> str:
        return "Credential(hidden)"

    def __str__(self) -> str:
        return "Credential(hidden)"

    def __format__(self, specification: str) -> str:
        return "Credential(hidden)"


class Missing(NamedTuple):
    """A place that should have held a credential, and why it gave none; the text holds no secret."""

    reason: str


def credential(username: str, password: str, source: str) -> Credential | Missing:
    """A credential of a user name and a password; `<token>` as the name means an identity token, as in Docker."""
    if not username or not password:
        return Missing(f"{source} gives no {'password' if username else 'user name'}")
    if len(username) + len(password) > _LONGEST or not (username + password).isprintable():
        return Missing(f"{source} holds what cannot be a user name and a password")
    if username == "<token>":
        return Credential("", identity_token=password)
    if ":" in username:
        return Missing(f"{source} gives a user name with a colon, which no registry can read")
    return Credential(username, password)
