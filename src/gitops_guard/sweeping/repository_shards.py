"""A sweep of several repositories in parts: which part a repository belongs to, and what a part hands over."""

import json
import os
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from gitops_guard import __version__
from gitops_guard.errors import SourceError
from gitops_guard.publishers.tracking_repositories import SweptRepository
from gitops_guard.sharding.codec import Codec, MalformedError
from gitops_guard.sharding.plan import MOST, Shard
from gitops_guard.tracking.state import Seen

FORMAT, VERSION = "gitops-guard/repositories", "1"
SIZE_LIMIT = 256 * 1024 * 1024
_KEYS = frozenset(("format", "version", "tool", "shard", "names", "results"))
_HEAD = 200


class Result(NamedTuple):
    """What was seen of a repository; with `trouble` not all of it was looked at."""

    repository: SweptRepository
    seen: tuple[Seen, ...] = ()


class Part(NamedTuple):
    """What a shard hands over: the names of all repositories of the sweep, and the results of its own."""

    shard: Shard
    names: tuple[str, ...]
    results: tuple[Result, ...]


def number_of(name: str, total: int) -> int:
    """The number, from 1, of the shard that a repository belongs to."""
    return int.from_bytes(sha256(name.encode("utf-8", "surrogatepass")).digest()[:8]) % total + 1


def render(part: Part) -> str:
    """The file of a part."""
    head = {"format": FORMAT, "version": VERSION, "tool": __version__}
    return json.dumps(head | {"shard": part.shard, "names": part.names, "results": part.results}) + "\n"


def is_one(path: str) -> bool:
    """Whether a file says of itself that it is such a part."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as everywhere on the way to a scan
            return file.read(_HEAD).startswith(f'{{"format": "{FORMAT}"'.encode())
    except OSError:
        return False


def read(path: str) -> Part:
    """Reads a part; it may have been written by anybody.

    Raises:
        SourceError: it is no such file, or one of another version of this program.
    """
    try:
        if os.path.getsize(path) > SIZE_LIMIT:  # noqa: PTH202
            raise SourceError(f"larger than {SIZE_LIMIT // 1024 // 1024} MiB", path=path)
        with open(path, "rb") as file:  # noqa: PTH123
            return _part(json.loads(file.read(SIZE_LIMIT + 1)))
    except OSError as error:
        raise SourceError(f"the shard cannot be read: {error.strerror}", path=path) from None
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, MalformedError) else "it is no JSON"
        raise SourceError(f"this is no shard of this version: {reason}", path=path) from None


def _part(value: Any) -> Part:  # noqa: ANN401 - JSON
    if not isinstance(value, dict) or set(value) != _KEYS or value["format"] != FORMAT:
        raise MalformedError("it has other keys")
    if (value["version"], value["tool"]) != (VERSION, __version__):
        raise MalformedError("it was written by another version")
    part: Part = Codec().decoder(Part)([value["shard"], value["names"], value["results"]])
    if not 1 <= part.shard.number <= part.shard.total <= MOST:
        raise MalformedError("its number is impossible")
    own = [name for name in part.names if number_of(name, part.shard.total) == part.shard.number]
    if [result.repository.name for result in part.results] != own:
        raise MalformedError("its results are not those of its repositories")
    if any(not one.path.startswith(result.repository.name + " ") for result in part.results for one in result.seen):
        raise MalformedError("a problem stands in another repository than its result")
    return part


def joined(parts: Sequence[Part]) -> tuple[Result, ...]:
    """The results of all repositories, in their order; those of a missing part are in trouble.

    Raises:
        SourceError: the parts are not of one sweep.
    """
    first = parts[0]
    if any(one.names != first.names or one.shard.total != first.shard.total for one in parts):
        raise SourceError("the shards are not of the same sweep")
    if len({one.shard.number for one in parts}) != len(parts):
        raise SourceError("a shard is there twice")
    found = {result.repository.name: result for one in parts for result in one.results}
    total = first.shard.total
    return tuple(
        found.get(name) or Result(SweptRepository(name, trouble=f"shard {number_of(name, total)}/{total} is missing"))
        for name in first.names
    )
