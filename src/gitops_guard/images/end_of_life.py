"""Release lines that are not maintained any more, by the tags of Docker Official Images.

A small table, as of November 2026, of lines whose last day the project itself has published. What is not in it is not
known to be maintained: a scanner's own flag is asked first. Sources: Python Developer's Guide, "Status of Python
versions"; Node.js Release Working Group, schedule; PHP, "Supported Versions"; Ruby, "Ruby Maintenance Branches";
PostgreSQL, "Versioning Policy"; Debian Wiki, "LTS"; Ubuntu, "Release cycle" (standard support); Alpine Linux,
"Releases"; CentOS, "End of life"; Go, "Release Policy" (two releases).
"""

from datetime import date
from typing import NamedTuple

from gitops_guard.syntax.image_reference import DOCKER_HUB, ImageReference
from gitops_guard.syntax.tag_pattern import tag_version

_OFFICIAL = "library/"


class Ended(NamedTuple):
    """A line, and the last day that it was maintained."""

    line: str
    last_day: date


def _days(text: str) -> dict[str, date]:
    words = text.split()
    return {line: date.fromisoformat(day) for line, day in zip(words[::2], words[1::2], strict=True)}


_RUNTIMES: dict[str, dict[str, date]] = {
    "python": _days(
        "2.7 2020-01-01 3.5 2020-09-30 3.6 2021-12-23 3.7 2023-06-27 3.8 2024-10-07 3.9 2025-10-31 3.10 2026-10-31"
    ),
    "node": _days(
        "10 2021-04-30 12 2022-04-30 13 2020-06-01 14 2023-04-30 15 2021-06-01 16 2023-09-11 17 2022-06-01 "
        "18 2025-04-30 19 2023-06-01 20 2026-04-30 21 2024-06-01 23 2025-06-01 25 2026-06-01"
    ),
    "php": _days("5.6 2018-12-31 7.2 2020-11-30 7.3 2021-12-06 7.4 2022-11-28 8.0 2023-11-26 8.1 2025-12-31"),
    "ruby": _days("2.5 2021-04-05 2.6 2022-04-12 2.7 2023-03-31 3.0 2024-04-23 3.1 2025-03-26 3.2 2026-03-31"),
    "postgres": _days("9.6 2021-11-11 10 2022-11-10 11 2023-11-09 12 2024-11-21 13 2025-11-13"),
    "alpine": _days(
        "3.12 2022-05-01 3.13 2022-11-01 3.14 2023-05-01 3.15 2023-11-01 3.16 2024-05-23 3.17 2024-11-22 "
        "3.18 2025-05-09 3.19 2025-11-01 3.20 2026-04-01 3.21 2026-11-01"
    ),
    "debian": _days("8 2020-06-30 9 2022-06-30 10 2024-06-30 11 2026-08-31"),
    "ubuntu": _days("14.04 2019-04-25 16.04 2021-04-30 18.04 2023-05-31 20.04 2025-05-31"),
    "centos": _days("6 2020-11-30 7 2024-06-30 8 2021-12-31"),
    "golang": _days(
        "1.17 2022-08-02 1.18 2023-02-01 1.19 2023-08-08 1.20 2024-02-06 1.21 2024-08-13 1.22 2025-02-11 "
        "1.23 2025-08-12 1.24 2026-02-10"
    ),
}  # fmt: skip

_CODENAMES: dict[str, tuple[str, str]] = {
    "jessie": ("debian", "8"), "stretch": ("debian", "9"), "buster": ("debian", "10"), "bullseye": ("debian", "11"),
    "trusty": ("ubuntu", "14.04"), "xenial": ("ubuntu", "16.04"), "bionic": ("ubuntu", "18.04"),
    "focal": ("ubuntu", "20.04"),
}  # fmt: skip


def ended(reference: ImageReference, today: date) -> Ended | None:
    """The line of an official image, or of the distribution that its tag names, that ended before a day."""
    if reference.registry != DOCKER_HUB or not reference.repository.startswith(_OFFICIAL) or not reference.tag:
        return None
    name = reference.repository.removeprefix(_OFFICIAL)
    found = _runtime(name, reference.tag) or _distribution(reference.tag)
    return found if found is not None and found.last_day < today else None


def _runtime(name: str, tag: str) -> Ended | None:
    version, lines = tag_version(tag), _RUNTIMES.get(name, {})
    if version is None:
        return None
    for length in (1, 2):
        line = ".".join(map(str, version.numbers[:length]))
        written = line if length == 1 else ".".join(tag.removeprefix("v").split("-")[0].split(".")[:2])
        for key in (line, written):
            if key in lines:
                return Ended(f"{name} {key}", lines[key])
    return None


def _distribution(tag: str) -> Ended | None:
    for part in tag.lower().split("-"):
        if part in _CODENAMES:
            name, line = _CODENAMES[part]
            return Ended(f"{name} {line} ({part})", _RUNTIMES[name][line])
        if part.startswith("alpine") and part.removeprefix("alpine") in _RUNTIMES["alpine"]:
            line = part.removeprefix("alpine")
            return Ended(f"alpine {line}", _RUNTIMES["alpine"][line])
    return None
