"""The rules on images that Dockerfiles have too, completed for them; those on base images alone are added."""

from collections.abc import Callable, Iterator
from functools import partial

from gitops_guard.finding import HIGH
from gitops_guard.images import dockerfile_edit
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.dockerfile_places import place_of_use
from gitops_guard.rules.img import (
    approved,
    ended_line,
    exploited,
    full_base,
    missing_digest,
    moved_tag,
    mutable_tag,
    old_image,
    single_platform,
    unscanned,
    unsigned,
    vulnerable,
)
from gitops_guard.rules.img.example import SHA
from gitops_guard.rules.img.known_example import FIXABLE, MADE, scanned
from gitops_guard.rules.img.use import Judge, Use
from gitops_guard.syntax.dockerfile import Dockerfile, ImageUse
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference

_WORDS = {"base": "FROM", "copy-from": "COPY --from", "mount-from": "RUN --mount from", "syntax": "# syntax",
          "onbuild": "ONBUILD"}  # fmt: skip


def uses(dockerfile: Dockerfile) -> Iterator[Use]:
    """Every image that a Dockerfile names; its stages and `scratch` are none."""
    every = dockerfile.image_uses()
    for use in every:
        if isinstance(use.target, ImageReference | InvalidReference):
            yield _use(dockerfile, use, use.target, every)


def _use(
    dockerfile: Dockerfile, use: ImageUse, target: ImageReference | InvalidReference, every: tuple[ImageUse, ...]
) -> Use:
    shown = use.image.familiar if use.image else use.text
    return Use(
        target,
        place_of_use(dockerfile, use),
        use.role,
        f"{_WORDS[use.role]} {shown}",
        lambda digest: dockerfile_edit.with_digest(use, digest, every),
        lambda tag, digest: dockerfile_edit.with_tag(use, tag, digest or None, every),
        partial(dockerfile_edit.with_reference, use, others=every),
    )


Check = Callable[[Dockerfile, RuleContext], Iterator[Problem]]


def _on_dockerfile(judge: Judge) -> Check:
    def check(dockerfile: Dockerfile, context: RuleContext) -> Iterator[Problem]:
        for use in uses(dockerfile):
            yield from judge(use, context)

    check.__module__ = judge.__module__
    return check


def _both(rule: Rule, judge: Judge, bad: tuple[Example, ...] = (), good: tuple[Example, ...] = ()) -> Rule:
    """A rule on images in YAML, on Dockerfiles as well."""
    on_yaml, on_dockerfile = rule.check, _on_dockerfile(judge)

    def check(target: NamedImage | Dockerfile, context: RuleContext) -> Iterator[Problem]:
        return on_dockerfile(target, context) if isinstance(target, Dockerfile) else on_yaml(target, context)

    check.__module__ = judge.__module__
    return rule._replace(
        applies_to=(NamedImage, Dockerfile), check=check, bad=(*rule.bad, *bad), good=(*rule.good, *good)
    )


def _file(text: str, at: str | tuple[str, ...] = (), fixed: str | None = None, settings: str = "") -> Example:
    return Example(text, at=at, fixed=fixed, path="Dockerfile", settings=settings)


_DIGESTS = f"digests:\n  docker.io/library/python:3.12.7-slim: {SHA}\n  python:3.12: {SHA}\n"
_LIST = """approved_images:
  - repository: registry.example.com/base/**
  - repository: python
    tags: ["3.12.*-slim"]
    replacement: python:3.12.7-slim
"""
_BASE = Example("FROM nginx:1.27.4\n", at="stage.final.FROM", path="Dockerfile")

APPROVED = Rule(
    id="GG-IMG-001",
    name="unapproved-base-image",
    title="Base image is not on the approved list",
    severity=HIGH,
    applies_to=Dockerfile,
    check=_on_dockerfile(approved.judge),
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

## Configuration
As for GG-IMG-002: `approved_images` in `.gitops-guard.yaml`.
""",
)  # fmt: skip

TAG = _both(
    mutable_tag.RULE,
    mutable_tag.judge,
    bad=(
        _file("FROM python\n", "stage.final.FROM"),
        _file("FROM golang:1.22 AS build\nFROM scratch\nCOPY --from=build /a /a\n", "stage.build.FROM"),
        _file(
            'ARG BASE="python:3.12"\nFROM $BASE\n', "stage.final.FROM",
            f'ARG BASE="python:3.12@{SHA}"\nFROM $BASE\n', _DIGESTS,
        ),
    ),
    good=(
        _file(f"# syntax=docker/dockerfile:1\nFROM python:3.12.7-slim AS a\nFROM a\nCOPY --from=x@{SHA} /a /\n"),
        _file("ARG V\nFROM python:$V\n"),
    ),
)  # fmt: skip

DIGEST = _both(
    missing_digest.RULE,
    missing_digest.judge,
    bad=(
        _file("FROM python:3.12.7-slim\n", "stage.final.FROM", f"FROM python:3.12.7-slim@{SHA}\n", _DIGESTS),
        _file("ARG V=3.12.7\nFROM python:$V-slim\n", "stage.final.FROM", settings=_DIGESTS),
        _BASE._replace(known=lambda: (MADE,), fixed=f"FROM nginx:1.27.4@{SHA}\n"),
    ),
    good=(_file(f"FROM python:3.12.7-slim@{SHA} AS a\nFROM a\n"), _file("FROM scratch\n")),
)  # fmt: skip

IMG_DOCKERFILE: tuple[Rule, ...] = (
    APPROVED,
    TAG,
    DIGEST,
    _both(single_platform.RULE, single_platform.judge),
    _both(moved_tag.RULE, moved_tag.judge),
    _both(vulnerable.RULE, vulnerable.judge, bad=(_BASE._replace(known=lambda: (scanned(FIXABLE),)),)),
    _both(exploited.RULE, exploited.judge),
    _both(ended_line.RULE, ended_line.judge, bad=(_file("FROM python:3.8-slim\n", "stage.final.FROM"),)),
    _both(unscanned.RULE, unscanned.judge, bad=(_BASE._replace(known=lambda: (scanned(state="missing"),)),)),
    _both(unsigned.RULE, unsigned.judge),
    _both(old_image.RULE, old_image.judge),
    full_base.RULE,
)
