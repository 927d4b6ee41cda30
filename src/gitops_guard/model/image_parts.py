"""How values, Kustomizations and Argo CD put an image together, and so how it is edited there."""

from typing import NamedTuple

from gitops_guard.syntax.field import Field


class HelmParts(NamedTuple):
    """The reference is put together from a mapping's `registry`, `repository`, `tag` and `digest`.

    Fields that are not written are missing ones of the mapping. Charts join repository and tag with a colon, so a chart
    without a `digest` key takes `tag: 1.27@sha256:...`. A digest under the key `sha` stands without its `sha256:`.
    """

    registry: Field
    repository: Field
    tag: Field
    digest: Field


class HelmParameters(NamedTuple):
    """As `HelmParts`, from Argo CD's list of `name` and `value` pairs: the fields are the values.

    What no pair gives is a missing field of the list; it cannot be written by its keypath.
    """

    registry: Field
    repository: Field
    tag: Field
    digest: Field


class KustomizeParts(NamedTuple):
    """An entry of a Kustomization's `images`: it changes images of this `name` in the resources."""

    name: Field
    new_name: Field
    new_tag: Field
    digest: Field


class KustomizeText(NamedTuple):
    """Argo CD's short form of such an entry, `name=new-name:tag`; `prefix` is what stands before the reference."""

    field: Field
    prefix: str


class EmbeddedValues(NamedTuple):
    """The reference stands in YAML that is itself a text of `field`: there is no place for an exact edit."""

    field: Field
