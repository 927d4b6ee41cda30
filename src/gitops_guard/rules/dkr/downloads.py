"""Download piped to a shell.

## What it does
Reports `RUN` that has a shell or interpreter execute what curl or wget just downloaded: through a pipe, by
`sh -c "$(curl ...)"`, by `bash <(curl ...)` or by `eval`.

## Why it matters
Whoever controls the server, or the connection to it, decides what runs in the build, each time anew; a connection
that breaks off in the middle runs half a script.

## Fix safety
No automatic fix: download to a file, compare its SHA-256 with one in the Dockerfile, then run it.

## References
CIS Docker Benchmark, 4.11. NIST SP 800-190, section 4.1.3.
"""

import re
from collections.abc import Iterator

from gitops_guard.finding import HIGH
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.dkr.shell import Command, commands
from gitops_guard.rules.dockerfile_places import shells, spot
from gitops_guard.syntax.dockerfile import Dockerfile

_DOWNLOADERS = frozenset(("curl", "wget", "aria2c", "fetch"))
_INTERPRETER = re.compile(r"(?:ba|da|a|z|k)?sh|python[0-9.]*|perl|ruby|node|php|pwsh")
_SUBSTITUTED = re.compile(r"[$<]\(\s*(?:curl|wget)\s")
_PROGRAM_FOLLOWS = frozenset(("-c", "-e", "-m", "-n", "-ne", "-pe"))
_SCRIPT_RUNNERS = re.compile(r"(?:ba|da|a|z|k)?sh|eval|source|\.")


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports downloads that are executed unseen."""
    for stage, shell in shells(dockerfile):
        for program, start, end in _executed(list(commands(shell.text))):
            message = f"a download is executed by {program} without a check of what it is"
            yield Problem(spot(stage, shell.span(start, end), "RUN", "download", program), message)


def _executed(found: list[Command]) -> Iterator[tuple[str, int, int]]:
    """The interpreter, and the range of the pipeline or command."""
    begin: int | None = None
    for command in found:
        if not command.piped:
            begin = None
        program = command.program
        if begin is not None and _INTERPRETER.fullmatch(program) and _reads_script(command):
            yield program, begin, command.words[-1].end
            begin = None
        elif _SCRIPT_RUNNERS.fullmatch(program) and any(_SUBSTITUTED.search(word.text) for word in command.arguments):
            yield program, command.words[0].start, command.words[-1].end
        elif program in _DOWNLOADERS:
            begin = command.words[0].start


def _reads_script(command: Command) -> bool:
    """Whether an interpreter takes its program from its input, rather than from an argument."""
    options = [word.text for word in command.arguments]
    if "-s" in options or "-" in options or "/dev/stdin" in options:
        return True
    return all(
        text.startswith(("-", ">", "2>")) and text not in {"-c", "-e", "-m", "-n", "-ne", "-pe"} for text in options
    )


def _file(text: str, at: str = "") -> Example:
    return Example(text, at=at or (), path="Dockerfile")


_FROM = "FROM alpine:3.20\n"
_AT = "stage.final.RUN.download.sh"

RULE = Rule(
    id="GG-DKR-007",
    name="download-piped-to-shell",
    title="Download piped to a shell or installed without integrity check",
    severity=HIGH,
    applies_to=Dockerfile,
    check=check,
    aliases=(),
    controls=(
        "cis_docker:4.11", "nsa:pod-image-build", "mitre:T1195.002", "mitre:T1105", "sp800_190:4.1.3", "sp800_53:SI-7",
        "sp800_53:SR-11", "pci:6.3.2",
    ),
    bad=(
        _file(_FROM + "RUN curl -fsSL 'https://example.com/i?a=1&b=2' | sh\n", _AT),
        _file(_FROM + "RUN set -x \\\n && wget -qO- https://example.com/i \\\n | sudo -E sh -s -- -y\n", _AT),
        _file(_FROM + 'RUN sh -c "$(curl -fsSL https://example.com/i)"\n', _AT),
        _file(_FROM + "RUN <<EOF\ncurl -s https://example.com/i | tee log | sh\nEOF\n", _AT),
        _file(_FROM + "RUN bash <(curl -s https://example.com/i)\n", "stage.final.RUN.download.bash"),
        _file(_FROM + "ONBUILD RUN curl https://example.com/i | sh\n", _AT),
        _file(_FROM + 'RUN ["sh", "-c", "curl https://example.com/i | sh"]\n', _AT),
    ),
    good=(
        _file(_FROM + "RUN curl -fsSL https://example.com/a.tgz | tar -xz && sh ./a/install\n"),
        _file(_FROM + "RUN curl -o i https://example.com/i && echo 'ab  i' | sha256sum -c && sh i\n"),
        _file(_FROM + "RUN curl -s https://example.com/v | python3 -c 'import json'\n"),
        _file(_FROM + "RUN echo 'curl https://example.com | sh' > README # curl x | sh\n"),
        _file(_FROM + "RUN curl -s https://example.com/v || sh fallback.sh\n"),
    ),
)  # fmt: skip
