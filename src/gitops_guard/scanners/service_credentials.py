"""What a scan service is told of who asks: read from environment variables that the configuration names."""

from base64 import b64encode
from collections.abc import Mapping

from gitops_guard.settings import ScanSourceSetting


class ServiceCredentials:
    """The credentials for one service; neither `repr` nor `str` shows them.

    `missing` says why they cannot be given, though the configuration asks for them: it names the variable.
    """

    __slots__ = ("missing", "password", "token", "username")

    def __init__(self, username: str = "", password: str = "", token: str = "", *, missing: str = "") -> None:
        self.username = username
        self.password = password
        self.token = token
        self.missing = missing

    @property
    def header(self) -> str:
        """The value of `Authorization`: Bearer if there is a token, else Basic; empty without credentials."""
        if self.token:
            return f"Bearer {self.token}"
        if not self.username:
            return ""
        return "Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")


ANONYMOUS = ServiceCredentials()


def service_credentials(setting: ScanSourceSetting, environment: Mapping[str, str]) -> ServiceCredentials:
    """Reads the variables that a setting names; white space around a value is not part of it."""
    if bool(setting.username_from) != bool(setting.password_from):
        return ServiceCredentials(missing="username_from and password_from are needed together")
    values = []
    for name in (setting.username_from, setting.password_from, setting.token_from):
        value = environment.get(name, "").strip() if name else ""
        missing = _wrong(name, value)
        if missing:
            return ServiceCredentials(missing=missing)
        values.append(value)
    return ServiceCredentials(*values)


def _wrong(name: str, value: str) -> str:
    if name and not value:
        return f"the environment variable {name} is not set"
    if not value.isprintable():
        return f"the environment variable {name} holds a line break or another control character"
    if not value.isascii():
        return f"the environment variable {name} holds a character that is not ASCII"
    return ""
