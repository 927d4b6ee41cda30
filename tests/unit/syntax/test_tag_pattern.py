"""Tags as versions, and the patterns and ranges of the approved list."""

import pytest

from gitops_guard.syntax.tag_pattern import TagVersion, is_pre_release, matches_tag, tag_version, wrong_range


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("3.12.7-slim-bookworm", TagVersion("", (3, 12, 7), "slim-bookworm")),
        ("v1.2", TagVersion("v", (1, 2))),
        ("1.27", TagVersion("", (1, 27))),
        ("20240131", TagVersion("", (20240131,))),
        ("8.0.1+build5", TagVersion("", (8, 0, 1), "build5")),
        ("3.13rc1", None),
        ("latest", None),
        ("bookworm", None),
        ("1" * 40, None),
    ],
)
def test_versions(tag: str, version: TagVersion | None) -> None:
    assert tag_version(tag) == version


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("3.13.0-rc.1", True),
        ("3.13rc1", True),
        ("3.13.0a4-slim", True),
        ("1.0.0-beta", True),
        ("1.0.0-SNAPSHOT", True),
        ("1.27.4-alpine", False),
        ("3.12.7-slim-bookworm", False),
        ("21-ea-jdk", True),
        ("latest", False),
        ("1.2.3-r1", False),
    ],
)
def test_pre_releases(tag: str, *, expected: bool) -> None:
    assert is_pre_release(tag) is expected


@pytest.mark.parametrize(
    ("pattern", "tag", "matched"),
    [
        ("3.12.*-slim-bookworm", "3.12.7-slim-bookworm", True),
        ("3.12.*-slim-bookworm", "3.12-slim-bookworm", False),
        ("3.12.*-slim-bookworm", "3.12.7-slim", False),
        ("3.12.*-slim-bookworm", "3.12.7-slim-bookworm-evil", False),
        ("3.12.*", "3.12.7-rc1", False),
        ("3.12.*", "3.120.7", False),
        ("3.12.*-alpine*", "3.12.7-alpine3.20", True),
        ("3.*", "3.12.7", True),
        ("v1.*", "1.2.3", False),
        (">=3.12.4 <3.14 -slim", "3.13.0-slim", True),
        (">=3.12.4 <3.14 -slim", "3.12.3-slim", False),
        (">=3.12.4, <3.14", "3.12.10", True),
        (">=3.12.4, <3.14", "3.14", False),
        (">=3.12.4, <3.14", "3.14.0", False),
        (">=3.12.4", "3.13.0-rc1", False),
        ("=1.2", "1.2.0", True),
        (">1.2", "1.2.0", False),
        (">=x", "1.0", False),
        ("bookworm*", "bookworm-slim", True),
        ("latest", "latest", True),
        ("latest", "LATEST", False),
        ("*", "", True),
    ],
)
def test_patterns_and_ranges(pattern: str, tag: str, *, matched: bool) -> None:
    assert matches_tag(pattern, tag) is matched


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        (">=1.2 <2", ""),
        ("1.*", ""),
        (">=1.2 slim", "'slim' is no comparison with a version"),
        (">=1 -a -b", "more than one variant"),
        (">= 1.2", "'>=' is no comparison with a version"),
    ],
)
def test_wrong_ranges_are_said(pattern: str, wrong: str) -> None:
    assert wrong_range(pattern) == wrong
