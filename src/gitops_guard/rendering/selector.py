"""Which objects the `target` of a patch means."""

import re

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.syntax.field import Field

_LONGEST = 253
_WILDCARDS = 3
_MANY = re.compile(r"\.[*+]")
_PLAIN = re.compile(r"[\w.-]*")


def selects(target: Field, obj: KubernetesObject, name: str) -> bool:
    """Whether a selector may mean an object that was written with a name.

    Where it cannot be told, yes: what a layer writes is compared with what was rendered anyway.
    """
    group, _, version = obj.identity.api_version.rpartition("/")
    wanted = ((target["kind"], (obj.kind,)), (target["group"], (group,)), (target["version"], (version,)))
    names = (target["name"], (name, obj.identity.name))
    return all(_any(pattern, values) for pattern, values in (*wanted, names))


def _any(pattern: Field, values: tuple[str, ...]) -> bool:
    text = pattern.text
    return not text or any(_matches(text, value) for value in values)


def _matches(pattern: str, value: str) -> bool:
    """As an anchored expression; one that may take long is taken to match: Python's engine is not linear."""
    plain = pattern.removeprefix("^").removesuffix("$")
    if value in {pattern, plain}:
        return True
    if len(pattern) > _LONGEST or len(value) > _LONGEST:
        return True
    parts = [part for option in plain.split("|") for part in _MANY.split(option)]
    if not all(_PLAIN.fullmatch(part) for part in parts) or len(_MANY.findall(plain)) > _WILDCARDS:
        return True
    return re.fullmatch(plain, value) is not None
