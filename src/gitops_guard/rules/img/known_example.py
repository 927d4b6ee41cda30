"""What is known of images in the examples of rules."""

from datetime import UTC, datetime

from gitops_guard.facts.image import ImageFacts
from gitops_guard.facts.scan import Scan, Vulnerability
from gitops_guard.rules.img.example import NGINX, SHA


def day(text: str) -> datetime:
    """The first moment of a day."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MADE = ImageFacts(NGINX, tag_digest=SHA, digest=SHA, is_index=True, created=day("2025-11-01"))
"""An image that is a year old."""

FIXABLE = Vulnerability("CVE-2026-1111", "critical", "openssl", "3.0.1", fixed="3.0.2")
EXPLOITED = Vulnerability("CVE-2026-2222", "medium", "zlib", "1.2", kev=True)


def scan(*found: Vulnerability, when: str | None = "2026-11-20", state: str = "") -> Scan:
    """What a scanner found."""
    moment = None if when is None else day(when)
    name = state or ("findings" if found else "clean")
    return Scan(name, "harbor", scanned_at=moment, vulnerabilities=found)  # type: ignore[arg-type]


def scanned(*found: Vulnerability, when: str | None = "2026-11-20", state: str = "") -> ImageFacts:
    """An image, and what a scanner found in it."""
    return MADE._replace(created=day("2026-11-01"), scan=scan(*found, when=when, state=state))
