"""Signatures by an identity: a short-lived certificate and an entry of a transparency log, without asking either.

The optional package `sigstore` does the work, on the roots of trust that it brings along or found in its cache: no
request is sent.
"""

import logging
from functools import lru_cache
from typing import TYPE_CHECKING

from gitops_guard.facts.image import Signature
from gitops_guard.oci.cosign import Claim, pre_authenticated, shown
from gitops_guard.settings import Signer

if TYPE_CHECKING:
    from sigstore.verify import Verifier

NEEDS_EXTRA = "keyless verification needs the extra: pip install gitops-guard[keyless]"


def by_identity(claim: Claim, digest: str, signer: Signer, trusted_root: str = "") -> Signature:
    """Verifies a bundle.

    Args:
        claim: a bundle with a certificate, read, that speaks of `digest`.
        digest: `sha256:...` of the image.
        signer: the identity and the issuer that its certificate must have, both letter by letter.
        trusted_root: path of a `trusted_root.json`; empty for that of the public sigstore instance.

    Returns:
        `verified`, `rejected`, or `unknown` where the package or the roots of trust are missing.
    """
    try:
        verifier = _verifier(trusted_root)
    except ImportError:
        return Signature("unknown", reason=NEEDS_EXTRA)
    except Exception as error:  # noqa: BLE001 - whatever keeps the roots of trust from being read is the reason
        return Signature("unknown", reason=f"the roots of trust can't be read: {_why(error)}")
    try:
        _verify(verifier, claim, digest, signer)
    except Exception as error:  # noqa: BLE001 - a foreign reader of hostile input: whatever it raises is no proof
        return Signature("rejected", reason=f"not by {signer.name}: {_why(error)}")
    return Signature("verified", by=signer.name)


@lru_cache(maxsize=4)
def _verifier(trusted_root: str) -> "Verifier":
    from sigstore.models import TrustedRoot  # noqa: PLC0415 - an optional extra, and heavy
    from sigstore.verify import Verifier  # noqa: PLC0415 - likewise

    # Without a handler Python prints its notes, which look like errors of ours.
    logging.getLogger("sigstore").addHandler(logging.NullHandler())
    if trusted_root:
        return Verifier(trusted_root=TrustedRoot.from_file(trusted_root))
    return Verifier.production(offline=True)


def _verify(verifier: "Verifier", claim: Claim, digest: str, signer: Signer) -> None:
    from sigstore.hashes import Hashed  # noqa: PLC0415 - an optional extra, and heavy
    from sigstore.models import Bundle  # noqa: PLC0415 - likewise
    from sigstore.verify.policy import Identity  # noqa: PLC0415 - likewise
    from sigstore_models.common.v1 import HashAlgorithm  # noqa: PLC0415 - likewise

    bundle = Bundle.from_json(claim.bundle)
    policy = Identity(identity=signer.identity, issuer=signer.issuer)
    if claim.hashed:
        hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(digest.removeprefix("sha256:")))
        verifier.verify_artifact(hashed, bundle, policy)
        return
    kind, payload = verifier.verify_dsse(bundle, policy)
    if claim.message != pre_authenticated(kind, payload):
        raise ValueError("the verified statement is not the one that was read")


def _why(error: Exception) -> str:
    return shown(" ".join(str(error).split()) or type(error).__name__)
