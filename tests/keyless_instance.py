"""A sigstore instance of our own: certificate authority, certificate log and signature log, with its trusted root.

Sources: Fulcio's certificate profile, RFC 6962 (signed certificate timestamps, leaf hashes), Rekor's entries
`hashedrekord` and `dsse` 0.0.1, checkpoints as signed notes, sigstore's bundle and trusted root as JSON.
"""

import base64
import hashlib
import json
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from oci_signing import BUNDLE, Way, b64, envelope, message_signature, raw

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
IDENTITY = "https://git.example.com/team/app/.workflows/release.yml@refs/heads/main"
ISSUER = "https://issuer.example.com"
LOG = "log.example.com"
_ISSUER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_TIMESTAMPS_OID = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


class Instance:
    """Signs for any identity, as a real instance does for those who prove theirs."""

    def __init__(self) -> None:
        self._authority, self._certificates, self._log = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self._root = self._root_certificate()

    def trusted_root(self) -> bytes:
        """What a verifier needs to know of this instance."""
        since = {"start": "2024-01-01T00:00:00Z"}
        authority = {
            "subject": {"organization": "example", "commonName": "authority"},
            "uri": "https://authority.example.com",
            "certChain": {"certificates": [{"rawBytes": b64(self._root.public_bytes(Encoding.DER))}]},
            "validFor": since,
        }
        return raw(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [_log(self._log, since)],
                "certificateAuthorities": [authority],
                "ctlogs": [_log(self._certificates, since)],
                "timestampAuthorities": [],
            }
        )

    def signed(self, digest: str, identity: str = IDENTITY, issuer: str = ISSUER) -> dict[str, object]:
        """A bundle with a signature of the manifest."""
        way = Way("keyless", ec.generate_private_key(ec.SECP256R1()))
        certificate = self._certificate(way, identity, issuer)
        signed = message_signature(way, digest)
        signature = {"content": signed["signature"], "publicKey": {"content": _pem(certificate)}}
        hashed = {"hash": {"algorithm": "sha256", "value": digest.removeprefix("sha256:")}}
        spec = {"signature": signature, "data": hashed}
        return self._bundle(certificate, {"messageSignature": signed}, "hashedrekord", spec)

    def stated(self, statement: bytes, identity: str = IDENTITY, issuer: str = ISSUER) -> dict[str, object]:
        """A bundle with an envelope."""
        way = Way("keyless", ec.generate_private_key(ec.SECP256R1()))
        certificate = self._certificate(way, identity, issuer)
        inner = envelope(way, statement)
        signatures = inner["signatures"]
        assert isinstance(signatures, list)
        spec = {
            "envelopeHash": _hash(raw(inner)),
            "payloadHash": _hash(statement),
            "signatures": [{"signature": one["sig"], "verifier": _pem(certificate)} for one in signatures],
        }
        return self._bundle(certificate, {"dsseEnvelope": inner}, "dsse", spec)

    def _bundle(
        self, certificate: x509.Certificate, content: dict[str, object], kind: str, spec: Mapping[str, object]
    ) -> dict[str, object]:
        material = {
            "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
            "tlogEntries": [self._entry(kind, raw({"apiVersion": "0.0.1", "kind": kind, "spec": spec}))],
        }
        return {"mediaType": BUNDLE, "verificationMaterial": material, **content}

    def _entry(self, kind: str, body: bytes) -> dict[str, object]:
        """An entry of a log that has no other, with its promise and its proof."""
        identifier, time = _identifier(self._log), int(NOW.timestamp())
        promised = {"body": b64(body), "integratedTime": time, "logID": identifier.hex(), "logIndex": 0}
        promise = json.dumps(promised, sort_keys=True, separators=(",", ":")).encode()
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"{LOG}\n1\n{b64(root)}\n"
        signature = b64(identifier[:4] + _sign(self._log, note.encode()))
        return {
            "logIndex": "0",
            "logId": {"keyId": b64(identifier)},
            "kindVersion": {"kind": kind, "version": "0.0.1"},
            "integratedTime": str(time),
            "inclusionPromise": {"signedEntryTimestamp": b64(_sign(self._log, promise))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 {LOG} {signature}\n"},
            },
            "canonicalizedBody": b64(body),
        }

    def _root_certificate(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        key = self._authority.public_key()
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder(name, name, key, 1, NOW - timedelta(days=300), NOW + timedelta(days=3000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .sign(self._authority, SHA256())
        )

    def _certificate(self, way: Way, identity: str, issuer: str) -> x509.Certificate:
        """A certificate of ten minutes, as Fulcio gives it, entered in the certificate log."""
        assert isinstance(way.key, ec.EllipticCurvePrivateKey)
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        minutes = timedelta(minutes=5)
        builder = (
            x509.CertificateBuilder(
                self._root.subject, x509.Name([]), way.key.public_key(), 2, NOW - minutes, NOW + minutes
            )
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._authority.public_key()), critical=False
            )
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_OID, issuer.encode()), critical=False)
        )
        unlogged = builder.sign(self._authority, SHA256()).tbs_certificate_bytes
        timestamps = x509.UnrecognizedExtension(_TIMESTAMPS_OID, self._timestamps(unlogged))
        return builder.add_extension(timestamps, critical=False).sign(self._authority, SHA256())

    def _timestamps(self, unlogged: bytes) -> bytes:
        """The certificate log's promise, as a DER octet string."""
        time = int(NOW.timestamp() * 1000)
        entry = _identifier(self._authority) + len(unlogged).to_bytes(3) + unlogged
        signature = _sign(self._certificates, struct.pack("!BBQH", 0, 0, time, 1) + entry + struct.pack("!H", 0))
        timestamp = (
            struct.pack("!B32sQHBBH", 0, _identifier(self._certificates), time, 0, 4, 3, len(signature)) + signature
        )
        listed = struct.pack("!HH", len(timestamp) + 2, len(timestamp)) + timestamp
        assert len(listed) < 128, "the short form of a DER length"
        return bytes([4, len(listed)]) + listed


def _log(key: ec.EllipticCurvePrivateKey, since: dict[str, str]) -> dict[str, object]:
    public = {"rawBytes": b64(_der(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since}
    return {
        "baseUrl": f"https://{LOG}",
        "hashAlgorithm": "SHA2_256",
        "publicKey": public,
        "logId": {"keyId": b64(_identifier(key))},
    }


def _der(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _identifier(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(_der(key)).digest()


def _sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, ec.ECDSA(SHA256()))


def _pem(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(Encoding.PEM)).decode()


def _hash(content: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}
