"""Image runs as root.

## What it does
Reports Dockerfiles whose final stage ends as root: by `USER root` or `USER 0`, or with no `USER` on a base image that
is known for root. On other base images the finding is of medium severity, as the base may set a user. Images that say
`nonroot`, and those of Chainguard, are taken at their word. A user in a variable without value is not judged.

## Why it matters
Root in the container is root on the node as soon as something else goes wrong; and a pod with `runAsNonRoot` refuses
to start it.

## Fix safety
Needs review: files that the program writes must belong to user 65532, and ports below 1024 may be out of reach.

## References
CIS Docker Benchmark, 4.1. NIST SP 800-190, section 4.1.2. BuildKit, Dockerfile reference, "USER".
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import EditText
from gitops_guard.finding import HIGH, MEDIUM, Severity
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.dockerfile_places import spot
from gitops_guard.syntax.dockerfile import Dockerfile, Scratch
from gitops_guard.syntax.image_reference import DOCKER_HUB, ImageReference
from gitops_guard.text import Edit

UNPRIVILEGED = 65532
"""The user that distroless and Chainguard images call nonroot."""

_NOT_ROOT = frozenset((
    "adminer", "elasticsearch", "haproxy", "jetty", "kibana", "logstash", "memcached", "solr", "varnish",
))  # fmt: skip


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports a final stage that runs as root, or may."""
    stage = dockerfile.final_stage
    user = dockerfile.effective_user()
    if user is not None:
        if user.resolved is not None and is_root(user.resolved):
            place = spot(stage, user.span, "USER")
            yield Problem(place, "the image runs as root: its last USER is root", fix=_fix(dockerfile))
        return
    base = dockerfile.lineage(stage)[0].base
    known = _severity(base.target)
    if known is not None:
        name = base.image.familiar if base.image else "its base"
        why = f"no USER, and {name} may run as root" if known is MEDIUM else f"no USER, and {name} runs as root"
        if isinstance(base.target, Scratch):
            why = "no USER"
        message = f"the image {'may run' if known is MEDIUM else 'runs'} as root: {why}"
        yield Problem(spot(stage, stage.base.span, "USER"), message, fix=_fix(dockerfile), severity=known)


def is_root(user: str) -> bool:
    """Whether a `USER` is root: `root`, `0`, each with any group."""
    name = user.partition(":")[0]
    return name == "root" or (name.isascii() and name.isdecimal() and not int(name[:10]))


def _severity(base: object) -> Severity | None:
    """How bad no `USER` is on a base; None where the base is known to set one, or is Windows."""
    if isinstance(base, Scratch):
        return HIGH
    if not isinstance(base, ImageReference):
        return MEDIUM
    if "nonroot" in (base.tag or "") or "nonroot" in base.repository or base.name.startswith("cgr.dev/chainguard/"):
        return None
    if base.name.startswith("mcr.microsoft.com/windows"):
        return None
    official = base.registry == DOCKER_HUB and base.repository.startswith("library/")
    return HIGH if official and base.repository.removeprefix("library/") not in _NOT_ROOT else MEDIUM


def _fix(dockerfile: Dockerfile) -> Fix | None:
    where = dockerfile.final_stage.insertion_offset_for_user()
    if where is None:
        return None
    line = f"{where.before}USER {UNPRIVILEGED}{dockerfile.newline}"
    return needs_review(
        f"run as user {UNPRIVILEGED}",
        EditText((Edit(where.offset, where.offset, line),)),
        note=f"what the program writes must belong to user {UNPRIVILEGED} (COPY --chown), ports below 1024 may fail",
    )


def _file(text: str, at: str = "", fixed: str | None = None) -> Example:
    return Example(text, at=at or (), fixed=fixed, path="Dockerfile")


_AT = "stage.final.USER"

RULE = Rule(
    id="GG-DKR-001",
    name="root-image",
    title="Final stage runs as root (no USER, USER 0, or root by inheritance)",
    severity=HIGH,
    applies_to=Dockerfile,
    check=check,
    fix_safety="needs-review",
    aliases=("DL3002", "CKV_DOCKER_3", "CKV_DOCKER_8", "DS002", "DS-0002", "AVD-DS-0002"),
    controls=(
        "cis_k8s:5.2.7", "cis_docker:4.1", "nsa:pod-nonroot", "mitre:T1611", "mitre:T1068", "sp800_190:4.1.2",
        "sp800_53:AC-6", "sp800_53:CM-7", "pci:2.2.6", "pci:7.2.5", "owasp_k8s_2025:K01",
    ),
    bad=(
        _file("FROM alpine:3.20\nRUN true\n", _AT, "FROM alpine:3.20\nRUN true\nUSER 65532\n"),
        _file(
            'FROM golang:1.22 AS build\nUSER 1000\nFROM scratch\nCOPY --from=build /a /a\nENTRYPOINT ["/a"]\n', _AT,
            'FROM golang:1.22 AS build\nUSER 1000\nFROM scratch\nCOPY --from=build /a /a\nUSER 65532\n'
            'ENTRYPOINT ["/a"]\n',
        ),
        _file("FROM alpine:3.20\nUSER app\nUSER 0:0\nCMD x\n", _AT,
              "FROM alpine:3.20\nUSER app\nUSER 0:0\nUSER 65532\nCMD x\n"),
        _file("ARG WHO=app\nFROM alpine:3.20 AS base\nARG WHO=root\nUSER $WHO\nFROM base\n", _AT),
        _file("FROM ghcr.io/example/base:1\n", _AT),
        _file("FROM alpine:3.20\r\nCMD x", _AT, "FROM alpine:3.20\r\nUSER 65532\r\nCMD x"),
    ),
    good=(
        _file("FROM alpine:3.20\nUSER 65532\n"),
        _file("FROM alpine:3.20 AS base\nUSER app\nFROM base\n"),
        _file("FROM gcr.io/distroless/static:nonroot\n"),
        _file("FROM cgr.dev/chainguard/static\n"),
        _file("FROM alpine:3.20\nARG WHO\nUSER $WHO\n"),
    ),
)  # fmt: skip
