"""One Kubernetes object of a file."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import Document


class ObjectIdentity(NamedTuple):
    """What a person calls an object; `namespace` and `name` are empty where the manifest does not say."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}" if place else self.kind


class KubernetesObject(NamedTuple):
    """A mapping with `apiVersion` and `kind`.

    `field` is its root (for an item of a List, below the document's), `document` the number of its document.
    """

    identity: ObjectIdentity
    field: Field
    document: int

    @property
    def kind(self) -> str:
        """The kind, as written."""
        return self.identity.kind

    @property
    def api_group(self) -> str:
        """The group of `apiVersion`; empty for the core group."""
        group, slash, _ = self.identity.api_version.partition("/")
        return group if slash else ""

    @property
    def metadata(self) -> Field:
        """The object's `metadata`."""
        return self.field["metadata"]

    @property
    def spec(self) -> Field:
        """The object's `spec`."""
        return self.field["spec"]


def objects(document: Document) -> Iterator[KubernetesObject]:
    """The objects of a document: itself, or the items of a `*List`, nested ones included.

    Items of a typed list (`PodList`) may leave out what the list says: their kind and API version.
    """
    yield from _objects(Field(None, "", document.root), document.number)


def _objects(field: Field, document: int) -> Iterator[KubernetesObject]:
    kind = field["kind"].string
    if not kind:
        return
    items, api_version = field["items"], field["apiVersion"].string
    if kind.endswith("List") and items.is_sequence:
        of = kind.removesuffix("List")
        for item in items.items():
            if of and api_version and item.is_mapping and not item["kind"].exists:
                yield _object(item, api_version, of, document)
            else:
                yield from _objects(item, document)
    elif api_version:
        yield _object(field, api_version, kind, document)


def _object(field: Field, api_version: str, kind: str, document: int) -> KubernetesObject:
    metadata = field["metadata"]
    identity = ObjectIdentity(api_version, kind, _word(metadata["namespace"]), _word(metadata["name"]))
    return KubernetesObject(identity, field, document)


def _word(field: Field) -> str:
    return field.text if field.exists else ""
