"""SSH server in the image.

## What it does
Reports SSH servers that the final stage, or one it builds on, installs with a package manager and keeps, and `EXPOSE`
of TCP port 22, also in a range or by a variable with a value, and in the base image where the registry was asked. The
client alone is silent.

## Why it matters
A second way in, with keys and passwords of its own that nobody rotates: `kubectl exec` and ephemeral containers ask
the API server for permission and leave an audit log.

## Fix safety
Needs review: port 22 leaves `EXPOSE`. `EXPOSE` opens nothing by itself, but tools that read it map the port no longer.
The package has no fix: install `openssh-client` where only the client is needed.

## References
CIS Docker Benchmark, 4.3. NIST SP 800-190, section 4.1.2. Kubernetes, "Ephemeral Containers".
"""

import re
from collections.abc import Iterator

from gitops_guard.editing.intent import EditText
from gitops_guard.facts.image import ImageConfig, ImageFacts
from gitops_guard.finding import MEDIUM
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.dkr.packages import Package, kept_packages
from gitops_guard.rules.dockerfile_places import spot
from gitops_guard.syntax.dockerfile import Dockerfile, Instruction, Token, expand
from gitops_guard.text import Edit

_SERVERS = frozenset(("openssh-server", "openssh-server-pam", "dropbear", "dropbear-bin", "tinyssh", "tinysshd"))
_WITH_CLIENT = frozenset(("apk", "zypper"))
"""Package managers whose `openssh` is client and server; for others it is what both share."""

_PORT = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/tcp)?", re.IGNORECASE)
_SSH = 22
_OPEN = "port 22 is exposed: nobody should log in to a container by SSH"


def check(dockerfile: Dockerfile, context: RuleContext) -> Iterator[Problem]:
    """Reports SSH servers and exposed port 22."""
    for package in kept_packages(dockerfile):
        if _is_server(package):
            span = package.shell.span(package.word.start, package.word.end)
            message = f"{package.name} installs an SSH server: use kubectl exec or an ephemeral container instead"
            if package.name == "openssh":
                message = "openssh installs an SSH server too: openssh-client is the client alone"
            yield Problem(spot(package.stage, span, "RUN", "package", package.name), message)
    lineage = dockerfile.lineage(dockerfile.final_stage)
    for stage in lineage:
        values = dockerfile.variables(stage)
        for instruction in stage.instructions:
            for port in instruction.values if instruction.keyword == "EXPOSE" else ():
                value = expand(port.text, values, dockerfile.escape)
                if not value.unresolved and any(map(is_ssh, value.text.split())):
                    place = spot(stage, port.span or instruction.span, "EXPOSE", "22")
                    yield Problem(place, _OPEN, fix=_fix(dockerfile, instruction, port))
    base = lineage[0].base
    facts = context.images.of(base.image) if base.image else None
    if base.image and facts and facts.config and any(map(is_ssh, facts.config.ports)):
        yield Problem(spot(lineage[0], base.span, "FROM", "22"), f"{base.image.familiar} exposes port 22")


def _is_server(package: Package) -> bool:
    return package.name in _SERVERS or (package.name == "openssh" and package.manager in _WITH_CLIENT)


def is_ssh(port: str) -> bool:
    """Whether an exposed port is, or a range of ports holds, TCP port 22."""
    match = _PORT.fullmatch(port)
    return match is not None and int(match[1]) <= _SSH <= int(match[2] or match[1])


def _fix(dockerfile: Dockerfile, instruction: Instruction, port: Token) -> Fix | None:
    """Without the port; without the whole instruction where it is the only one."""
    if port.span is None or port.text not in {"22", "22/tcp"}:
        return None
    text, (start, end) = dockerfile.text, port.span
    if len(instruction.values) == 1:
        start, end = instruction.span
        before = text[text.rfind("\n", 0, start) + 1 : start]
        if before.strip() or not text.startswith(dockerfile.newline, end):
            return None
        start, end = start - len(before), end + len(dockerfile.newline)
    elif text[start - 1] in " \t":
        start -= 1
    else:
        return None
    return needs_review(
        "no longer expose port 22",
        EditText((Edit(start, end, ""),)),
        note="whoever reads EXPOSE to publish ports no longer sees this one",
    )


def _file(
    text: str, at: str | tuple[str, ...] = (), fixed: str | None = None, known: tuple[ImageFacts, ...] = ()
) -> Example:
    return Example(text, at=at, fixed=fixed, path="Dockerfile", known=lambda: known)


_FROM = "FROM debian:12\n"
_AT = "stage.final.EXPOSE.22"
_REMOTE = "registry.example.com/team/base:1.0.0"
_KNOWN = (ImageFacts(_REMOTE, config=ImageConfig(ports=("8080/tcp", "22/tcp"))),)

RULE = Rule(
    id="GG-DKR-012",
    name="ssh-server",
    title="SSH server installed or port 22 exposed",
    severity=MEDIUM,
    applies_to=Dockerfile,
    check=check,
    fix_safety="needs-review",
    aliases=("CKV_DOCKER_1", "DS004", "DS-0004", "AVD-DS-0004"),
    controls=(
        "cis_docker:4.3", "nsa:pod-image-build", "mitre:T1021.004", "sp800_190:4.1.2", "sp800_53:CM-7", "pci:2.2.4",
        "owasp_k8s_2025:K01",
    ),
    bad=(
        _file(_FROM + "EXPOSE 22\nCMD x\n", _AT, _FROM + "CMD x\n"),
        _file(_FROM + "EXPOSE 8080 22/tcp 443\n", _AT, _FROM + "EXPOSE 8080 443\n"),
        _file(_FROM + "ENV PORT=22\nEXPOSE 80 ${PORT}/tcp\n", _AT),
        _file(_FROM + "EXPOSE 20-25\n", _AT),
        _file(_FROM + "RUN apt-get install -y openssh-server=1:9.2\n", "stage.final.RUN.package.openssh-server"),
        _file("FROM alpine:3.20\nRUN apk add --no-cache git openssh\n", "stage.final.RUN.package.openssh"),
        _file(f"FROM {_REMOTE}\n", "stage.final.FROM.22", known=_KNOWN),
    ),
    good=(
        _file(_FROM + "EXPOSE 2222 8022 22/udp 220-230\n"),
        _file(_FROM + "ARG PORT\nEXPOSE ${PORT}\n"),
        _file(_FROM + "RUN apt-get install -y openssh-client && dnf install -y openssh\n"),
        _file("FROM debian:12 AS build\nRUN apt-get install -y dropbear\nEXPOSE 22\nFROM scratch\n"),
        _file(_FROM + "RUN apt-get install -y openssh-server && apt-get purge -y openssh-server\n"),
    ),
)  # fmt: skip
