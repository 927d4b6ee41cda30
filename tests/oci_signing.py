"""Signs as cosign does, with keys made on the spot: for what a real cosign would not write."""

import base64
import json
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gitops_guard.oci.cosign import SIMPLE_SIGNING, pre_authenticated
from gitops_guard.settings import Signer
from oci_layout import LayoutRegistry

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
IN_TOTO = "application/vnd.in-toto+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
IMAGE_SIGNATURE = "cosign container image signature"
DIGEST = "sha256:" + "1" * 64
OTHER_DIGEST = "sha256:" + "2" * 64


class Way(NamedTuple):
    """A kind of key with one of its ways to sign."""

    name: str
    key: PrivateKey
    hashed_with: HashAlgorithm = SHA256()
    pss: bool = False

    def sign(self, message: bytes, *, hashed: bool = False) -> bytes:
        algorithm = Prehashed(self.hashed_with) if hashed else self.hashed_with
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(message, ec.ECDSA(algorithm))
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(message)
        pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
        return self.key.sign(message, pss if self.pss else padding.PKCS1v15(), algorithm)

    def signer(self, name: str = "team") -> Signer:
        return Signer(name, key=pem(self.key))


RSA = rsa.generate_private_key(65537, 2048)
P384 = ec.generate_private_key(ec.SECP384R1())
P521 = ec.generate_private_key(ec.SECP521R1())
P256 = Way("P-256", ec.generate_private_key(ec.SECP256R1()))
WAYS = (
    P256,
    Way("P-384", P384, SHA384()),
    Way("P-384 with SHA-256", P384),
    Way("P-521", P521, SHA512()),
    Way("P-521 with SHA-256", P521),
    Way("RSA PKCS1v15", RSA),
    Way("RSA PSS", RSA, pss=True),
    Way("Ed25519", ed25519.Ed25519PrivateKey.generate()),
)


def pem(key: PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def payload(digest: str, kind: str = IMAGE_SIGNATURE) -> bytes:
    identity = {"docker-reference": "registry.example.com/team/app"}
    critical = {"identity": identity, "image": {"docker-manifest-digest": digest}, "type": kind}
    return json.dumps({"critical": critical, "optional": None}).encode()


def simple_layer(
    registry: LayoutRegistry, way: Way, content: bytes, annotations: Mapping[str, str] | None = None
) -> dict[str, object]:
    notes = {SIGNATURE: b64(way.sign(content)), **(annotations or {})}
    return registry.layer(SIMPLE_SIGNING, content, notes)


def statement(digest: str, predicate_type: str, predicate: object = None) -> bytes:
    subject = [{"name": "app", "digest": {"sha256": digest.removeprefix("sha256:")}}]
    kind = "https://in-toto.io/Statement/v1"
    return json.dumps(
        {"_type": kind, "subject": subject, "predicateType": predicate_type, "predicate": predicate}
    ).encode()


def envelope(way: Way, content: bytes, kind: str = IN_TOTO) -> dict[str, object]:
    signature = way.sign(pre_authenticated(kind, content))
    return {"payloadType": kind, "payload": b64(content), "signatures": [{"keyid": "", "sig": b64(signature)}]}


def bundle(inner: dict[str, object], media_type: str = BUNDLE) -> dict[str, object]:
    name = "dsseEnvelope" if "payloadType" in inner else "messageSignature"
    return {"mediaType": media_type, "verificationMaterial": {"publicKey": {"hint": "k"}}, name: inner}


def message_signature(way: Way, digest: str) -> dict[str, object]:
    hashed = bytes.fromhex(digest.removeprefix("sha256:"))
    described = {"algorithm": "SHA2_256", "digest": b64(hashed)}
    return {"messageDigest": described, "signature": b64(way.sign(hashed, hashed=True))}


def raw(value: object) -> bytes:
    return json.dumps(value).encode()
