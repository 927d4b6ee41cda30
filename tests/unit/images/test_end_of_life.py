"""Lines that ended, by tags of official images."""

from datetime import date

import pytest

from gitops_guard.images.end_of_life import ended
from gitops_guard.syntax.image_reference import ImageReference, parse

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("python:3.9", "python 3.9"),
        ("python:3.9.1-slim-bookworm", "python 3.9"),
        ("python:3.10-slim", "python 3.10"),
        ("python:3.13-slim-buster", "debian 10 (buster)"),
        ("node:18", "node 18"),
        ("node:18.20.4-alpine", "node 18"),
        ("node:22-alpine3.18", "alpine 3.18"),
        ("ubuntu:20.04", "ubuntu 20.04"),
        ("ubuntu:focal", "ubuntu 20.04 (focal)"),
        ("alpine:3.20", "alpine 3.20"),
        ("golang:1.20", "golang 1.20"),
        ("debian:bullseye-slim", "debian 11 (bullseye)"),
        ("postgres:13.4", "postgres 13"),
    ],
)
def test_ended(text: str, line: str) -> None:
    found = ended(reference(text), TODAY)
    assert found is not None
    assert found.line == line
    assert found.last_day < TODAY


@pytest.mark.parametrize(
    "text",
    [
        "python:3.13", "python:3.1", "python:3", "python", "node:22", "ubuntu:24.04", "debian:12", "alpine:3.22",
        "alpine:3.200", "nginx:1.9", "bitnami/python:3.9", "quay.io/library/python:3.9",
        "python@sha256:" + "a" * 64, "golang:1.25",
    ],
)  # fmt: skip
def test_not_known_to_have_ended(text: str) -> None:
    assert ended(reference(text), TODAY) is None


def test_the_last_day_itself_is_maintained() -> None:
    assert ended(reference("python:3.10"), date(2026, 10, 31)) is None


def reference(text: str) -> ImageReference:
    found = parse(text)
    assert isinstance(found, ImageReference)
    return found
