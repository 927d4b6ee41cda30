"""User by name, which the kubelet cannot tell from root.

## What it does
Reports images whose user is a name: the last `USER` of the final stage, or that of the base image where the Dockerfile
sets none and the registry was asked. Root itself, variables without value and Windows are left out.

## Why it matters
With `runAsNonRoot` the kubelet must know that the user is not 0. It reads no `/etc/passwd` of the image, so it refuses
to start a container whose user is a name, unless the pod gives a `runAsUser`.

## Fix safety
Safe: the name becomes the number that it stands for, where the Dockerfile creates the user with that number, or where
it is one of a well-known base image. The runtime still finds groups and home by the number.

## References
Kubernetes, "Configure a Security Context for a Pod or Container", runAsNonRoot. CIS Docker Benchmark, 4.1.
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import EditText
from gitops_guard.facts.image import ImageConfig, ImageFacts
from gitops_guard.finding import LOW
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, safe
from gitops_guard.rules.dkr.created_user import created_uid
from gitops_guard.rules.dkr.known_user import known_uid
from gitops_guard.rules.dkr.user import is_root
from gitops_guard.rules.dockerfile_places import spot
from gitops_guard.syntax.dockerfile import Dockerfile, EffectiveUser
from gitops_guard.text import Edit

_WINDOWS = frozenset(("containeruser", "containeradministrator"))


def check(dockerfile: Dockerfile, context: RuleContext) -> Iterator[Problem]:
    """Reports a user that is a name."""
    user = dockerfile.effective_user()
    if user is None:
        yield from _inherited(dockerfile, context)
        return
    name = (user.resolved or "").partition(":")[0]
    if is_name(name) and not _is_windows(dockerfile):
        created = created_uid(dockerfile, name)
        uid = known_uid(_base(dockerfile), name) if created is None else created
        message = f"the user {name} is a name: with runAsNonRoot the kubelet refuses to start the image; {_advice(uid)}"
        place = spot(dockerfile.final_stage, user.span, "USER")
        yield Problem(place, message, fix=_fix(dockerfile, user, name, uid))


def is_name(user: str) -> bool:
    """Whether a user, without its group, is a name other than root's."""
    numeric = user.isascii() and user.isdecimal()
    return bool(user) and not numeric and not is_root(user) and user.lower() not in _WINDOWS


def _inherited(dockerfile: Dockerfile, context: RuleContext) -> Iterator[Problem]:
    base = dockerfile.lineage(dockerfile.final_stage)[0].base
    facts = context.images.of(base.image) if base.image else None
    name = facts.config.user.partition(":")[0] if facts and facts.config else ""
    if base.image and is_name(name):
        uid = known_uid(_base(dockerfile), name)
        advice = f"add USER {uid}" if uid else "add a USER with its number"
        message = (
            f"{base.image.familiar} sets its user by the name {name}: with runAsNonRoot the kubelet refuses to start "
            f"the image; {advice}"
        )
        yield Problem(spot(dockerfile.final_stage, dockerfile.final_stage.base.span, "USER"), message)


def _base(dockerfile: Dockerfile) -> str:
    """The base image without its registry's default and its digest; empty if it is none."""
    image = dockerfile.lineage(dockerfile.final_stage)[0].base.image
    return image._replace(digest=None).familiar if image else ""


def _is_windows(dockerfile: Dockerfile) -> bool:
    return _base(dockerfile).startswith("mcr.microsoft.com/windows")


def _advice(uid: str) -> str:
    return f"it is user {uid}" if uid else "write its number, and create it with that number (useradd --uid)"


def _fix(dockerfile: Dockerfile, user: EffectiveUser, name: str, uid: str) -> Fix | None:
    """The number in the name's place; none where the name is not written there in full."""
    start = user.span.start
    written = dockerfile.text[start : user.span.end].partition(":")[0]
    if not uid or written != name:
        return None
    return safe(f"name the user by its number {uid}", EditText((Edit(start, start + len(name), uid),)))


def _file(text: str, at: str = "", fixed: str | None = None, known: tuple[ImageFacts, ...] = ()) -> Example:
    return Example(text, at=at or (), fixed=fixed, path="Dockerfile", known=lambda: known)


_AT = "stage.final.USER"
_DEBIAN = "FROM debian:12\nRUN groupadd -g 2000 app && useradd -r -u 2001 -g app -d /app app\n"
_COPIED = "FROM alpine:3.20 AS build\nRUN adduser -D -u 10001 app\nFROM scratch\nCOPY --from=build /etc/passwd /etc/\n"
_REMOTE = "registry.example.com/team/base:1.0.0"

RULE = Rule(
    id="GG-DKR-002",
    name="named-user",
    title="USER is a name, so runAsNonRoot cannot be verified by the kubelet",
    severity=LOW,
    applies_to=Dockerfile,
    check=check,
    fix_safety="safe",
    aliases=(),
    controls=(
        "cis_docker:4.1", "nsa:pod-nonroot", "sp800_190:4.1.2", "sp800_53:CM-6", "pci:2.2.6", "owasp_k8s_2025:K01",
    ),
    bad=(
        _file(_DEBIAN + "USER app\n", _AT, _DEBIAN + "USER 2001\n"),
        _file(_DEBIAN + "USER app:app\n", _AT, _DEBIAN + "USER 2001:app\n"),
        _file(_COPIED + "USER app\n", _AT, _COPIED + "USER 10001\n"),
        _file("FROM node:20.11.1\nUSER node\n", _AT, "FROM node:20.11.1\nUSER 1000\n"),
        _file("FROM debian:12\nRUN useradd app\nUSER app\n", _AT),
        _file("FROM debian:12\nARG UID=2001\nRUN useradd -u $UID app\nUSER app\n", _AT),
        _file("FROM debian:12\nARG WHO=www-data\nUSER $WHO\n", _AT),
        _file(f"FROM {_REMOTE}\n", _AT, known=(ImageFacts(_REMOTE, config=ImageConfig(user="app")),)),
    ),
    good=(
        _file(_DEBIAN + "USER 2001:app\n"),
        _file("FROM debian:12\nUSER root\n"),
        _file("FROM debian:12\nARG WHO\nUSER $WHO\n"),
        _file(_DEBIAN + "USER app\nUSER 2001\n"),
        _file("FROM mcr.microsoft.com/windows/servercore:ltsc2022\nUSER ContainerUser\n"),
        _file(f"FROM {_REMOTE}\n", known=(ImageFacts(_REMOTE, config=ImageConfig(user="1000:app")),)),
        _file(f"FROM {_REMOTE}\n"),
    ),
)  # fmt: skip
