"""Whatever bytes are attached: nobody's key verifies them, and nothing escapes but a reason."""

import json
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.oci.attestations import vulnerability_attestations
from gitops_guard.oci.cosign import DSSE_ENVELOPE, LAYERS, SIMPLE_SIGNING
from gitops_guard.oci.signatures import signature_of
from gitops_guard.settings import Signer
from gitops_guard.syntax.image_reference import ImageReference
from oci_layout import LayoutRegistry
from oci_signing import (
    BUNDLE,
    DIGEST,
    OTHER_DIGEST,
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

APP = ImageReference("registry.example.com", "team/app", "1.0")
SIGNERS = (P256.signer(),)
SIGN, VULN = "https://sigstore.dev/cosign/sign/v1", "https://cosign.sigstore.dev/attestation/vuln/v1"
STATED = envelope(P256, statement(OTHER_DIGEST, SIGN))


class Seed(NamedTuple):
    """A good layer, signed for another image than the one that is asked about."""

    media_type: str
    content: bytes
    signature: str = ""


SEEDS = (
    Seed(SIMPLE_SIGNING, payload(OTHER_DIGEST), b64(P256.sign(payload(OTHER_DIGEST)))),
    Seed(DSSE_ENVELOPE, raw(envelope(P256, statement(OTHER_DIGEST, VULN, {"scanner": {}})))),
    Seed(BUNDLE, raw(bundle(STATED))),
    Seed(BUNDLE, raw(bundle(message_signature(P256, OTHER_DIGEST)))),
)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "é", "\ud800", DIGEST, SIGN, "sha256:", b64(b"x"), "A" * 3000]),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


@st.composite
def mutated_json(draw: st.DrawFn, content: bytes) -> bytes:
    """One value somewhere in a JSON text exchanged for another one."""
    value = json.loads(content)
    holder, key = draw(st.sampled_from(list(places(value))))
    holder[key] = draw(JUNK)
    return json.dumps(value).encode()


def places(value: object) -> list[tuple[dict[str, object], str]]:
    found = []
    if isinstance(value, dict):
        for key, item in value.items():
            found.append((value, key))
            found += places(item)
    elif isinstance(value, list):
        for item in value:
            found += places(item)
    return found


@st.composite
def mutated_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes cut out, doubled, exchanged."""
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, min(len(content), start + 40)))
    return content[:start] + draw(st.binary(max_size=20)) + content[end:]


SOMEBODY = Signer("robot", identity="robot@example.com", issuer="https://issuer.example.com")


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(SEEDS), st.sampled_from(sorted(LAYERS)), st.booleans())
def test_nothing_that_is_attached_verifies_or_escapes(
    data: st.DataObject,
    seed: Seed,
    media_type: str,
    keep_type: bool,  # noqa: FBT001 - drawn
) -> None:
    mutated = st.one_of(mutated_json(seed.content), mutated_bytes(seed.content), st.binary(max_size=200))
    content = data.draw(mutated)
    registry = LayoutRegistry({}, {})
    kind = seed.media_type if keep_type else media_type
    for suffix in ("sig", "att"):
        registry.attach(DIGEST, [registry.layer(kind, content, {SIGNATURE: seed.signature})], suffix)
    assert signature_of(registry, APP, DIGEST, SIGNERS).state in {"rejected", "none"}
    assert all(not one.verified_by for one in vulnerability_attestations(registry, APP, DIGEST, SIGNERS))
    assert len(signature_of(registry, APP, DIGEST, (SOMEBODY,)).reason.encode()) < 400


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(SEEDS))
def test_a_changed_signature_of_the_right_image_never_gains_meaning(data: st.DataObject, seed: Seed) -> None:
    content = data.draw(mutated_bytes(seed.content))
    registry = LayoutRegistry({}, {})
    registry.attach(OTHER_DIGEST, [registry.layer(seed.media_type, content, {SIGNATURE: seed.signature})])
    found = signature_of(registry, APP, OTHER_DIGEST, SIGNERS)
    assert found.state in {"verified", "rejected", "none"}
    if found.state == "verified" and seed.media_type == SIMPLE_SIGNING:
        assert content == seed.content


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_a_manifest_of_any_bytes_gives_a_reason(body: bytes) -> None:
    registry = LayoutRegistry({}, {})
    registry.put(body, DIGEST.replace(":", "-") + ".sig")
    assert signature_of(registry, APP, DIGEST, SIGNERS).state in {"none", "unknown"}
