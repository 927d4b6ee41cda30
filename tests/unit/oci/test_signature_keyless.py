"""Signatures by an identity: the sigstore package verifies bundles of an instance of our own, without a network."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.facts.image import Signature
from gitops_guard.oci import keyless
from gitops_guard.oci.attestations import vulnerability_attestations
from gitops_guard.oci.signatures import signature_of
from gitops_guard.settings import Signer
from gitops_guard.syntax.image_reference import ImageReference
from keyless_instance import IDENTITY, ISSUER, Instance
from oci_layout import LayoutRegistry
from oci_signing import BUNDLE, DIGEST, OTHER_DIGEST, P256, raw, statement

APP = ImageReference("registry.example.com", "team/app", "1.0")
RELEASE = Signer("release", identity=IDENTITY, issuer=ISSUER)
SIGN, VULN = "https://sigstore.dev/cosign/sign/v1", "https://cosign.sigstore.dev/attestation/vuln/v1"
INSTANCE = Instance()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package keeps the roots of trust in the user's folders."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("trust") / "trusted_root.json"
    path.write_bytes(INSTANCE.trusted_root())
    return str(path)


def of(bundle: object, trusted_root: str, signer: Signer = RELEASE, digest: str = DIGEST) -> Signature:
    registry = LayoutRegistry({}, {})
    registry.attach(digest, [registry.layer(BUNDLE, bundle if isinstance(bundle, bytes) else raw(bundle))])
    return signature_of(registry, APP, digest, [signer], trusted_root=trusted_root)


def signed() -> dict[str, Any]:
    return INSTANCE.signed(DIGEST)


def stated() -> dict[str, Any]:
    return INSTANCE.stated(statement(DIGEST, SIGN))


@pytest.mark.parametrize("made", [signed, stated])
def test_a_bundle_is_verified_by_the_identity_that_made_it(made: Callable[[], object], root: str) -> None:
    assert of(made(), root) == Signature("verified", by="release")


@pytest.mark.parametrize("made", [signed, stated])
@pytest.mark.parametrize(
    ("identity", "issuer"),
    [
        (IDENTITY + "x", ISSUER),
        (IDENTITY.upper(), ISSUER),
        (IDENTITY[:-1], ISSUER),
        (IDENTITY, ISSUER + "/"),
        (IDENTITY, "https://evil.example"),
        (".*", ISSUER),
    ],
)
def test_another_identity_or_issuer_is_rejected(
    made: Callable[[], object], identity: str, issuer: str, root: str
) -> None:
    found = of(made(), root, Signer("release", identity=identity, issuer=issuer))
    assert (found.state, found.by) == ("rejected", "")
    assert found.reason.startswith("not by release: ")


def test_a_bundle_of_another_image_is_rejected(root: str) -> None:
    for bundle in (INSTANCE.signed(OTHER_DIGEST), INSTANCE.stated(statement(OTHER_DIGEST, SIGN))):
        found = of(bundle, root)
        assert (found.state, "made for another image" in found.reason) == ("rejected", True)


def test_a_bundle_of_another_instance_is_rejected(root: str) -> None:
    for bundle in (signed(), stated()):
        assert of(bundle, "").state == "rejected"
    assert of(Instance().signed(DIGEST), root).state == "rejected"


def test_the_public_roots_of_trust_are_found_without_a_network() -> None:
    keyless._verifier.cache_clear()
    found = of(signed(), "")
    assert (found.state, "can't be read" in found.reason) == ("rejected", False)


def swap_signature(bundle: dict[str, Any]) -> None:
    bundle["messageSignature"]["signature"] = INSTANCE.signed(DIGEST)["messageSignature"]["signature"]  # type: ignore[index]


def drop_log(bundle: dict[str, Any]) -> None:
    bundle["verificationMaterial"]["tlogEntries"] = []


def drop_proof(bundle: dict[str, Any]) -> None:
    del bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]


def late(bundle: dict[str, Any]) -> None:
    bundle["verificationMaterial"]["tlogEntries"][0]["integratedTime"] = "1900000000"


def swap_certificate(bundle: dict[str, Any]) -> None:
    bundle["verificationMaterial"]["certificate"] = signed()["verificationMaterial"]["certificate"]


def no_certificate(bundle: dict[str, Any]) -> None:
    bundle["verificationMaterial"]["certificate"] = {"rawBytes": "AAAA"}


def key_instead(bundle: dict[str, Any]) -> None:
    bundle["verificationMaterial"] = {"publicKey": {"hint": ""}}


@pytest.mark.parametrize(
    "change", [swap_signature, drop_log, drop_proof, late, swap_certificate, no_certificate, key_instead]
)
def test_a_bundle_with_a_part_exchanged_is_rejected(change: Callable[[dict[str, Any]], None], root: str) -> None:
    bundle = signed()
    change(bundle)
    assert of(bundle, root).state == "rejected"


def test_an_attestation_is_verified_by_identity(root: str) -> None:
    registry = LayoutRegistry({}, {})
    bundle = INSTANCE.stated(statement(DIGEST, VULN, {"scanner": {}}))
    registry.attach(DIGEST, [registry.layer(BUNDLE, raw(bundle))], "att")
    other = Signer("other", identity="other@example.com", issuer=ISSUER)
    (good,) = vulnerability_attestations(registry, APP, DIGEST, [RELEASE], trusted_root=root)
    (bad,) = vulnerability_attestations(registry, APP, DIGEST, [other], trusted_root=root)
    assert (good.verified_by, good.reason) == ("release", "")
    assert (bad.verified_by, bad.reason.startswith("not by other")) == ("", True)


def test_a_key_does_not_verify_what_a_certificate_signed(root: str) -> None:
    assert of(signed(), root, P256.signer()).state == "rejected"


def test_without_the_extra_it_is_unknown(monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    keyless._verifier.cache_clear()
    for module in ("sigstore.models", "sigstore.verify"):
        monkeypatch.setitem(sys.modules, module, None)
    assert of(signed(), root) == Signature(
        "unknown", reason="keyless verification needs the extra: pip install gitops-guard[keyless]"
    )


def test_roots_of_trust_that_cannot_be_read_leave_it_unknown(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    for path in (tmp_path / "broken.json", tmp_path / "missing.json"):
        found = of(signed(), str(path))
        assert (found.state, found.reason.startswith("the roots of trust can't be read: ")) == ("unknown", True)


def places(value: object) -> list[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in [(value, key), *places(item)]]


JUNK: tuple[object, ...] = (
    None, True, 0, -1, 10**30, 1.5, "", "AAAA", "é", "0", "9" * 50, [], {}, [{}], {"x": []},
)  # fmt: skip
TEXTS = tuple(raw(bundle) for bundle in (signed(), stated()))


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(TEXTS), st.sampled_from(JUNK))
def test_whatever_a_bundle_holds_only_the_identity_verifies(
    root: str, data: st.DataObject, text: bytes, junk: object
) -> None:
    bundle = json.loads(text)
    holder, key = data.draw(st.sampled_from(places(bundle)))
    holder[key] = junk
    assert of(bundle, root, RELEASE._replace(issuer="https://evil.example")).state == "rejected"
    found = of(bundle, root)
    assert found.state in {"verified", "rejected"}
    if found.state == "verified":
        assert key not in {"signature", "digest", "rawBytes", "payload", "sig", "canonicalizedBody", "rootHash"}
