"""The images that a chart's values name.

Charts are free in how they name an image; these are the forms in use, found anywhere in the tree:

- a mapping of `repository` and some of `registry`, `tag` and `digest` (or `sha`), under any key; under a key that says
  image, `repo`, `name` or `image` in the place of `repository`;
- one text: `image: nginx:1.27`, `sidecarImage: ghcr.io/team/proxy:2`, and such texts in a mapping or list `images`;
- a text without its tag beside `tag`, `imageTag`, `imageRegistry` or Istio's `hub`.

A tag that is not written is the chart's `appVersion`, which is what `helm create` writes into a chart's templates.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.model import helm_tag
from gitops_guard.model.named_image import HelmParameters, HelmParts, NamedImage, NamedRole, WholeText
from gitops_guard.syntax.field import Field, format_keypath
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference, parse

NO_TAG = InvalidReference("the tag comes from the chart", unresolved=True)
"""Neither the values nor an `appVersion` at hand give a tag."""

NO_REPOSITORY = InvalidReference("the repository comes from the chart or from other values", unresolved=True)
"""A tag or digest alone, for an image that is named elsewhere."""

PREFIX = InvalidReference("the chart's templates complete the repository", unresolved=True)
"""A mapping `images` whose `repository` is the beginning of several."""

_VALUES_NAME = re.compile(r"(?:.*[._-])?values(?:[._-].*)?\.ya?ml", re.IGNORECASE)
_IMAGE_KEY = re.compile(r"(?:.*[^a-zA-Z])?[iI]mage|.*[a-z0-9]Image|.*IMAGE")
_NAME_KEY = re.compile(r"(?:.*[^a-zA-Z])?image[_-]?(?:[nN]ame|[rR]epository)|.*[a-z0-9_.-]Image(?:Name|Repository)")
_NO_IMAGE = re.compile(r"://|^(?:[./~@]|git@|alias:)|\s|\.(?:git|png|jpe?g|svg|gif|ico|webp|qcow2|raw|iso|img|vmdk)$")
_TEMPLATE = re.compile(r"\{\{|\$\{")
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_PREFIXED = re.compile(r"""(?:printf?\s+"v(?:%s)?"\s+|:v\{\{-?\s*)\$?\.(?:\w+\.)?Chart\.AppVersion""")
_GIT_KEYS = ("branch", "ref", "revision", "url", "chart")
_OTHER_NAMES = ("repo", "image", "name")
_REGISTRIES = ("registry", "imageRegistry")
_EVIDENCE = ("registry", "tag", "digest", "sha", "pullPolicy", "imagePullPolicy", "imageTag")


class Chart(NamedTuple):
    """What a `Chart.yaml` says of its values.

    `app_version` is the tag of images without one; `dependencies` are the keys under which the values are those of
    other charts.
    """

    app_version: str = ""
    dependencies: frozenset[str] = frozenset()


def chart_of(root: Field) -> Chart:
    """Reads a `Chart.yaml`, or the `requirements.yaml` of an old chart for its dependencies alone."""
    names = (item["alias"].text or item["name"].text for item in root["dependencies"].items())
    return Chart(helm_tag.app_version(root["appVersion"]), frozenset(name for name in names if name))


def default_tag(app_version: str, templates: Iterable[str]) -> str:
    """The tag that a chart's templates make of its `appVersion`: a good tenth of all charts put a `v` before it.

    Args:
        app_version: as `chart_of` gives it.
        templates: the texts of the chart's templates, or of those that are at hand.
    """
    if app_version and any(_PREFIXED.search(text) for text in templates):
        return f"v{app_version}"
    return app_version


def is_values_name(path: str) -> bool:
    """Whether a path is one that values are kept at: `values-prod.yaml`, `prod.values.yml`, `values/prod.yaml`."""
    folder, _, name = path.rpartition("/")
    if _VALUES_NAME.fullmatch(name):
        return True
    return folder.rpartition("/")[2] == "values" and name.endswith((".yaml", ".yml"))


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
    reader = _Reader(root, app_version, role)
    found: list[NamedImage] = []
    for entry in (root, *root.entries()):
        own = reader if entry.key not in dependencies or entry is root else reader._replace(app_version="")
        if entry is root:
            found += own.own(root)
        else:
            found += own.walk(entry)
    return tuple(found)


class _Reader(NamedTuple):
    """Reads the images of one tree."""

    root: Field
    app_version: str
    role: NamedRole

    def walk(self, field: Field) -> Iterator[NamedImage]:
        """The images at a field and below it."""
        if field.is_mapping:
            yield from self.own(field)
            for entry in field.entries():
                yield from self.walk(entry)
        else:
            for item in field.items():
                yield from self.walk(item)
        if field.key == "images":
            yield from self._listed(field)

    def own(self, mapping: Field) -> Iterator[NamedImage]:
        """The images that the entries of one mapping name together."""
        whole = self._mapping(mapping)
        if whole is not None:
            yield whole
        for entry in mapping.entries():
            if whole is None or not _is_part(whole, entry):
                named = self._text(mapping, entry)
                if named is not None:
                    yield named

    def _mapping(self, mapping: Field) -> NamedImage | None:
        key = str(mapping.key)
        is_image = says_image(key)
        repository = mapping["repository"]
        if repository.string and mapping["image"].string and _is_name(mapping["image"]):
            return self._joined(HelmParts(repository, mapping["image"], _tag(mapping), _digest(mapping)))
        if is_image and not repository.string and _has(mapping, _EVIDENCE):
            repository = next((mapping[name] for name in _OTHER_NAMES if mapping[name].string), repository)
            if not repository.written and "/" in word(mapping["registry"]):
                parts = HelmParts(mapping["repository"], mapping["registry"], _tag(mapping), _digest(mapping))
                return self._joined(parts)
        if not repository.string:
            return self._elsewhere(mapping) if is_image and not repository.exists else None
        if not _is_name(repository) or (key != "images" and not is_image and not _is_likely(mapping)):
            return None
        named = self._joined(HelmParts(self._registry(mapping), repository, _tag(mapping), _digest(mapping)))
        return named._replace(reference=PREFIX) if key == "images" else named

    def _elsewhere(self, mapping: Field) -> NamedImage | None:
        """A mapping that only sets the tag of an image that other values name."""
        parts = HelmParts(mapping["registry"], mapping["repository"], _tag(mapping), _digest(mapping))
        if word(parts.tag) or word(parts.digest):
            return self._joined(parts)
        return None

    def _registry(self, mapping: Field) -> Field:
        """A written one gives way to `global.imageRegistry`, an empty one to `global.image.registry`."""
        own = next((mapping[key] for key in _REGISTRIES if mapping[key].written), mapping["registry"])
        overall, default = self.root["global"]["imageRegistry"], self.root["global"]["image"]["registry"]
        if overall.string and own.written:
            return overall
        return own if own.string or not default.string else default

    def _text(self, mapping: Field, entry: Field) -> NamedImage | None:
        key, text = str(entry.key), entry.string
        if not text or not (_IMAGE_KEY.fullmatch(key) or _NAME_KEY.fullmatch(key)) or not _is_name(entry):
            return None
        parts = self._beside(mapping, entry)
        if parts is not None:
            return self._joined(parts)
        if _NAME_KEY.fullmatch(key) and not isinstance(_complete(text), ImageReference):
            return None
        found = parse(text)
        is_bare = "/" not in text and ":" not in text and not _TEMPLATE.search(text)
        if is_bare and (key != "image" or not isinstance(found, ImageReference)):
            return None
        return NamedImage(self.role, text, found, entry, WholeText(entry), self._label(entry))

    def _beside(self, mapping: Field, entry: Field) -> HelmParts | None:
        """The parts of an image whose tag or registry stands beside its name."""
        key, text = str(entry.key), entry.text
        stem = re.sub(r"[_-]?([nN]ame|[rR]epository)$", "", key)
        tag, digest = _first(mapping, stem, "Tag"), _first(mapping, stem, "Digest")
        registry = _first(mapping, stem, "Registry")
        hub = "" if "/" in text or ":" in text or key != "image" else "hub"
        if hub and not registry.written:
            overall = self.root["global"]
            registry = mapping[hub] if word(mapping[hub]) else overall[hub]
            tag = tag if word(tag) or not word(registry) else overall["tag"]
        if _complete(text) is not None and not word(registry):
            return None
        if not any(field.written for field in (tag, digest, registry)):
            return None
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
    name = f"{registry}/{repository}" if registry else repository
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


def _is_likely(mapping: Field) -> bool:
    return _has(mapping, _EVIDENCE) and not _has(mapping, _GIT_KEYS)


def _has(mapping: Field, keys: tuple[str, ...]) -> bool:
    return any(mapping[key].written is not None for key in keys)


def _tag(mapping: Field) -> Field:
    found = (mapping[key] for key in ("tag", "imageTag", "version"))
    return next((field for field in found if field.written), mapping["tag"])


def _digest(mapping: Field) -> Field:
    if mapping["useDigest"].is_false:
        return Field(mapping, "digest", None)
    return mapping["sha"] if mapping["sha"].written and not mapping["digest"].written else mapping["digest"]


def _first(mapping: Field, stem: str, what: str) -> Field:
    """The field `imageTag` beside `image`, or `tag` where the key is `image` alone; else that missing."""
    joined_keys = [stem + what, f"{stem}_{what.lower()}", f"{stem}-{what.lower()}"]
    short = (what.lower(), "version") if what == "Tag" else (what.lower(),)
    keys = [*joined_keys, *short] if stem == "image" else joined_keys
    return next((mapping[key] for key in keys if mapping[key].written), mapping[joined_keys[0]])


def _is_part(named: NamedImage, entry: Field) -> bool:
    return isinstance(named.parts, HelmParts) and any(
        field.key == entry.key and field.written is entry.written for field in named.parts
    )
