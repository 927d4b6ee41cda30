"""What signed statements say of vulnerabilities, and whether anybody proved it."""

import pytest

from gitops_guard.oci.attached import MOST, NOT_ALL
from gitops_guard.oci.attestations import Attestation, vulnerability_attestations
from gitops_guard.oci.content import RegistryError
from gitops_guard.oci.cosign import DSSE_ENVELOPE
from gitops_guard.settings import Signer
from gitops_guard.syntax.image_reference import ImageReference
from oci_layout import SIGNED, LayoutRegistry, fallback
from oci_signing import BUNDLE, DIGEST, OTHER_DIGEST, P256, bundle, envelope, raw, statement

APP = ImageReference("registry.example.com", "team/app", "1.0")
TEAM = Signer("release-team", key=(SIGNED / "team.pub").read_text())
OTHER = Signer("somebody-else", key=(SIGNED / "other.pub").read_text())
VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"
READ = (
    VULN,
    "https://in-toto.io/attestation/vulns/v0.1",
    "https://in-toto.io/attestation/vulns/v0.2",
    "https://openvex.dev/ns",
    "https://openvex.dev/ns/v0.2.0",
)
LEFT = (
    "https://spdx.dev/Document",
    "https://slsa.dev/provenance/v1",
    "https://openvex.dev/nsx",
    "https://openvex.dev.evil.example/ns",
    VULN + "\n",
    "x" + VULN,
)


@pytest.fixture
def real() -> LayoutRegistry:
    return LayoutRegistry.read(SIGNED / "layout")


@pytest.fixture
def empty() -> LayoutRegistry:
    return LayoutRegistry({}, {})


def of(registry: LayoutRegistry, tag: str, *signers: Signer) -> tuple[Attestation, ...]:
    return vulnerability_attestations(registry, APP, registry.tags[tag], signers)


def stated(predicate_type: str, digest: str = DIGEST, predicate: object = None) -> dict[str, object]:
    return envelope(P256, statement(digest, predicate_type, {"scanner": {}} if predicate is None else predicate))


@pytest.mark.parametrize("tag", ["signed", "bundled", "attested"])
def test_what_cosign_attested_is_read_and_verified(real: LayoutRegistry, tag: str) -> None:
    (found,) = of(real, tag, OTHER, TEAM)
    assert (found.predicate_type, found.verified_by, found.reason) == (VULN, "release-team", "")
    scanner = found.predicate["scanner"]
    assert isinstance(scanner, dict)
    assert scanner["result"]["Results"][0]["Vulnerabilities"][0]["VulnerabilityID"] == "CVE-2024-0001"


@pytest.mark.parametrize("tag", ["signed", "bundled", "attested"])
def test_another_key_verifies_nothing_and_the_statement_is_marked(real: LayoutRegistry, tag: str) -> None:
    (found,) = of(real, tag, OTHER)
    assert (found.predicate_type, found.verified_by) == (VULN, "")
    assert found.reason == "not by somebody-else: the signature does not match the key"


def test_without_signers_a_statement_is_marked_as_unchecked(real: LayoutRegistry) -> None:
    (found,) = of(real, "signed")
    assert (found.verified_by, found.reason) == ("", "nobody checked its signature: no signers are configured")


def test_an_image_without_attestations_has_none(real: LayoutRegistry) -> None:
    assert of(real, "plain", TEAM) == ()


def test_an_attestation_of_another_image_tells_nothing(real: LayoutRegistry) -> None:
    real.tags[fallback(real.tags["plain"], ".att")] = real.tags[fallback(real.tags["signed"], ".att")]
    for signers in ((), (TEAM,)):
        (found,) = of(real, "plain", *signers)
        assert (found.predicate_type, found.predicate, found.verified_by) == ("", {}, "")
        assert real.tags["signed"] in found.reason


@pytest.mark.parametrize("predicate_type", READ)
def test_statements_of_vulnerabilities_are_read(empty: LayoutRegistry, predicate_type: str) -> None:
    inner = stated(predicate_type)
    empty.attach(DIGEST, [empty.layer(DSSE_ENVELOPE, raw(inner)), empty.layer(BUNDLE, raw(bundle(inner)))], "att")
    found = vulnerability_attestations(empty, APP, DIGEST, [P256.signer()])
    assert found == (Attestation(predicate_type, {"scanner": {}}, "team"),) * 2


@pytest.mark.parametrize("predicate_type", LEFT)
def test_other_statements_are_left_alone(empty: LayoutRegistry, predicate_type: str) -> None:
    empty.attach(DIGEST, [empty.layer(DSSE_ENVELOPE, raw(stated(predicate_type)))], "att")
    assert vulnerability_attestations(empty, APP, DIGEST, [P256.signer()]) == ()


def test_one_of_several_subjects_suffices(empty: LayoutRegistry) -> None:
    both = statement(DIGEST, VULN, {}).replace(
        b'"subject": [', b'"subject": [{"digest": {"sha256": "' + OTHER_DIGEST[7:].encode() + b'"}}, '
    )
    empty.attach(DIGEST, [empty.layer(DSSE_ENVELOPE, raw(envelope(P256, both)))], "att")
    (found,) = vulnerability_attestations(empty, APP, DIGEST, [P256.signer()])
    assert found.verified_by == "team"


def test_an_exchanged_payload_is_not_verified(empty: LayoutRegistry) -> None:
    lying = stated(VULN) | {"payload": stated(VULN, predicate={"scanner": {"result": {}}})["payload"]}
    empty.attach(DIGEST, [empty.layer(DSSE_ENVELOPE, raw(lying))], "att")
    (found,) = vulnerability_attestations(empty, APP, DIGEST, [P256.signer()])
    assert (found.predicate_type, found.verified_by) == (VULN, "")


def test_what_cannot_be_read_is_a_value_with_a_reason(empty: LayoutRegistry) -> None:
    empty.attach(DIGEST, [empty.layer(DSSE_ENVELOPE, b"{}"), empty.layer(DSSE_ENVELOPE, raw(stated(VULN)))], "att")
    broken, good = vulnerability_attestations(empty, APP, DIGEST, [P256.signer()])
    assert broken == Attestation("", {}, reason="it has no text 'payloadType'")
    assert good.verified_by == "team"


def test_a_place_that_could_not_be_asked_is_a_value_with_its_trouble(real: LayoutRegistry) -> None:
    real.troubles = {"referrers": RegistryError("unauthorised", "it asks for credentials")}
    missed, found = of(real, "signed", TEAM)
    assert missed == Attestation("", {}, reason="it asks for credentials", trouble="unauthorised")
    assert found.verified_by == "release-team"


def test_no_more_than_fifty_are_read_and_that_is_said(empty: LayoutRegistry) -> None:
    layer = empty.layer(DSSE_ENVELOPE, raw(stated(VULN)))
    empty.attach(DIGEST, [layer] * (MOST + 1), "att")
    found = vulnerability_attestations(empty, APP, DIGEST, [])
    assert len(found) == MOST + 1
    assert found[-1] == Attestation("", {}, reason=NOT_ALL)


def test_there_is_a_bound_for_all_of_them_together(empty: LayoutRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops_guard.oci.attached.MOST_BYTES", 100_000)
    layer = empty.layer(DSSE_ENVELOPE, raw(stated(VULN, predicate={"scanner": "x" * 30_000})))
    empty.attach(DIGEST, [layer] * 5, "att")
    found = vulnerability_attestations(empty, APP, DIGEST, [])
    assert [one.reason == NOT_ALL for one in found] == [False, False, False, True]


def test_a_large_report_is_read_and_a_larger_one_named(empty: LayoutRegistry) -> None:
    large, larger = ({"scanner": {"result": "x" * size * 1024 * 1024}} for size in (3, 13))
    empty.attach(
        DIGEST, [empty.layer(DSSE_ENVELOPE, raw(stated(VULN, predicate=one))) for one in (large, larger)], "att"
    )
    read, unread = vulnerability_attestations(empty, APP, DIGEST, [P256.signer()])
    assert (read.predicate, read.verified_by) == (large, "team")
    assert (unread.predicate_type, unread.trouble) == ("", "content")
