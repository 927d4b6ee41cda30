"""One report file: recognised by a few keys of its document, then read by the module for its format."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from gitops_guard.facts.scan import Scan
from gitops_guard.scanners import (
    aws_inspector,
    clair,
    cyclonedx,
    google_occurrences,
    grype,
    harbor_report,
    sarif_report,
    snyk,
    trivy,
    trivy_operator,
    vex,
    xray_report,
)
from gitops_guard.scanners.json_reading import MalformedReportError, Object, decoded, mapping, text

SIZE_LIMIT = 64 * 1024 * 1024


class _Format(Protocol):
    """A module for a format."""

    def is_report(self, document: Object) -> bool: ...

    def scans(self, document: object) -> Iterator[Scan]: ...


_FORMATS: tuple[tuple[str, _Format], ...] = (
    ("trivy", trivy),
    ("grype", grype),
    ("trivy-operator", trivy_operator),
    ("sarif", sarif_report),
    ("google", google_occurrences),
    ("aws", aws_inspector),
    ("snyk", snyk),
    ("clair", clair),
    ("xray", xray_report),
    ("harbor", harbor_report),
)
"""Formats in the order in which they are tried; of a document that is a list, its first object is looked at."""

_DIGESTS: dict[str, Callable[[object], tuple[str, ...]]] = {"trivy": trivy.image_digests, "grype": grype.image_digests}


class Report(NamedTuple):
    """What a file holds.

    `format` is empty where it was not recognised. `scans` is never empty: a file that is no report, or a VEX document,
    has one that says so. `statements` are those of a VEX document. `digests` are all that the one image of the report
    is known by. `readable`: it is a document of a known format.
    """

    path: str
    format: str
    scans: tuple[Scan, ...]
    statements: tuple[vex.Statement, ...] = ()
    digests: tuple[str, ...] = ()
    readable: bool = True


def unreadable(path: str, reason: str, name: str = "") -> Report:
    """The report of a file that cannot be read, or not as the format `name`."""
    return Report(path, name, (Scan("failed", f"report {path}", reason=reason),), readable=False)


def read_report(path: str, raw: bytes) -> Report:
    """Reads a file; never raises for what is in it.

    Args:
        path: how messages call it.
        raw: its bytes.
    """
    if len(raw) > SIZE_LIMIT:
        return unreadable(path, f"larger than {SIZE_LIMIT // 1024 // 1024} MiB")
    try:
        document = decoded(raw)
    except MalformedReportError as error:
        return unreadable(path, error.message)
    try:
        return _read(path, document)
    except MalformedReportError as error:
        return unreadable(path, error.message, _recognised(document)[0])


def _read(path: str, document: object) -> Report:
    if document is None or document in ({}, []):
        reason = "an empty document does not say that anything was scanned"
        return Report(path, "", (Scan("missing", f"report {path}", reason=reason),))
    found = _vex(path, mapping(document))
    if found is not None:
        return found
    name, reader = _recognised(document)
    if reader is None:
        return unreadable(path, "not a report of a scanner that is known here")
    scans = tuple(scan._replace(source=f"report {path}") for scan in reader.scans(document))
    also = _DIGESTS[name](document) if name in _DIGESTS and len(scans) == 1 else ()
    return Report(path, name, scans, digests=tuple(dict.fromkeys((*(scan.digest for scan in scans), *also))))


def _recognised(document: object) -> tuple[str, _Format | None]:
    keys = mapping(document[0] if isinstance(document, list) and document else document)
    return next(((name, reader) for name, reader in _FORMATS if reader.is_report(keys)), ("", None))


def _vex(path: str, document: Object) -> Report | None:
    """The statements of a document that holds such; None for all others."""
    if vex.is_openvex(document):
        name, statements = "openvex", vex.read_openvex(document)
    elif cyclonedx.is_cyclonedx(document):
        name, statements = "cyclonedx", cyclonedx.read_vex(document)
    else:
        return None
    reason = f"no scan, but {len(statements)} VEX statements for the scans beside it"
    if not statements and name == "cyclonedx":
        reason = "a bill of materials without VEX statements: it lists packages and is no scan"
    scanner = text(document.get("author"))
    return Report(path, name, (Scan("unsupported", f"report {path}", scanner=scanner, reason=reason),), statements)
