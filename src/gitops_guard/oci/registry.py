"""What registries say of images: digests, manifests, configurations, tags, what refers to an image, and blobs."""

from collections.abc import Mapping

from gitops_guard.oci.content import Descriptor, Image, Manifest, RegistryError
from gitops_guard.oci.credentials import Credentials
from gitops_guard.oci.descent import descend
from gitops_guard.oci.digest import require, require_form
from gitops_guard.oci.hosts import Hosts
from gitops_guard.oci.json_object import json_object, object_of
from gitops_guard.oci.manifest_reader import created, platform_of, read_descriptor
from gitops_guard.oci.manifests import Manifests
from gitops_guard.oci.media_type import IMAGE_CONFIGS
from gitops_guard.oci.referrers import Referrers
from gitops_guard.oci.session import LIMIT, Question, Session
from gitops_guard.oci.tag_list import list_tags
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Web

MOST_TAGS = 10_000


class Registry:
    """Asks registries; safe for use by several threads, for the time of one run.

    Every method raises RegistryError where a registry does not say what is asked, and reads no more than a bounded
    number of bounded answers. What a tag named when it was first asked for stands for the life of this object.

    Args:
        web: sends the requests; it must allow `hosts.private` and `hosts.plain_http`.
        hosts: says who may be asked, and where.
        credentials: of the registries.
    """

    def __init__(self, web: Web, hosts: Hosts, credentials: Credentials) -> None:
        self._session = Session(web, hosts, credentials)
        self._manifests = Manifests(self._session)
        self._referrers = Referrers(self._session, self._manifests)

    def head(self, reference: ImageReference) -> Descriptor:
        """What a digest, or else a tag (`latest` where none is written), names: one HEAD request.

        Raises:
            RegistryError: it is not known.
        """
        return self._manifests.head(reference)

    def manifest(self, reference: ImageReference, digest: str) -> Manifest:
        """The manifest or index with a digest, in the repository of a reference; its bytes are checked.

        Raises:
            RegistryError: it is not known, or its bytes have another digest.
        """
        return self._manifests.by_digest(reference, digest)

    def image(self, reference: ImageReference, platform: str = "linux/amd64") -> Image:
        """The image behind a reference: two requests for a manifest, three for an index, besides a token.

        Args:
            reference: its digest counts, or else its tag.
            platform: the one to look at in an index; where it has no such image, the first one is looked at.

        Raises:
            RegistryError: it is not known, or not as the specification says.
        """
        named = self._manifests.named(reference)
        found = descend(self._manifests, reference, named, platform)
        config = self._config(reference, found.manifest)
        own = found.platform or platform_of(config)
        return Image(
            named.descriptor,
            found.platforms or ((own,) if own else ()),
            found.manifest.descriptor._replace(platform=own),
            own,
            created(config, found.annotations),
            config,
            found.annotations,
        )

    def tags(self, reference: ImageReference, limit: int = MOST_TAGS) -> tuple[str, ...]:
        """The tags of a repository, in the registry's order, without those that hold signatures and referrers.

        Raises:
            RegistryError: they are not known, or there are more than `limit` ("content").
        """
        return list_tags(self._session, reference, limit)

    def referrers(self, reference: ImageReference, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """What refers to the manifest with a digest: by the referrers API, or else by the tag that stands in for it.

        Args:
            reference: whose repository is meant.
            digest: of the manifest.
            artifact_type: only these; empty for all.

        Raises:
            RegistryError: it is not known.
        """
        return self._referrers.list(reference, digest, artifact_type)

    def blob(self, reference: ImageReference, descriptor: Descriptor, limit: int = LIMIT) -> bytes:
        """A blob, its bytes checked against the digest; it may come from another host, which gets no credential.

        Args:
            reference: whose repository is meant.
            descriptor: names the blob.
            limit: bytes that it may have.

        Raises:
            RegistryError: it is not known, too large, or has another digest.
        """
        what = f"blob {descriptor.digest} of {reference.name}"
        require_form(descriptor.digest, what)
        if descriptor.size > limit:
            raise RegistryError("content", f"{what} has {descriptor.size} bytes: more than {limit} are not read")
        answer = self._session.ask(reference, Question(f"blobs/{descriptor.digest}", what, limit=limit))
        require(answer.body, descriptor.digest, what)
        return answer.body

    def _config(self, reference: ImageReference, manifest: Manifest) -> Mapping[str, object]:
        """The image's configuration; empty for artifacts that are no container images."""
        what = f"the configuration of {reference.name}@{manifest.descriptor.digest}"
        descriptor = read_descriptor(object_of(manifest.body, "config"), what)
        if descriptor.media_type not in IMAGE_CONFIGS:
            return {}
        return json_object(self.blob(reference, descriptor), what)
