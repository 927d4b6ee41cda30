"""Lighter variants of official images, and how their tags follow from those of the full ones.

Source: the lists of supported tags of the Docker official images (docker-library/official-images, `library/*`), as of
November 2026.
"""

import re
from typing import NamedTuple

_DEBIAN = "trixie|bookworm|bullseye|buster"
"""Releases for which every line names its slim variants alike; earlier ones are silent, and long out of support."""

_UBUNTU = "noble|jammy|focal|bionic"
_VERSION = r"[0-9]+(?:\.[0-9]+){0,3}"
_TOOLS = frozenset((
    "autoconf", "automake", "c++", "cc", "curl", "file", "g++", "gcc", "git", "hg", "make", "patch", "svn", "unzip",
    "wget", "xz",
))  # fmt: skip
"""What images based on buildpack-deps have and their slim variants lack."""

_JDK_TOOLS = frozenset((
    "gradle", "gradlew", "jar", "javac", "javadoc", "jcmd", "jdeps", "jlink", "jmap", "jpackage", "jshell", "jstack",
    "maven", "mvn", "mvnw",
))  # fmt: skip
_RELEASE = f"{_DEBIAN}|forky|stretch|sid|unstable|testing|stable|oldstable|oldoldstable"


class LighterVariant(NamedTuple):
    """What to build on instead: its tag, empty where it does not follow, and what it lacks."""

    advice: str
    tag: str = ""
    lacks: frozenset[str] = frozenset()


class _Line(NamedTuple):
    """The tags of an image with a slim variant; `suite_first`: `20-bookworm-slim` rather than `20-slim-bookworm`."""

    tags: re.Pattern[str]
    suite_first: bool = False
    lacks: frozenset[str] = _TOOLS


def _line(version: str = _VERSION, suites: str = _DEBIAN, *, suite_first: bool = False) -> _Line:
    return _Line(re.compile(rf"(?P<version>{version})?(?:(?:^|-)(?P<suite>{suites}))?"), suite_first)


_RUNTIMES = {
    "python": _line(_VERSION + r"(?:(?:a|b|rc)[0-9]+)?"),
    "pypy": _line(_VERSION),
    "node": _line(_VERSION + "|lts|current|lts-[a-z]+|iron|jod|krypton", suite_first=True),
    "ruby": _line(),
    "perl": _line(),
    "elixir": _line(_VERSION + "(?:-otp-[0-9]+)?", "(?!)"),
    "erlang": _line(suites="(?!)"),
    "openjdk": _line(_VERSION + "(?:-(?:jdk|jre))?"),
    "swift": _line(suites=_UBUNTU, suite_first=True),
    "debian": _Line(
        re.compile(rf"(?P<version>{_VERSION}|(?:{_RELEASE})(?:-[0-9]{{8}})?)?(?P<suite>(?!))?"), lacks=frozenset()
    ),
}
_TO_BUILD_WITH = {
    "golang": "copy the program into scratch, gcr.io/distroless/static or debian slim",
    "rust": "copy the program into gcr.io/distroless/cc or debian slim",
    "haskell": "copy the program into debian slim",
    "gcc": "copy the program into gcr.io/distroless/cc or debian slim",
    "buildpack-deps": "debian slim holds what is needed to run",
}
_PHP = re.compile(rf"(?P<version>{_VERSION})?(?P<kind>(?:^|-)(?:cli|fpm|zts))?(?:(?:^|-)(?:{_DEBIAN}))?")
_LIGHT = re.compile(r"(?:^|-)(?:slim|alpine|windowsservercore|nanoserver|ltsc|tip)")
_JDK = re.compile(
    rf"(?P<version>{_VERSION}(?:_[0-9]+)?|8u[0-9]+-b[0-9]+)(?:-jdk)?(?P<rest>-(?:{_UBUNTU}|ubi[0-9]+-minimal))?"
)


def lighter_variant(name: str, tag: str | None) -> LighterVariant | None:
    """The lighter variant of an official image; None where there is none, or the tag names one already."""
    tag = "" if tag in {None, "latest"} else tag or ""
    if _LIGHT.search(tag):
        return None
    if name in _TO_BUILD_WITH:
        return LighterVariant(f"it is made to build with: {_TO_BUILD_WITH[name]}")
    if name in {"eclipse-temurin", "php"}:
        return _runtime_of_jdk(tag) if name == "eclipse-temurin" else _php(tag)
    line = _RUNTIMES.get(name)
    match = line.tags.fullmatch(tag) if line else None
    if line is None or match is None:
        return None
    slim = _slim(name, match["version"] or "", match["suite"] or "", line)
    without = "build tools" if line.lacks else "documentation"
    return LighterVariant(f"{name}:{slim} is the same without {without}", slim, line.lacks)


def _slim(name: str, version: str, suite: str, line: _Line) -> str:
    if name == "debian" and not version:
        version = "stable"
    parts = (version, suite, "slim") if line.suite_first else (version, "slim", suite)
    return "-".join(part for part in parts if part)


def _runtime_of_jdk(tag: str) -> LighterVariant | None:
    match = _JDK.fullmatch(tag)
    if match is None:
        return None
    runtime = f"{match['version']}-jre{match['rest'] or ''}"
    return LighterVariant(f"eclipse-temurin:{runtime} runs programs, without the compiler", runtime, _JDK_TOOLS)


def _php(tag: str) -> LighterVariant | None:
    """The variant on Alpine: without compilers, but with another C library, so that its tag is not offered."""
    match = _PHP.fullmatch(tag)
    if match is None:
        return None
    alpine = f"{match['version'] or ''}{match['kind'] or ''}-alpine".lstrip("-")
    return LighterVariant(f"php:{alpine} has no compiler, but another C library (musl)")
