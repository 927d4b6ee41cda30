"""The variables of a container, as it sees them when it starts."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from gitops_guard.network.setting import Setting
from gitops_guard.network.sources.configuration import Store, chosen
from gitops_guard.network.sources.pods import ContainerFact, EnvVar, KeyRef, PodFact

_LIMIT = 10_000
_LENGTH_LIMIT = 4_096
_BEFORE_HOST = re.compile(r"[^\s/]{0,300}@")
_DEPENDENT = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_.\-]{0,200})\)")
_SHELL = re.compile(
    r"\$(?:\{([A-Za-z_][A-Za-z0-9_]{0,200})(?::?-([^{}$]{0,300}))?\}|\(([A-Za-z_][A-Za-z0-9_]{0,200})\)|([A-Za-z_][A-Za-z0-9_]{0,200}))"
)


class Absent(NamedTuple):
    """A reference to configuration that is not in the repository; `variable` is empty for all of its keys.

    `is_unset`: the configuration is there, its key is optional and missing, so the variable is not set.
    """

    ref: KeyRef
    variable: str
    why: str
    is_unset: bool = False


class Environment(NamedTuple):
    """The variables in order, those that are not known, and how many were left out by the limit."""

    settings: tuple[Setting, ...]
    absent: tuple[Absent, ...]
    omitted: int = 0

    @property
    def values(self) -> dict[str, Setting]:
        """The variables by name."""
        return {setting.name: setting for setting in self.settings}


def environment(container: ContainerFact, pods: PodFact, store: Store) -> Environment:
    """The variables of a container: those of `envFrom` first, then `env`, which win; `$(NAME)` is replaced."""
    known: dict[str, Setting] = {}
    absent: list[Absent] = []
    for ref in container.env_from:
        found = store.find(ref, pods.workload.namespace, pods.path)
        if found is None:
            absent.append(Absent(ref, "", f"the {ref.kind} {ref.name} is not in the repository"))
            continue
        for text in chosen(found, ref):
            name = ref.prefix + text.key
            source, shared = f"envFrom {ref.kind}", store.is_shared(found)
            known[name] = Setting(name, text.value, text.place, source, ref.place, text.hidden, shared)
    for variable in container.env:
        one = _variable(variable, pods, store)
        if isinstance(one, Absent):
            absent.append(one)
            known.pop(variable.name, None)
            continue
        known.pop(variable.name, None)
        known[variable.name] = _expanded(one, known)
    kept = tuple(known.values())[:_LIMIT]
    return Environment(kept, tuple(absent), len(known) - len(kept))


def _variable(variable: EnvVar, pods: PodFact, store: Store) -> Setting | Absent:
    ref = variable.ref
    if ref is None:
        return Setting(variable.name, variable.value or "", variable.place, "env")
    found = store.find(ref, pods.workload.namespace, pods.path)
    if found is None:
        return Absent(ref, variable.name, f"the {ref.kind} {ref.name} is not in the repository")
    text = next(chosen(found, ref), None)
    if text is None:
        return Absent(ref, variable.name, f"the {ref.kind} {ref.name} has no readable key {ref.key}", ref.optional)
    return Setting(variable.name, text.value, text.place, f"env from {ref.kind}", ref.place, text.hidden)


def _expanded(setting: Setting, known: Mapping[str, Setting]) -> Setting:
    if "$(" not in setting.text:
        return setting
    text, hidden = expand(setting.text, known, _DEPENDENT)
    return setting._replace(text=text, hidden=setting.hidden or hidden)


def used_variables(text: str) -> frozenset[str]:
    """The variables that a script refers to, as far as `expand` would replace them."""
    found = (next((group for group in (match[1], match[3], match[4]) if group), "") for match in _SHELL.finditer(text))
    return frozenset(found)


def expand(text: str, known: Mapping[str, Setting], pattern: re.Pattern[str] = _SHELL) -> tuple[str, bool]:
    """A text with the variables in it replaced by known values, and whether one of them is secret.

    What is not known stays as it is, and so does a secret before the `@` of a URL: it is no part of the host. A result
    beyond the limit of length stays as it was, too.
    """
    if "$" not in text:
        return text, False
    hidden = False
    pieces: list[str] = []
    at = length = 0
    for match in pattern.finditer(text):
        groups = match.groups()
        name = next((group for group in (groups[0], *groups[2:]) if group), "")
        setting = known.get(name)
        if setting is not None and setting.hidden and _BEFORE_HOST.match(text, match.end()):
            continue
        default = groups[1] if len(groups) > 1 else None
        value = match[0] if setting is None and default is None else default if setting is None else setting.text
        hidden = hidden or (setting is not None and setting.hidden)
        pieces += (text[at : match.start()], value or "")
        length += len(pieces[-1]) + len(pieces[-2])
        if length > _LENGTH_LIMIT:
            return text, hidden
        at = match.end()
    return "".join((*pieces, text[at:])), hidden
