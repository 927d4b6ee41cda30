"""The file of a shard: what was seen of its files, complete enough to judge the whole without reading them again."""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from gitops_guard import __version__
from gitops_guard.engine import Detection
from gitops_guard.errors import SourceError
from gitops_guard.finding import Finding
from gitops_guard.inspection import Inspection
from gitops_guard.model.inventory import Fact
from gitops_guard.model.policy_facts import PeerFact, PortFact
from gitops_guard.model.used_image import UsedImage
from gitops_guard.settings import Build
from gitops_guard.sharding.codec import Codec, Decode, MalformedError, tagged
from gitops_guard.sharding.plan import MOST, Shard
from gitops_guard.source_file import Skipped
from gitops_guard.suppression import Ignore
from gitops_guard.syntax.field import KeyPath

FORMAT, VERSION = "gitops-guard/shard", "1"
SIZE_LIMIT = 256 * 1024 * 1024
_KEYS = frozenset(("format", "version", "tool", "shard", "tree", "day", "known", "items"))
_TREE = ("commit", "listing", "candidates", "configuration", "paths", "rules")
_ITEM = 8


class Tree(NamedTuple):
    """What was swept; equal for all shards of a sweep.

    `commit` is empty outside git. `listing` is the digest of all candidates in their order, `candidates` their number,
    `configuration` that of its text. `paths` and `rules` were asked for; none means all.
    """

    commit: str
    listing: str
    candidates: int
    configuration: str
    paths: tuple[str, ...]
    rules: tuple[str, ...]


class ShardFile(NamedTuple):
    """What a shard hands over. `items` are numbered by the place of the file in the listing.

    `known` is the snapshot of what registries and scanners said of the shard's images; empty if nobody was asked.
    """

    shard: Shard
    tree: Tree
    day: date
    items: tuple[tuple[int, Inspection], ...]
    known: str = ""


def digest(texts: Iterable[str]) -> str:
    """The digest of texts in their order."""
    found = sha256()
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return found.hexdigest()


def render(shard: ShardFile) -> Iterator[str]:
    """The file as JSON, a line for each item."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "tool": __version__,
        "shard": shard.shard,
        "tree": dict(zip(_TREE, shard.tree, strict=True)),
        "day": shard.day.isoformat(),
        "known": shard.known,
    }
    yield json.dumps(head)[:-1] + ', "items": [\n'
    for at, (number, seen) in enumerate(shard.items):
        yield (",\n" if at else "") + json.dumps(_item(number, seen), separators=(",", ":"), default=sorted)
    yield "\n]}\n"


def read(path: str) -> ShardFile:
    """Reads the file of a shard; it may have been written by anybody.

    Raises:
        SourceError: it is no such file, or one of another version of this program.
    """
    try:
        if os.path.getsize(path) > SIZE_LIMIT:  # noqa: PTH202 - as everywhere on the way to a scan
            raise SourceError(f"larger than {SIZE_LIMIT // 1024 // 1024} MiB", path=path)
        with open(path, "rb") as file:  # noqa: PTH123
            value = json.loads(file.read(SIZE_LIMIT + 1))
    except OSError as error:
        raise SourceError(f"the shard cannot be read: {error.strerror}", path=path) from None
    except (ValueError, RecursionError):
        raise SourceError(
            "this is no JSON", path=path, hint="a shard is written by: gitops-guard sweep --shard I/N"
        ) from None
    try:
        return _read(value)
    except (MalformedError, ValueError, RecursionError) as error:
        raise SourceError(f"this is no shard of this version: {error}", path=path) from None


def _read(value: Any) -> ShardFile:  # noqa: ANN401 - JSON
    if not isinstance(value, dict) or set(value) != _KEYS or value["format"] != FORMAT:
        raise MalformedError("it has other keys")
    if (value["version"], value["tool"]) != (VERSION, __version__):
        raise MalformedError(f"it was written by gitops-guard {str(value['tool'])[:40]}, this is {__version__}")
    tree, codec = value["tree"], _codec()
    if not isinstance(tree, dict) or tuple(tree) != _TREE or not isinstance(value["items"], list):
        raise MalformedError("it has other keys")
    number, total = codec.decoder(tuple[int, int])(value["shard"])
    if not 1 <= number <= total <= MOST:
        raise MalformedError("its number is impossible")
    return ShardFile(
        Shard(number, total),
        codec.decoder(Tree)(list(tree.values())),
        date.fromisoformat(codec.decoder(str)(value["day"])),
        tuple([_seen(item) for item in value["items"]]),
        codec.decoder(str)(value["known"]),
    )


def _item(number: int, seen: Inspection) -> tuple[object, ...]:
    detections = [(one.finding, one.document, one.root, one.unless_probed) for one in seen.detections]
    images = [one._replace(reference=tagged(one.reference)) for one in seen.images]  # type: ignore[arg-type]
    facts = [tagged(one) for one in seen.facts]
    skipped = None if seen.skipped is None else seen.skipped.reason
    failed = None if seen.failed is None else seen.failed.reason
    found = (number, seen.path, skipped, failed, detections, facts, images, (seen.ignores, seen.builds))
    # Most files have nothing to say.
    return found if any((detections, facts, images, seen.ignores, seen.builds)) else found[:4]


def _seen(item: Any) -> tuple[int, Inspection]:  # noqa: ANN401 - JSON
    number, path, skipped, failed, detections, facts, images, (ignores, builds) = _decoders()(_padded(item))
    found = tuple([Detection(finding, None, document, root, probed) for finding, document, root, probed in detections])
    if any(one.finding.place.path != path for one in found) or any(_elsewhere(one, path) for one in facts):
        raise MalformedError("a finding or fact stands in another file than its item")
    seen = Inspection(
        path,
        found,
        facts,
        ignores,
        None if skipped is None else Skipped(path, skipped),
        None if failed is None else Skipped(path, failed),
        images,
        builds,
    )
    return number, seen


def _padded(item: Any) -> Any:  # noqa: ANN401 - JSON
    short = isinstance(item, list) and len(item) < _ITEM
    return [*item, [], [], [], [[], []]] if short else item


def _elsewhere(fact: Fact, path: str) -> bool:
    place = getattr(fact, "place", None)
    return place is not None and place.path != path


@cache
def _codec() -> Codec:
    return Codec({"PeerFact": PeerFact, "PortFact": PortFact})


@cache
def _decoders() -> Decode:
    detection = tuple[Finding, int, KeyPath, bool]
    beside = tuple[tuple[Ignore, ...], tuple[Build, ...]]
    text = str | None
    return _codec().decoder(
        tuple[int, str, text, text, tuple[detection, ...], tuple[Fact, ...], tuple[UsedImage, ...], beside]
    )
