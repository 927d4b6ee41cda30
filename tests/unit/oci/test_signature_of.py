"""Whether an image is signed: on what a real cosign wrote, and on what an attacker might."""

import subprocess
import sys

import pytest

from gitops_guard.facts.image import Signature
from gitops_guard.oci.attached import MOST
from gitops_guard.oci.content import RegistryError, RegistryTrouble
from gitops_guard.oci.cosign import DSSE_ENVELOPE, SIMPLE_SIGNING
from gitops_guard.oci.signatures import signature_of
from gitops_guard.settings import Signer
from gitops_guard.syntax.image_reference import ImageReference
from oci_layout import OCI_MANIFEST, SIGNED, LayoutRegistry, fallback
from oci_signing import (
    BUNDLE,
    DIGEST,
    OTHER_DIGEST,
    P256,
    WAYS,
    Way,
    bundle,
    envelope,
    message_signature,
    payload,
    raw,
    simple_layer,
    statement,
)

APP = ImageReference("registry.example.com", "team/app", "1.0")
TEAM = Signer("release-team", key=(SIGNED / "team.pub").read_text())
OTHER = Signer("somebody-else", key=(SIGNED / "other.pub").read_text())
SOMEBODY = Signer("robot", identity="robot@example.com", issuer="https://issuer.example.com")
SIGN = "https://sigstore.dev/cosign/sign/v1"
VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"


@pytest.fixture
def real() -> LayoutRegistry:
    return LayoutRegistry.read(SIGNED / "layout")


@pytest.fixture
def empty() -> LayoutRegistry:
    return LayoutRegistry({}, {})


def of(registry: LayoutRegistry, tag: str, *signers: Signer) -> Signature:
    return signature_of(registry, APP, registry.tags[tag], signers)


@pytest.mark.parametrize("tag", ["signed", "bundled"])
def test_what_cosign_signed_is_verified_by_its_key(real: LayoutRegistry, tag: str) -> None:
    assert of(real, tag, TEAM) == Signature("verified", by="release-team")
    assert of(real, tag, OTHER, TEAM) == Signature("verified", by="release-team")


@pytest.mark.parametrize("tag", ["signed", "bundled"])
def test_another_key_rejects_it_and_says_so(real: LayoutRegistry, tag: str) -> None:
    assert of(real, tag, OTHER) == Signature(
        "rejected", reason="not by somebody-else: the signature does not match the key"
    )


@pytest.mark.parametrize("tag", ["signed", "bundled"])
def test_without_signers_a_signature_is_present_and_no_more(real: LayoutRegistry, tag: str) -> None:
    assert of(real, tag) == Signature("present")


@pytest.mark.parametrize("signers", [(), (TEAM,)])
@pytest.mark.parametrize("tag", ["plain", "attested"])
def test_without_a_signature_there_is_none(real: LayoutRegistry, tag: str, signers: tuple[Signer, ...]) -> None:
    assert of(real, tag, *signers) == Signature("none")


def test_a_signature_moved_to_another_image_is_rejected(real: LayoutRegistry) -> None:
    signed, plain = real.tags["signed"], real.tags["plain"]
    real.tags[fallback(plain, ".sig")] = real.tags[fallback(signed, ".sig")]
    for signers in ((), (TEAM,)):
        found = of(real, "plain", *signers)
        assert found.state == "rejected"
        assert signed in found.reason


def test_bundles_moved_to_another_image_are_rejected(real: LayoutRegistry) -> None:
    bundled, plain = real.tags["bundled"], real.tags["plain"]
    real.tags[fallback(plain)] = real.tags[fallback(bundled)]
    assert of(real, "plain", TEAM).state == "rejected"
    assert bundled in of(real, "plain", TEAM).reason


def test_a_changed_payload_is_rejected(real: LayoutRegistry) -> None:
    plain = real.tags["plain"]
    real.attach(plain, [simple_layer(real, P256, payload(plain))])
    assert of(real, "plain", TEAM).state == "rejected"
    assert of(real, "plain", TEAM, P256.signer()) == Signature("verified", by="team")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_kind_of_key_verifies_simple_signing_and_bundles(empty: LayoutRegistry, way: Way) -> None:
    empty.attach(DIGEST, [simple_layer(empty, way, payload(DIGEST))])
    assert signature_of(empty, APP, DIGEST, [way.signer()]).state == "verified"
    empty.attach(DIGEST, [empty.layer(BUNDLE, raw(bundle(envelope(way, statement(DIGEST, SIGN)))))])
    assert signature_of(empty, APP, DIGEST, [way.signer()]).state == "verified"
    assert signature_of(empty, APP, DIGEST, [OTHER]).state == "rejected"


def test_a_signature_of_the_manifest_itself_is_verified(empty: LayoutRegistry) -> None:
    empty.attach(DIGEST, [empty.layer(BUNDLE, raw(bundle(message_signature(P256, DIGEST))))])
    assert signature_of(empty, APP, DIGEST, [P256.signer()]).state == "verified"
    assert signature_of(empty, APP, DIGEST, [OTHER]).state == "rejected"


def test_a_digest_beside_a_signature_of_another_one_is_no_proof(empty: LayoutRegistry) -> None:
    lying = message_signature(P256, OTHER_DIGEST) | {"messageDigest": message_signature(P256, DIGEST)["messageDigest"]}
    empty.attach(DIGEST, [empty.layer(BUNDLE, raw(bundle(lying)))])
    assert signature_of(empty, APP, DIGEST, [P256.signer()]).state == "rejected"


@pytest.mark.parametrize("predicate_type", [VULN, "https://spdx.dev/Document", "https://cyclonedx.org/bom"])
def test_a_signed_statement_about_the_image_does_not_sign_it(empty: LayoutRegistry, predicate_type: str) -> None:
    stated = envelope(P256, statement(DIGEST, predicate_type, {}))
    empty.attach(DIGEST, [empty.layer(DSSE_ENVELOPE, raw(stated)), empty.layer(BUNDLE, raw(bundle(stated)))])
    for signers in ((), (P256.signer(),)):
        assert signature_of(empty, APP, DIGEST, signers) == Signature("none")


def test_one_of_several_signatures_suffices_and_the_rest_is_not_asked_for(empty: LayoutRegistry) -> None:
    layers = [simple_layer(empty, way, payload(DIGEST) + b" " * number) for number, way in enumerate(WAYS)]
    empty.attach(DIGEST, [empty.layer(SIMPLE_SIGNING, b"{"), *layers])
    assert signature_of(empty, APP, DIGEST, [WAYS[0].signer("first")]) == Signature("verified", by="first")
    assert str(layers[1]["digest"]) not in empty.asked


def test_no_more_than_fifty_signatures_are_looked_at(empty: LayoutRegistry) -> None:
    layers = [simple_layer(empty, WAYS[1], payload(DIGEST)) for _ in range(MOST)]
    empty.attach(DIGEST, [*layers, simple_layer(empty, P256, payload(DIGEST))])
    found = signature_of(empty, APP, DIGEST, [P256.signer()])
    assert found.state == "rejected"
    assert "not all that is attached was looked at: at most 50 things" in found.reason


def test_many_reasons_are_cut_short(empty: LayoutRegistry) -> None:
    other = [f"sha256:{number:064d}" for number in range(20)]
    empty.attach(DIGEST, [simple_layer(empty, P256, payload(digest)) for digest in other])
    reason = signature_of(empty, APP, DIGEST, [P256.signer()]).reason
    assert reason.endswith("; 17 more reasons")


TROUBLES: tuple[RegistryTrouble, ...] = (
    "unauthorised", "forbidden", "rate-limited", "unavailable", "timeout", "budget", "not-allowed", "content",
)  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("signers", [(), (TEAM,)])
def test_a_registry_that_could_not_be_asked_leaves_it_unknown(
    real: LayoutRegistry, trouble: RegistryTrouble, signers: tuple[Signer, ...]
) -> None:
    error = RegistryError(trouble, f"it says {trouble}")
    real.troubles = {"referrers": error, fallback(real.tags["plain"], ".sig"): error}
    assert of(real, "plain", *signers) == Signature("unknown", reason=f"it says {trouble}")


def test_a_place_that_could_not_be_asked_may_hold_the_good_signature(real: LayoutRegistry) -> None:
    real.troubles = {"referrers": RegistryError("timeout", "no answer within 10 s")}
    assert of(real, "signed", OTHER) == Signature("unknown", reason="no answer within 10 s")
    assert of(real, "signed", TEAM).state == "verified"
    assert of(real, "signed").state == "present"


def test_a_layer_that_could_not_be_fetched_leaves_it_unknown(empty: LayoutRegistry) -> None:
    layer = simple_layer(empty, P256, payload(DIGEST))
    empty.attach(DIGEST, [layer])
    empty.troubles = {str(layer["digest"]): RegistryError("content", "its digest is another one")}
    assert signature_of(empty, APP, DIGEST, [P256.signer()]) == Signature("unknown", reason="its digest is another one")


def test_a_signature_larger_than_a_mebibyte_is_not_read(empty: LayoutRegistry) -> None:
    empty.attach(DIGEST, [simple_layer(empty, P256, b" " * 1024 * 1024 + payload(DIGEST))])
    found = signature_of(empty, APP, DIGEST, [P256.signer()])
    assert found.state == "unknown"
    assert "larger than" in found.reason


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"layers": None},
        {"layers": {}},
        {"layers": [None, 1, "x", []]},
        {"layers": [{"mediaType": 1}, {"mediaType": SIMPLE_SIGNING, "digest": "sha256:../../x"}]},
        {"layers": [{"mediaType": SIMPLE_SIGNING, "digest": None}, {"mediaType": "text/plain", "digest": DIGEST}]},
    ],
)
def test_a_manifest_without_layers_of_signatures_holds_none(empty: LayoutRegistry, body: dict[str, object]) -> None:
    empty.put(body, fallback(DIGEST, ".sig"))
    assert signature_of(empty, APP, DIGEST, [TEAM]) == Signature("none")


def test_annotations_of_the_wrong_type_are_no_signature(empty: LayoutRegistry) -> None:
    wrong: tuple[object, ...] = (None, [], {"dev.cosignproject.cosign/signature": 1})
    for annotations in wrong:
        layer = empty.layer(SIMPLE_SIGNING, payload(DIGEST)) | {"annotations": annotations, "size": "big"}
        empty.attach(DIGEST, [layer])
        found = signature_of(empty, APP, DIGEST, [TEAM])
        assert (found.state, "no Base64" in found.reason) == ("rejected", True)


def test_a_key_that_cannot_be_used_leaves_it_unknown_and_is_named(real: LayoutRegistry) -> None:
    broken = Signer("broken", key="-----BEGIN PUBLIC KEY-----")
    found = of(real, "signed", broken)
    assert (found.state, "the key of broken can't be used" in found.reason) == ("unknown", True)
    assert of(real, "signed", broken, TEAM).state == "verified"


def test_an_identity_is_not_taken_from_a_key_signature(real: LayoutRegistry) -> None:
    assert of(real, "bundled", SOMEBODY) == Signature(
        "rejected", reason="not by robot: made with a key, not with a certificate"
    )


def test_a_certificate_in_the_old_format_is_present_and_never_verified(empty: LayoutRegistry) -> None:
    notes = {"dev.sigstore.cosign/certificate": "-----BEGIN CERTIFICATE-----"}
    empty.attach(DIGEST, [simple_layer(empty, P256, payload(DIGEST), notes)])
    found = signature_of(empty, APP, DIGEST, [SOMEBODY])
    assert found == Signature("present", reason="signed with a certificate: verified only as a bundle")
    assert signature_of(empty, APP, DIGEST, [SOMEBODY, P256.signer()]).state == "verified"


def test_what_a_list_of_referrers_tells_to_be_no_signature_is_not_fetched(empty: LayoutRegistry) -> None:
    bom = {"mediaType": OCI_MANIFEST, "digest": OTHER_DIGEST, "artifactType": "application/spdx+json"}
    scan = bom | {"artifactType": BUNDLE, "annotations": {"dev.sigstore.bundle.predicateType": VULN}}
    empty.put({"manifests": [bom, scan]}, fallback(DIGEST))
    assert signature_of(empty, APP, DIGEST, [TEAM]) == Signature("none")
    assert OTHER_DIGEST not in empty.asked


def test_signatures_of_cosigns_referrers_mode_are_found(empty: LayoutRegistry) -> None:
    kind = "application/vnd.dev.cosign.artifact.sig.v1+json"
    manifest = empty.put({"artifactType": kind, "layers": [simple_layer(empty, P256, payload(DIGEST))]})
    empty.put({"manifests": [{"digest": manifest, "artifactType": kind}]}, fallback(DIGEST))
    assert signature_of(empty, APP, DIGEST, [P256.signer()]).state == "verified"


def test_an_image_named_by_sha512_is_asked_for_by_referrers_alone(empty: LayoutRegistry) -> None:
    assert signature_of(empty, APP, "sha512:" + "1" * 128, [TEAM]) == Signature("none")
    assert empty.asked == ["referrers"]


def test_asking_for_signatures_loads_no_cryptography() -> None:
    heavy = "{'cryptography', 'sigstore', 'requests'}"
    program = (
        f"import sys, gitops_guard.oci.signatures, gitops_guard.oci.attestations; print({heavy} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "set()"
