"""Whether an image is signed, and by whom."""

import re
from collections.abc import Iterator, Sequence

from gitops_guard.facts.image import Signature
from gitops_guard.oci.attached import NOT_ALL, Found, Holder, Malformed, Skipped, Unasked, attached
from gitops_guard.oci.cosign import SIGNATURE_STATEMENTS, Claim
from gitops_guard.oci.verification import best, judged, refused
from gitops_guard.settings import Signer
from gitops_guard.syntax.image_reference import ImageReference

_WANTED = re.compile("|".join(map(re.escape, sorted(SIGNATURE_STATEMENTS))))


def signature_of(
    registry: Holder, reference: ImageReference, digest: str, signers: Sequence[Signer], *, trusted_root: str = ""
) -> Signature:
    """Looks for signatures of an image and checks them; never raises.

    One that verifies is enough, and the rest is not asked for. A signed statement about the image (a scan, a bill of
    materials) is no signature of it: only cosign's own statement and a provenance are.

    Args:
        registry: where the image is.
        reference: the image.
        digest: what is to be signed: what the reference names, an index or a manifest.
        signers: who may sign. Nobody: then a signature is `present` and no more.
        trusted_root: path of a `trusted_root.json`, for keyless signatures of another than the public instance.
    """
    verdicts = []
    for verdict in _verdicts(attached(registry, reference, digest, "sig", _WANTED), digest, signers, trusted_root):
        if verdict.state == "verified" or (verdict.state == "present" and not signers):
            return verdict
        verdicts.append(verdict)
    return best(verdicts) if verdicts else Signature("none")


def _verdicts(found: Iterator[Found], digest: str, signers: Sequence[Signer], trusted_root: str) -> Iterator[Signature]:
    for one in found:
        match one:
            case Claim() if one.signs_image:
                yield judged(one, digest, signers, trusted_root)
            case Malformed(error):
                yield refused(error)
            case Unasked(_, reason):
                yield Signature("unknown", reason=reason)
            case Skipped():
                yield Signature("rejected", reason=NOT_ALL)
