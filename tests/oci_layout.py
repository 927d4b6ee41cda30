"""A registry in memory, filled from an OCI image layout: answers as `oci.registry.Registry` does."""

import hashlib
import json
from pathlib import Path
from typing import Self

from gitops_guard.oci.content import Descriptor, Manifest, RegistryError
from gitops_guard.oci.json_object import json_object, objects_of, text_of, texts_of
from gitops_guard.syntax.image_reference import ImageReference

SIGNED = Path(__file__).parent / "signed"
"""Images signed and attested by a real cosign, and the public keys (see make.py there)."""

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_NAME = "org.opencontainers.image.ref.name"


class LayoutRegistry:
    """Holds content by digest, and tags. `troubles` are raised where their key, a tag, a digest or `referrers`, is
    asked for. `asked` lists what was asked.
    """

    def __init__(self, blobs: dict[str, bytes], tags: dict[str, str]) -> None:
        self.blobs, self.tags = blobs, tags
        self.troubles: dict[str, RegistryError] = {}
        self.asked: list[str] = []

    @classmethod
    def read(cls, folder: Path) -> Self:
        blobs = {f"sha256:{path.name}": path.read_bytes() for path in (folder / "blobs" / "sha256").iterdir()}
        index = json.loads((folder / "index.json").read_text())
        return cls(blobs, {entry["annotations"][_NAME]: entry["digest"] for entry in index["manifests"]})

    def put(self, content: bytes | dict[str, object], tag: str = "") -> str:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = "sha256:" + hashlib.sha256(raw).hexdigest()
        self.blobs[digest] = raw
        if tag:
            self.tags[tag] = digest
        return digest

    def attach(self, digest: str, layers: list[dict[str, object]], suffix: str = "sig") -> None:
        """Puts a manifest with these layers at cosign's tag."""
        self.put({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": layers}, fallback(digest, "." + suffix))

    def layer(self, media_type: str, content: bytes, annotations: dict[str, str] | None = None) -> dict[str, object]:
        digest = self.put(content)
        return {
            "mediaType": media_type,
            "digest": digest,
            "size": len(content),
            "annotations": annotations or {},
        }

    def head(self, reference: ImageReference) -> Descriptor:
        asked = reference.digest or reference.tag or "latest"
        self._ask(asked)
        digest = reference.digest or self.tags.get(asked, "")
        return Descriptor(text_of(self._object(digest), "mediaType"), digest, len(self.blobs[digest]))

    def manifest(self, reference: ImageReference, digest: str) -> Manifest:
        assert reference.repository
        self._ask(digest)
        body = self._object(digest)
        return Manifest(Descriptor(text_of(body, "mediaType"), digest, len(self.blobs[digest])), body)

    def referrers(self, reference: ImageReference, digest: str) -> tuple[Descriptor, ...]:
        assert reference.repository
        self._ask("referrers")
        if fallback(digest) not in self.tags:
            return ()
        entries = objects_of(self._object(self.tags[fallback(digest)]), "manifests")
        return tuple(
            Descriptor(
                text_of(entry, "mediaType"),
                text_of(entry, "digest"),
                artifact_type=text_of(entry, "artifactType"),
                annotations=texts_of(entry, "annotations"),
            )
            for entry in entries
        )

    def blob(self, reference: ImageReference, descriptor: Descriptor, limit: int = 4 * 1024 * 1024) -> bytes:
        assert reference.repository
        self._ask(descriptor.digest)
        content = self._content(descriptor.digest)
        if len(content) > limit:
            raise RegistryError("content", f"{descriptor.digest} is larger than {limit} bytes")
        return content

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.troubles:
            raise self.troubles[what]

    def _content(self, digest: str) -> bytes:
        if digest not in self.blobs:
            raise RegistryError("not-found", f"the registry has no {digest or 'such tag'}")
        return self.blobs[digest]

    def _object(self, digest: str) -> dict[str, object]:
        return dict(json_object(self._content(digest), "the manifest"))


def fallback(digest: str, suffix: str = "") -> str:
    """The tag that stands in for what refers to a digest."""
    return digest.replace(":", "-") + suffix
