"""Files that give rights away.

## What it does
Reports, in the stages that the image consists of: sudo that is installed or used, setuid and setgid bits that are set,
and paths made writable for everybody, by `chmod`, `install -m`, `mkdir -m` or `COPY --chmod`. Folders with the sticky
bit such as `/tmp` (1777), shared folders of a group (2775), and what the same `RUN` removes are left out.

## Why it matters
Setuid programs and sudo turn an ordinary user into root; whoever may write to a program decides what the next one who
starts it runs.

## Fix safety
Needs review: without the right to write, a program that runs as another user than the owner fails.

## References
CIS Docker Benchmark, 4.8. NIST SP 800-190, section 4.1.2. MITRE ATT&CK T1548.001 and T1548.003.
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import EditText
from gitops_guard.finding import MEDIUM
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.dkr.file_mode import Change, changes, judged, narrowed
from gitops_guard.rules.dkr.packages import kept_packages
from gitops_guard.rules.dkr.shell import commands
from gitops_guard.rules.dockerfile_places import final_numbers, spot, steps
from gitops_guard.syntax.dockerfile import Dockerfile, ShellText, Stage
from gitops_guard.text import Edit, Span

_ASKS_FOR_RIGHTS = frozenset(("sudo", "doas", "opendoas"))
_WHY = {
    "setuid": "sets the setuid or setgid bit: who starts the program has its owner's rights",
    "writable": "is writable for everybody: give it to the user that needs it instead",
}


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports sudo, setuid bits and paths that everybody may write to."""
    yield from _sudo(dockerfile)
    for stage in dockerfile.lineage(dockerfile.final_stage):
        for shell in dockerfile.shell_texts(stage):
            for change in changes(shell.text):
                yield from _changed(dockerfile, stage, shell, change)
    shipped = final_numbers(dockerfile)
    for holder, instruction in steps(dockerfile):
        mode = instruction.flag("chmod") if instruction.keyword in {"COPY", "ADD"} else None
        kind = judged(mode.text) if mode is not None else ""
        if mode is not None and kind and holder is not None and holder.number in shipped:
            target = instruction.values[-1].text
            place = spot(holder, mode.span or instruction.span, instruction.keyword, "chmod", target)
            fix = _fix(dockerfile, mode.span, mode.text)
            yield Problem(place, f"{target} with mode {mode.text} {_WHY[kind]}", fix=fix)


def _sudo(dockerfile: Dockerfile) -> Iterator[Problem]:
    """Reports sudo that is installed, or else the first use of it."""
    installed = False
    for stage, shell, _, word, name in kept_packages(dockerfile):
        if name in _ASKS_FOR_RIGHTS:
            installed = True
            place = spot(stage, shell.span(word.start, word.end), "RUN", "package", name)
            yield Problem(place, f"{name} stays in the image: who may use it is root in the container")
    for stage in dockerfile.lineage(dockerfile.final_stage) if not installed else ():
        for shell in dockerfile.shell_texts(stage):
            for command in commands(shell.text):
                first = command.words[0]
                if first.text == "sudo":
                    message = "sudo is in the image, and its user may use it: who is that user is root"
                    yield Problem(spot(stage, shell.span(first.start, first.end), "RUN", "sudo"), message)
                    return


def _changed(dockerfile: Dockerfile, stage: Stage, shell: ShellText, change: Change) -> Iterator[Problem]:
    kind = judged(change.mode.text, change.paths)
    if kind:
        span = shell.span(change.mode.start, change.mode.end)
        shown = change.paths[0] if change.paths else "a path"
        place = spot(stage, span, "RUN", change.program, shown)
        message = f"{shown} with mode {change.mode.text} {_WHY[kind]}"
        yield Problem(place, message, fix=_fix(dockerfile, span, change.mode.text))


def _fix(dockerfile: Dockerfile, span: Span | None, mode: str) -> Fix | None:
    narrow = narrowed(mode)
    if not narrow or span is None or dockerfile.text[span.start : span.end] != mode:
        return None
    return needs_review(
        f"use mode {narrow}",
        EditText((Edit(*span, narrow),)),
        note="who is not the owner can no longer write there, or no longer gets the owner's rights: give the path to "
        "the user that needs it (chown, COPY --chown)",
    )


def _file(text: str, at: str | tuple[str, ...] = (), fixed: str | None = None) -> Example:
    return Example(text, at=at, fixed=fixed, path="Dockerfile")


_FROM = "FROM debian:12\n"

RULE = Rule(
    id="GG-DKR-011",
    name="elevated-files",
    title="sudo installed, setuid bit set, or world-writable path created",
    severity=MEDIUM,
    applies_to=Dockerfile,
    check=check,
    fix_safety="needs-review",
    aliases=("DL3004", "CKV2_DOCKER_1", "DS010", "DS-0010", "AVD-DS-0010"),
    controls=(
        "cis_docker:4.8", "nsa:pod-nonroot", "mitre:T1548.001", "mitre:T1548.003", "sp800_190:4.1.2",
        "sp800_53:AC-6(10)", "pci:2.2.6", "owasp_k8s_2025:K01",
    ),
    bad=(
        _file(_FROM + "RUN mkdir /data && chmod -R 777 /data\n", "stage.final.RUN.chmod./data",
              _FROM + "RUN mkdir /data && chmod -R 755 /data\n"),
        _file(_FROM + "COPY --chmod=0777 run.sh /run.sh\n", 'stage.final.COPY.chmod["/run.sh"]',
              _FROM + "COPY --chmod=0755 run.sh /run.sh\n"),
        _file(_FROM + "RUN chmod 4755 /usr/bin/tool\n", "stage.final.RUN.chmod./usr/bin/tool",
              _FROM + "RUN chmod 0755 /usr/bin/tool\n"),
        _file(_FROM + "RUN chmod u+s,g-w /bin/ping && chmod a+rwx /srv\n",
              ("stage.final.RUN.chmod./bin/ping", "stage.final.RUN.chmod./srv")),
        _file(_FROM + "RUN find /srv -type d -exec chmod 0777 {} +\n", "stage.final.RUN.chmod./srv",
              _FROM + "RUN find /srv -type d -exec chmod 0755 {} +\n"),
        _file(_FROM + "RUN install -m 4755 a /usr/bin/a\n", "stage.final.RUN.install./usr/bin/a",
              _FROM + "RUN install -m 0755 a /usr/bin/a\n"),
        _file(_FROM + "RUN apt-get install -y sudo && sudo true\n", "stage.final.RUN.package.sudo"),
        _file("FROM registry.example.com/base:1\nRUN true && sudo make install\n", "stage.final.RUN.sudo"),
    ),
    good=(
        _file(_FROM + "RUN mkdir /x && chmod 1777 /x && chmod 755 /y && chmod a+rx /z && chmod +w /w\n"),
        _file(_FROM + "RUN chmod -R g=u /app && chmod 2775 /srv/share && chmod g+s /srv/share && chmod ug+x /run.sh\n"),
        _file(_FROM + "RUN chmod a-s /bin/su && chmod o-w /srv && find / -perm /6000 -exec chmod a-s {} +\n"),
        _file(_FROM + "RUN chmod 777 /tmp/setup.sh && /tmp/setup.sh && rm /tmp/setup.sh\n"),
        _file("FROM debian:12 AS build\nRUN apt-get install -y sudo && chmod 777 /src\nFROM scratch\n"),
        _file(_FROM + "COPY --chmod=755 run.sh /run.sh\nRUN echo chmod 777 /x && apt-get purge -y sudo\n"),
    ),
)  # fmt: skip
