"""Whether a signature holds: for this image, and by somebody who may sign it."""

from collections.abc import Iterable, Sequence

from gitops_guard.facts.image import Signature, SignatureState
from gitops_guard.oci.cosign import Claim, FormatError, shown
from gitops_guard.settings import Signer

_ORDER: tuple[SignatureState, ...] = ("verified", "unknown", "present", "rejected")
_MOST_REASONS = 3


def judged(claim: Claim, digest: str, signers: Sequence[Signer], trusted_root: str = "") -> Signature:
    """Judges one signature.

    Args:
        claim: the signature, as read.
        digest: of the image that it must be for.
        signers: who may have made it; nobody: then it is `present` at most.
        trusted_root: see `keyless.by_identity`.
    """
    if digest not in claim.digests:
        return Signature("rejected", reason=f"made for another image: {shown(claim.digests[0])}")
    if not signers:
        return Signature("present")
    return best(_by(signer, claim, digest, trusted_root) for signer in signers)


def best(verdicts: Iterable[Signature]) -> Signature:
    """The one that counts of several: `verified`, or what may have been missed, before what was refuted.

    Reasons are those of all with the same state, three at most. There must be one.
    """
    found = list(verdicts)
    first = min(found, key=lambda verdict: _ORDER.index(verdict.state))
    reasons = list(dict.fromkeys(one.reason for one in found if one.state == first.state and one.reason))
    more = [f"{len(reasons) - _MOST_REASONS} more reasons"] if len(reasons) > _MOST_REASONS else []
    return first._replace(reason="; ".join(reasons[:_MOST_REASONS] + more))


def _by(signer: Signer, claim: Claim, digest: str, trusted_root: str) -> Signature:
    if signer.key:
        return _by_key(signer, claim)
    if not claim.certified:
        return Signature("rejected", reason=f"not by {signer.name}: made with a key, not with a certificate")
    if not claim.bundle:
        return Signature("present", reason="signed with a certificate: verified only as a bundle")
    from gitops_guard.oci.keyless import by_identity  # noqa: PLC0415 - only where somebody signs by identity

    return by_identity(claim, digest, signer, trusted_root)


def _by_key(signer: Signer, claim: Claim) -> Signature:
    from gitops_guard.oci.public_key import KeyProblemError, holds, public_key  # noqa: PLC0415 - only where needed

    try:
        key = public_key(signer.key)
    except KeyProblemError as error:
        return Signature("unknown", reason=f"the key of {signer.name} can't be used: {error.message}")
    if any(holds(key, one, claim.message, hashed=claim.hashed) for one in claim.signatures):
        return Signature("verified", by=signer.name)
    return Signature("rejected", reason=f"not by {signer.name}: the signature does not match the key")


def refused(error: FormatError) -> Signature:
    """The verdict on something that can't be read as the signature that it says it is."""
    return Signature("rejected", reason=error.message)
