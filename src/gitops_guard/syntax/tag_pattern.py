"""Tags as versions with a variant, and the patterns and ranges that match them.

`3.12.7-slim-bookworm` is version 3.12.7 of variant `slim-bookworm`. No standard governs tags; this is the convention of
the Docker Official Images and of semantic versioning, without its order of pre-releases: none of those is ever chosen.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

_VERSION = re.compile(r"(v?)([0-9]{1,18}(?:\.[0-9]{1,18}){0,7})(?:[-_+](.+))?")
_GLUED = re.compile(r"v?[0-9]+(?:\.[0-9]+)*(?:a|b|rc|alpha|beta|dev|pre|m)[0-9]*(?![a-z])")
_PRE_RELEASE = re.compile(
    r"(?:alpha|beta|rc|pre|preview|dev|snapshot|nightly|canary|ea|edge|unstable|testing|next|milestone)[0-9]*|[abm][0-9]+"
)
_SERIES = re.compile(r"(v?)((?:[0-9]{1,18}\.){1,7})\*(?:-(.+))?")
_COMPARISON = re.compile(r"(>=|<=|>|<|=)v?([0-9]{1,18}(?:\.[0-9]{1,18}){0,7})")
_PARTS = re.compile(r"[.\-_+]")


class TagVersion(NamedTuple):
    """A tag that begins with a version: `v` or nothing, its numbers, and what follows behind a hyphen."""

    prefix: str
    numbers: tuple[int, ...]
    variant: str = ""

    @property
    def is_pre_release(self) -> bool:
        """Whether the variant says that the version is not released yet."""
        return any(_PRE_RELEASE.fullmatch(part) for part in _PARTS.split(self.variant.lower()))


def tag_version(tag: str) -> TagVersion | None:
    """The version in a tag; None for other tags, and for versions like `3.13rc1`, which no release has."""
    found = _VERSION.fullmatch(tag)
    if found is None:
        return None
    return TagVersion(found[1], tuple(map(int, found[2].split("."))), found[3] or "")


def is_pre_release(tag: str) -> bool:
    """Whether a tag says that it is no release."""
    version = tag_version(tag)
    return bool(_GLUED.match(tag.lower())) if version is None else version.is_pre_release


def matches_tag(pattern: str, tag: str) -> bool:
    """Whether a pattern or range of the approved list matches a tag.

    - `3.12.*-slim`: a series: any version below 3.12 of exactly this variant; without variant, only tags without one,
      so no pre-release. The variant may hold `*`.
    - `>=3.12.4 <3.14 -slim-bookworm`: a range of versions, numbers compared one by one, of a variant as above.
    - everything else: `*` stands for any characters.
    """
    return _matcher(pattern)(tag)


def wrong_range(pattern: str) -> str:
    """What is wrong with a range; empty for a right one, and for what is none."""
    if not pattern.lstrip().startswith((">", "<", "=")):
        return ""
    words = pattern.replace(",", " ").split()
    variants = [word for word in words if word.startswith("-")]
    if len(variants) > 1:
        return "more than one variant"
    strange = [word for word in words if word not in variants and not _COMPARISON.fullmatch(word)]
    return f"{strange[0]!r} is no comparison with a version" if strange else ""


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[str], bool]:
    if pattern.lstrip().startswith((">", "<", "=")):
        return _range(pattern)
    series = _SERIES.fullmatch(pattern)
    if series is None:
        return lambda tag: glob(pattern, tag)
    prefix, variant = series[1], series[3] or ""
    start = tuple(map(int, series[2].rstrip(".").split(".")))

    def in_series(tag: str) -> bool:
        version = tag_version(tag)
        return (
            version is not None
            and version.prefix == prefix
            and len(version.numbers) > len(start)
            and version.numbers[: len(start)] == start
            and glob(variant, version.variant)
        )

    return in_series


def _range(pattern: str) -> Callable[[str], bool]:
    if wrong_range(pattern):
        return lambda _: False
    words = pattern.replace(",", " ").split()
    variant = next((word[1:] for word in words if word.startswith("-")), "")
    bounds = [(found[1], tuple(map(int, found[2].split(".")))) for found in map(_COMPARISON.fullmatch, words) if found]

    def in_range(tag: str) -> bool:
        version = tag_version(tag)
        if version is None or not glob(variant, version.variant):
            return False
        return all(_holds(version.numbers, sign, bound) for sign, bound in bounds)

    return in_range


def _holds(numbers: tuple[int, ...], sign: str, bound: tuple[int, ...]) -> bool:
    width = max(len(numbers), len(bound))
    left, right = (side + (0,) * (width - len(side)) for side in (numbers, bound))
    return (
        (sign == "=" and left == right)
        or (sign in {">", ">="} and left > right)
        or (sign in {"<", "<="} and left < right)
        or (sign in {">=", "<="} and left == right)
    )


def glob(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern in which `*` stands for any characters; linear in both."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    last = others.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in others:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
