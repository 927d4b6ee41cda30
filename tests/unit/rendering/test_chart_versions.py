"""Ranges of Helm, by the examples of Masterminds/semver's README."""

import pytest

from gitops_guard.rendering.chart_files import allows


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("1.2.3", "1.2.3"), ("v1.2.3", "1.2.3"), ("1.2.x", "1.2.9"), ("1.x", "1.9.0"), ("*", "3.1.0"), ("1", "1.4.2"),
        (">=1.2.0", "2.0.0"), (">= 1.2, < 3.0.0", "2.9.9"), (">1.2 <2", "1.3.0"), ("~1.2.3", "1.2.9"), ("~1", "1.9.0"),
        ("^1.2.3", "1.9.0"), ("^0.2.3", "0.2.9"), ("^0.0.3", "0.0.3"), ("1.x || 3.x", "3.4.5"),
        ("1.2.3-beta.1", "1.2.3-beta.1"),
        ("!=1.2.3", "1.2.4"), ("<=1.2", "1.2.7"),
    ],
)  # fmt: skip
def test_a_version_in_its_range(wanted: str, version: str) -> None:
    assert allows(wanted, version)


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("1.2.3", "1.2.4"), ("1.2.x", "1.3.0"), (">=1.2.0", "1.1.9"), (">1.2", "1.2.5"), ("~1.2.3", "1.3.0"),
        ("~1", "2.0.0"),
        ("^1.2.3", "2.0.0"), ("^0.2.3", "0.3.0"), ("^0.0.3", "0.0.4"), ("1.x", "1.2.0-rc1"), ("latest", "1.0.0"),
        ("!=1.2.3", "1.2.3"), ("1.2 && 3", "1.2.0"), ("*", "no version"),
    ],
)  # fmt: skip
def test_a_version_out_of_its_range(wanted: str, version: str) -> None:
    assert not allows(wanted, version)
