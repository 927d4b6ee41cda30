"""What the examples of the rules on images are made of. What is known of images in them is in `known_example`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops_guard.facts.image import ImageFacts

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


def made() -> "ImageFacts":
    """What is known of `nginx:1.27.4` in examples: it is a year old."""
    from gitops_guard.rules.img.known_example import MADE  # noqa: PLC0415 - only tests ask

    return MADE
