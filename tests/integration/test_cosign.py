"""Signatures and attestations that a real cosign wrote into real registries, and its verdict beside ours.

Needs cosign (on the PATH, or named by GG_COSIGN) and the registries of `registries.py`.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gitops_guard.oci.attestations import vulnerability_attestations
from gitops_guard.oci.registry import Registry
from gitops_guard.oci.signatures import signature_of
from gitops_guard.settings import Signer
from gitops_guard.syntax.image_reference import ImageReference
from integration.registries import (
    OCI_INDEX,
    OCI_MANIFEST,
    asking,
    debian_registry,
    go_built,
    put_manifest,
    referrers_registry,
    require,
)
from oci_layout import fallback
from oci_signing import PrivateKey
from signed import make

pytestmark = pytest.mark.real

EMPTY_ROOT = '{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}'
VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"


class Workshop(NamedTuple):
    """Cosign with its keys, and a registry."""

    program: str
    folder: Path
    host: str = ""
    sign_with: tuple[str, ...] = ()
    verify_with: tuple[str, ...] = ()

    def run(self, *arguments: str) -> bool:
        environment = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "COSIGN_PASSWORD": "throw-away"}
        environment |= {"COSIGN_EXPERIMENTAL": "1"} if "oci-1-1" in self.sign_with else {}
        command = [self.program, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, check=False, timeout=60)
        return done.returncode == 0

    def push(self, name: str) -> ImageReference:
        """A new image, by digest."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        digest = make.push_image(self.folder, self.host, name).rpartition("@")[2]
        return ImageReference(self.host, "team/app", None, digest)

    def sign(self, image: ImageReference, key: str = "team.key") -> None:
        assert self.run("sign", *self.sign_with, "--key", key, "--tlog-upload=false", "-y", str(image))

    def attest(self, image: ImageReference) -> None:
        bundled = [option for option in self.sign_with if option == "--new-bundle-format"]
        arguments = ("--type", "vuln", "--predicate", "vulnerabilities.json", "--key", "team.key")
        assert self.run("attest", *bundled, *arguments, "--tlog-upload=false", "-y", str(image))

    def agrees(self, image: ImageReference, key: str = "team.pub") -> bool:
        """Whether cosign verifies it."""
        return self.run("verify", *self.verify_with, "--key", key, "--insecure-ignore-tlog=true", str(image))

    def signer(self, key: str = "team") -> Signer:
        return Signer(key, key=(self.folder / f"{key}.pub").read_text())

    @property
    def registry(self) -> Registry:
        return asking(self.host).registry

    def state(self, image: ImageReference, *keys: str) -> str:
        assert image.digest
        found = signature_of(self.registry, image, image.digest, [self.signer(key) for key in keys])
        return found.state if not found.by else f"{found.state} {found.by}"

    def manifest(self, reference: str) -> dict[str, object]:
        address = f"http://{self.host}/v2/team/app/manifests/{reference}"
        body = requests.get(address, headers={"Accept": make.ACCEPT}, timeout=10).json()
        assert isinstance(body, dict)
        return body


Start = Callable[[Path], AbstractContextManager[str]]


def by_referrers(_folder: Path) -> AbstractContextManager[str]:
    return referrers_registry()


BUNDLED = ("--new-bundle-format",), ("--new-bundle-format", "--trusted-root", "empty.json")
MODES: dict[str, tuple[Start, tuple[str, ...], tuple[str, ...]]] = {
    "tags": (debian_registry, (), ("--new-bundle-format=false",)),
    "bundles at the fallback tag": (debian_registry, *BUNDLED),
    "bundles by referrers": (by_referrers, *BUNDLED),
    "oci-1-1": (
        by_referrers,
        ("--registry-referrers-mode", "oci-1-1"),
        ("--experimental-oci11", "--new-bundle-format=false"),
    ),
}


@pytest.fixture(scope="module")
def cosign(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Cosign with the keys of two parties."""
    program = go_built("GG_COSIGN", "cosign")
    require("skopeo")
    folder = tmp_path_factory.mktemp("cosign")
    (folder / "empty.json").write_text(EMPTY_ROOT)
    (folder / "vulnerabilities.json").write_text(json.dumps(make.VULNERABILITIES))
    made = Workshop(program, folder)
    for key in ("team", "other"):
        assert made.run("generate-key-pair", "--output-key-prefix", key)
    return made


@pytest.fixture(scope="module", params=MODES)
def workshop(
    request: pytest.FixtureRequest, cosign: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    start, sign_with, verify_with = MODES[request.param]
    with start(tmp_path_factory.mktemp("registry")) as host:
        yield cosign._replace(host=host, sign_with=sign_with, verify_with=verify_with)


def test_we_say_of_a_signature_what_cosign_says(workshop: Workshop) -> None:
    image = workshop.push("signed")
    assert (workshop.state(image, "team"), workshop.agrees(image)) == ("none", False)
    workshop.sign(image)
    assert (workshop.state(image, "team"), workshop.agrees(image)) == ("verified team", True)
    assert (workshop.state(image, "other"), workshop.agrees(image, "other.pub")) == ("rejected", False)
    assert workshop.state(image, "other", "team") == "verified team"
    assert workshop.state(image) == "present"


def test_one_of_two_signatures_suffices_for_both(workshop: Workshop) -> None:
    image = workshop.push("twice")
    workshop.sign(image, "other.key")
    assert (workshop.state(image, "team"), workshop.agrees(image)) == ("rejected", False)
    workshop.sign(image)
    assert (workshop.state(image, "team"), workshop.state(image, "other")) == ("verified team", "verified other")
    if "oci-1-1" not in workshop.sign_with:  # cosign itself takes any one of several there
        assert workshop.agrees(image)
        assert workshop.agrees(image, "other.pub")


def test_a_signature_moved_to_another_image_convinces_nobody(workshop: Workshop) -> None:
    image, victim = workshop.push("moved"), workshop.push("victim")
    workshop.sign(image)
    for manifest in signatures(workshop, image):
        attach(workshop, victim, manifest)
    assert (workshop.state(victim, "team"), workshop.agrees(victim)) == ("rejected", False)
    assert workshop.state(victim) == "rejected"


def signatures(workshop: Workshop, image: ImageReference) -> list[dict[str, object]]:
    assert image.digest
    listed = workshop.registry.referrers(image, image.digest)
    digests = [entry.digest for entry in listed] or [fallback(image.digest, ".sig")]
    return [workshop.manifest(digest) for digest in digests]


def attach(workshop: Workshop, victim: ImageReference, manifest: dict[str, object]) -> None:
    """Says of another image's signature that it is this one's, in all the places where it may be looked for."""
    assert victim.digest
    kind = {"mediaType": OCI_MANIFEST}
    if "subject" not in manifest:
        put_manifest(workshop.host, "team/app", fallback(victim.digest, ".sig"), kind | manifest)
        return
    moved = kind | manifest | {"subject": {**kind, "digest": victim.digest, "size": 1}}
    digest = put_manifest(workshop.host, "team/app", "", moved)
    entry = {**kind, "digest": digest, "size": len(json.dumps(moved)), "artifactType": moved.get("artifactType")}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}
    put_manifest(workshop.host, "team/app", fallback(victim.digest), index)


def test_an_attestation_is_verified_by_its_key_and_is_no_signature(workshop: Workshop) -> None:
    image = workshop.push("attested")
    workshop.attest(image)
    assert image.digest
    (good,) = vulnerability_attestations(workshop.registry, image, image.digest, [workshop.signer()])
    (bad,) = vulnerability_attestations(workshop.registry, image, image.digest, [workshop.signer("other")])
    assert (good.predicate_type, good.verified_by) == (VULN, "team")
    assert (bad.predicate_type, bad.verified_by) == (VULN, "")
    assert good.predicate["scanner"] == make.VULNERABILITIES["scanner"]
    assert workshop.state(image, "team") == "none"


@pytest.mark.parametrize("workshop", ["tags", "bundles at the fallback tag"], indirect=True)
@pytest.mark.parametrize(
    ("name", "made", "state"),
    [
        ("p384", lambda: ec.generate_private_key(ec.SECP384R1()), "verified"),
        ("p521", lambda: ec.generate_private_key(ec.SECP521R1()), "verified"),
        ("rsa", lambda: rsa.generate_private_key(65537, 2048), "verified"),
        # Cosign signs with Ed25519ph, which it does not verify itself afterwards, and neither do we.
        ("ed25519", ed25519.Ed25519PrivateKey.generate, "rejected"),
    ],
    ids=["p384", "p521", "rsa", "ed25519"],
)
def test_other_kinds_of_keys(workshop: Workshop, name: str, made: Callable[[], PrivateKey], state: str) -> None:
    pem = made().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (workshop.folder / f"{name}.pem").write_bytes(pem)
    assert workshop.run("import-key-pair", "--key", f"{name}.pem", "--output-key-prefix", name, "-y")
    image = workshop.push(name)
    workshop.sign(image, f"{name}.key")
    assert workshop.state(image, name).split()[0] == state
    assert workshop.state(image, "team") == "rejected"
    assert state == "verified" or not workshop.agrees(image, f"{name}.pub")
