"""Credential inside a RUN line or a URL.

## What it does
Reports credentials that are written out in `RUN` and in the URLs of `ADD`: tokens of well-known formats, passwords in
URLs, `Authorization` headers, passwords for `chpasswd`, `sshpass -p`, `curl -u` and `--password`. Variables are silent.

## Why it matters
Everybody who can pull the image reads its commands with `docker history`, and whoever reads the repository has the
credential anyway: it must be replaced.

## Fix safety
No automatic fix: the credential must be revoked; `RUN --mount=type=secret` gives the new one to the command alone.

## References
CIS Docker Benchmark, 4.10. NIST SP 800-190, section 4.1.4. BuildKit, "Build secrets".
"""

import re
from collections.abc import Iterator

from gitops_guard.finding import CRITICAL
from gitops_guard.model.secret_values import credentials, is_placeholder, is_reference, url_password
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.dockerfile_places import shells, spot, steps
from gitops_guard.syntax.dockerfile import Dockerfile
from gitops_guard.text import Span

_LITERAL = r"['\"]?([^\s'\"]{3,200})"
_WRITTEN: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "Authorization header",
        re.compile(r"Authorization:\s{0,3}(?:Bearer|Basic|token)\s{1,3}([^\s'\"]{8,2000})", re.IGNORECASE),
    ),
    (
        "password for chpasswd",
        re.compile(r"echo\s[^|;&\n]{0,200}?\w:([^\s'\"|;&]{3,200})['\"]?\s*\|\s*(?:sudo\s+)?chpasswd"),
    ),
    ("password for sshpass", re.compile(r"\bsshpass\s+-p\s*" + _LITERAL)),
    (
        "password for curl",
        re.compile(r"\bcurl\s[^|;&\n]{0,500}?(?:\s-u|--user)[ =]?['\"]?[\w.@-]{1,100}:([^\s'\"]{3,200})"),
    ),
    (
        "password option",
        re.compile(r"\s--(?:password|passwd|token|api-key)[ =]['\"]?([^\s'\"-][^\s'\"]{3,500})"),
    ),
    ("npm token", re.compile(r"_auth(?:Token)?[ =]['\"]?([^\s'\"]{8,500})")),
)


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports written-out credentials in RUN and ADD."""
    for stage, shell in shells(dockerfile):
        for kind, (start, end) in written(shell.text):
            span = shell.span(start, end)
            message = f"RUN holds a credential ({kind}): replace it, and give the new one as a build secret"
            yield Problem(spot(stage, span, "RUN", "credential", kind), message, masked=(span,))
    for holder, instruction in steps(dockerfile):
        for source in instruction.values if instruction.keyword in {"ADD", "COPY"} else ():
            if url_password(source.text) is not None or next(credentials(source.text), None) is not None:
                span = source.span or instruction.span
                message = f"{instruction.keyword} holds a credential in a URL: replace it"
                yield Problem(spot(holder, span, instruction.keyword, "credential"), message, masked=(span,))


def written(text: str) -> Iterator[tuple[str, Span]]:
    """The credentials of a shell text: their kinds and places, each place once."""
    done: list[Span] = []
    for kind, span in _candidates(text):
        if not any(span.start < other.end and other.start < span.end for other in done):
            done.append(span)
            yield kind, span


def _candidates(text: str) -> Iterator[tuple[str, Span]]:
    for found in credentials(text):
        yield found.kind.replace("-", " "), found.span
    at = 0
    while (span := url_password(text[at:])) is not None:
        yield "URL with a password", Span(at + span.start, at + span.end)
        at += span.end
    for kind, pattern in _WRITTEN:
        for match in pattern.finditer(text):
            value = match[1]
            if "$" not in value and "`" not in value and not is_reference(value) and not is_placeholder(value):
                yield kind, Span(*match.span(1))


def _file(text: str, at: str = "") -> Example:
    return Example(text, at=at or (), path="Dockerfile")


_FROM = "FROM alpine:3.20\n"
_AT = "stage.final.RUN.credential"

RULE = Rule(
    id="GG-DKR-005",
    name="credential-in-run",
    title="Credential inside a RUN line, URL userinfo or package-manager config",
    severity=CRITICAL,
    applies_to=Dockerfile,
    check=check,
    aliases=("CKV2_DOCKER_17",),
    controls=(
        "cis_docker:4.10", "nsa:net-secrets", "mitre:T1552.001", "sp800_190:4.1.4", "sp800_53:IA-5(7)", "pci:8.6.2",
        "owasp_k8s_2025:K03",
    ),
    bad=(
        _file(_FROM + "RUN git clone https://me:hunter22@example.com/a.git\n", _AT + '["URL with a password"]'),
        _file(
            _FROM + "RUN true \\\n && curl -H 'Authorization: Bearer q7F3kz01Xw9L' https://example.com\n",
            _AT + '["Authorization header"]',
        ),
        _file(_FROM + "RUN echo 'root:hunter22' | chpasswd\n", _AT + '["password for chpasswd"]'),
        _file(_FROM + "RUN <<EOF\nsshpass -p hunter22 scp a b:\nEOF\n", _AT + '["password for sshpass"]'),
        _file(_FROM + "ADD https://me:hunter22@example.com/a /a\n", "stage.final.ADD.credential"),
    ),
    good=(
        _file(_FROM + "ARG TOKEN\nRUN git clone https://me:${TOKEN}@example.com/a.git\n"),
        _file(_FROM + 'RUN curl -H "Authorization: Bearer $TOKEN" https://example.com && login --password-stdin\n'),
        _file(_FROM + 'RUN echo "root:$PASSWORD" | chpasswd && curl -u me:$(cat /run/secrets/p) https://example.com\n'),
    ),
)  # fmt: skip
