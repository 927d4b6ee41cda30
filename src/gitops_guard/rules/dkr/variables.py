"""Secret value in ENV or ARG.

## What it does
Reports `ENV` and `ARG` whose value is a credential: by a well-known format, or by a name such as `DB_PASSWORD` with a
written-out value, weak defaults such as `changeme` included. References, paths, `*_FILE` and placeholders are silent.

An `ARG` without a default whose name says that it takes a credential is reported where a `RUN` or `ENV` of a stage that
the image consists of uses it. Build stages, and names that web frameworks publish (`NEXT_PUBLIC_*`), are silent.

## Why it matters
Everybody who can pull the image reads its variables with `docker history`; removing them later leaves them in the
layers. Whoever reads the repository has them anyway, so the credential must be replaced. The value of an `ARG` is in
that history with every `RUN` that follows it.

## Fix safety
No automatic fix: the value must be revoked, and `RUN --mount=type=secret` or a file at run time take its place.

## References
CIS Docker Benchmark, 4.10. NIST SP 800-190, section 4.1.4. BuildKit, "Build secrets".
"""

import re
from collections.abc import Iterator

from gitops_guard.finding import CRITICAL, HIGH
from gitops_guard.model.secret_values import credentials, secret_kind
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.dockerfile_places import spot, steps
from gitops_guard.syntax.dockerfile import Dockerfile, Pair, Stage

_GENERATED = "q7F3kz01Xw9LmT2v"
"""A value that looks generated: what a name says of it is said of the name."""

_EXPANDED = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]{0,200})")
_MOUNTED = re.compile(r"[=,]env=([A-Za-z_][A-Za-z0-9_]{0,200})")
_PUBLISHED = re.compile(r"(?:(?:NEXT|NUXT|EXPO)_)?PUBLIC_|VITE_|REACT_APP_|GATSBY_|VUE_APP_")


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports secrets in ENV and ARG."""
    for stage, instruction in steps(dockerfile):
        if instruction.keyword not in {"ENV", "ARG"}:
            continue
        for name, value in instruction.pairs():
            kind = "" if value is None else secret_kind(name.text, value.text.strip("'\""))
            if value is not None and kind:
                span = value.span or instruction.span
                shown = _shown(name.text)
                yield Problem(
                    spot(stage, span, instruction.keyword, shown),
                    f"{instruction.keyword} {shown} holds a secret ({kind}): replace it, and keep the new one out",
                    masked=(span,),
                )
    for lower in dockerfile.lineage(dockerfile.final_stage):
        yield from _arguments(dockerfile, lower)


def _arguments(dockerfile: Dockerfile, stage: Stage) -> Iterator[Problem]:
    """Reports arguments of the build that take a credential and leave it in the image."""
    users = _users(stage)
    for number, instruction in enumerate(stage.instructions):
        for pair in instruction.pairs() if instruction.keyword == "ARG" else ():
            at, keyword = users.get(pair.name.text, (-1, ""))
            if at > number and _takes_secret(dockerfile, pair):
                shown = _shown(pair.name.text)
                where = "configuration" if keyword == "ENV" else "history"
                message = (
                    f"ARG {shown} takes a secret and {keyword} uses it: the image's {where} shows its value; "
                    "use RUN --mount=type=secret"
                )
                place = spot(stage, pair.name.span or instruction.span, "ARG", shown)
                yield Problem(place, message, severity=HIGH)


def _users(stage: Stage) -> dict[str, tuple[int, str]]:
    """The variables that `RUN` and `ENV` expand, each with its last user; what a mount provides is left out."""
    found: dict[str, tuple[int, str]] = {}
    for number, instruction in enumerate(stage.instructions):
        if instruction.keyword in {"RUN", "ENV"}:
            text = instruction.source if instruction.keyword == "RUN" else instruction.arguments
            mounted = {name for flag in instruction.flags for name in _MOUNTED.findall(flag.text)}
            for name in set(_EXPANDED.findall(text)) - mounted:
                found[name] = number, instruction.keyword
    return found


def _takes_secret(dockerfile: Dockerfile, pair: Pair) -> bool:
    name = pair.name.text
    outer = dockerfile.arguments.get(name)
    default = pair.value.text.strip("'\"") if pair.value else outer.value if outer else ""
    return not default and bool(secret_kind(name, _GENERATED)) and not _PUBLISHED.match(name)


def _shown(name: str) -> str:
    """The name of a variable; a name that is itself a credential is not shown."""
    return "unnamed" if next(credentials(name), None) else name


def _file(text: str, at: str = "") -> Example:
    return Example(text, at=at or (), path="Dockerfile")


_FROM = "FROM alpine:3.20\n"

RULE = Rule(
    id="GG-DKR-003",
    name="secret-in-variable",
    title="Secret value set through ENV or ARG",
    severity=CRITICAL,
    applies_to=Dockerfile,
    check=check,
    aliases=("DS031", "DS-0031", "AVD-DS-0031", "SecretsUsedInArgOrEnv"),
    controls=(
        "cis_docker:4.10", "nsa:net-secrets", "mitre:T1552.001", "sp800_190:4.1.4", "sp800_53:IA-5(7)",
        "sp800_53:SC-28", "pci:8.6.2", "pci:8.3.2", "owasp_k8s_2025:K03",
    ),
    bad=(
        _file(_FROM + "ENV DB_PASSWORD=hunter22\n", "stage.final.ENV.DB_PASSWORD"),
        _file(_FROM + "ENV DB_PASSWORD hunter22\n", "stage.final.ENV.DB_PASSWORD"),
        _file("ARG API_KEY=q7F3kz01Xw9LmT2v\n" + _FROM, "stage.global.ARG.API_KEY"),
        _file(
            "FROM alpine:3.20 AS build\nENV A=1 \\\n    GITHUB=ghp_" + "a1B2c3D4e5F6" * 3 + "\nFROM scratch\n",
            "stage.build.ENV.GITHUB",
        ),
        _file(_FROM + "ENV URL=https://me:s3cretpw@example.com/\n", "stage.final.ENV.URL"),
        _file(_FROM + "ONBUILD ENV API_TOKEN=q7F3kz01Xw9LmT2v\n", "stage.final.ENV.API_TOKEN"),
        _file(_FROM + "ARG GITHUB_TOKEN\nRUN git clone https://x:${GITHUB_TOKEN}@github.com/a/b\n",
              "stage.final.ARG.GITHUB_TOKEN"),
        _file(_FROM + "ARG NPM_TOKEN=\nENV TOKEN=$NPM_TOKEN\n", "stage.final.ARG.NPM_TOKEN"),
    ),
    good=(
        _file("ARG TOKEN\n" + _FROM + "ARG NPM_TOKEN\nRUN npm ci\n"),
        _file("FROM alpine:3.20 AS build\nARG NPM_TOKEN\nRUN echo $NPM_TOKEN > .npmrc\nFROM scratch\n"),
        _file(_FROM + "ARG TOKEN\nRUN --mount=type=secret,id=token,env=TOKEN curl -H $TOKEN https://example.com\n"),
        _file(_FROM + "ARG TOKEN_TTL PUBLIC_KEY\nRUN echo $TOKEN_TTL $PUBLIC_KEY\n"),
        _file(_FROM + "ARG NEXT_PUBLIC_API_KEY\nENV NEXT_PUBLIC_API_KEY=$NEXT_PUBLIC_API_KEY\n"),
        _file(_FROM + "RUN echo $TOKEN\nARG TOKEN\nRUN echo $TOKENIZER ${TOKEN_FILE}\n"),
        _file(_FROM + "ENV DB_PASSWORD_FILE=/run/secrets/db DB_PASSWORD= TOKEN=none\n"),
        _file(_FROM + "ENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305 TOKEN_TTL=3600 PASSWORD_MIN_LENGTH=12\n"),
        _file(_FROM + "ENV URL=https://example.com/ PROXY=http://$USER:$PASS@proxy:8080\n"),
    ),
)  # fmt: skip
