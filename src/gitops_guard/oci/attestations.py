"""What signed statements say of an image's vulnerabilities."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from gitops_guard.oci.attached import NOT_ALL, Found, Holder, Malformed, Skipped, Unasked, attached
from gitops_guard.oci.content import RegistryTrouble
from gitops_guard.oci.cosign import Claim
from gitops_guard.oci.verification import judged
from gitops_guard.settings import Signer
from gitops_guard.syntax.image_reference import ImageReference

_WANTED = re.compile(
    r"https://cosign\.sigstore\.dev/attestation/vuln/v1"
    r"|https://in-toto\.io/attestation/vulns/v0\.[12]"
    r"|https://openvex\.dev/ns(/v[0-9]{1,3}(\.[0-9]{1,3}){0,2})?"
)
_UNCHECKED = "nobody checked its signature: no signers are configured"


class Attestation(NamedTuple):
    """One statement, or why one could not be read.

    `predicate_type` and `predicate` are as in in-toto statements. `verified_by` is the name of the signer who made it,
    empty where that is not proved, with `reason`: such a statement never lets anything pass. An empty `predicate_type`
    says that something is or may be attached and tells nothing: `reason` says why, `trouble` in one word if it was the
    registry.
    """

    predicate_type: str
    predicate: Mapping[str, object]
    verified_by: str = ""
    reason: str = ""
    trouble: RegistryTrouble | Literal[""] = ""


def vulnerability_attestations(
    registry: Holder, reference: ImageReference, digest: str, signers: Sequence[Signer], *, trusted_root: str = ""
) -> tuple[Attestation, ...]:
    """The attestations of an image that speak of vulnerabilities: scans and VEX documents. Never raises.

    Args:
        registry: where the image is.
        reference: the image.
        digest: what they must be made for.
        signers: who may have made them.
        trusted_root: as for `signatures.signature_of`.

    Returns:
        Scans by cosign's and in-toto's predicates, and OpenVEX. None at all: the registry was asked and has none.
    """
    found = attached(registry, reference, digest, "att", _WANTED)
    read = (_attestation(one, digest, signers, trusted_root) for one in found)
    return tuple(one for one in read if one is not None)


def _attestation(found: Found, digest: str, signers: Sequence[Signer], trusted_root: str) -> Attestation | None:
    match found:
        case Claim():
            return _judged(found, digest, signers, trusted_root) if _WANTED.fullmatch(found.predicate_type) else None
        case Malformed(error):
            return Attestation("", {}, reason=error.message)
        case Unasked(trouble, reason):
            return Attestation("", {}, reason=reason, trouble=trouble)
        case Skipped():
            return Attestation("", {}, reason=NOT_ALL)


def _judged(claim: Claim, digest: str, signers: Sequence[Signer], trusted_root: str) -> Attestation:
    verdict = judged(claim, digest, signers, trusted_root)
    if digest not in claim.digests:
        return Attestation("", {}, reason=verdict.reason)
    reason = verdict.reason if signers else _UNCHECKED
    return Attestation(claim.predicate_type, claim.predicate, verdict.by, reason)
