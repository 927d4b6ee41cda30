"""What refers to a manifest: signatures, attestations, SBOMs (distribution specification 1.1, "Listing Referrers")."""

from collections.abc import Iterable

from gitops_guard.oci.content import Descriptor, Manifest, RegistryError
from gitops_guard.oci.digest import require_form
from gitops_guard.oci.json_object import object_of, text_of
from gitops_guard.oci.link import has_next, next_page
from gitops_guard.oci.manifest_reader import entries_of, read_manifest
from gitops_guard.oci.manifests import Manifests
from gitops_guard.oci.media_type import IMAGE_CONFIGS, INDEXES, OCI_EMPTY, OCI_INDEX, header_type
from gitops_guard.oci.session import OK, Question, Session
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Answer

MOST = 200
"""Referrers of one manifest that are read."""
MOST_FETCHED = 50
"""Manifests that are fetched because the list does not say what they are."""

_MOST_PAGES = 10
_SAYS_NOTHING = IMAGE_CONFIGS | {"", OCI_EMPTY}
"""Types of a list's entries: some clients leave them out, some registries write the configuration's instead."""
_UNSUPPORTED = frozenset((301, 302, 303, 307, 308, 400, 404, 405, 406, 501))
"""Answers of registries without the API. Some send on to a page for people, which is not followed."""


class Referrers:
    """Lists referrers; safe for use by several threads. A registry without the API is asked for it only once.

    Args:
        session: sends the requests.
        manifests: fetches the manifests that a list does not describe.
    """

    def __init__(self, session: Session, manifests: Manifests) -> None:
        self._session = session
        self._manifests = manifests
        self._without: set[str] = set()

    def list(self, reference: ImageReference, digest: str, artifact_type: str) -> tuple[Descriptor, ...]:
        """What refers to a manifest, by the API, or else by the tag that stands in for it.

        Args:
            reference: whose repository is meant.
            digest: of the manifest.
            artifact_type: only these; empty for all.

        Raises:
            RegistryError: it is not known, or there are too many ("content").
        """
        what = f"what refers to {reference.name}@{digest}"
        require_form(digest, what)
        listed = self._of_api(reference, digest, what)
        if listed is None:
            listed = self._of_tag(reference, digest, what)
        described = self._described(reference, digest, dict.fromkeys(listed), what)
        return tuple(entry for entry in described if artifact_type in {"", entry.artifact_type})

    def _of_api(self, reference: ImageReference, digest: str, what: str) -> tuple[Descriptor, ...] | None:
        """None where the registry has no such API. It is not asked to filter: some know a wrong type."""
        if reference.registry in self._without:
            return None
        path = f"referrers/{digest}"
        found: list[Descriptor] = []
        for number in range(_MOST_PAGES):
            question = Question(path, what, accept=OCI_INDEX, follow=False)
            answer = self._session.ask(reference, question, {OK} | (_UNSUPPORTED if number == 0 else frozenset()))
            if answer.status != OK or header_type(answer.headers) not in {"", OCI_INDEX}:
                self._without.add(reference.registry)
                return None
            found += _listed(answer, digest, what)
            path = self._next(reference, answer, digest, what)
            if not path:
                return tuple(found)
        raise RegistryError("content", f"{what} takes more than {_MOST_PAGES} pages")

    def _next(self, reference: ImageReference, answer: Answer, digest: str, what: str) -> str:
        start = self._session.address(reference, f"referrers/{digest}")
        path = next_page(answer.headers, answer.url, start)
        if has_next(answer.headers) and (not path or path == answer.url):
            raise RegistryError("content", f"{what}: the next page is said to be elsewhere, and is not asked for")
        return path

    def _of_tag(self, reference: ImageReference, digest: str, what: str) -> tuple[Descriptor, ...]:
        """By the tag that clients write where there is no API ("Referrers Tag Schema"); none where it is missing."""
        index = self._found(reference, digest.replace(":", "-"))
        return () if index is None or not index.descriptor.is_index else entries_of(index, what)

    def _described(
        self, reference: ImageReference, digest: str, entries: Iterable[Descriptor], what: str
    ) -> tuple[Descriptor, ...]:
        """The entries, those without a type of their own as their manifests say."""
        listed = tuple(entries)
        if len(listed) > MOST or sum(entry.artifact_type in _SAYS_NOTHING for entry in listed) > MOST_FETCHED:
            raise RegistryError("content", f"{what} is too much to look at: {len(listed)} entries")
        found = (self._completed(reference, digest, entry) for entry in listed)
        return tuple(entry for entry in found if entry is not None)

    def _completed(self, reference: ImageReference, digest: str, entry: Descriptor) -> Descriptor | None:
        """The entry with the type and annotations of its manifest; None if it is gone or refers to something else."""
        if entry.artifact_type not in _SAYS_NOTHING or entry.media_type in INDEXES:
            return entry
        manifest = self._found(reference, entry.digest)
        if manifest is None or text_of(object_of(manifest.body, "subject"), "digest") != digest:
            return None
        said = entry.annotations or manifest.descriptor.annotations
        return entry._replace(artifact_type=_artifact_type(manifest), annotations=said)

    def _found(self, reference: ImageReference, name: str) -> Manifest | None:
        """A manifest by tag or digest; None where there is none: lists outlive what they name."""
        try:
            return self._manifests.by_name(reference, name)
        except RegistryError as error:
            if error.trouble == "not-found":
                return None
            raise


def _listed(answer: Answer, digest: str, what: str) -> tuple[Descriptor, ...]:
    return entries_of(read_manifest(answer.body, {"content-type": OCI_INDEX}, digest, what), what)


def _artifact_type(manifest: Manifest) -> str:
    """Its own, or else the media type of its configuration ("Guidelines for Artifact Usage")."""
    return manifest.descriptor.artifact_type or text_of(object_of(manifest.body, "config"), "mediaType")
