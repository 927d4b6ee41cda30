"""What is read of a signature's format, and that everything odd is refused with a reason."""

import json
from collections.abc import Mapping

import pytest

from gitops_guard.oci.cosign import BUNDLES, DSSE_ENVELOPE, SIMPLE_SIGNING, FormatError, claim, pre_authenticated
from oci_signing import (
    BUNDLE,
    DIGEST,
    IN_TOTO,
    P256,
    SIGNATURE,
    b64,
    bundle,
    envelope,
    message_signature,
    payload,
    raw,
    statement,
)

SIGNED = {SIGNATURE: b64(b"signature")}
VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"
STATEMENT = statement(DIGEST, VULN, {"scanner": {}})
ENVELOPE = envelope(P256, STATEMENT)
MESSAGE = message_signature(P256, DIGEST)


def test_the_pre_authentication_encoding_is_that_of_the_specification() -> None:
    example = pre_authenticated("http://example.com/HelloWorld", b"hello world")
    assert example == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_simple_signing_speaks_of_the_digest_in_its_payload() -> None:
    read = claim(SIMPLE_SIGNING, payload(DIGEST), SIGNED)
    assert (read.digests, read.message, read.signatures) == ((DIGEST,), payload(DIGEST), (b"signature",))
    assert read.signs_image
    assert not read.certified
    assert claim(SIMPLE_SIGNING, payload(DIGEST), SIGNED | {"dev.sigstore.cosign/certificate": "PEM"}).certified


def test_an_envelope_speaks_of_its_subjects() -> None:
    read = claim(DSSE_ENVELOPE, raw(ENVELOPE), {})
    assert (read.digests, read.predicate_type, read.predicate) == ((DIGEST,), VULN, {"scanner": {}})
    assert read.message == pre_authenticated(IN_TOTO, STATEMENT)
    assert not read.signs_image


@pytest.mark.parametrize("media_type", sorted(BUNDLES))
def test_every_version_of_a_bundle_is_read(media_type: str) -> None:
    signed = claim(media_type, raw(bundle(MESSAGE, media_type)), {})
    stated = claim(media_type, raw(bundle(ENVELOPE, media_type)), {})
    assert (signed.digests, signed.hashed, signed.signs_image) == ((DIGEST,), True, True)
    assert (stated.digests, stated.hashed, stated.predicate_type) == ((DIGEST,), False, VULN)


@pytest.mark.parametrize("predicate_type", ["https://sigstore.dev/cosign/sign/v1", "https://slsa.dev/provenance/v1"])
def test_statements_that_own_the_image_sign_it(predicate_type: str) -> None:
    assert claim(BUNDLE, raw(bundle(envelope(P256, statement(DIGEST, predicate_type)))), {}).signs_image


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "no JSON object"),
        (b"null", "no JSON object"),
        (b"{", "no JSON"),
        (b'{"critical": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"1" * 5000 + b"}", "no JSON"),
        (b'{"a": "\\ud800"}', "not in Unicode"),
        (b"{}", "no object 'critical'"),
        (b'{"critical": 1}', "no object 'critical'"),
        (b'{"critical": {}}', "no text 'type'"),
        (payload(DIGEST, "atomic container signature"), "the type 'atomic container signature'"),
        (raw({"critical": {"type": "cosign container image signature"}}), "no object 'image'"),
        (payload("sha256:abc"), "which is no digest"),
        (payload(DIGEST.upper()), "which is no digest"),
        (payload(DIGEST + "\n"), "which is no digest"),
        (payload(DIGEST)[:-1] + b', "critical": {}}', "stands twice"),
    ],
)
def test_an_odd_payload_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        claim(SIMPLE_SIGNING, content, SIGNED)


@pytest.mark.parametrize("signature", ["", "!", "c2ln bmF0", "c2lnbmF0dXJl\n", "c2ln=", "c2k", "c2l=", "_-_-", "é"])
def test_a_signature_that_is_no_strict_base64_is_refused(signature: str) -> None:
    with pytest.raises(FormatError, match="no Base64"):
        claim(SIMPLE_SIGNING, payload(DIGEST), {SIGNATURE: signature})


def changed(value: Mapping[str, object], **changes: object) -> dict[str, object]:
    return {name: item for name, item in {**value, **changes}.items() if item is not None}


def stated(**changes: object) -> dict[str, object]:
    return changed(ENVELOPE, payload=b64(raw(changed(json.loads(STATEMENT), **changes))))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (changed(ENVELOPE, payloadType="text/plain"), "its envelope holds 'text/plain'"),
        (changed(ENVELOPE, payloadType=None), "no text 'payloadType'"),
        (changed(ENVELOPE, payload=7), "no text 'payload'"),
        (changed(ENVELOPE, payload="é"), "'payload' is no Base64"),
        (changed(ENVELOPE, payload=b64(b"[]")), "the statement is no JSON object"),
        (changed(ENVELOPE, signatures=[]), "no signature"),
        (changed(ENVELOPE, signatures={}), "no list of objects 'signatures'"),
        (changed(ENVELOPE, signatures=["x"]), "no list of objects 'signatures'"),
        (changed(ENVELOPE, signatures=[{"sig": "eA=="}] * 17), "more than 16"),
        (changed(ENVELOPE, signatures=[{"sig": None}]), "no text 'sig'"),
        (stated(_type="https://example.com/Statement"), "none of in-toto's"),
        (stated(_type=None), "no text '_type'"),
        (stated(subject=[]), "names no digest"),
        (stated(subject=None), "no list of objects 'subject'"),
        (stated(subject=[{}]), "no object 'digest'"),
        (stated(subject=[{"digest": {"sha256": 1}}]), "names no digest"),
        (stated(subject=[{"digest": {"sha1": "ab"}}]), "names no digest"),
        (stated(subject=[{"digest": {"sha256": "ab"}}] * 1001), "more than 1000"),
        (stated(predicateType=""), "empty predicateType"),
        (stated(predicateType=3), "no text 'predicateType'"),
        (stated(predicate=[]), "no object 'predicate'"),
    ],
)
def test_an_odd_envelope_is_refused(value: dict[str, object], why: str) -> None:
    with pytest.raises(FormatError, match=why):
        claim(DSSE_ENVELOPE, raw(value), {})


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (bundle(MESSAGE, "application/vnd.dev.sigstore.bundle+json;version=9"), "which is not known"),
        (changed(bundle(MESSAGE), mediaType=None), "no text 'mediaType'"),
        (changed(bundle(MESSAGE), verificationMaterial=None), "no object 'verificationMaterial'"),
        (changed(bundle(MESSAGE), verificationMaterial={}), "either a key or a certificate"),
        (
            changed(bundle(MESSAGE), verificationMaterial={"publicKey": {}, "certificate": {}}),
            "either a key or a certificate",
        ),
        (changed(bundle(MESSAGE), messageSignature=None), "either a message signature or an envelope"),
        (changed(bundle(MESSAGE), dsseEnvelope=ENVELOPE), "either a message signature or an envelope"),
        (changed(bundle(MESSAGE), messageSignature=[]), "no object 'messageSignature'"),
        (bundle(changed(MESSAGE, messageDigest=None)), "no object 'messageDigest'"),
        (bundle(changed(MESSAGE, messageDigest={"algorithm": "MD5", "digest": "eA=="})), "a digest by 'MD5'"),
        (bundle(changed(MESSAGE, messageDigest={"algorithm": "SHA2_256", "digest": "eA=="})), "which is no digest"),
        (bundle(changed(MESSAGE, signature="")), "'signature' is no Base64"),
    ],
)
def test_an_odd_bundle_is_refused(value: dict[str, object], why: str) -> None:
    with pytest.raises(FormatError, match=why):
        claim(BUNDLE, raw(value), {})


def test_an_unknown_media_type_is_refused_and_shown_short() -> None:
    with pytest.raises(FormatError) as refused:
        claim("x" * 10_000, b"", {})
    assert len(refused.value.message) < 150
