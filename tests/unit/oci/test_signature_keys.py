"""Every kind of key verifies its own signatures, and nothing else."""

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gitops_guard.oci.public_key import KeyProblemError, holds, public_key
from oci_signing import P256, WAYS, Way, pem

MESSAGE = b"what was signed"
IDS = [way.name for way in WAYS]


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_a_key_verifies_what_it_signed(way: Way) -> None:
    key, signature = public_key(pem(way.key)), way.sign(MESSAGE)
    assert holds(key, signature, MESSAGE)
    assert not holds(key, signature, MESSAGE + b"!")
    assert not holds(key, signature[:-1] + bytes([signature[-1] ^ 1]), MESSAGE)
    assert not holds(key, signature + b"\0", MESSAGE)
    assert not holds(key, b"", MESSAGE)


@pytest.mark.parametrize("way", WAYS, ids=IDS)
@pytest.mark.parametrize("other", WAYS, ids=IDS)
def test_a_key_refuses_what_another_one_signed(way: Way, other: Way) -> None:
    if way.key is not other.key:
        assert not holds(public_key(pem(way.key)), other.sign(MESSAGE), MESSAGE)


@pytest.mark.parametrize("way", [way for way in WAYS if isinstance(way.hashed_with, SHA256)], ids=lambda way: way.name)
def test_a_hash_is_verified_where_the_algorithm_allows_it(way: Way) -> None:
    hashed = bytes(range(32))
    signature = way.sign(hashed, hashed=True)
    assert holds(public_key(pem(way.key)), signature, hashed, hashed=True) is not way.name.startswith("Ed25519")
    assert not holds(public_key(pem(way.key)), signature, bytes(32), hashed=True)


def test_a_hash_of_another_length_is_no_proof() -> None:
    assert not holds(public_key(pem(P256.key)), P256.sign(MESSAGE), MESSAGE, hashed=True)


def test_sha1_is_no_proof() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    assert not holds(public_key(pem(key)), key.sign(MESSAGE, ec.ECDSA(SHA1())), MESSAGE)  # noqa: S303 - refused


DSA = dsa.generate_private_key(2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----",
        pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - a short key is refused
        pem(ec.generate_private_key(ec.SECP256K1())),
        pem(ec.generate_private_key(ec.SECP224R1())),
        DSA.decode(),
    ],
)
def test_a_key_that_is_none_or_weak_is_not_used(text: str) -> None:
    with pytest.raises(KeyProblemError):
        public_key(text)
