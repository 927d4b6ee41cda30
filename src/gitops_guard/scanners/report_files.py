"""Report files as a source of scan results: by digest and platform, and by name where a report has no digest."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from gitops_guard.facts.scan import Scan
from gitops_guard.scanners import vex
from gitops_guard.scanners.merge import choose, dated, of_platform
from gitops_guard.scanners.report_file import Report, read_report, unreadable
from gitops_guard.syntax.image_reference import ImageReference, parse


class ReportFiles:
    """A `ScanSource` over report files.

    VEX documents among them filter the scans of the others; `statements` are for those of other sources. Of several
    reports of one scanner on one image the newest counts; different scanners are merged as `merge` says.

    Args:
        files: path and content of each; None for what cannot be read, then `why` may say why.
        now: the time of the run, aware of its zone.
    """

    def __init__(self, files: Iterable[tuple[str, bytes | None]], now: datetime) -> None:
        read = (unreadable(path, "cannot be read") if raw is None else read_report(path, raw) for path, raw in files)
        self.reports = filtered(tuple(read), now)
        self.statements = tuple(statement for report in self.reports for statement in report.statements)
        self._now = now

    @property
    def name(self) -> str:
        """What messages call it."""
        return "scan reports"

    def supports(self, reference: ImageReference) -> bool:  # noqa: ARG002 - any image may have a report
        """Whether there are reports at all."""
        return bool(self.reports)

    def fetch(self, reference: ImageReference, digest: str, platform: str) -> Scan:
        """What the reports say of an image.

        Args:
            reference: the image, as named; its digest may be that of an index.
            digest: that of the manifest for `platform`; empty where it is not known.
            platform: such as `linux/amd64`.
        """
        found = [scan for report in self.reports for scan in _speaking(report, reference, digest, platform)]
        chosen = choose(_newest(found), self._now, None, platform)
        if chosen is not None:
            return chosen
        broken = [report.path for report in self.reports if not report.readable]
        also = f"; {len(broken)} could not be read, {broken[0]} among them" if broken else ""
        return Scan("missing", self.name, reference.normalized, reason=f"no report speaks of this image{also}")


def filtered(reports: Sequence[Report], now: datetime) -> tuple[Report, ...]:
    """The reports without dates that cannot be right, and without what the VEX statements among them take out."""
    statements = tuple(statement for report in reports for statement in report.statements)
    return tuple(
        report._replace(scans=tuple(vex.apply(dated(scan, now), statements, report.digests) for scan in report.scans))
        for report in reports
    )


def _speaking(report: Report, reference: ImageReference, digest: str, platform: str) -> Iterator[Scan]:
    """The scans of a report that are, or by their name may be, of this image."""
    for scan in report.scans:
        known_as = {scan.digest, *(report.digests if len(report.scans) == 1 else ())} - {""}
        if not of_platform(scan, platform):
            continue
        if digest and digest in known_as:
            yield scan._replace(digest=digest)
        elif reference.digest is not None and reference.digest in known_as:
            # the digest may be that of an index: without a platform the scan may be of another image in it
            yield scan if scan.platform else scan._replace(digest="")
        elif not known_as and _names(scan.subject, reference):
            yield scan


def _names(subject: str, reference: ImageReference) -> bool:
    named = parse(subject)
    if not isinstance(named, ImageReference) or named.name != reference.name:
        return False
    return (named.tag or "latest") == (reference.tag or "latest")


def _newest(scans: Iterable[Scan]) -> Iterator[Scan]:
    """Of the dated scans of each scanner the newest, and all others."""
    newest: dict[tuple[str, bool], Scan] = {}
    for scan in scans:
        if scan.scanned_at is None or not scan.tells:
            yield scan
            continue
        key = (scan.scanner.partition(" ")[0].lower(), bool(scan.digest))
        known = newest.get(key)
        if known is None or known.scanned_at is None or known.scanned_at < scan.scanned_at:
            newest[key] = scan
    yield from newest.values()
