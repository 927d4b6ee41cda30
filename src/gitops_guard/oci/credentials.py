"""Credentials for registries, each given only for the registry that it was configured for."""

import threading
from collections.abc import Mapping
from pathlib import Path

from gitops_guard.oci.credential import Credential, Missing, credential
from gitops_guard.oci.docker_login import DockerLogin
from gitops_guard.oci.hosts import Hosts, canonical
from gitops_guard.settings import RegistrySetting

VARIABLE = "GITOPS_GUARD_REGISTRY_AUTH"
"""Lines `HOST USERNAME PASSWORD`; what the action's input `registry-auth` becomes."""

_FIELDS = 3
_NO_CREDENTIAL = Missing("")


class Credentials:
    """Finds the credential of a registry; safe for use by several threads, each registry is looked up once.

    Looked at in this order: the environment variables that the registry's setting names, the lines of
    `GITOPS_GUARD_REGISTRY_AUTH`, Docker's configuration (`$DOCKER_CONFIG/config.json` or `~/.docker/config.json`): the
    registry's credential helper, the common store, the file itself. Where a place holds a credential that is of no use,
    the next one is looked at, and `reason` says what was wrong.

    Args:
        hosts: the registries' settings. One whose host holds `*` gives its credential to every host that it fits.
        environment: of the process.
        home: the user's folder; None where there is none.
    """

    def __init__(self, hosts: Hosts, environment: Mapping[str, str], home: Path | None) -> None:
        self._hosts = hosts
        self._environment = environment
        self._lines = _Lines(environment.get(VARIABLE, ""))
        folder = environment.get("DOCKER_CONFIG", "")
        self._folder = Path(folder) if folder else (home / ".docker" if home is not None else None)
        self._docker: DockerLogin | None = None
        self._found: dict[str, Credential | Missing] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "Credentials(hidden)"

    def for_host(self, host: str) -> Credential | None:
        """The credential for a registry, named as in `ImageReference.registry`; None where there is none."""
        found = self._lookup(host)
        return found if isinstance(found, Credential) else None

    def reason(self, host: str) -> str:
        """Why a registry has no credential although one seems to be meant; empty where none is."""
        found = self._lookup(host)
        return found.reason if isinstance(found, Missing) else ""

    def _lookup(self, host: str) -> Credential | Missing:
        registry = canonical(host)
        with self._lock:
            if registry not in self._found:
                self._found[registry] = self._searched(registry)
            return self._found[registry]

    def _searched(self, registry: str) -> Credential | Missing:
        reasons = []
        for place in (self._of_setting, self._lines.credential, self._of_docker):
            found = place(registry)
            if isinstance(found, Credential):
                return found
            reasons += [] if found is None else [found.reason]
        return Missing("; ".join(reasons)) if reasons else _NO_CREDENTIAL

    def _of_setting(self, registry: str) -> Credential | Missing | None:
        setting = self._hosts.setting(registry)
        if setting is None or not (setting.username_from or setting.password_from):
            return None
        return _of_variables(setting, self._environment)

    def _of_docker(self, registry: str) -> Credential | Missing | None:
        if self._docker is None:
            self._docker = DockerLogin(self._folder, self._environment)
        return self._docker.credential(registry)


class _Lines:
    """The lines of the environment variable."""

    def __init__(self, text: str) -> None:
        rows = [(number, line.split(maxsplit=_FIELDS - 1)) for number, line in enumerate(text.splitlines(), 1)]
        meant = [(number, row) for number, row in rows if row and not row[0].startswith("#")]
        self._wrong = [number for number, row in meant if len(row) < _FIELDS]
        self._rows = {canonical(row[0]): (row[1], row[2].rstrip()) for _, row in meant if len(row) == _FIELDS}

    def credential(self, registry: str) -> Credential | Missing | None:
        """The credential of a registry's line, or which line is not one."""
        if registry in self._rows:
            return credential(*self._rows[registry], VARIABLE)
        if self._wrong:
            return Missing(f"line {self._wrong[0]} of {VARIABLE} is not HOST USERNAME PASSWORD")
        return None


def _of_variables(setting: RegistrySetting, environment: Mapping[str, str]) -> Credential | Missing:
    for key, name in (("username_from", setting.username_from), ("password_from", setting.password_from)):
        if not name:
            return Missing(f"the registry {setting.host} has no {key} in the configuration")
        if not environment.get(name):
            return Missing(f"{name}, which the configuration names for {setting.host}, is not set")
    source = f"the environment variables of {setting.host}"
    return credential(environment[setting.username_from], environment[setting.password_from], source)
