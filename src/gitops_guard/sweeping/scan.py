"""Scans a tree as a whole, or one shard of it, and judges the whole from its shards."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from gitops_guard import pipeline
from gitops_guard.errors import SourceError, UsageError
from gitops_guard.gathering import snapshot
from gitops_guard.inspection import Inspection
from gitops_guard.report import Report
from gitops_guard.same_image import merge as merge_images
from gitops_guard.sharding.file import ShardFile, Tree, digest
from gitops_guard.sharding.plan import Shard, shard_of
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.git import current_commit
from gitops_guard.sources.tree import Read, read_file, walk

_ELSEWHERE = "belongs to another shard"
Tick = pipeline.Tick


class Whole(NamedTuple):
    """A judged tree. `missing` are the shards whose files nobody looked at."""

    report: Report
    commit: str
    missing: tuple[int, ...] = ()
    shards: int = 1

    @property
    def complete(self) -> bool:
        """Whether every candidate file was looked at."""
        return not (self.missing or self.report.coverage.failed)


def scan_tree(
    run: pipeline.Run, paths: Sequence[str], tick: Tick | None = None, extend: pipeline.Extend | None = None
) -> Whole:
    """Scans everything, and judges it; for `extend` see `pipeline.check_tree`."""
    report = pipeline.check_tree(run, paths, tick, extend)
    return Whole(report._replace(findings=merge_images(report.findings)), current_commit(run.root))


def scan_shard(run: pipeline.Run, paths: Sequence[str], shard: Shard, tick: Tick | None = None) -> ShardFile:
    """Scans the files of a shard; of the others it only knows that they are there."""
    _check_paths(paths)
    listing: list[str] = []
    numbers: list[int] = []

    def mine() -> Iterator[SourceFile | Skipped]:
        for item in walk(paths, run.root, reader_of(shard)):
            listing.append(item.path)
            if shard.holds(item.path):
                numbers.append(len(listing) - 1)
                yield item

    # Proposed fixes hold whole documents, and nobody asks a sweep for them.
    seen = [_light(one) for one in pipeline.inspections(mine(), pipeline.load_rules(run), run, tick)]
    tree = _tree(run, paths, listing)
    known = snapshot.render(run.known, datetime.combine(run.today, datetime.min.time(), UTC)) if run.known.asked else ""
    return ShardFile(shard, tree, run.today, tuple(zip(numbers, seen, strict=True)), known)


def reader_of(shard: Shard) -> Read:
    """Reads the files of a shard only."""

    def read(full: str, path: str) -> SourceFile | Skipped:
        return read_file(full, path) if shard.holds(path) else Skipped(path, _ELSEWHERE)

    return read


def judge_shards(run: pipeline.Run, shards: Sequence[ShardFile], extend: pipeline.Extend | None = None) -> Whole:
    """Judges the whole that shards are parts of: exactly as if it had been scanned at once.

    Args:
        run: over the tree that was swept; its configuration must be the one that the shards were scanned with.
        shards: some or all of one sweep. Files of missing ones count as failed; rules on the whole repository then have
            nothing to go by, and find nothing.
        extend: as in `pipeline.check_tree`; not called where shards are missing.

    Raises:
        SourceError: the shards do not belong together, or not to this tree.
    """
    start = time.monotonic()
    first = shards[0]
    _check_same(shards)
    _check_paths(first.tree.paths)
    run = _as_scanned(run, shards)
    listing = [item.path for item in walk(first.tree.paths, run.root, lambda _, path: Skipped(path, ""))]
    if _tree(run, first.tree.paths, listing) != first.tree:
        raise SourceError(
            "the shards are of another tree, commit or configuration than the one here",
            hint="check the same commit out, with nothing written into it, and name the same --config",
        )
    inspections, missing = _in_order(shards, listing)
    side = pipeline.collect(inspections)
    if missing:
        side = side._replace(facts=())
    report = pipeline.judge_tree(run, side, pipeline.load_rules(run), start, None if missing else extend)
    report = report._replace(findings=merge_images(report.findings))
    return Whole(report, first.tree.commit, missing, first.shard.total)


def _check_paths(paths: Sequence[str]) -> None:
    for path in paths:
        if os.path.isabs(path) or ".." in path.split("/"):  # noqa: PTH117
            raise UsageError("a sweep in shards takes paths below the working folder", path=path)


def _check_same(shards: Sequence[ShardFile]) -> None:
    numbers: set[int] = set()
    first = shards[0]
    for one in shards:
        if one.shard.total != first.shard.total or one.tree != first.tree:
            raise SourceError(f"shard {one.shard} is not of the same sweep as shard {first.shard}")
        if one.shard.number in numbers:
            raise SourceError(f"shard {one.shard} is there twice")
        numbers.add(one.shard.number)


def _as_scanned(run: pipeline.Run, shards: Sequence[ShardFile]) -> pipeline.Run:
    from gitops_guard.facts.known import KnownImages  # noqa: PLC0415 - only where shards asked

    known = [snapshot.read(one.known, f"shard {one.shard}") for one in shards if one.known]
    if known:
        facts = {facts.reference: facts for one in known for facts in one.all()}
        run = run._replace(known=KnownImages(facts, asked=True))
    return run._replace(today=max(one.day for one in shards), only=frozenset(shards[0].tree.rules))


def _in_order(shards: Sequence[ShardFile], listing: Sequence[str]) -> tuple[Iterable[Inspection], tuple[int, ...]]:
    """What was seen, in the order of the listing, and the shards that are missing."""
    total = shards[0].shard.total
    there = {one.shard.number: dict(one.items) for one in shards}
    missing = tuple(number for number in range(1, total + 1) if number not in there)
    found: list[Inspection] = []
    for number, path in enumerate(listing):
        owner = shard_of(path, total)
        if owner not in there:
            found.append(Inspection(path, failed=Skipped(path, f"shard {owner}/{total} is missing")))
            continue
        seen = there[owner].pop(number, None)
        if seen is None or seen.path != path:
            raise SourceError(f"shard {owner}/{total} says nothing of {path}")
        found.append(seen)
    if any(there.values()):
        raise SourceError("a shard speaks of files that it has nothing to do with")
    return found, missing


def _tree(run: pipeline.Run, paths: Sequence[str], listing: Sequence[str]) -> Tree:
    text = ""
    if run.settings.path:
        with open(os.path.join(run.root, run.settings.path), encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH118, PTH123
            text = file.read()
    return Tree(
        current_commit(run.root), digest(listing), len(listing), digest((text,)), tuple(paths), tuple(sorted(run.only))
    )


def _light(seen: Inspection) -> Inspection:
    return seen._replace(detections=tuple(one._replace(fix=None) for one in seen.detections))
