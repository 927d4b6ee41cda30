"""Media types of manifests and image configurations (OCI image specification; Docker image manifest V2.2)."""

from collections.abc import Mapping

from gitops_guard.oci.content import RegistryError
from gitops_guard.oci.json_object import text_of

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"

INDEXES = frozenset((OCI_INDEX, DOCKER_LIST))
MANIFESTS = frozenset((OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST))
IMAGE_CONFIGS = frozenset((OCI_CONFIG, DOCKER_CONFIG))
ACCEPT = f"{OCI_INDEX}, {OCI_MANIFEST}, {DOCKER_LIST}, {DOCKER_MANIFEST}"
"""Always all four: a registry answers 404 for an image whose type is not asked for."""

_SAYS_NOTHING = frozenset(("", "application/json", "application/octet-stream", "text/plain", "binary/octet-stream"))
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+"


def header_type(headers: Mapping[str, str]) -> str:
    """The media type of an answer without its parameters; empty where the header says nothing of the content."""
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    return "" if given in _SAYS_NOTHING else given


def manifest_type(headers: Mapping[str, str], body: Mapping[str, object], what: str) -> str:
    """The media type of a manifest: its header's, which its own `mediaType` may repeat but not contradict.

    Raises:
        RegistryError: the two differ, the type is none of the four, or the content is that of another type ("content").
    """
    said, own = header_type(headers), text_of(body, "mediaType")
    if said.startswith(_SCHEMA_1) or body.get("schemaVersion") == 1:
        text = f"{what} is of Docker's schema 1, which is not read: push it again with a current client"
        raise RegistryError("content", text)
    if said and own and said != own:
        raise RegistryError("content", f"{what} came as {said[:80]}, but says of itself that it is {own[:80]}")
    found = said or own or _guessed(body)
    if found not in MANIFESTS:
        raise RegistryError("content", f"{what} is no image manifest or index, but {found[:80] or 'of no media type'}")
    _require_unambiguous(found, body, what)
    return found


def _guessed(body: Mapping[str, object]) -> str:
    """OCI allows both to be left out."""
    if isinstance(body.get("manifests"), list):
        return OCI_INDEX
    return OCI_MANIFEST if isinstance(body.get("config"), dict) else ""


def _require_unambiguous(media_type: str, body: Mapping[str, object], what: str) -> None:
    # The image specification ("Image Index") after CVE-2021-41190: the same bytes must not be read as both kinds.
    index, manifest = "manifests" in body, "config" in body or "layers" in body
    if media_type in INDEXES and (manifest or not isinstance(body.get("manifests"), list)):
        raise RegistryError("content", f"{what} is called an index, but its content is not that of one")
    if media_type not in INDEXES and (index or not isinstance(body.get("config"), dict)):
        raise RegistryError("content", f"{what} is called a manifest, but its content is not that of one")
