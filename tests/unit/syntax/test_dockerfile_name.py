import pytest

from gitops_guard.syntax.dockerfile import is_dockerfile_name, skip_reason

DOCKERFILES = [
    "Dockerfile", "Containerfile", "dockerfile", "Dockerfile.debug", "Containerfile.prod", "Dockerfile-alpine",
    "Dockerfile_arm", "api.Dockerfile", "api.dockerfile", "x.Containerfile", "Dockerfile.3.12",
]  # fmt: skip
SKIPPED = [
    "Dockerfile.dockerignore", "Dockerfile.md", "Dockerfile-linux.template", "Dockerfile.tmpl", "Dockerfile.j2",
    "Dockerfiles", "DockerfileParser.java", "Dockerfile.in", "Dockerfile~",
    "dockerfile.tmpl", "Dockerfile_test.go", "Containerfile.bak",
]  # fmt: skip
OTHER = [
    "README.md",
    "docker-compose.yaml",
    "my-dockerfile-notes",
    ".dockerignore",
    "Makefile",
    "",
    "dockerfile_parser.py",
    "dockerfiles.go",
]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_dockerfiles(name: str) -> None:
    assert is_dockerfile_name(name)
    assert skip_reason(name) is None


@pytest.mark.parametrize("name", SKIPPED)
def test_what_begins_like_one_is_skipped_with_a_reason(name: str) -> None:
    assert not is_dockerfile_name(name)
    assert skip_reason(name)


@pytest.mark.parametrize("name", OTHER)
def test_other_files_are_nothing_to_speak_of(name: str) -> None:
    assert not is_dockerfile_name(name)
    assert skip_reason(name) is None
