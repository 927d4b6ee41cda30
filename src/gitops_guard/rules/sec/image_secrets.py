"""Secrets that an image itself carries: the side of manifests and values. Loads no Dockerfile parser."""

from collections.abc import Iterator

from gitops_guard.facts.image import ImageConfig, ImageFacts, Leak
from gitops_guard.finding import CRITICAL, HIGH
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext, Spot
from gitops_guard.rules.sec.controls import APP, COMMON
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.image_reference import ImageReference

_SHOWN = 5


def check(named: NamedImage, context: RuleContext) -> Iterator[Problem]:
    """Reports an image that carries secrets."""
    if isinstance(named.reference, ImageReference):
        yield from carried(named.at, named.reference, context)


def carried(at: Field | Spot, image: ImageReference, context: RuleContext) -> Iterator[Problem]:
    """The problem, if the image is known to carry secrets: critical where the form of one leaves no doubt."""
    facts = context.images.of(image)
    leaks = facts.config.leaks if facts and facts.config else ()
    if leaks:
        names = list(dict.fromkeys(leak.what for leak in leaks))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        message = (
            f"{image.familiar} carries secrets that whoever can pull it reads: {', '.join(names[:_SHOWN])}{more} "
            "(values not shown here); rotate them, and rebuild the image without"
        )
        severity = CRITICAL if any(leak.certain for leak in leaks) else HIGH
        yield Problem(at, message, severity=severity, image=image.normalized, about=image.normalized)


_IMAGE = "registry.example.com/team/shop:1.4.2"
_POD = APP.replace("registry.example.org/shop:1.4.2", _IMAGE)
_VALUES = "image:\n  repository: registry.example.com/team/shop\n  tag: 1.4.2\n"
_AT = "spec.containers[0].image"


def known(*leaks: Leak) -> tuple[ImageFacts, ...]:
    """What examples know of the image that they name."""
    return (ImageFacts(_IMAGE, config=ImageConfig(leaks=leaks)),)


RULE = Rule(
    id="GG-SEC-018",
    name="secret-in-image",
    title="Secret in the configuration or history of an image",
    severity=HIGH,
    applies_to=NamedImage,
    check=check,
    aliases=(),
    controls=(*COMMON, "cis_docker:4.10", "mitre:T1552.001", "sp800_53:IA-5(7)", "pci:8.6.2"),
    bad=(
        Example(_POD, at=_AT, known=lambda: known(Leak("environment variable DB_PASSWORD"))),
        Example(
            _POD, at=_AT,
            known=lambda: known(Leak("build argument NPM_TOKEN", certain=True), Leak("build argument PIN")),
        ),
        Example(_VALUES, at="image.tag", path="chart/values.yaml", known=lambda: known(Leak("build argument TOKEN"))),
    ),
    good=(
        Example(_POD),
        Example(_POD, known=known),
        Example(_POD, known=lambda: (ImageFacts(_IMAGE),)),
        Example(_POD.replace("1.4.2", "1.4.3"), known=lambda: known(Leak("environment variable DB_PASSWORD"))),
    ),
    page="""Secret in the configuration or history of an image.

## What it does
Reports images of workloads, values and kustomizations, and those that Dockerfiles build on or copy from, whose
configuration holds a secret: in an environment variable, in a build argument that the history shows, or in a URL or
token in a step of the history. Needs what registries say; without, it is silent. Names are shown, values never.

## Why it matters
Whoever can pull the image reads its configuration without starting it, with `docker inspect` and `docker history`. A
later layer or a variable of the pod hides nothing of it.

## Fix safety
No automatic fix: rotate the credential first. Then build with `RUN --mount=type=secret`, and give the program a file at
run time. Tags that hold the old configuration must go, too.

## References
CIS Docker Benchmark, 4.10. NIST SP 800-190, section 4.1.4. OCI Image Format Specification, "Image Configuration".
""",
)  # fmt: skip
