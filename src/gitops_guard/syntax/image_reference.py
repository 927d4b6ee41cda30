"""Image references, parsed by the grammar that registries and container runtimes share.

Source: the grammar and the familiar names of the distribution project's reference specification. Compared are parsed
references, never substrings: `evil.example/docker.io/library/nginx` is no Docker Hub image.
"""

import re
from typing import Literal, NamedTuple

DOCKER_HUB = "docker.io"
_OFFICIAL = "library/"
_NAME_LIMIT = 255
_TEXT_LIMIT = 1024

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]+\])(?::[0-9]+)?")
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_IDENTIFIER = re.compile(r"[0-9a-f]{64}")
_VARIABLE = re.compile(r"\$\{[^{}$]*\}?|\$\([^()$]*\)?|\$\w*|\{\{[^{}]*(?:\}\})?|\{%|<%|%%\w*(?:%%)?|@[A-Z_]+@")


class ImageReference(NamedTuple):
    """A reference in normal form: `nginx` has registry `docker.io` and repository `library/nginx`.

    `tag` and `digest` are None where they are not written; a missing tag is not replaced by `latest`.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def normalized(self) -> str:
        """The complete form, `docker.io/library/nginx:1.27`."""
        return self.name + self._suffix

    @property
    def familiar(self) -> str:
        """The shortest form that means the same, `nginx:1.27`."""
        if self.registry != DOCKER_HUB:
            return self.normalized
        short = self.repository.removeprefix(_OFFICIAL)
        official = "/" not in short and self.repository != short
        return (short if official else self.repository if "/" in self.repository else self.name) + self._suffix

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.normalized


class InvalidReference(NamedTuple):
    """A text that names no image, and why. `unresolved`: it may name one once its variables have values."""

    reason: str
    unresolved: bool = False


def parse(text: str) -> ImageReference | InvalidReference:
    """Parses what stands behind `image:`, `FROM` or `--from=`. Never raises.

    Upper case in a host is lowered, `index.docker.io` becomes `docker.io`; a repository with upper case is invalid.
    """
    variable = _VARIABLE.search(text)
    if variable:
        return InvalidReference(f"unresolved variable {variable[0]}", unresolved=True)
    rest, at, digest = text.partition("@")
    name, tag = _split_tag(rest)
    wrong = _wrong(text, name, tag, digest if at else None)
    return InvalidReference(wrong) if wrong else _named(name, tag, digest or None)


def _wrong(text: str, name: str, tag: str | None, digest: str | None) -> str | None:
    reasons = (
        (not text, "empty"),
        (len(text) > _TEXT_LIMIT, f"longer than {_TEXT_LIMIT} characters"),
        ("://" in text, "an image reference has no scheme such as https://"),
        (any(c.isspace() for c in text), "white space in it"),
        (digest is not None and not _DIGEST.fullmatch(digest), "the digest is not sha256: and 64 hexadecimal digits"),
        (tag is not None and not _TAG.fullmatch(tag), "the tag is not valid" if tag else "the tag is empty"),
        (bool(_IDENTIFIER.fullmatch(name)), "an image id, not a name"),
    )
    return next((reason for applies, reason in reasons if applies), None)


def _split_tag(text: str) -> tuple[str, str | None]:
    colon = text.rfind(":")
    return (text, None) if colon <= text.rfind("/") else (text[:colon], text[colon + 1 :])


def _named(name: str, tag: str | None, digest: str | None) -> ImageReference | InvalidReference:
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first.lower(), rest
    else:
        registry, repository = DOCKER_HUB, name
    if registry == "index.docker.io":
        registry = DOCKER_HUB
    if not _HOST.fullmatch(registry):
        return InvalidReference("the registry is no host name")
    if not _PATH.fullmatch(repository):
        if repository != repository.lower() and _PATH.fullmatch(repository.lower()):
            return InvalidReference("upper case in the repository")
        return InvalidReference("the repository is not valid" if repository else "the repository is empty")
    if registry == DOCKER_HUB and "/" not in repository:
        repository = _OFFICIAL + repository
    if len(registry) + 1 + len(repository) > _NAME_LIMIT:
        return InvalidReference(f"the name is longer than {_NAME_LIMIT} characters")
    return ImageReference(registry, repository, tag, digest)


TagKind = Literal["missing", "latest", "floating", "patch"]

_FULL_VERSION = re.compile(r"(?<![0-9.])[0-9]+(?:[._][0-9]+){2,}")
_DATE = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}[.-]?(?:0[1-9]|1[0-2])[.-]?(?:0[1-9]|[12][0-9]|3[01])(?![0-9])")
_HASH = re.compile(r"(?<![a-z0-9])(?:sha|git|g)?-?([0-9a-f]{7,64})(?![a-z0-9])")
_MOVING = re.compile(r"(?<![a-z])(?:latest|nightly|snapshot|edge|main|master|develop|canary|head|tip)(?![a-z])")
_HASH_LENGTH = 32


def tag_kind(tag: str | None) -> TagKind:
    """How a tag moves, judged by its name alone.

    - `missing`: no tag; `latest`: exactly that word.
    - `patch`: names one build. It holds a commit hash (7 to 64 hexadecimal digits, letters and digits mixed), a date
      (`20240131`, `2024-01-31`) or a version of three or more numbers (`1.27.4-alpine`).
    - `floating`: everything else. Versions of one or two numbers (`3`, `3.12-slim`), distribution names (`bookworm`),
      words (`stable`, `lts`), and a full version beside a moving word (`1.2.3-SNAPSHOT`, `nightly-1.2.3`).

    A name proves nothing: a registry lets most tags be moved, and only a digest pins. A two-number release that is
    never moved (`alpine:3.20` is; `foo:2.1` may not be) is called floating all the same.
    """
    if not tag:
        return "missing"
    lowered = tag.lower()
    if lowered == "latest":
        return "latest"
    if _DATE.search(lowered) or any(_is_hash(match[1]) for match in _HASH.finditer(lowered)):
        return "patch"
    if _MOVING.search(lowered) or not _FULL_VERSION.search(lowered):
        return "floating"
    return "patch"


def is_mutable_tag(tag: str | None) -> bool:
    """Whether the same tag is meant to name another image tomorrow."""
    return tag_kind(tag) != "patch"


def _is_hash(digits: str) -> bool:
    letters = not digits.isdecimal()
    return (letters and not digits.isalpha()) or (letters and len(digits) >= _HASH_LENGTH)
