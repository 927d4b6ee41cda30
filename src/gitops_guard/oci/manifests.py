"""Asks registries for manifests: what a tag names, and the manifest behind a tag or a digest."""

from gitops_guard.oci.content import Descriptor, Manifest, RegistryError
from gitops_guard.oci.digest import digest_of, is_digest, require, require_form
from gitops_guard.oci.manifest_reader import read_manifest
from gitops_guard.oci.media_type import ACCEPT, MANIFESTS, header_type
from gitops_guard.oci.session import OK, Question, Session
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Answer

_NO_HEAD = 405
_LATEST = "latest"


class Manifests:
    """Asks for manifests; safe for use by several threads.

    What a tag named when it was first asked for stands for the life of this object: one run sees one state.

    Args:
        session: sends the requests.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._named: dict[tuple[str, str], Descriptor] = {}

    def head(self, reference: ImageReference) -> Descriptor:
        """What a digest, or else a tag, names, by HEAD; by GET where a registry's HEAD says too little.

        Raises:
            RegistryError: it is not known.
        """
        name = name_of(reference)
        known = self._named.get((reference.name, name))
        if known is not None:
            return known
        question = Question(f"manifests/{name}", _what(reference, name), method="HEAD", accept=ACCEPT)
        answer = self._session.ask(reference, question, (OK, _NO_HEAD))
        said = _said(answer)
        if said is None:
            return self._got(reference, name).descriptor
        if is_digest(name) and said.digest != name:
            raise RegistryError("content", f"{question.what}: the registry calls it {said.digest}")
        return self._noted(reference, name, said)

    def named(self, reference: ImageReference) -> Manifest:
        """The manifest or index that a digest, or else a tag, names.

        A tag is not asked for by HEAD first: that would be one request more, and tell nothing that GET does not.

        Raises:
            RegistryError: it is not known, or its bytes have another digest.
        """
        name = name_of(reference)
        known = self._named.get((reference.name, name))
        return self._got(reference, name if known is None else known.digest)

    def by_digest(self, reference: ImageReference, digest: str) -> Manifest:
        """The manifest or index with a digest, its bytes checked.

        Raises:
            RegistryError: it is not known, or its bytes have another digest.
        """
        require_form(digest, f"a manifest of {reference.name}")
        return self._got(reference, digest)

    def by_name(self, reference: ImageReference, name: str) -> Manifest:
        """The manifest or index that a tag or digest names in the repository of a reference.

        Raises:
            RegistryError: it is not known, or its bytes have another digest.
        """
        return self._got(reference, name)

    def _got(self, reference: ImageReference, name: str) -> Manifest:
        what = _what(reference, name)
        answer = self._session.ask(reference, Question(f"manifests/{name}", what, accept=ACCEPT))
        given = answer.headers.get("docker-content-digest", "")
        digest = name if is_digest(name) else given if is_digest(given) else digest_of(answer.body)
        require(answer.body, digest, what)
        manifest = read_manifest(answer.body, answer.headers, digest, what)
        self._noted(reference, name, manifest.descriptor)
        return manifest

    def _noted(self, reference: ImageReference, name: str, descriptor: Descriptor) -> Descriptor:
        return self._named.setdefault((reference.name, name), descriptor)


def name_of(reference: ImageReference) -> str:
    """What a reference names in its repository: the digest, or else the tag, or else `latest`."""
    return reference.digest or reference.tag or _LATEST


def _what(reference: ImageReference, name: str) -> str:
    return f"{reference.name}{'@' if is_digest(name) else ':'}{name}"


def _said(answer: Answer) -> Descriptor | None:
    """What the headers say, if that is enough."""
    media_type, digest = header_type(answer.headers), answer.headers.get("docker-content-digest", "")
    if answer.status != OK or media_type not in MANIFESTS or not is_digest(digest):
        return None
    size = answer.headers.get("content-length", "")
    return Descriptor(media_type, digest, int(size) if size.isascii() and size.isdecimal() and len(size) < 12 else 0)  # noqa: PLR2004 - 100 GB
