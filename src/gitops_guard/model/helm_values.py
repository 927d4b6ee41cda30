"""The images that a chart's values name.

Charts are free in how they name an image; these are the forms in use, found anywhere in the tree:

- a mapping of `repository` and some of `registry`, `tag` and `digest` (or `sha`), under any key; under a key that says
  image, `repo`, `name` or `image` in the place of `repository`;
- one text: `image: nginx:1.27`, `sidecarImage: ghcr.io/team/proxy:2`, and such texts in a mapping or list `images`;
- a text without its tag beside `tag`, `imageTag`, `imageRegistry` or Istio's `hub`.

A tag that is not written is the chart's `appVersion`, which is what `helm create` writes into a chart's templates.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.model import helm_tag
from gitops_guard.model.chart import Chart, chart_of, default_tag
from gitops_guard.model.image_parts import HelmParameters, HelmParts
from gitops_guard.model.named_image import NamedImage, NamedRole, WholeText
from gitops_guard.syntax.field import Field, format_keypath
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference, parse

__all__ = [
    "NO_REPOSITORY", "NO_TAG", "PREFIX", "Chart", "chart_of", "default_tag", "digest_text", "images_of",
    "joined", "says_image", "word",
]  # fmt: skip

NO_TAG = InvalidReference("the tag comes from the chart", unresolved=True)
"""Neither the values nor an `appVersion` at hand give a tag."""

NO_REPOSITORY = InvalidReference("the repository comes from the chart or from other values", unresolved=True)
"""A tag or digest alone, for an image that is named elsewhere."""

PREFIX = InvalidReference("the chart's templates complete the repository", unresolved=True)
"""A mapping `images` whose `repository` is the beginning of several."""

_IMAGE_KEY = re.compile(r"(?:.*[^a-zA-Z])?[iI]mage|.*[a-z0-9]Image|.*IMAGE")
_NAME_KEY = re.compile(r"(?:.*[^a-zA-Z])?image[_-]?(?:[nN]ame|[rR]epository)|.*[a-z0-9_.-]Image(?:Name|Repository)")
_NO_IMAGE = re.compile(r"://|^(?:[./~@]|git@|alias:)|\s|\.(?:git|png|jpe?g|svg|gif|ico|webp|qcow2|raw|iso|img|vmdk)$")
_TEMPLATE = re.compile(r"\{\{|\$\{")
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME_END = re.compile(r"[_-]?(?:[nN]ame|[rR]epository)$")
_GIT_KEYS = ("branch", "ref", "revision", "url", "chart")
_OTHER_NAMES = ("repo", "image", "name")
_EVIDENCE = ("registry", "tag", "digest", "sha", "pullPolicy", "imagePullPolicy", "imageTag")


def images_of(
    root: Field,
    app_version: str = "",
    *,
    dependencies: frozenset[str] = frozenset(),
    role: NamedRole = "helm-values",
) -> tuple[NamedImage, ...]:
    """The images of a tree of values; nothing for a Kubernetes object.

    Args:
        root: the values' root.
        app_version: the chart's `appVersion`, which is the tag where none is given; empty if not known.
        dependencies: the chart's dependencies: its `app_version` says nothing of the values under these keys.
        role: what the images are listed as.
    """
    if root["apiVersion"].exists and root["kind"].exists:
        return ()
    reader = _Reader(root, app_version, role, set())
    found = list(reader.own(_Mapping(root)))
    for entry in root.entries():
        found += (reader._replace(app_version="") if entry.key in dependencies else reader).walk(entry)
    return tuple(found)


class _Mapping:
    """A mapping whose entries, merged ones included, are looked up often."""

    __slots__ = ("entries", "field")

    def __init__(self, field: Field) -> None:
        self.field = field
        self.entries = {entry.key: entry for entry in field.entries()}

    def __getitem__(self, key: str) -> Field:
        return self.entries.get(key) or Field(self.field, key, None)

    def first(self, *keys: str) -> Field:
        """The first of several keys that is written; else the first of all, missing."""
        return next((self.entries[key] for key in keys if key in self.entries), self[keys[0]])

    def has(self, keys: tuple[str, ...]) -> bool:
        return not self.entries.keys().isdisjoint(keys)


class _Reader(NamedTuple):
    """Reads the images of one tree. `seen` are the identities of nodes that were read, and of the parts of images."""

    root: Field
    app_version: str
    role: NamedRole
    seen: set[int | tuple[int, ...]]

    def walk(self, field: Field) -> Iterator[NamedImage]:
        """The images at a field and below it; of what an alias repeats, only what another key makes of it."""
        is_repeated = self._is_repeated(id(field.node))
        if field.is_mapping:
            mapping = _Mapping(field)
            yield from self._whole(mapping, self._parts(mapping)) if is_repeated else self.own(mapping)
            for entry in () if is_repeated else mapping.entries.values():
                yield from self.walk(entry)
        elif not is_repeated:
            for item in field.items():
                yield from self.walk(item)
        if field.key == "images":
            yield from self._listed(field)

    def own(self, mapping: _Mapping) -> Iterator[NamedImage]:
        """The images that the entries of one mapping name together."""
        parts = self._parts(mapping)
        yield from self._whole(mapping, parts)
        for entry in mapping.entries.values():
            if parts is None or not _is_part(parts, entry):
                yield from self._text(mapping, entry)

    def _is_repeated(self, identity: int | tuple[int, ...]) -> bool:
        if identity in self.seen:
            return True
        self.seen.add(identity)
        return False

    def _whole(self, mapping: _Mapping, parts: HelmParts | None) -> Iterator[NamedImage]:
        """The image that a mapping of parts names."""
        if parts is not None and not self._is_repeated(_identity(parts)):
            named = self._joined(parts)
            yield named._replace(reference=PREFIX) if mapping.field.key == "images" else named

    def _parts(self, mapping: _Mapping) -> HelmParts | None:
        key = str(mapping.field.key)
        repository, tag, digest = mapping["repository"], mapping.first("tag", "imageTag", "version"), _digest(mapping)
        if repository.string:
            if mapping["image"].string and _is_name(mapping["image"]):
                return HelmParts(repository, mapping["image"], tag, digest)
            likely = key == "images" or says_image(key) or (mapping.has(_EVIDENCE) and not mapping.has(_GIT_KEYS))
            is_image = likely and _is_name(repository)
            return HelmParts(self._registry(mapping), repository, tag, digest) if is_image else None
        if repository.exists or not says_image(key) or not mapping.has(_EVIDENCE):
            return None
        name = next((mapping[other] for other in _OTHER_NAMES if mapping[other].string), repository)
        if name.written and _is_name(name):
            return HelmParts(self._registry(mapping), name, tag, digest)
        if "/" in word(mapping["registry"]):
            return HelmParts(repository, mapping["registry"], tag, digest)
        is_set = word(tag) or word(digest)
        return HelmParts(mapping["registry"], repository, tag, digest) if is_set else None

    def _registry(self, mapping: _Mapping) -> Field:
        """A written one gives way to `global.imageRegistry`, an empty one to `global.image.registry`."""
        own = mapping.first("registry", "imageRegistry")
        overall, default = self.root["global"]["imageRegistry"], self.root["global"]["image"]["registry"]
        if overall.string and own.written:
            return overall
        return own if own.string or not default.string else default

    def _text(self, mapping: _Mapping, entry: Field) -> Iterator[NamedImage]:
        """The image that one text names, with what stands beside it."""
        key = str(entry.key)
        if not entry.string or not (says_image(key) or _NAME_KEY.fullmatch(key)):
            return
        parts = self._beside(mapping, entry)
        if self._is_repeated(_identity(parts)) or not _is_name(entry):
            return
        complete = _complete(entry.text)
        if parts.registry.written and word(parts.registry) if complete else _has_more(parts):
            yield self._joined(parts)
        elif says_image(key) or isinstance(complete, ImageReference):
            yield from self._alone(entry)

    def _alone(self, entry: Field) -> Iterator[NamedImage]:
        text = entry.text
        found = parse(text)
        is_bare = "/" not in text and ":" not in text and not _TEMPLATE.search(text)
        if not is_bare or (entry.key == "image" and isinstance(found, ImageReference)):
            yield NamedImage(self.role, text, found, entry, WholeText(entry), self._label(entry))

    def _beside(self, mapping: _Mapping, entry: Field) -> HelmParts:
        """A text with the tag, digest and registry that stand beside it, whether they do or not."""
        key, text = str(entry.key), entry.text
        stem = _NAME_END.sub("", key)
        tag, digest = mapping.first(*_beside_keys(stem, "tag")), mapping.first(*_beside_keys(stem, "digest"))
        registry = mapping.first(*_beside_keys(stem, "registry"))
        if key == "image" and "/" not in text and ":" not in text and not registry.written:
            overall = self.root["global"]
            registry = mapping["hub"] if word(mapping["hub"]) else overall["hub"]
            tag = tag if word(tag) or not word(registry) else overall["tag"]
        return HelmParts(registry, entry, tag, digest)

    def _listed(self, images: Field) -> Iterator[NamedImage]:
        """Complete references in a mapping or list `images`, or in the `tags` below it."""
        for holder in (images, images["tags"]):
            for entry in (*holder.entries(), *holder.items()):
                text = entry.string
                is_taken = says_image(str(entry.key)) or not text
                if text and not is_taken and _is_name(entry) and isinstance(_complete(text), ImageReference):
                    yield NamedImage(self.role, text, parse(text), entry, WholeText(entry), self._label(entry))

    def _joined(self, parts: HelmParts) -> NamedImage:
        text, reference = joined(parts, self.app_version)
        at = next((field for field in (parts.digest, parts.tag) if word(field)), parts.repository)
        if not parts.repository.exists:
            reference = NO_REPOSITORY
        return NamedImage(self.role, text, reference, at, parts, self._label(parts.repository))

    def _label(self, field: Field) -> str:
        """What tells the image apart: the keypath below the root of the values."""
        path = field.keypath[len(self.root.keypath) :]
        return format_keypath(path[:-1] if path[-1] in {"repository", "name", "image"} and path[1:] else path)


def joined(parts: HelmParts | HelmParameters, app_version: str = "") -> tuple[str, ImageReference | InvalidReference]:
    """The reference that charts put together, and that parsed.

    A tag that Helm prints otherwise than it is written gives no reference: what is written and what runs differ.
    """
    registry, repository = word(parts.registry).rstrip("/"), word(parts.repository)
    name = f"{registry}/{repository}" if registry and repository else repository
    tag, digest = helm_tag.printed(parts.tag), digest_text(parts.digest)
    has_tag = _complete(repository) is not None
    tag = "" if has_tag and not word(parts.tag) else tag or app_version
    text = name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    wrong = helm_tag.changed(parts.tag)
    if wrong:
        return text, InvalidReference(wrong)
    found = parse(text)
    is_complete = tag or digest or has_tag or not isinstance(found, ImageReference)
    return text, found if is_complete else NO_TAG


def digest_text(field: Field) -> str:
    """A digest as it stands in a reference; the key `sha` leaves out `sha256:`."""
    text = word(field)
    return f"sha256:{text}" if _HEX_DIGEST.fullmatch(text) else text


def word(field: Field) -> str:
    """The text of a scalar; empty for null."""
    return field.text if field.exists else ""


def _complete(text: str) -> ImageReference | InvalidReference | None:
    """The reference, if the text holds a tag or digest already."""
    found = parse(text)
    if isinstance(found, ImageReference):
        return found if found.tag or found.digest else None
    return found if ":" in text.rpartition("/")[2] or "@" in text else None


def says_image(key: str) -> bool:
    """Whether a key ends in the word image, which is written as `image`, `sidecarImage` or `side-car.image`."""
    return _IMAGE_KEY.fullmatch(key) is not None


def _is_name(field: Field) -> bool:
    """Whether a text may be an image's name: no address, path, file of another kind or sentence."""
    text = field.text
    return bool(_TEMPLATE.search(text)) or not _NO_IMAGE.search(text)


def _digest(mapping: _Mapping) -> Field:
    if mapping["useDigest"].is_false:
        return Field(mapping.field, "digest", None)
    return mapping.first("digest", "sha")


def _beside_keys(stem: str, what: str) -> tuple[str, ...]:
    """The keys `imageTag`, `image_tag` and `image-tag` beside `image`, where that is all also `tag`."""
    keys = (stem + what.capitalize(), f"{stem}_{what}", f"{stem}-{what}")
    if stem != "image":
        return keys
    return (*keys, what, "version") if what == "tag" else (*keys, what)


def _is_part(parts: HelmParts, entry: Field) -> bool:
    return any(field.key == entry.key and field.written is entry.written for field in parts)


def _has_more(parts: HelmParts) -> bool:
    return any(field.written for field in (parts.registry, parts.tag, parts.digest))


def _identity(parts: HelmParts) -> tuple[int, ...]:
    """The nodes that an image is made of: the same ones make the same image, wherever an alias repeats them."""
    return tuple(id(field.node) for field in parts)
