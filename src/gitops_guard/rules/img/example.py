"""What the examples of the rules on images are made of."""

from datetime import UTC, datetime

from gitops_guard.facts.image import ImageFacts
from gitops_guard.facts.scan import Scan, Vulnerability

_HEAD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n"
AT = "spec.containers[0].image"
SHA = "sha256:" + "0123456789abcdef" * 4
OTHER = "sha256:" + "fedcba9876543210" * 4

LIST = """approved_images:
  - repository: registry.example.com/team/**
    tags: ["1.*"]
  - repository: docker.io/library/*
    mirror: registry.example.com/hub
  - repository: quay.io/old/tool
    replacement: registry.example.com/team/tool:1.4.2
"""
DIGESTS = f"digests:\n  docker.io/library/nginx:1.27.4: {SHA}\n  nginx:1.27: {SHA}\n"

NGINX = "docker.io/library/nginx:1.27.4"


def pod(image: str, rest: str = "") -> str:
    """A pod with one container."""
    return f"{_HEAD}      image: {image}\n{rest}"


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
