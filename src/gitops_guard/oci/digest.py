"""Digests of content (OCI image specification, "Digests"): their form, and the check of bytes against them."""

import hashlib
import hmac
import re

from gitops_guard.oci.content import RegistryError

_FORM = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def is_digest(text: str) -> bool:
    """Whether a text is a digest of an algorithm that is known here: sha256 or sha512."""
    return _FORM.fullmatch(text) is not None


def digest_of(body: bytes, algorithm: str = "sha256") -> str:
    """The digest of some bytes; `algorithm` is sha256 or sha512."""
    return f"{algorithm}:{hashlib.new(algorithm, body, usedforsecurity=True).hexdigest()}"


def require(body: bytes, digest: str, what: str) -> None:
    """Checks bytes against their digest.

    Args:
        body: the bytes.
        digest: what they must have.
        what: names them in the error.

    Raises:
        RegistryError: they have another one, or the digest is of an unknown form ("content").
    """
    require_form(digest, what)
    found = digest_of(body, digest.partition(":")[0])
    if not hmac.compare_digest(found, digest):
        raise RegistryError("content", f"{what} has the digest {found}, not {digest}: what came is something else")


def require_form(digest: str, what: str) -> None:
    """Refuses a digest that is neither sha256 nor sha512.

    Raises:
        RegistryError: it is of another form ("content").
    """
    if not is_digest(digest):
        raise RegistryError("content", f"{what} is named by {digest[:80]!r}, which is no sha256 or sha512 digest")
