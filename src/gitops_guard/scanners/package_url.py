"""Package URLs, as far as comparing them takes: `pkg:type/namespace/name@version?qualifiers#subpath`."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

_SCHEME = "pkg:"


class PackageUrl(NamedTuple):
    """A package; `name` includes the namespace, `version` and `qualifiers` are empty where they are not given."""

    type: str
    name: str
    version: str = ""
    qualifiers: frozenset[tuple[str, str]] = frozenset()


@lru_cache(maxsize=4096)
def parse_purl(text: str) -> PackageUrl | None:
    """Parses a package URL; None if it is none."""
    if not text.lower().startswith(_SCHEME):
        return None
    rest, _, query = text[len(_SCHEME) :].partition("#")[0].partition("?")
    kind, slash, path = rest.strip("/").partition("/")
    name, _, version = path.rpartition("@") if "@" in path.rpartition("/")[2] else (path, "", "")
    if not slash or not kind or not name:
        return None
    return PackageUrl(kind.lower(), unquote(name), unquote(version), frozenset(parse_qsl(query) if query else ()))


def covers(wanted: PackageUrl, found: PackageUrl) -> bool:
    """Whether what `wanted` says holds for `found`: what it leaves open, a version or a qualifier, may be anything."""
    same = (wanted.type, wanted.name) == (found.type, found.name)
    return same and wanted.version in {"", found.version} and wanted.qualifiers <= found.qualifiers
