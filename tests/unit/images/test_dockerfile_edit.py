"""What is written so that a Dockerfile names another image."""

import pytest

from gitops_guard.editing.intent import EditText
from gitops_guard.images.dockerfile_edit import Change, with_digest, with_reference, with_tag
from gitops_guard.syntax.dockerfile import Dockerfile, parse
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.syntax.image_reference import parse as parse_reference
from gitops_guard.text import apply_edits

DIGEST = "sha256:" + "0123456789abcdef" * 4
OLD = "sha256:" + "f" * 64


def applied(dockerfile: Dockerfile, change: Change) -> str:
    assert not isinstance(change, str), change
    return apply_edits(dockerfile.text, [edit for one in change if isinstance(one, EditText) for edit in one.edits])


@pytest.mark.parametrize(
    ("before", "use", "after"),
    [
        ("FROM python:3.12\n", 0, f"FROM python:3.12@{DIGEST}\n"),
        ("FROM --platform=linux/amd64 python AS a\n", 0, f"FROM --platform=linux/amd64 python@{DIGEST} AS a\n"),
        (f"FROM docker.io/python:3.12@{OLD}\n", 0, f"FROM docker.io/python:3.12@{DIGEST}\n"),
        ('ARG BASE="python:3.12"\nFROM ${BASE}\n', 0, f'ARG BASE="python:3.12@{DIGEST}"\nFROM ${{BASE}}\n'),
        ("FROM scratch\nCOPY --from=busybox:1 /a /a\n", 1, f"FROM scratch\nCOPY --from=busybox:1@{DIGEST} /a /a\n"),
        ("# syntax=docker/dockerfile:1\nFROM a\n", 0, f"# syntax=docker/dockerfile:1@{DIGEST}\nFROM a\n"),
        (
            "FROM a\nRUN --mount=type=bind,from=b:1,target=/b true\n", 1,
            f"FROM a\nRUN --mount=type=bind,from=b:1@{DIGEST},target=/b true\n",
        ),
    ],
)  # fmt: skip
def test_a_digest_is_written_behind_the_name(before: str, use: int, after: str) -> None:
    dockerfile = parse(before)
    assert applied(dockerfile, with_digest(dockerfile.image_uses()[use], DIGEST, dockerfile.image_uses())) == after
    again = parse(after).image_uses()[use]
    assert isinstance(again.target, ImageReference)
    assert again.target.digest == DIGEST
    assert with_digest(again, DIGEST) == ()


def test_another_tag_takes_its_own_digest() -> None:
    dockerfile = parse(f"FROM docker.io/python:3.12@{OLD}\n")
    use = dockerfile.image_uses()[0]
    assert applied(dockerfile, with_tag(use, "3.13")) == "FROM docker.io/python:3.13\n"
    assert applied(dockerfile, with_tag(use, "3.13", DIGEST)) == f"FROM docker.io/python:3.13@{DIGEST}\n"


def test_another_image_is_written_in_the_familiar_form() -> None:
    dockerfile = parse("FROM quay.io/a/b:1\n")
    new = parse_reference("docker.io/library/python:3.12")
    assert isinstance(new, ImageReference)
    assert applied(dockerfile, with_reference(dockerfile.image_uses()[0], new)) == "FROM python:3.12\n"


@pytest.mark.parametrize(
    ("text", "use", "why"),
    [
        (
            "ARG V=3.12\nFROM python:${V}-slim\n", 0,
            "the name is put together with $V: a change here would be wrong when its value changes",
        ),
        ("ARG V\nFROM python:$V\n", 0, "unresolved variable $V: its ARG has no default"),
        ("FROM a AS b\nFROM b\n", 1, "it names no image but a stage of the build"),
        ("FROM scratch\n", 0, "it names no image but a stage of the build"),
        ("FROM pyth\\\non:3\n", 0, "the name is not written in one piece"),
        (
            "ARG BASE=python:3.12\nFROM $BASE\nFROM ${BASE}-slim\n", 0,
            "another name is put together with the default of BASE",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_exactly_is_refused_with_the_reason(text: str, use: int, why: str) -> None:
    uses = parse(text).image_uses()
    assert with_digest(uses[use], DIGEST, uses) == why
    assert isinstance(with_tag(uses[use], "1", None, uses), str)


def test_an_argument_that_several_names_consist_of_is_changed_for_all() -> None:
    dockerfile = parse("ARG BASE=a:1\nFROM $BASE AS x\nFROM ${BASE}\n")
    first, second = dockerfile.image_uses()
    assert with_digest(first, DIGEST, (first, second)) == with_digest(second, DIGEST, (first, second))
    assert applied(dockerfile, with_digest(first, DIGEST, (first, second))).startswith(f"ARG BASE=a:1@{DIGEST}\n")
