"""Patterns of registry and repository: compared segment by segment in normal form, never as substrings."""

from collections.abc import Iterable

from gitops_guard.syntax.image_reference import DOCKER_HUB
from gitops_guard.syntax.tag_pattern import glob

_ANY_DEPTH = "/**"
_ONE_LEVEL = "/*"


def matches_repository(pattern: str, name: str) -> bool:
    """Whether a pattern matches registry and repository: segment by segment, the host being the first."""
    wanted, found = normal_pattern(pattern).split("/"), name.split("/")
    if wanted[-1] == "**":
        wanted.pop()
        if len(found) <= len(wanted):
            return False
        found = found[: len(wanted)]
    return len(wanted) == len(found) and all(map(glob, wanted, found))


def normal_pattern(pattern: str) -> str:
    """A pattern in the normal form of references: `nginx` is `docker.io/library/nginx`."""
    first, slash, rest = pattern.strip().partition("/")
    if not slash:
        return f"{DOCKER_HUB}/library/{first}"
    if "." not in first and ":" not in first and first != "localhost":
        return f"{DOCKER_HUB}/{first}/{rest}"
    host = DOCKER_HUB if first.lower() == "index.docker.io" else first.lower()
    official = host == DOCKER_HUB and "/" not in rest and rest != "**"
    return f"{host}/library/{rest}" if official else f"{host}/{rest}"


def mirrored(pattern: str, mirror: str, name: str) -> str:
    """The name below `mirror` of an image that a pattern matches; empty where the pattern leaves open which it is."""
    base, rest = _wildcard(normal_pattern(pattern))
    if not rest and "*" in base:
        return ""
    return mirror.rstrip("/") + (name.removeprefix(base) if rest else "")


def mirror_pattern(pattern: str, mirror: str) -> str:
    """The pattern of what lies at the mirror of a pattern."""
    return mirror.rstrip("/") + _wildcard(pattern)[1]


def first_difference(pattern: str, name: str) -> str:
    """In words, where a name leaves a pattern that does not match it."""
    wanted, found = normal_pattern(pattern).split("/"), name.split("/")
    if not glob(wanted[0], found[0]):
        return f"the registry is {found[0]}, not {wanted[0]}"
    return f"the repository is {'/'.join(found[1:])}, not {'/'.join(wanted[1:])}"


def likeness(pattern: str, name: str) -> tuple[int, int]:
    """How much of a name a pattern shares: segments from the end, then from the start. (0, 0): nothing."""
    wanted, found = normal_pattern(pattern).split("/"), name.split("/")
    return _shared(reversed(wanted), reversed(found)), _shared(wanted, found)


def _shared(wanted: Iterable[str], found: Iterable[str]) -> int:
    count = 0
    for one, other in zip(wanted, found, strict=False):
        if "*" in one or one != other:
            break
        count += 1
    return count


def _wildcard(pattern: str) -> tuple[str, str]:
    """Splits off a final `/*` or `/**`, if it is the only wildcard."""
    for end in (_ANY_DEPTH, _ONE_LEVEL):
        base = pattern.removesuffix(end)
        if base != pattern and "*" not in base:
            return base, end
    return pattern, ""
