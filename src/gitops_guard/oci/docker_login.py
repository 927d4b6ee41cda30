"""What `docker login` left: `config.json` with its `auths`, `credHelpers` and `credsStore` (Docker CLI)."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path

from gitops_guard.oci.content import RegistryError
from gitops_guard.oci.credential import Credential, Missing, credential
from gitops_guard.oci.credential_helper import ask_helper
from gitops_guard.oci.hosts import canonical
from gitops_guard.oci.json_object import json_object, object_of, text_of
from gitops_guard.syntax.image_reference import DOCKER_HUB

_HUB_SERVER = "https://index.docker.io/v1/"
_SIZE_LIMIT = 1024 * 1024


class DockerLogin:
    """The credentials of a Docker configuration; a folder without one has none.

    Args:
        folder: where `config.json` lies; None for nowhere.
        environment: of credential helpers.
    """

    def __init__(self, folder: Path | None, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._config, self._reason = ({}, "") if folder is None else _read(folder / "config.json")

    def credential(self, registry: str) -> Credential | Missing | None:
        """The credential for a registry: of its helper, of the common store, or kept in the file itself.

        Returns:
            None where the configuration does not mention the registry.
        """
        if self._reason:
            return Missing(self._reason)
        asked = self._of_helper(registry)
        kept = None if isinstance(asked, Credential) else self._of_file(registry)
        return kept or asked

    def _of_helper(self, registry: str) -> Credential | Missing | None:
        own = _entry(object_of(self._config, "credHelpers"), registry)
        name = own if isinstance(own, str) else text_of(self._config, "credsStore")
        if not name:
            return None
        return ask_helper(name, _HUB_SERVER if registry == DOCKER_HUB else registry, self._environment)

    def _of_file(self, registry: str) -> Credential | Missing | None:
        entry = _entry(object_of(self._config, "auths"), registry)
        if not isinstance(entry, dict) or not entry:
            return None
        token = text_of(entry, "identitytoken")
        if token:
            return credential("<token>", token, "Docker's config.json")
        return _decoded(text_of(entry, "auth")) if "auth" in entry else _plain(entry)


def _read(path: Path) -> tuple[Mapping[str, object], str]:
    """The configuration, or why it cannot be read."""
    try:
        with path.open("rb") as file:
            body = file.read(_SIZE_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except OSError as error:
        return {}, f"Docker's config.json cannot be read: {error.strerror}"
    if len(body) > _SIZE_LIMIT:
        return {}, f"Docker's config.json is larger than {_SIZE_LIMIT} bytes"
    try:
        return json_object(body, "Docker's config.json"), ""
    except RegistryError as error:
        return {}, error.message


def _entry(entries: Mapping[str, object], registry: str) -> object:
    """The value for a registry, whose key may be written as an address: `https://registry.example.com/v1/`."""
    if registry in entries:
        return entries[registry]
    return next((value for key, value in entries.items() if _host_of(key) == registry), None)


def _host_of(key: str) -> str:
    return canonical(key.removeprefix("https://").removeprefix("http://").partition("/")[0])


def _decoded(auth: str) -> Credential | Missing:
    try:
        text = b64decode(auth, validate=True).decode().rstrip("\0")
    except (binascii.Error, ValueError):
        return Missing("an `auth` of Docker's config.json is not base64 of a user name and a password")
    username, _, password = text.partition(":")
    return credential(username, password, "an `auth` of Docker's config.json")


def _plain(entry: Mapping[str, object]) -> Credential | Missing:
    return credential(text_of(entry, "username"), text_of(entry, "password"), "an entry of Docker's config.json")
