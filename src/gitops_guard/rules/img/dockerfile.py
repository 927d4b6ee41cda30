"""Images that Dockerfiles build on or copy from; rules that manifests have too are completed here."""

from collections.abc import Callable, Iterator

from gitops_guard.editing.intent import EditText
from gitops_guard.finding import HIGH, LOW
from gitops_guard.images.approval import decide
from gitops_guard.model.workload import Container
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, Spot, needs_review, safe
from gitops_guard.rules.dockerfile_places import spot
from gitops_guard.rules.img import manifest
from gitops_guard.rules.img.reference import APPROVED_PAGE, advice, digest_of, moving
from gitops_guard.syntax.dockerfile import Dockerfile, ImageUse
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference
from gitops_guard.text import Edit

Check = Callable[[Dockerfile, RuleContext], Iterator[Problem]]


def _place(dockerfile: Dockerfile, use: ImageUse) -> Spot:
    if use.role == "syntax":
        return Spot(("syntax",), use.span)
    stage = dockerfile.stages[use.stage]
    if use.role == "base":
        return spot(stage, use.span, "FROM")
    return spot(stage, use.span, use.role, use.image.name if use.image else "unknown")


def check_approved(dockerfile: Dockerfile, context: RuleContext) -> Iterator[Problem]:
    """Reports images that the approved list does not hold."""
    approved = context.settings.approved_images
    for use in dockerfile.image_uses() if approved else ():
        if not isinstance(use.target, ImageReference | InvalidReference):
            continue
        verdict = decide(use.target, approved, context.today)
        if verdict.state == "undecided":
            message = f"whether the image is approved is not known: {verdict.why}; build_arguments can tell"
            yield Problem(_place(dockerfile, use), message, severity=LOW)
        elif verdict.state == "refused":
            nearest = verdict.nearest.repository if verdict.nearest and not verdict.substitute else ""
            message = f"{_shown(use)} is not approved: {verdict.why}{advice(nearest)}"
            yield Problem(_place(dockerfile, use), message, fix=_replace(use, verdict.substitute))


def _shown(use: ImageUse) -> str:
    return use.image.familiar if use.image else "the image"


def _replace(use: ImageUse, substitute: str) -> Fix | None:
    if not substitute or use.editable is None:
        return None
    return needs_review(
        f"use {substitute}",
        EditText((Edit(*use.editable, substitute),)),
        note="another image may have another package manager, shell, libc and user",
    )


def check_tag(dockerfile: Dockerfile, context: RuleContext) -> Iterator[Problem]:
    """Reports missing and moving tags; `# syntax=docker/dockerfile:1` is meant to move."""
    for use in dockerfile.image_uses():
        why = moving(use.image) if use.image and use.role != "syntax" else ""
        if why:
            yield Problem(_place(dockerfile, use), f"{_shown(use)}: {why}", _pin(use, context))


def check_digest(dockerfile: Dockerfile, context: RuleContext) -> Iterator[Problem]:
    """Reports images without a digest."""
    for use in dockerfile.image_uses():
        if use.image is not None and use.image.digest is None:
            yield Problem(_place(dockerfile, use), f"{_shown(use)} is named without a digest", _pin(use, context))


def _pin(use: ImageUse, context: RuleContext) -> Fix | None:
    digest = digest_of(use.image, context.settings) if use.image else ""
    if not digest or use.editable is None:
        return None
    end = use.editable.end
    return safe(f"pin {digest[:19]}", EditText((Edit(end, end, f"@{digest}"),)))


def _both(
    rule: Rule, own: Check, bad: tuple[Example, ...], good: tuple[Example, ...]
) -> Rule:  # fmt: skip
    """A rule of manifests with its Dockerfile side."""
    on_manifests = rule.check

    def check(target: Container | Dockerfile, context: RuleContext) -> Iterator[Problem]:
        if isinstance(target, Dockerfile):
            return own(target, context)
        return on_manifests(target, context)

    return rule._replace(
        applies_to=(Container, Dockerfile), check=check, bad=(*rule.bad, *bad), good=(*rule.good, *good)
    )


def _file(text: str, at: str | tuple[str, ...] = (), fixed: str | None = None, settings: str = "") -> Example:
    return Example(text, at=at, fixed=fixed, path="Dockerfile", settings=settings)


_SHA = "sha256:" + "0123456789abcdef" * 4
_DIGESTS = f"digests:\n  docker.io/library/python:3.12.7-slim: {_SHA}\n  python:3.12: {_SHA}\n"
_LIST = """approved_images:
  - repository: registry.example.com/base/**
  - repository: python
    tags: ["3.12.*-slim"]
    replacement: python:3.12.7-slim
"""

APPROVED = Rule(
    id="GG-IMG-001",
    name="unapproved-base-image",
    title="Base image is not on the approved list",
    severity=HIGH,
    applies_to=Dockerfile,
    check=check_approved,
    fix_safety="needs-review",
    aliases=("DL3026",),
    controls=(
        "cis_docker:4.2", "nsa:pod-image-build", "mitre:T1525", "mitre:T1204.003", "sp800_190:4.1.5",
        "sp800_53:CM-7(5)", "sp800_53:SR-3", "pci:6.3.2", "pci:2.2.1",
    ),
    bad=(
        _file("FROM python:3.9\n", "stage.final.FROM", "FROM python:3.12.7-slim\n", _LIST),
        _file(
            "ARG BASE=python:3.9\nFROM ${BASE}\n", "stage.final.FROM", "ARG BASE=python:3.12.7-slim\nFROM ${BASE}\n",
            _LIST,
        ),
        _file("ARG BASE\nFROM $BASE\n", "stage.final.FROM", settings=_LIST),
        _file(
            "FROM registry.example.com/base/go:1 AS build\nFROM scratch\n"
            "COPY --from=build /app /app\nCOPY --from=evil.example/tool:1 /t /t\n",
            'stage.final.copy-from["evil.example/tool"]', settings=_LIST,
        ),
        _file(
            "FROM registry.example.com/base/go:1\nRUN --mount=type=bind,from=busybox:1,target=/b /b/sh\n",
            'stage.final.mount-from["docker.io/library/busybox"]', settings=_LIST,
        ),
        _file("# syntax=evil.example/frontend:1\nFROM registry.example.com/base/go:1\n", "syntax", settings=_LIST),
    ),
    good=(
        _file("FROM python:3.12.9-slim AS build\nFROM build\n", settings=_LIST),
        _file("ARG V=3.12.1\nFROM python:${V}-slim\n", settings=_LIST),
        _file("FROM scratch\n", settings=_LIST),
        _file("FROM evil.example/anything\n"),
    ),
    page="""Base image outside the approved list.

## What it does
Reports every image that a Dockerfile names and no entry approves: in `FROM` (with the defaults of `ARG`), in
`COPY --from`, in `RUN --mount=from`, in `# syntax=`. Names of stages and `scratch` are no images.

## Why it matters
Whatever is in a base image is in the product. A list that only looks at `FROM` is passed by `COPY --from`.

## Fix safety
Needs review: the replacement that the list names may have another package manager, shell, libc and user.

## References
CIS Docker Benchmark, 4.2. NIST SP 800-190, section 4.1.5.
""" + APPROVED_PAGE.lstrip("\n"),
)  # fmt: skip

TAG = _both(
    manifest.TAG,
    check_tag,
    bad=(
        _file("FROM python\n", "stage.final.FROM"),
        _file("FROM golang:1.22 AS build\nFROM scratch\nCOPY --from=build /a /a\n", "stage.build.FROM"),
        _file(
            'ARG BASE="python:3.12"\nFROM $BASE\n', "stage.final.FROM",
            f'ARG BASE="python:3.12@{_SHA}"\nFROM $BASE\n', _DIGESTS,
        ),
    ),
    good=(
        _file(f"# syntax=docker/dockerfile:1\nFROM python:3.12.7-slim AS a\nFROM a\nCOPY --from=x@{_SHA} /a /\n"),
        _file("ARG V\nFROM python:$V\n"),
    ),
)  # fmt: skip

DIGEST = _both(
    manifest.DIGEST,
    check_digest,
    bad=(
        _file(
            "FROM python:3.12.7-slim\n", "stage.final.FROM", f"FROM python:3.12.7-slim@{_SHA}\n", _DIGESTS,
        ),
        _file("ARG V=3.12.7\nFROM python:$V-slim\n", "stage.final.FROM", settings=_DIGESTS),
    ),
    good=(_file(f"FROM python:3.12.7-slim@{_SHA} AS a\nFROM a\n"), _file("FROM scratch\n")),
)  # fmt: skip

IMG_DOCKERFILE: tuple[Rule, ...] = (APPROVED, TAG, DIGEST)
