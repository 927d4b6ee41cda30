"""The decision on images: what approves, what does not, and tricks that must not."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.images.approval import decide
from gitops_guard.images.repository_pattern import matches_repository
from gitops_guard.settings import ApprovedImage
from gitops_guard.syntax.image_reference import parse
from gitops_guard.syntax.tag_pattern import glob

TODAY = date(2026, 11, 24)
SHA = "sha256:" + "0123456789abcdef" * 4
NGINX = (ApprovedImage("docker.io/library/nginx"),)


def state(text: str, *approved: ApprovedImage) -> str:
    return decide(parse(text), approved, TODAY).state


@pytest.mark.parametrize(
    "text",
    [
        "nginx",
        "nginx:1.27",
        "library/nginx",
        "docker.io/nginx",
        "docker.io/library/nginx:1",
        "index.docker.io/library/nginx",
        "DOCKER.IO/library/nginx",
        f"nginx:9@{SHA}",
    ],
)
def test_approves_every_spelling_of_the_same_image(text: str) -> None:
    assert state(text, *NGINX) == "approved"


@pytest.mark.parametrize(
    "text",
    [
        "evil.io/docker.io/library/nginx",
        "docker.io.evil.io/library/nginx",
        "evil.io/library/nginx",
        "docker.io:443/library/nginx",
        "nginx.evil.io/nginx",
        "localhost/nginx",
        "docker.io/library/nginx/evil",
        "docker.io/evil/nginx",
        "nginx-evil",
        "docker.io/library/Nginx",
        "https://docker.io/library/nginx",
        "docker.io/library/nginx@sha256:1234",
        "",
    ],
)
def test_refuses_what_only_looks_alike(text: str) -> None:
    assert state(text, *NGINX) == "refused"


@pytest.mark.parametrize("text", ["docker.io/library/${NAME}", "$REGISTRY/nginx", "nginx:{{ .Values.tag }}"])
def test_does_not_decide_on_unresolved_variables(text: str) -> None:
    assert state(text, *NGINX, ApprovedImage("docker.io/**")) == "undecided"


@pytest.mark.parametrize(
    ("pattern", "name", "matched"),
    [
        ("nginx", "docker.io/library/nginx", True),
        ("team/*", "docker.io/team/api", True),
        ("ghcr.io/team/*", "ghcr.io/team/api", True),
        ("ghcr.io/team/*", "ghcr.io/team/a/b", False),
        ("ghcr.io/team/**", "ghcr.io/team/a/b", True),
        ("ghcr.io/team/**", "ghcr.io/team", False),
        ("ghcr.io/team/**", "ghcr.io/teams/a", False),
        ("ghcr.io/*/api", "ghcr.io/team/api", True),
        ("ghcr.io/te*m/api", "ghcr.io/team/api", True),
        ("*.example.com/a", "eu.example.com/a", True),
        ("*.example.com/a", "example.com.evil.io/a", False),
        ("registry.example.com:5000/a", "registry.example.com/a", False),
        ("Registry.Example.com/a", "registry.example.com/a", True),
    ],
)
def test_patterns(pattern: str, name: str, *, matched: bool) -> None:
    assert matches_repository(pattern, name) is matched


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python:3.12.7-slim", "approved"),
        (f"python:3.12.7-slim@{SHA}", "approved"),
        ("python:3.12-slim", "refused"),
        ("python:3.12.7", "refused"),
        ("python", "refused"),
        (f"python@{SHA}", "refused"),
        (f"python:2.7@{SHA}", "refused"),
    ],
)
def test_tags(text: str, expected: str) -> None:
    assert state(text, ApprovedImage("python", tags=("3.12.*-slim",))) == expected


def test_digest_required() -> None:
    entry = ApprovedImage("python", digest_required=True)
    assert state("python:3.12.7", entry) == "refused"
    assert state(f"python:3.12.7@{SHA}", entry) == "approved"


def test_expired_entry_approves_nothing_and_is_named() -> None:
    entry = ApprovedImage("nginx", expires=date(2026, 11, 23))
    verdict = decide(parse("nginx"), (entry,), TODAY)
    assert (verdict.state, verdict.nearest) == ("refused", entry)
    assert "2026-11-23" in verdict.why
    assert state("nginx", entry._replace(expires=TODAY)) == "approved"
    assert state("nginx", entry, *NGINX) == "approved"


def test_replacement() -> None:
    entry = ApprovedImage("ubuntu", replacement="registry.example.com/base/ubuntu:24.04")
    verdict = decide(parse("ubuntu:20.04"), (entry,), TODAY)
    assert (verdict.state, verdict.substitute) == ("refused", "registry.example.com/base/ubuntu:24.04")
    assert state("registry.example.com/base/ubuntu:24.04", entry) == "approved"
    assert state(f"registry.example.com/base/ubuntu:24.04@{SHA}", entry) == "approved"
    assert state("registry.example.com/base/ubuntu:22.04", entry) == "refused"
    assert state("registry.example.com/base/ubuntu:24.04", entry._replace(expires=date(2020, 1, 1))) == "refused"


def test_mirror_keeps_path_tag_and_digest() -> None:
    entry = ApprovedImage("docker.io/library/*", mirror="registry.example.com/hub")
    verdict = decide(parse(f"nginx:1.27@{SHA}"), (entry,), TODAY)
    assert (verdict.state, verdict.substitute) == ("refused", f"registry.example.com/hub/nginx:1.27@{SHA}")
    assert state("registry.example.com/hub/nginx:1", entry) == "approved"
    assert state("registry.example.com/hub/a/nginx:1", entry) == "refused"
    assert state("registry.example.com.evil.io/hub/nginx:1", entry) == "refused"


def test_refusal_names_the_entry_that_comes_closest() -> None:
    entry = ApprovedImage("registry.example.com/base/nginx")
    assert decide(parse("nginx"), (entry,), TODAY).nearest == entry


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_glob_agrees_with_the_obvious_definition(pattern: str, text: str) -> None:
    def slow(left: str, right: str) -> bool:
        if not left:
            return not right
        if left[0] == "*":
            return any(slow(left[1:], right[at:]) for at in range(len(right) + 1))
        return bool(right) and left[0] == right[0] and slow(left[1:], right[1:])

    assert glob(pattern, text) == slow(pattern, text)
