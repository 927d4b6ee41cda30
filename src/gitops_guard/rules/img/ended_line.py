"""Image of a line that is not maintained any more.

## What it does
Reports images whose distribution the scanner flags as past its end of life, and Docker Official Images whose tag names
a line of the runtime or distribution that a small dated table lists as ended.

## Why it matters
No patch comes any more, so a scan may well stay empty: nobody looks for vulnerabilities in what nobody maintains.

## Fix safety
There is none: the next line may break the application. Choose it, and rebuild.

## References
NIST SP 800-190, section 4.1.1. NIST SP 800-53, SA-22.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_guard.finding import HIGH
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.img.example import AT, made, pod
from gitops_guard.rules.img.use import Use, as_of, on_yaml
from gitops_guard.syntax.image_reference import DOCKER_HUB

if TYPE_CHECKING:
    from gitops_guard.facts.image import ImageFacts


def judge(use: Use, context: RuleContext) -> Iterator[Problem]:
    """Reports images of ended lines."""
    facts = use.facts(context)
    scan = facts.scan if facts else None
    if facts is not None and scan is not None and scan.end_of_life:
        what = scan.distribution or "its distribution"
        yield use.problem(f": {scan.source} says that {what} is past its end of life{as_of(facts, context.today)}")
        return
    if use.image is None or not (use.image.registry == DOCKER_HUB and use.image.repository.startswith("library/")):
        return
    from gitops_guard.images.end_of_life import ended  # noqa: PLC0415 - a table of official images

    line = ended(use.image, context.today)
    if line is not None:
        yield use.problem(f": {line.line} has not been maintained since {line.last_day}")


def _scanned(*, ended: bool) -> "ImageFacts":
    from gitops_guard.rules.img.known_example import scan  # noqa: PLC0415 - only tests ask

    return made()._replace(scan=scan()._replace(end_of_life=ended, distribution="debian 9"))


RULE = Rule(
    id="GG-IMG-009",
    name="ended-line",
    title="Base distribution or runtime line is past end of life",
    severity=HIGH,
    applies_to=NamedImage,
    check=on_yaml(judge),
    aliases=(),
    controls=(
        "cis_docker:4.4", "nsa:upgrade", "mitre:T1190", "sp800_190:4.1.1", "sp800_53:SA-22", "sp800_53:SI-2",
        "pci:6.3.3", "owasp_k8s_2025:K07",
    ),
    bad=(
        Example(pod("python:3.9.1-slim"), at=AT),
        Example(pod("docker.io/library/node:18-alpine"), at=AT),
        Example(pod("python:3.13-bullseye"), at=AT),
        Example(pod("nginx:1.27-alpine3.18"), at=AT),
        Example(pod("ubuntu:20.04"), at=AT),
        Example(pod("nginx:1.27.4"), at=AT, known=lambda: (_scanned(ended=True),)),
    ),
    good=(
        Example(pod("python:3.13-slim-bookworm")),
        Example(pod("python:3")),
        Example(pod("node:22")),
        Example(pod("registry.example.com/library/python:3.9")),
        Example(pod("bitnami/node:18")),
        Example(pod("nginx:1.27.4"), known=lambda: (_scanned(ended=False),)),
    ),
)  # fmt: skip
