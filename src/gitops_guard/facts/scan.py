"""What a scanner says of one image: a value that never passes for clean by being empty."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

Grade = Literal["critical", "high", "medium", "low", "unknown"]
GRADES: tuple[Grade, ...] = ("critical", "high", "medium", "low", "unknown")

ScanState = Literal[
    "clean", "findings", "stale", "missing", "in-progress", "failed", "unsupported", "unauthorised", "unavailable"
]

_WORDS: dict[str, Grade] = {
    "critical": "critical",
    "high": "high",
    "important": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
}


def grade(word: object) -> Grade:
    """A scanner's word for a severity; what it calls negligible, informational or nothing at all is `unknown`."""
    return _WORDS.get(str(word or "").lower(), "unknown")


class Vulnerability(NamedTuple):
    """One vulnerability of one installed package.

    `fixed` is the version that mends it, empty where none is known. `target` is what of the image holds the package (a
    layer's package database, a lock file, an archive). `aliases` are further ids of the same vulnerability (the CVE of
    a GHSA). `kev` and `epss` are the source's own: None where it does not say.
    """

    id: str
    grade: Grade
    package: str
    version: str
    fixed: str = ""
    target: str = ""
    purl: str = ""
    aliases: tuple[str, ...] = ()
    kev: bool | None = None
    epss: float | None = None


class Counts(NamedTuple):
    """Vulnerabilities by severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    unknown: int = 0


class Scan(NamedTuple):
    """The result of one scan of one image, or why there is none.

    `state`: `clean` (a finished scan without vulnerabilities), `findings`, or one of those that say nothing about the
    image, with `reason`. `source` is who told (`harbor`, `report scans/api.json`), `subject` the image's name as the
    source has it, `digest` the image that was scanned, `platform` such as `linux/amd64`, each empty where the source
    does not say. `scanned_at` is aware of its zone, None where the source gives no time: then it is never fresh.
    `verified` is False for an attestation whose signature nobody checked. `end_of_life` is the scanner's own flag for
    the distribution, None where it has none.
    """

    state: ScanState
    source: str = ""
    subject: str = ""
    digest: str = ""
    platform: str = ""
    scanner: str = ""
    scanned_at: datetime | None = None
    vulnerabilities: tuple[Vulnerability, ...] = ()
    distribution: str = ""
    end_of_life: bool | None = None
    verified: bool = True
    reason: str = ""

    @property
    def counts(self) -> Counts:
        """How many vulnerabilities of each severity."""
        return counted(self.vulnerabilities)

    @property
    def fixable(self) -> int:
        """How many of them a newer package mends."""
        return sum(1 for one in self.vulnerabilities if one.fixed)

    @property
    def tells(self) -> bool:
        """Whether it says something about the image at all."""
        return self.state in {"clean", "findings", "stale"}


def counted(vulnerabilities: Iterable[Vulnerability]) -> Counts:
    """How many of each severity."""
    numbers = dict.fromkeys(GRADES, 0)
    for one in vulnerabilities:
        numbers[one.grade] += 1
    return Counts(*numbers.values())


def finished(scan: Scan) -> Scan:
    """A scan that its source calls complete, with the state that its vulnerabilities give it."""
    return scan._replace(state="findings" if scan.vulnerabilities else "clean")


def distinct(vulnerabilities: Iterable[Vulnerability]) -> tuple[Vulnerability, ...]:
    """Each affected instance once: the same id in the same package, version and target."""
    found = {(one.target, one.package, one.version, one.id): one for one in vulnerabilities}
    return tuple(found.values())
