"""What is known of the images of a run: asked of registries and scanners, or read from a snapshot."""

import glob
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from gitops_guard.facts.image import ImageFacts
from gitops_guard.facts.known import NOTHING_KNOWN, KnownImages, key_of
from gitops_guard.model.used_image import UsedImage
from gitops_guard.scanners.report_files import ReportFiles
from gitops_guard.settings import Settings
from gitops_guard.syntax.image_reference import ImageReference

ReadFile = Callable[[str], str | None]
"""Gives the text of a trusted file of the repository; None where there is none."""

Reports = tuple[tuple[str, bytes | None], ...]
"""Report files: path and content, None for what can't be read."""


class Bar(Protocol):
    """Shows how far the asking is."""

    def tick(self) -> None:
        """One image is done."""

    def finish(self) -> None:
        """All are."""


_LONGEST_REPORT = 64 * 1024 * 1024


class Surroundings(NamedTuple):
    """Where facts come from.

    `root` is the folder that report files lie below. `read` gives the snapshot: from the base of a change, never from
    what the change brings along; `untrusted` are the files that it changes, which are no evidence either. `offline`: no
    network. `budget` is in seconds, None for no bound. `progress` makes a bar for a number of images.
    """

    root: str
    read: ReadFile
    environment: Mapping[str, str]
    now: datetime
    offline: bool = False
    budget: float | None = None
    untrusted: Collection[str] = ()
    progress: Callable[[int], Bar] | None = None


def known_images(collect: Callable[[], Iterable[UsedImage]], settings: Settings, around: Surroundings) -> KnownImages:
    """What is known of images.

    Args:
        collect: gives the places that name them; not called where nothing can be known.
        settings: the team's decisions.
        around: where facts come from.

    Raises:
        ConfigurationError: the snapshot is damaged.
    """
    files = tuple(report_files(settings, around))
    if around.offline:
        text = around.read(settings.image_policy.snapshot)
        if text is None and not files:
            return NOTHING_KNOWN
        return _offline(_distinct(collect()), text, files, settings, around)
    return _asked(_distinct(collect()), files, settings, around)


def _asked(
    distinct: Mapping[str, ImageReference], files: Reports, settings: Settings, around: Surroundings
) -> KnownImages:
    from gitops_guard.gathering.gather import Gathering, gather  # noqa: PLC0415 - loads the network

    reports = (ReportFiles(files, around.now),) if files else ()
    how = Gathering(
        settings,
        around.now,
        around.environment,
        reports,
        _key(files),
        tuple(statement for one in reports for statement in one.statements),
        around.budget,
    )
    bar = around.progress(len(distinct)) if around.progress else None
    try:
        return gather(distinct.values(), how, bar.tick if bar else None)
    finally:
        if bar:
            bar.finish()


def _distinct(images: Iterable[UsedImage]) -> dict[str, ImageReference]:
    """The references; what could not be resolved names nothing that could be asked about."""
    references = (one.reference for one in images)
    return {key_of(one): one for one in references if isinstance(one, ImageReference)}


def report_files(settings: Settings, around: Surroundings) -> Iterator[tuple[str, bytes | None]]:
    """The report files that the configuration names, and their content; None for what can't be read."""
    for pattern in settings.scan_reports:
        for path in sorted(glob.glob(pattern, root_dir=around.root, recursive=True)):  # noqa: PTH207 - patterns may be absolute
            if path in around.untrusted:
                continue
            yield path, _content(os.path.join(around.root, path))  # noqa: PTH118 - as the rest of the way to a scan


def _content(path: str) -> bytes | None:
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _LONGEST_REPORT:  # noqa: PTH113, PTH202
            return None
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return None


def _key(files: Iterable[tuple[str, bytes | None]]) -> str:
    digest = hashlib.sha256()
    for path, raw in files:
        digest.update(repr((path, len(raw or b""))).encode("utf-8", "surrogateescape"))
        digest.update(raw or b"")
    return digest.hexdigest()


def _offline(
    distinct: Mapping[str, ImageReference], text: str | None, files: Reports, settings: Settings, around: Surroundings
) -> KnownImages:
    """What the snapshot says, and what report files say of digests that it or the reference names."""
    from gitops_guard.gathering import snapshot  # noqa: PLC0415 - few runs have one

    kept = NOTHING_KNOWN if text is None else snapshot.read(text, settings.image_policy.snapshot)
    reports = ReportFiles(files, around.now) if files else None
    found: dict[str, ImageFacts] = {}
    for name, reference in distinct.items():
        facts = _with_reports(reference, kept.of(reference), reports, settings)
        if facts is not None:
            found[name] = facts
    return KnownImages(found, asked=True)


def _with_reports(
    reference: ImageReference, kept: ImageFacts | None, reports: ReportFiles | None, settings: Settings
) -> ImageFacts | None:
    facts = kept or (ImageFacts(key_of(reference), digest=reference.digest) if reference.digest else None)
    if reports is None or facts is None or facts.scan is not None:
        return kept if reports is None else facts
    scan = reports.fetch(reference, facts.platform_digest or facts.digest, settings.image_policy.platform)
    return facts._replace(scan=scan)
