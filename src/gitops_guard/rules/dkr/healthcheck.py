"""No health check.

## What it does
Reports images without `HEALTHCHECK` in the stages that they consist of, or with `HEALTHCHECK NONE` last. Silent where
the base image is known to bring one, and where every use of the image in the repository has probes of its own.

## Why it matters
A process that hangs is no process that ended: without a check nothing restarts it or takes it out of a Service.
Kubernetes ignores `HEALTHCHECK` and needs probes in the manifest; the instruction serves Docker, Compose and Podman,
and tells whoever writes the manifest what to ask.

## Fix safety
No automatic fix: what tells that the program is well is the team's to say. A probe in the manifest settles it too.

## References
CIS Docker Benchmark, 4.6. Kubernetes, "Configure Liveness, Readiness and Startup Probes".
"""

from collections.abc import Iterator

from gitops_guard.facts.image import ImageConfig, ImageFacts
from gitops_guard.finding import INFO
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.dockerfile_places import spot
from gitops_guard.syntax.dockerfile import Dockerfile, Instruction

_MISSING = "no HEALTHCHECK, and no manifest here is known to probe the image"
_REMOVED = "HEALTHCHECK NONE removes the check, and no manifest here is known to probe the image"


def check(dockerfile: Dockerfile, context: RuleContext) -> Iterator[Problem]:
    """Reports an image whose health nothing asks for."""
    last = own_healthcheck(dockerfile)
    stage = dockerfile.final_stage
    if last is None:
        if not _is_inherited(dockerfile, context):
            yield Problem(spot(stage, stage.base.span, "HEALTHCHECK"), _MISSING, unless_probed=True)
    elif _is_none(last):
        yield Problem(spot(stage, last.span, "HEALTHCHECK"), _REMOVED, unless_probed=True)


def own_healthcheck(dockerfile: Dockerfile) -> Instruction | None:
    """The `HEALTHCHECK` that holds for the image, as far as the Dockerfile says; None where it says nothing."""
    found = [one for one in dockerfile.effective_instructions() if one.keyword == "HEALTHCHECK"]
    return found[-1] if found else None


def _is_none(instruction: Instruction) -> bool:
    return bool(instruction.values) and instruction.values[0].text.upper() == "NONE"


def _is_inherited(dockerfile: Dockerfile, context: RuleContext) -> bool:
    base = dockerfile.lineage(dockerfile.final_stage)[0].base.image
    facts = context.images.of(base) if base else None
    return facts is not None and facts.config is not None and facts.config.has_healthcheck


def _file(text: str, at: str = "", known: tuple[ImageFacts, ...] = ()) -> Example:
    return Example(text, at=at or (), path="Dockerfile", known=lambda: known)


_AT = "stage.final.HEALTHCHECK"
_BASE = "registry.example.com/team/base:1.0.0"
_CHECK = 'HEALTHCHECK --interval=30s CMD ["/app", "-health"]\n'
_WITH = (ImageFacts(_BASE, config=ImageConfig(has_healthcheck=True)),)
_WITHOUT = (ImageFacts(_BASE, config=ImageConfig()),)

RULE = Rule(
    id="GG-DKR-013",
    name="missing-healthcheck",
    title="No HEALTHCHECK and no probe in any manifest using the image",
    severity=INFO,
    applies_to=Dockerfile,
    check=check,
    aliases=("DL3057", "CKV_DOCKER_2", "DS026", "DS-0026", "AVD-DS-0026"),
    controls=("cis_docker:4.6", "sp800_190:4.1.2", "sp800_53:CM-6"),
    bad=(
        _file('FROM alpine:3.20\nCMD ["/app"]\n', _AT),
        _file(f"FROM alpine:3.20 AS build\n{_CHECK}FROM scratch\n", _AT),
        _file(f"FROM alpine:3.20\n{_CHECK}HEALTHCHECK NONE\n", _AT),
        _file(f"FROM {_BASE}\nHEALTHCHECK NONE\n", _AT, _WITH),
        _file(f"FROM {_BASE}\n", _AT, _WITHOUT),
    ),
    good=(
        _file("FROM alpine:3.20\nHEALTHCHECK NONE\n" + _CHECK),
        _file(f"FROM alpine:3.20 AS base\n{_CHECK}FROM base\n"),
        _file(f"FROM {_BASE}\n", known=_WITH),
        _file(f"FROM {_BASE} AS base\nFROM base\nCMD x\n", known=_WITH),
    ),
)
