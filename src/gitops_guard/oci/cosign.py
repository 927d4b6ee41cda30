"""The formats that cosign and sigstore sign images in, read and not yet believed.

Sources: cosign's signature specification (simple signing in a manifest's layers and their annotations), DSSE 1.0
(envelope and pre-authentication encoding), in-toto attestation framework (statements 0.1 and 1), sigstore's bundle
format 0.1 to 0.3 as JSON. What is read here comes from whoever may push to a registry: sizes are bounded by the caller,
everything else here.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_guard.errors import GuardError

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE_ENVELOPE = "application/vnd.dsse.envelope.v1+json"
BUNDLES = frozenset(
    (
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "application/vnd.dev.sigstore.bundle.v0.3+json",
    )
)
LAYERS = BUNDLES | {SIMPLE_SIGNING, DSSE_ENVELOPE}
"""Media types of layers that hold a signature."""

SIGNATURE_STATEMENTS = frozenset(
    ("https://sigstore.dev/cosign/sign/v1", "https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2")
)
"""Statements that say "this image is mine": cosign's own, and the provenance that names who built it."""

_SIGNATURE = "dev.cosignproject.cosign/signature"
_CERTIFICATE = "dev.sigstore.cosign/certificate"
_IMAGE_SIGNATURE = "cosign container image signature"
_IN_TOTO = "application/vnd.in-toto+json"
_STATEMENTS = frozenset(("https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"))
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_KEY, _CERTIFICATES = "publicKey", frozenset(("certificate", "x509CertificateChain"))
_MOST_SIGNATURES = 16
_MOST_SUBJECTS = 1000
_SHOWN = 80


class FormatError(GuardError):
    """What is attached is not in the format that it says, or in none that is known."""


class Claim(NamedTuple):
    """A signature as its format holds it; nothing of it is proved.

    `message` is what was signed: the bytes, or their SHA-256 where `hashed`. `digests` are the images that it speaks
    of. `predicate_type` and `predicate` are an in-toto statement's, empty for a plain signature. `certified`: it was
    made with a certificate. `bundle` is the whole sigstore bundle, empty in the older formats.
    """

    message: bytes
    signatures: tuple[bytes, ...]
    digests: tuple[str, ...]
    hashed: bool = False
    predicate_type: str = ""
    predicate: Mapping[str, object] = {}
    certified: bool = False
    bundle: bytes = b""

    @property
    def signs_image(self) -> bool:
        """Whether it is meant as a signature of the image, and not as a statement about it, such as a scan."""
        return not self.predicate_type or self.predicate_type in SIGNATURE_STATEMENTS


def claim(media_type: str, content: bytes, annotations: Mapping[str, str]) -> Claim:
    """Reads a layer.

    Args:
        media_type: one of `LAYERS`.
        content: the layer's bytes.
        annotations: the layer's annotations; simple signing has the signature there.

    Raises:
        FormatError: it can't be read.
    """
    if media_type == SIMPLE_SIGNING:
        return _simple_signing(content, annotations)
    if media_type == DSSE_ENVELOPE:
        return _envelope(_parsed(content, "the envelope"))._replace(certified=_CERTIFICATE in annotations)
    if media_type in BUNDLES:
        return _bundle(content)
    raise FormatError(f"{shown(media_type)} is no known format of signatures")


def pre_authenticated(kind: str, payload: bytes) -> bytes:
    """What an envelope's signature covers (DSSE, "PAE")."""
    return b"DSSEv1 %d %b %d %b" % (len(kind.encode()), kind.encode(), len(payload), payload)


def shown(text: str) -> str:
    """Somebody else's text in a message: short, and encodable."""
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return repr(cut.encode("utf-8", "replace").decode())


def _simple_signing(content: bytes, annotations: Mapping[str, str]) -> Claim:
    critical = _object(_parsed(content, "the payload"), "critical")
    kind = _text(critical, "type")
    if kind != _IMAGE_SIGNATURE:
        raise FormatError(f"its payload has the type {shown(kind)}, not {_IMAGE_SIGNATURE!r}")
    digest = _text(_object(critical, "image"), "docker-manifest-digest")
    signature = _decoded(annotations.get(_SIGNATURE, ""), _SIGNATURE)
    return Claim(content, (signature,), (_digest(digest),), certified=_CERTIFICATE in annotations)


def _envelope(envelope: Mapping[str, object]) -> Claim:
    kind = _text(envelope, "payloadType")
    if kind != _IN_TOTO:
        raise FormatError(f"its envelope holds {shown(kind)}, not {_IN_TOTO}")
    payload = _decoded(_text(envelope, "payload"), "payload")
    signatures = [_decoded(_text(one, "sig"), "sig") for one in _objects(envelope, "signatures", _MOST_SIGNATURES)]
    if not signatures:
        raise FormatError("its envelope has no signature")
    return _statement(payload)._replace(message=pre_authenticated(kind, payload), signatures=tuple(signatures))


def _statement(payload: bytes) -> Claim:
    statement = _parsed(payload, "the statement")
    kind = _text(statement, "_type")
    if kind not in _STATEMENTS:
        raise FormatError(f"its statement has the type {shown(kind)}, which is none of in-toto's")
    predicate = {} if statement.get("predicate") is None else _object(statement, "predicate")
    digests = tuple(
        digest
        for subject in _objects(statement, "subject", _MOST_SUBJECTS)
        for algorithm in ("sha256", "sha512")
        if _DIGEST.fullmatch(digest := f"{algorithm}:{_object(subject, 'digest').get(algorithm)}")
    )
    if not digests:
        raise FormatError("its statement names no digest")
    kind = _text(statement, "predicateType")
    if not kind:
        raise FormatError("its statement has an empty predicateType")
    return Claim(b"", (), digests, predicate_type=kind, predicate=predicate)


def _bundle(content: bytes) -> Claim:
    bundle = _parsed(content, "the bundle")
    if _text(bundle, "mediaType") not in BUNDLES:
        raise FormatError(f"its bundle has the media type {shown(_text(bundle, 'mediaType'))}, which is not known")
    material = _object(bundle, "verificationMaterial")
    made_with = [name for name in (_KEY, *_CERTIFICATES) if material.get(name) is not None]
    if len(made_with) != 1:
        raise FormatError("its bundle must name either a key or a certificate")
    forms = [name for name in ("messageSignature", "dsseEnvelope") if bundle.get(name) is not None]
    if len(forms) != 1:
        raise FormatError("its bundle must hold either a message signature or an envelope")
    inner = _object(bundle, forms[0])
    read = _envelope(inner) if forms == ["dsseEnvelope"] else _message_signature(inner)
    return read._replace(certified=made_with[0] in _CERTIFICATES, bundle=content)


def _message_signature(signed: Mapping[str, object]) -> Claim:
    """A signature of the manifest's bytes, of which the bundle holds the SHA-256."""
    digest = _object(signed, "messageDigest")
    algorithm = _text(digest, "algorithm")
    if algorithm != "SHA2_256":
        raise FormatError(f"its bundle has a digest by {shown(algorithm)}, not by SHA2_256")
    hashed = _decoded(_text(digest, "digest"), "digest")
    signature = _decoded(_text(signed, "signature"), "signature")
    return Claim(hashed, (signature,), (_digest(f"sha256:{hashed.hex()}"),), hashed=True)


def _digest(text: str) -> str:
    if not _DIGEST.fullmatch(text):
        raise FormatError(f"it is made for {shown(text)}, which is no digest")
    return text


def _parsed(content: bytes, what: str) -> Mapping[str, object]:
    try:
        value: object = json.loads(content.decode(), object_pairs_hook=_once)
        if b"\\u" in content:
            json.dumps(value, ensure_ascii=False).encode()  # an escaped half of a character is no text
    except RecursionError:
        raise FormatError(f"{what} is nested too deeply") from None
    except ValueError:
        raise FormatError(f"{what} is no JSON, or not in Unicode") from None
    if not isinstance(value, dict):
        raise FormatError(f"{what} is no JSON object")
    return value


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Two readers may each take another one of a name's values: then what was verified is not what is used."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("a name stands twice in its JSON")
    return found


def _object(holder: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = holder.get(name)
    if not isinstance(value, dict):
        raise FormatError(f"it has no object {name!r}")
    return value


def _objects(holder: Mapping[str, object], name: str, most: int) -> list[Mapping[str, object]]:
    values = holder.get(name)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise FormatError(f"it has no list of objects {name!r}")
    if len(values) > most:
        raise FormatError(f"its {name!r} has more than {most} entries")
    return values


def _text(holder: Mapping[str, object], name: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str):
        raise FormatError(f"it has no text {name!r}")
    return value


def _decoded(text: str, name: str) -> bytes:
    """Strict Base64: one text for one value, and not empty."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if not value or base64.b64encode(value).decode() != text:
        raise FormatError(f"its {name!r} is no Base64")
    return value
