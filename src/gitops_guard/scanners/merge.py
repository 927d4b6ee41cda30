"""One verdict of several scans of an image: the worst counts, and what tells nothing is named.

The order, the same in whatever order the sources are asked (names decide between equals):

1. A scan of another platform does not speak of this image and is left out.
2. A scan that tells (`clean`, `findings`, `stale`) comes before all that tell nothing.
3. Of those that tell, the one with the worst counts by severity comes first (critical before high, and so on), so that
   findings come before `clean`; of equal ones a fresh one before a stale one, then the newest.
4. Of those that tell nothing: unauthorised, unavailable, failed, in-progress, unsupported, missing. What somebody can
   mend, and what may hide a result, comes first.

A scan that only might be of this image (an attestation that nobody verified, a report that names no digest) can make
things worse and never better: without findings it is `missing`; with findings it is `stale` and without a date, and
beside a scan that is certain it only adds vulnerabilities that this one does not know.

The scan that comes first takes from the others that are certain what it does not say itself: vulnerabilities that it
does not know, that the distribution has reached its end of life, which vulnerabilities are exploited or can be fixed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from gitops_guard.facts.scan import Scan, ScanState, Vulnerability, finished

_SILENT: tuple[ScanState, ...] = ("unauthorised", "unavailable", "failed", "in-progress", "unsupported", "missing")
_LEEWAY = timedelta(days=1)
_NAMED = 3


def choose(scans: Iterable[Scan], now: datetime, fresh_days: int | None = None, platform: str = "") -> Scan | None:
    """The scan that counts, by the order above.

    Args:
        scans: of one image, from all sources.
        now: the time of the decision, aware of its zone.
        fresh_days: an older scan, or one without a date, is `stale`; its vulnerabilities stay. None: none is.
        platform: the one that is asked about, such as `linux/amd64`; empty: any.

    Returns:
        The scan with the state that this gives it, `reason` naming the sources that tell nothing; None if none speaks
        of the image.
    """
    speaking = (_judged(dated(one, now), now, fresh_days) for one in scans if of_platform(one, platform))
    judged = sorted(speaking, key=lambda one: (one.source, one.scanner, one.digest, one.reason))
    telling = [one for one in judged if one.tells]
    certain = [one for one in telling if _is_certain(one)]
    silent = sorted((one for one in judged if not one.tells), key=lambda one: _SILENT.index(one.state))
    if not telling:
        return _naming(silent[0], silent[1:]) if silent else None
    first = worst = max(certain or telling, key=_badness)
    if certain:
        worst = _with_details(_with_end_of_life(worst, certain), certain)
        for other in (one for one in telling if one is not first):
            worst = _with_more(worst, other)
    return _naming(worst, silent)


def of_platform(scan: Scan, platform: str) -> bool:
    """Whether a scan speaks of a platform; a variant counts only where both name one."""
    if not scan.platform or not platform:
        return True
    ours, theirs = scan.platform.split("/"), platform.split("/")
    return all(one == other for one, other in zip(ours, theirs, strict=False))


def dated(scan: Scan, now: datetime) -> Scan:
    """The scan without a date that cannot be right: one of tomorrow, or of no time zone."""
    when = scan.scanned_at
    if when is None:
        return scan
    if when.tzinfo is None:
        return _because(scan._replace(scanned_at=None), "its date has no time zone")
    if when - now > _LEEWAY:
        return _because(scan._replace(scanned_at=None), f"its date, {when.date()}, lies in the future")
    return scan


def _because(scan: Scan, reason: str) -> Scan:
    return scan._replace(reason=f"{scan.reason}; {reason}" if scan.reason else reason)


def _is_certain(scan: Scan) -> bool:
    return scan.verified and bool(scan.digest)


def _judged(scan: Scan, now: datetime, fresh_days: int | None) -> Scan:
    if not scan.tells or scan.state == "stale":
        return scan
    scan = finished(scan)
    if not _is_certain(scan):
        return _doubted(scan)
    when = scan.scanned_at
    if fresh_days is None or (when is not None and (now.date() - when.date()).days <= fresh_days):
        return scan
    why = "it does not say when the image was scanned" if when is None else f"scanned on {when.date()}"
    return _because(scan._replace(state="stale"), f"{why}; the limit is {fresh_days} days")


def _doubted(scan: Scan) -> Scan:
    """A scan that may be wrong about this image: no proof of anything good."""
    why = "it names no digest" if scan.verified else "nobody verified the attestation"
    state: ScanState = "stale" if scan.vulnerabilities else "missing"
    return _because(scan._replace(state=state, scanned_at=None), f"{why}: it can only make things worse")


def _badness(scan: Scan) -> tuple[tuple[int, ...], bool, float]:
    when = scan.scanned_at
    return tuple(scan.counts), scan.state != "stale", when.timestamp() if when else 0.0


def _with_end_of_life(scan: Scan, others: Sequence[Scan]) -> Scan:
    ended = next((one for one in others if one.end_of_life), None)
    if ended is None or scan.end_of_life:
        return scan
    return scan._replace(end_of_life=True, distribution=scan.distribution or ended.distribution)


def _with_details(scan: Scan, others: Sequence[Scan]) -> Scan:
    """The scan, with what the other ones know of its vulnerabilities: exploits, and the versions that mend them."""
    known: dict[str, Vulnerability] = {}
    for one in (found for other in others if other is not scan for found in other.vulnerabilities):
        if one.kev or one.epss is not None or one.fixed:
            known.update(dict.fromkeys((one.id, *one.aliases), one))
    if not known:
        return scan
    return scan._replace(vulnerabilities=tuple(_detailed(one, known) for one in scan.vulnerabilities))


def _detailed(one: Vulnerability, known: Mapping[str, Vulnerability]) -> Vulnerability:
    other = next((known[name] for name in (one.id, *one.aliases) if name in known), None)
    if other is None:
        return one
    same = (one.package, one.version) == (other.package, other.version)
    return one._replace(
        kev=one.kev or other.kev,
        epss=other.epss if one.epss is None else one.epss,
        fixed=one.fixed or (other.fixed if same else ""),
    )


def _with_more(scan: Scan, other: Scan) -> Scan:
    """The scan and what it does not know of the vulnerabilities of another."""
    known = {name for one in scan.vulnerabilities for name in (one.id, *one.aliases)}
    more = tuple(one for one in other.vulnerabilities if known.isdisjoint((one.id, *one.aliases)))
    if not more:
        return scan
    said = f": {other.reason}" if other.reason else ""
    number = "1 vulnerability is" if len(more) == 1 else f"{len(more)} vulnerabilities are"
    scan = _because(_grown(scan, more), f"{number} from {_called(other)}{said}")
    return scan if scan.state == "stale" else finished(scan)


def _grown(scan: Scan, more: tuple[Vulnerability, ...]) -> Scan:
    return scan._replace(vulnerabilities=scan.vulnerabilities + more)


def _called(scan: Scan) -> str:
    return scan.source or scan.scanner or "another source"


def _naming(scan: Scan, silent: Sequence[Scan]) -> Scan:
    """The scan, its reason naming the sources that tell nothing."""
    for one in silent[:_NAMED]:
        scan = _because(scan, f"{_called(one)}: {one.state}{f' ({one.reason})' if one.reason else ''}")
    left = len(silent) - _NAMED
    return _because(scan, f"{left} more sources tell nothing") if left > 0 else scan
