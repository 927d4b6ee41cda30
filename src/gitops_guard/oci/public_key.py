"""Signatures by a public key: ECDSA on the NIST curves, RSA and Ed25519."""

from collections.abc import Iterator
from functools import lru_cache, partial

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gitops_guard.errors import GuardError

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

_HASHES: dict[str, tuple[HashAlgorithm, ...]] = {
    "secp256r1": (SHA256(),),
    "secp384r1": (SHA384(), SHA256()),
    "secp521r1": (SHA512(), SHA256()),
}
"""Of each curve: the hash of its own strength, and the one that earlier releases of cosign used for all of them."""

_RSA_BITS = range(2048, 8193)


class KeyProblemError(GuardError):
    """A public key that can't be used."""


@lru_cache(maxsize=64)
def public_key(pem: str) -> PublicKey:
    """Reads a public key.

    Raises:
        KeyProblemError: it is no PEM, of another kind, or too short to be trusted.
    """
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblemError("it is no public key in PEM") from None
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _HASHES:
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_BITS:
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    raise KeyProblemError("only ECDSA P-256, P-384 and P-521, RSA from 2048 to 8192 bits and Ed25519 keys are used")


def holds(key: PublicKey, signature: bytes, message: bytes, *, hashed: bool = False) -> bool:
    """Whether a signature was made with the private half of a key.

    Args:
        key: the public half.
        signature: DER for ECDSA, otherwise the plain bytes.
        message: what was signed; its SHA-256 if `hashed`, of which Ed25519 can say nothing.
        hashed: whether `message` is a hash.
    """
    return any(_passes(check) for check in _checks(key, signature, message, hashed=hashed))


def _checks(key: PublicKey, signature: bytes, message: bytes, *, hashed: bool) -> Iterator["partial[None]"]:
    sha256 = Prehashed(SHA256()) if hashed else SHA256()
    if isinstance(key, ec.EllipticCurvePublicKey):
        for algorithm in (sha256,) if hashed else _HASHES[key.curve.name]:
            yield partial(key.verify, signature, message, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey):
        yield partial(key.verify, signature, message, padding.PKCS1v15(), sha256)
        yield partial(key.verify, signature, message, padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO), sha256)
    elif not hashed:
        yield partial(key.verify, signature, message)


def _passes(check: "partial[None]") -> bool:
    try:
        check()
    except (InvalidSignature, ValueError):
        return False
    return True
