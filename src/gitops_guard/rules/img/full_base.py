"""Final stage on a full operating system.

## What it does
Reports final stages on an official image with compilers, version control or documentation of which a lighter variant
exists (python, node, ruby, php, debian, eclipse-temurin and others), or which is made to build with (golang, rust,
buildpack-deps). Build stages, variants that are slim or on Alpine already, and images named by digest alone are silent.

## Why it matters
Most vulnerabilities that scanners report are in packages that the program never uses, and what compiles or downloads
helps an intruder.

## Fix safety
Needs review: the same version's slim variant, where its tag follows from this one and the Dockerfile calls nothing that
slim lacks. Dependencies with native code may need a compiler while they are installed: build them in a stage before.

## References
CIS Docker Benchmark, 4.3. NIST SP 800-190, section 4.1.2.
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import EditText
from gitops_guard.finding import LOW
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.dockerfile_places import spot
from gitops_guard.rules.img.lighter_variant import lighter_variant
from gitops_guard.syntax.dockerfile import Dockerfile, ImageUse
from gitops_guard.syntax.image_reference import DOCKER_HUB, ImageReference
from gitops_guard.text import Edit

_OFFICIAL = {DOCKER_HUB: "library/", "public.ecr.aws": "docker/library/"}
"""Registries with the Docker official images, and the folder that holds them there."""


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports a final stage on an image that is fuller than it need be."""
    lowest = dockerfile.lineage(dockerfile.final_stage)[0]
    image = lowest.base.image
    name = _official_name(image) if image else ""
    if image is None or not name or (image.tag is None and image.digest is not None):
        return
    lighter = lighter_variant(name, image.tag)
    if lighter is None:
        return
    used = sorted(lighter.lacks & set(_programs(dockerfile))) if lighter.lacks else []
    advice = lighter.advice
    if used and lighter.tag:
        advice = f"{advice}, which lacks {', '.join(used)}: use these in a build stage"
    message = f"the final stage is built on {image._replace(digest=None).familiar}: {advice}"
    yield Problem(spot(lowest, lowest.base.span, "FROM"), message, fix=None if used else _fix(lowest.base, lighter.tag))


def _official_name(image: ImageReference) -> str:
    folder = _OFFICIAL.get(image.registry)
    return image.repository.removeprefix(folder) if folder and image.repository.startswith(folder) else ""


def _programs(dockerfile: Dockerfile) -> Iterator[str]:
    """Every word that the image's own `RUN`, `CMD`, `ENTRYPOINT` and `HEALTHCHECK` hold, without its folder."""
    lineage = dockerfile.lineage(dockerfile.final_stage)
    for instruction in (one.trigger or one for stage in lineage for one in stage.instructions):
        if instruction.keyword in {"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"}:
            texts = [token.text for token in instruction.values]
            for text in (*texts, *(heredoc.content for heredoc in instruction.heredocs)):
                for separator in "|;&()`$\"'":
                    text = text.replace(separator, " ")  # noqa: PLW2901 - the same text without marks
                yield from (word.rpartition("/")[2] for word in text.split())


def _fix(use: ImageUse, tag: str) -> Fix | None:
    image = use.image
    if not tag or image is None or image.digest is not None or use.editable is None:
        return None
    written = use.resolved
    named = f":{image.tag}" if image.tag else ""
    if not written.endswith(named):
        return None
    lighter = f"{written.removesuffix(named)}:{tag}"
    return needs_review(
        f"build on {lighter}",
        EditText((Edit(*use.editable, lighter),)),
        note="programs and libraries of the full image are missing; dependencies with native code may not install",
    )


def _file(text: str, at: str = "", fixed: str | None = None) -> Example:
    return Example(text, at=at or (), fixed=fixed, path="Dockerfile")


_AT = "stage.final.FROM"
_SHA = "sha256:" + "0123456789abcdef" * 4
_RUN = "RUN pip install -r requirements.txt\n"

RULE = Rule(
    id="GG-IMG-014",
    name="full-base-image",
    title="Final stage uses a full OS image although a slim or distroless variant exists",
    severity=LOW,
    applies_to=Dockerfile,
    check=check,
    fix_safety="needs-review",
    aliases=(),
    controls=(
        "cis_docker:4.3", "nsa:pod-image-build", "mitre:T1059.004", "sp800_190:4.1.2", "sp800_53:CM-7", "pci:2.2.4",
    ),
    bad=(
        _file(f"FROM python:3.12.7\n{_RUN}", _AT, f"FROM python:3.12.7-slim\n{_RUN}"),
        _file(f"FROM python:3.12.7-bookworm\n{_RUN}", _AT, f"FROM python:3.12.7-slim-bookworm\n{_RUN}"),
        _file("FROM node:20.11.1-bookworm\n", _AT, "FROM node:20.11.1-bookworm-slim\n"),
        _file("FROM docker.io/library/ruby\n", _AT, "FROM docker.io/library/ruby:slim\n"),
        _file("FROM eclipse-temurin:21-jdk-jammy\n", _AT, "FROM eclipse-temurin:21-jre-jammy\n"),
        _file("ARG BASE=debian:12.5\nFROM $BASE\n", _AT, "ARG BASE=debian:12.5-slim\nFROM $BASE\n"),
        _file("FROM node:20 AS base\nRUN npm ci\nFROM base\n", "stage.base.FROM",
              "FROM node:20-slim AS base\nRUN npm ci\nFROM base\n"),
        _file("FROM python:3.12\nRUN git clone https://example.com/a.git && make -C a\n", _AT),
        _file("FROM python:3.12\nHEALTHCHECK CMD curl -f http://localhost/\n", _AT),
        _file("ARG V=3.12\nFROM python:$V\n", _AT),
        _file(f"FROM python:3.12@{_SHA}\n", _AT),
        _file("FROM golang:1.22\nRUN go build -o /app .\n", _AT),
        _file("FROM eclipse-temurin:21-jdk\nRUN javac A.java\n", _AT),
        _file("FROM php:8.3-fpm-bookworm\n", _AT),
    ),
    good=(
        _file("FROM python:3.12 AS build\nFROM python:3.12-slim\nCOPY --from=build /a /a\n"),
        _file("FROM node:20-alpine3.19\n"),
        _file("FROM golang:1.22-alpine\n"),
        _file(f"FROM python@{_SHA}\n"),
        _file("FROM registry.example.com/library/python:3.12\n"),
        _file("FROM ubuntu:24.04\n"),
        _file("FROM eclipse-temurin:21-jre\n"),
        _file("FROM python:3.12-windowsservercore\n"),
        _file("FROM php:8.3-apache\n"),
    ),
)  # fmt: skip
