"""Build context copied whole without a .dockerignore that keeps secrets out.

## What it does
Reports `COPY .` and `ADD .` in the stages that the image consists of, where no `.dockerignore` beside the Dockerfile or
at the top of the repository leaves out both `.git` and `.env` files. Where it cannot be known, it is silent.

## Why it matters
Everything that lies around in the working folder gets into the image: the history, credentials of the developer, local
configuration.

## Fix safety
No automatic fix: what the image needs of the folder is the team's to say. Begin the `.dockerignore` with `.git` and
`.env*`.

## References
CIS Docker Benchmark, 4.10. Docker, "Build context", .dockerignore files.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from gitops_guard.finding import MEDIUM
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.dockerfile_places import final_numbers, spot, steps
from gitops_guard.syntax.dockerfile import Dockerfile

_WHOLE = frozenset((".", "./", "*", "./*", "/"))
_KEPT_OUT = (".git", ".env")


def check(dockerfile: Dockerfile, context: RuleContext) -> Iterator[Problem]:
    """Reports copies of the whole build context that nothing narrows."""
    ignored = context.dockerignore
    if ignored is None:
        return
    missing = [name for name in _KEPT_OUT if not _is_ignored(name, ignored)]
    if not missing:
        return
    shipped = final_numbers(dockerfile)
    for stage, instruction in steps(dockerfile):
        if stage is None or stage.number not in shipped or instruction.keyword not in {"COPY", "ADD"}:
            continue
        sources = {token.text for token in instruction.values[:-1]}
        if instruction.flag("from") is None and not sources.isdisjoint(_WHOLE):
            yield Problem(
                spot(stage, instruction.span, instruction.keyword, "context"),
                f"copies the whole build context, and no .dockerignore leaves out {' and '.join(missing)}",
            )


def _is_ignored(name: str, text: str) -> bool:
    """Whether the last pattern that fits a file at the top of the context leaves it out."""
    ignored = False
    for line in text.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        wanted = not pattern.startswith("!")
        shape = pattern.lstrip("!").removeprefix("/").removeprefix("./").removeprefix("**/").rstrip("/")
        if fnmatchcase(name, shape.removesuffix("/**").removesuffix("/*")):
            ignored = wanted
    return ignored


_FILE = "FROM registry.example.org/base:1.0.0\nCOPY . /app\nUSER 65532\n"

RULE = Rule(
    id="GG-DKR-014",
    name="whole-build-context",
    title="Build context copied whole without a .dockerignore that excludes .git and env files",
    severity=MEDIUM,
    applies_to=Dockerfile,
    check=check,
    aliases=(),
    controls=(
        "cis_docker:4.10",
        "nsa:net-secrets",
        "mitre:T1552.001",
        "sp800_190:4.1.4",
        "sp800_53:CM-7",
        "pci:8.6.2",
        "owasp_k8s_2025:K03",
    ),
    bad=(
        Example(_FILE, at="stage.final.COPY.context", path="Dockerfile", beside=((".dockerignore", ".git\n"),)),
        Example(_FILE, at="stage.final.COPY.context", path="Dockerfile"),
    ),
    good=(
        Example(_FILE, path="Dockerfile", beside=((".dockerignore", "# no\n**/.git\n.env*\n"),)),
        Example(_FILE, path="Dockerfile", beside=((".dockerignore", "*\n!src\n"),)),
        Example(_FILE.replace("COPY .", "COPY src"), path="Dockerfile"),
        Example(
            _FILE.replace("USER", "FROM registry.example.org/run:1.0.0\nUSER"),
            path="Dockerfile",
        ),
    ),
)
