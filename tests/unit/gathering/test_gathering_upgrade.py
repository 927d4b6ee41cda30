"""Which tags are newer ones of the same line."""

import pytest

from gitops_guard.gathering.upgrade import newer_tags

TAGS = (
    "latest", "1.27", "1.27.3", "1.27.4", "1.27.5", "1.27.10", "1.27.5-alpine", "1.27.6-rc1", "1.28.0", "v1.27.7",
    "1.27.11-alpine", "1.27.4.1", "2.0.0", "stable", "1.27.12-SNAPSHOT", "1.27.99999999999999999999",
)  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("1.27.4", ["1.27.5", "1.27.10"]),
        ("1.27.5-alpine", ["1.27.11-alpine"]),
        ("1.27", ["1.27.3", "1.27.4", "1.27.4.1", "1.27.5", "1.27.10"]),
        ("1", ["1.27.3", "1.27.4", "1.27.4.1", "1.27.5", "1.27.10", "1.28.0"]),
        ("v1.27.4", ["v1.27.7"]),
        ("2.0.0", []),
        ("latest", []),
        ("bookworm", []),
        ("1.27.10-debian-12-r3", []),
    ],
)
def test_newer_tags_of_a_line(tag: str, expected: list[str]) -> None:
    assert newer_tags(tag, TAGS) == expected
