"""Debug, remote-shell or network tools in the image.

## What it does
Reports packages such as netcat, nmap, tcpdump or gdb that the final stage, or one it builds on, installs with a
package manager and keeps. An image whose command is that tool is silent, and so are curl and wget.

## Why it matters
What helps to look around helps an intruder too: scans, reverse shells and memory dumps need no download then.

## Fix safety
No automatic fix: move the tool to a build or debug stage, or use an ephemeral debug container.

## References
CIS Docker Benchmark, 4.3. NIST SP 800-190, section 4.1.2. Kubernetes, "Debug Running Pods".
"""

from collections.abc import Iterator

from gitops_guard.finding import MEDIUM
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.dkr.packages import kept_packages
from gitops_guard.rules.dockerfile_places import spot
from gitops_guard.syntax.dockerfile import Dockerfile

_TOOLS = frozenset((
    "netcat", "netcat-openbsd", "netcat-traditional", "ncat", "nc", "nmap", "nmap-ncat", "socat", "telnet",
    "tcpdump", "tshark", "wireshark", "strace", "ltrace", "gdb", "gdbserver",
    "dnsutils", "bind-tools", "bind-utils", "iputils-ping", "iputils", "net-tools", "traceroute", "mtr", "mtr-tiny",
    "iperf", "iperf3", "hping3", "masscan", "hydra", "john", "sqlmap", "nikto", "rsh-client", "tftp", "ftp",
))  # fmt: skip


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports tools that the image keeps."""
    own = _own_program(dockerfile)
    for stage, shell, _manager, word, name in kept_packages(dockerfile):
        if name in _TOOLS and not (own and name.startswith(own)):
            message = f"{name} stays in the image: an intruder finds it ready to use"
            yield Problem(spot(stage, shell.span(word.start, word.end), "RUN", "package", name), message)


def _own_program(dockerfile: Dockerfile) -> str:
    """What the image is for: the program of its last ENTRYPOINT, or else CMD."""
    programs: dict[str, str] = {}
    for instruction in dockerfile.effective_instructions():
        if instruction.keyword in {"ENTRYPOINT", "CMD"} and instruction.values:
            first = instruction.values[0].text.split()
            programs[instruction.keyword] = first[0].rpartition("/")[2] if first else ""
    return programs.get("ENTRYPOINT") or programs.get("CMD", "")


def _file(text: str, at: str | tuple[str, ...] = ()) -> Example:
    return Example(text, at=at, path="Dockerfile")


_FROM = "FROM alpine:3.20\n"

RULE = Rule(
    id="GG-DKR-010",
    name="runtime-tools",
    title="Debug, remote-shell or network tools installed in the runtime stage",
    severity=MEDIUM,
    applies_to=Dockerfile,
    check=check,
    aliases=(),
    controls=(
        "cis_docker:4.3", "nsa:pod-image-build", "mitre:T1059.004", "mitre:T1046", "mitre:T1105", "sp800_190:4.1.2",
        "sp800_53:CM-7", "pci:2.2.4", "owasp_k8s_2025:K01",
    ),
    bad=(
        _file(
            _FROM + "RUN apk add --no-cache ca-certificates \\\n    nmap=7.95-r0 socat\n",
            ("stage.final.RUN.package.nmap", "stage.final.RUN.package.socat"),
        ),
        _file(
            "FROM debian:12 AS base\nRUN apt-get update && apt-get install -y gdb\nFROM base\n",
            "stage.base.RUN.package.gdb",
        ),
        _file(_FROM + "RUN <<EOF\nset -e\napk add tcpdump\nEOF\n", "stage.final.RUN.package.tcpdump"),
    ),
    good=(
        _file("FROM debian:12 AS build\nRUN apt-get install -y gdb\nFROM scratch\nCOPY --from=build /a /a\n"),
        _file(_FROM + "RUN apk add -t .tools nmap && nmap -V && apk del .tools\n"),
        _file("FROM debian:12\nRUN apt-get install -y telnet && telnet x && apt-get purge -y --auto-remove telnet\n"),
        _file(_FROM + 'RUN apk add nmap\nENTRYPOINT ["/usr/bin/nmap"]\n'),
        _file(_FROM + "RUN apk add curl && echo apk add nmap\n"),
    ),
)  # fmt: skip
