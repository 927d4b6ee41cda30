"""Whatever tree an image stands in: it is found as it is put together, and an edit names exactly the new image."""

import json
from typing import NamedTuple

import hypothesis.strategies as st
from hypothesis import given, settings

from gitops_guard.editing.yaml import Edited, apply
from gitops_guard.images.image_edit import Change, with_digest, with_reference, with_tag
from gitops_guard.model.helm_values import NO_REPOSITORY, NO_TAG, PREFIX, images_of
from gitops_guard.model.image_parts import HelmParts
from gitops_guard.model.named_image import NamedImage
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.image_reference import ImageReference, parse
from gitops_guard.syntax.nodes import Data
from gitops_guard.syntax.yaml import parse as parse_yaml

APP_VERSION = "9.8.7"
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda digits: f"sha256:{digits}")
TAGS = st.sampled_from(("1.27", "v2.0.1", "1.10", "20240101", "012", "on", "latest", "bookworm-slim", "0x1f", "1e3"))
REGISTRIES = st.sampled_from(("docker.io", "ghcr.io", "quay.io", "r.example.com:5000"))
REPOSITORIES = st.sampled_from(("nginx", "team/web", "library/redis", "a/b/c", "team/web-api_x"))
NOISE: tuple[Data, ...] = (
    "x", 1, 1.5, True, None, {}, [], {"enabled": True}, ["a", {"b": 1}], {"pullPolicy": "Always"},
    {"service": {"type": "ClusterIP", "port": 80}}, [{"name": "LOG", "value": "debug"}],
)  # fmt: skip
NOISE_KEYS = ("replicas", "service", "env", "resources", "pullSecrets", "labels", "x.y/z")
IMAGE_KEYS = ("image", "webImage", "controller", "proxy", "init_image")


KNOWN_KEYS = (
    "image", "images", "repository", "tag", "name", "registry", "hub", "global", "sha", "version", "tags", "imageTag",
)  # fmt: skip


class Parts(NamedTuple):
    """An image as the test's own code puts it together; None for keys that are not written."""

    registry: str | None
    repository: str
    tag: str | None
    digest: str | None

    @property
    def mapping(self) -> dict[str, Data]:
        written = {key: value for key, value in self._asdict().items() if value is not None}
        return {**written, "pullPolicy": "IfNotPresent"}

    @property
    def joined(self) -> str:
        out = self.repository
        if self.registry:
            out = self.registry + "/" + out
        out += ":" + (self.tag or APP_VERSION)
        return out + ("@" + self.digest if self.digest else "")


def either(values: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.just(""), values)


PARTS = st.builds(Parts, either(REGISTRIES), REPOSITORIES, either(TAGS), either(DIGESTS))


@st.composite
def trees(draw: st.DrawFn) -> tuple[Parts, Data]:
    """An image somewhere in values that name no other."""
    parts = draw(PARTS)
    tree: Data = parts.mapping
    key = draw(st.sampled_from(IMAGE_KEYS))
    for _ in range(draw(st.integers(1, 4))):
        around: dict[str, Data] = dict(draw(st.lists(st.tuples(st.sampled_from(NOISE_KEYS), st.sampled_from(NOISE)))))
        around[key] = tree
        tree = around
        key = draw(st.sampled_from(("web", "api", "global", "component")))
        if draw(st.integers(0, 4)) == 0:
            tree = {key: [tree]}
    return parts, tree


@st.composite
def texts(draw: st.DrawFn) -> tuple[Parts, str]:
    parts, tree = draw(trees())
    return parts, draw(st.sampled_from((block, json.dumps, lambda value: json.dumps(value, indent=2))))(tree)


def block(value: Data, indent: int = 0) -> str:
    """Block style, by the test's own hand: strings in quotes, everything else as JSON."""
    pad = " " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{pad}{json.dumps(key)}:{_behind(inner, indent)}" for key, inner in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{pad}-{_behind(inner, indent)}" for inner in value)
    return f"{pad}{json.dumps(value)}\n"


def _behind(value: Data, indent: int) -> str:
    if isinstance(value, dict | list) and value:
        return "\n" + block(value, indent + 2)
    return f" {json.dumps(value)}\n"


def found(text: str) -> tuple[NamedImage, ...]:
    (document,) = parse_yaml(text).documents
    return images_of(Field(None, "", document.root), APP_VERSION)


def applied(text: str, change: Change) -> NamedImage:
    assert not isinstance(change, str), change
    edited = apply(text, 0, change)
    assert isinstance(edited, Edited), edited
    (named,) = found(edited.text)
    return named


@settings(max_examples=120, deadline=None)
@given(texts())
def test_the_found_text_is_what_the_parts_join_to(case: tuple[Parts, str]) -> None:
    parts, text = case
    (named,) = found(text)
    assert named.text == parts.joined
    assert named.reference == parse(parts.joined)
    assert isinstance(named.parts, HelmParts)


@settings(max_examples=60, deadline=None)
@given(texts(), DIGESTS)
def test_a_digest_is_all_that_pinning_changes(case: tuple[Parts, str], digest: str) -> None:
    (named,) = found(case[1])
    assert isinstance(named.reference, ImageReference)
    pinned = applied(case[1], with_digest(named, digest))
    assert pinned.reference == named.reference._replace(digest=digest)
    assert with_digest(pinned, digest) == ()


@settings(max_examples=60, deadline=None)
@given(texts(), TAGS, st.one_of(st.none(), DIGESTS))
def test_another_tag_is_named_exactly(case: tuple[Parts, str], tag: str, digest: str | None) -> None:
    (named,) = found(case[1])
    assert isinstance(named.reference, ImageReference)
    assert applied(case[1], with_tag(named, tag, digest)).reference == named.reference._replace(tag=tag, digest=digest)


@settings(max_examples=60, deadline=None)
@given(texts(), REGISTRIES, REPOSITORIES, TAGS, st.one_of(st.none(), DIGESTS))
def test_another_image_is_named_exactly(
    case: tuple[Parts, str], registry: str, repository: str, tag: str, digest: str | None
) -> None:
    new = parse(f"{registry}/{repository}:{tag}" + (f"@{digest}" if digest else ""))
    assert isinstance(new, ImageReference)
    (named,) = found(case[1])
    assert applied(case[1], with_reference(named, new)).reference == new


@settings(max_examples=120, deadline=None)
@given(
    st.recursive(
        st.sampled_from(NOISE) | st.text("ab/:@.{$ 1", max_size=8),
        lambda inner: st.dictionaries(st.sampled_from(KNOWN_KEYS), inner, max_size=4) | st.lists(inner, max_size=3),
        max_leaves=12,
    )
)
def test_no_tree_of_values_breaks_the_search(tree: Data) -> None:
    for named in found(json.dumps(tree)):
        assert named.at.written is not None
        assert named.reference in {parse(named.text), NO_TAG, NO_REPOSITORY, PREFIX} or "quotes" in str(named.reference)
