"""Verification of downloads switched off.

## What it does
Reports options and variables that make curl, wget, git, npm, pip and the package managers accept what they cannot
verify.

## Why it matters
Signatures and TLS are all that tells a package from a forgery on the way into the image.

## Fix safety
Needs review: a build whose source is an internal server without a trusted certificate fails until the image knows the
authority. Options that take a value, and variables, have no fix.

## References
CIS Docker Benchmark, 4.11. NIST SP 800-190, section 4.1.3.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.editing.intent import EditText
from gitops_guard.finding import HIGH
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.dkr.shell import Command, Word, commands
from gitops_guard.rules.dockerfile_places import shells, spot, steps
from gitops_guard.syntax.dockerfile import Dockerfile, ShellText
from gitops_guard.text import Edit

_APT = (
    "--allow-unauthenticated",
    "--force-yes",
    "--allow-insecure-repositories",
    "--allow-downgrade-to-insecure-repositories",
    "--no-gpg-check",
)
_DNF = ("--nogpgcheck", "--no-gpgchecks")
_FLAGS: dict[str, tuple[str, ...]] = {
    "curl": ("--insecure", "--proxy-insecure"),
    "wget": ("--no-check-certificate",),
    "apt-get": _APT,
    "apt": _APT,
    "yum": _DNF,
    "dnf": _DNF,
    "microdnf": _DNF,
    "tdnf": _DNF,
    "rpm": ("--nosignature", "--nodigest"),
    "zypper": ("--no-gpg-checks",),
    "apk": ("--allow-untrusted",),
}
_SHORT_K = re.compile(r"-[a-zA-Z#]*k[a-zA-Z#]*")
_TAKES_VALUE = frozenset("oHuXdTAbceFmrxyYzCDEKPQtUw")
_ASSIGNED = re.compile(
    r"(?:NODE_TLS_REJECT_UNAUTHORIZED=0|GIT_SSL_NO_VERIFY=(?:1|true)|PYTHONHTTPSVERIFY=0)", re.IGNORECASE
)
_SETTINGS = (
    re.compile(r"strict-ssl(?: |=)false\b"),
    re.compile(r"http\.sslverify(?: |=)(?:false|0)\b", re.IGNORECASE),
    re.compile(r"\[[^\]]{0,200}trusted=yes"),
    re.compile(r"Acquire::(?:AllowInsecureRepositories|https::Verify-Peer)=(?:true|false)"),
)


class Switch(NamedTuple):
    """What switches verification off: its words in a shell text. `removable`: the build is the same without them."""

    program: str
    shown: str
    start: int
    end: int
    removable: bool


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports switched off verification in RUN, ENV and ARG."""
    for stage, shell in shells(dockerfile):
        for command in commands(shell.text):
            for one in _switches(command):
                at = spot(stage, shell.span(one.start, one.end), "RUN", one.program, one.shown)
                fix = _removed(shell, one, dockerfile.text) if one.removable else None
                yield Problem(at, f"{one.program} verifies nothing: {one.shown}", fix=fix)
    for holder, instruction in steps(dockerfile):
        for name, value in instruction.pairs() if instruction.keyword in {"ENV", "ARG"} else ():
            written = "" if value is None else f"{name.text}={value.text.strip(chr(34))}"
            if _ASSIGNED.fullmatch(written):
                place = spot(holder, name.span or instruction.span, instruction.keyword, name.text)
                yield Problem(place, f"{name.text} switches the verification of TLS off")


def _switches(command: Command) -> Iterator[Switch]:
    program, arguments = command.program, command.arguments
    for word in command.assignments:
        if _ASSIGNED.fullmatch(word.text):
            yield Switch(program or "shell", word.text, word.start, word.end, removable=False)
    for word in arguments if program == "export" else ():
        if _ASSIGNED.fullmatch(word.text):
            yield Switch(program, word.text, word.start, word.end, removable=False)
    for word in arguments:
        if word.text in _FLAGS.get(program, ()):
            yield Switch(program, word.text, word.start, word.end, removable=True)
        elif program == "curl" and _is_insecure(word):
            yield Switch(program, "-k", word.start, word.end, removable=word.text == "-k")
        elif program.startswith("pip") and word.text.startswith("--trusted-host"):
            yield Switch(program, "--trusted-host", word.start, word.end, removable=False)
    yield from _settings(command)


def _settings(command: Command) -> Iterator[Switch]:
    if command.program not in {"npm", "yarn", "pnpm", "git", "echo", "printf", "apt-get", "apt", "sed"}:
        return
    line = " ".join(word.text for word in command.words)
    for pattern in _SETTINGS:
        if pattern.search(line):
            shown = pattern.search(line)
            text = "trusted=yes" if shown is None or "trusted=yes" in shown[0] else shown[0]
            yield Switch(command.program, text, command.words[0].start, command.words[-1].end, removable=False)


def _is_insecure(word: Word) -> bool:
    """Whether a group of short options of curl holds `-k`; what follows an option with a value is that value."""
    if not _SHORT_K.fullmatch(word.text):
        return False
    before = word.text[1 : word.text.index("k")]
    return _TAKES_VALUE.isdisjoint(before)


def _removed(shell: ShellText, one: Switch, source: str) -> Fix | None:
    start, end = shell.span(one.start, one.end)
    if source[start:end] != one.shown or source[start - 1 : start] not in {" ", "\t"}:
        return None
    return needs_review(
        f"remove {one.shown}",
        EditText((Edit(start - 1, end, ""),)),
        note="the build fails if the server's certificate or the package's signature cannot be verified",
    )


def _file(text: str, at: str | tuple[str, ...] = (), fixed: str | None = None) -> Example:
    return Example(text, at=at, fixed=fixed, path="Dockerfile")


_FROM = "FROM alpine:3.20\n"

RULE = Rule(
    id="GG-DKR-008",
    name="verification-disabled",
    title="Package manager verification disabled (allow-unauthenticated, trusted, no-gpg-check, curl -k)",
    severity=HIGH,
    applies_to=Dockerfile,
    check=check,
    fix_safety="needs-review",
    aliases=(
        "CKV2_DOCKER_2", "CKV2_DOCKER_3", "CKV2_DOCKER_4", "CKV2_DOCKER_5", "CKV2_DOCKER_6", "CKV2_DOCKER_7",
        "CKV2_DOCKER_8", "CKV2_DOCKER_9", "CKV2_DOCKER_10", "CKV2_DOCKER_11",
    ),
    controls=(
        "cis_docker:4.11", "nsa:pod-image-build", "mitre:T1195.002", "sp800_190:4.1.3", "sp800_53:SI-7", "pci:6.3.2",
    ),
    bad=(
        _file(
            _FROM + "RUN apk add --allow-untrusted \\\n    a.apk\n", "stage.final.RUN.apk.--allow-untrusted",
            _FROM + "RUN apk add \\\n    a.apk\n",
        ),
        _file(
            _FROM + "RUN cd /tmp && curl -k -O https://example.com/a\n", "stage.final.RUN.curl.-k",
            _FROM + "RUN cd /tmp && curl -O https://example.com/a\n",
        ),
        _file(_FROM + "RUN curl -fsSLk https://example.com/a\n", "stage.final.RUN.curl.-k"),
        _file(_FROM + "RUN pip install --trusted-host example.com a\n", "stage.final.RUN.pip.--trusted-host"),
        _file(_FROM + "RUN npm config set strict-ssl false\n", 'stage.final.RUN.npm["strict-ssl false"]'),
        _file(_FROM + "RUN echo 'deb [trusted=yes] http://example.com ./' > /etc/apt/sources.list\n",
              "stage.final.RUN.echo.trusted=yes"),
        _file(_FROM + "ENV NODE_TLS_REJECT_UNAUTHORIZED=0\n", "stage.final.ENV.NODE_TLS_REJECT_UNAUTHORIZED"),
    ),
    good=(
        _file(_FROM + "RUN curl -fsSL -o task https://example.com/k && apt-get install -y --no-install-recommends a\n"),
        _file(_FROM + "RUN curl -oback https://example.com && tar -k -xf a && ls --insecure\n"),
        _file(_FROM + "ENV NODE_TLS_REJECT_UNAUTHORIZED=1\nRUN npm config set strict-ssl true\n"),
    ),
)  # fmt: skip
