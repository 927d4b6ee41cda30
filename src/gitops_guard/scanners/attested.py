"""Reads the scan that an image's own vulnerability attestations hold; one that nobody verified is marked so."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gitops_guard.facts.scan import GRADES, Grade, Scan, ScanState, Vulnerability, distinct, finished, grade
from gitops_guard.scanners import grype, trivy
from gitops_guard.scanners.json_reading import (
    MalformedReportError,
    Object,
    entries,
    mapping,
    moment,
    required,
    section,
    text,
    titled,
)
from gitops_guard.settings import Signer
from gitops_guard.syntax.image_reference import ImageReference

if TYPE_CHECKING:
    from gitops_guard.oci.attached import Holder
    from gitops_guard.oci.attestations import Attestation

_COSIGN = "https://cosign.sigstore.dev/attestation/vuln/v1"
_IN_TOTO = ("https://in-toto.io/attestation/vulns/v0.1", "https://in-toto.io/attestation/vulns/v0.2")
_TROUBLES: dict[str, ScanState] = {
    "unauthorised": "unauthorised",
    "forbidden": "unauthorised",
    "not-found": "missing",
    "content": "failed",
}
_NEVER = datetime.min.replace(tzinfo=UTC)
_THRESHOLDS: tuple[tuple[float, Grade], ...] = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
"""Qualitative ratings of base scores (CVSS 3.1 specification, section 5)."""
_HIGHEST_SCORE = 10.0


class AttestedScans:
    """A `ScanSource` that reads what is attached to images in their registries.

    Args:
        registry: asks the registries.
        signers: who may have made an attestation; without them none counts as verified.
    """

    name = "attestation"

    def __init__(self, registry: "Holder", signers: Sequence[Signer]) -> None:
        self._registry = registry
        self._signers = tuple(signers)

    def supports(self, reference: ImageReference) -> bool:  # noqa: ARG002 - the interface
        """Whether it is to be asked about this image: about every one."""
        return True

    def fetch(self, reference: ImageReference, digest: str, platform: str) -> Scan:
        """The newest verified scan, else an unverified one with findings, else any; never raises."""
        from gitops_guard.oci.attestations import vulnerability_attestations  # noqa: PLC0415 - loads cryptography

        found = vulnerability_attestations(self._registry, reference, digest, self._signers)
        scan = _newest([_scan(one) for one in found])
        return scan._replace(source=self.name, subject=reference.name, digest=digest, platform=platform)


def _newest(scans: Sequence[Scan]) -> Scan:
    none = Scan("missing", reason="no attestation of vulnerabilities is attached")
    return max(scans, key=_worth, default=none)


def _worth(scan: Scan) -> tuple[bool, bool, bool, bool, datetime]:
    """Orders scans by what they are worth; nobody can hide a finding behind a newer scan that is not verified.

    What could not be asked is not missing, either.
    """
    unproved_finding = not scan.verified and bool(scan.vulnerabilities)
    return scan.tells, scan.verified, unproved_finding, scan.state != "missing", scan.scanned_at or _NEVER


def _scan(attestation: "Attestation") -> Scan:
    """What one attestation says; of a type that holds no scan it says nothing."""
    try:
        scan = _read(attestation)
    except MalformedReportError as malformed:
        scan = Scan("failed", reason=f"an attestation cannot be read: {malformed.message}")
    return scan._replace(verified=bool(attestation.verified_by), reason=scan.reason or attestation.reason)


def _read(attestation: "Attestation") -> Scan:
    if not attestation.predicate_type:
        return Scan(_state(attestation))
    predicate = attestation.predicate
    if attestation.predicate_type == _COSIGN:
        scan = _of_scanner(section(predicate, "scanner"))
    elif attestation.predicate_type in _IN_TOTO:
        scan = _of_in_toto(predicate)
    else:
        return Scan("missing", reason="no attestation holds a scan")
    ended = moment(section(predicate, "metadata").get("scanFinishedOn"))
    return scan._replace(scanned_at=ended or scan.scanned_at)


def _state(attestation: "Attestation") -> ScanState:
    if not attestation.trouble:
        return "failed"
    return _TROUBLES.get(attestation.trouble, "unavailable")


def _of_scanner(scanner: Object) -> Scan:
    """Cosign's predicate: `result` is the scanner's own report."""
    result = mapping(scanner.get("result"))
    if "matches" in result:
        scans = grype.read(result)
    elif "SchemaVersion" in result or "Results" in result:
        # The attestation is an image's, whatever an early version leaves out.
        scans = trivy.read({"ArtifactType": "container_image", **result})
    else:
        return Scan("unsupported", reason="the attested result is neither a report of Trivy nor one of Grype")
    return scans[0] if len(scans) == 1 else Scan("unsupported", reason="the attested report is not of one image")


def _of_in_toto(predicate: Object) -> Scan:
    """In-toto's predicate: `result` lists ids and severities, and no packages."""
    scanner = section(predicate, "scanner")
    found = distinct(_vulnerabilities(scanner))
    name = titled(text(scanner.get("uri")), scanner.get("version"))
    ended = moment(section(predicate, "metadata").get("scanFinishedOn"))
    scan = Scan("missing", scanner=name, vulnerabilities=found, scanned_at=ended)
    if not found and not (name and ended and isinstance(scanner.get("result"), list)):
        return scan._replace(reason="the attestation does not say which scanner found nothing, and when")
    return finished(scan)


def _vulnerabilities(scanner: Object) -> Iterator[Vulnerability]:
    for one in entries(scanner, "result"):
        grades = [_grade(text(severity.get("score"))) for severity in entries(one, "severity")]
        worst: Grade = next((word for word in GRADES if word in grades), "unknown")
        yield Vulnerability(required(one, "id"), worst, "", "")


def _grade(score: str) -> Grade:
    """The severity of a word or of a CVSS base score."""
    try:
        number = float(score)
    except ValueError:
        return grade(score)
    if not 0 <= number <= _HIGHEST_SCORE:
        return "unknown"
    return next((word for least, word in _THRESHOLDS if number >= least), "unknown")
