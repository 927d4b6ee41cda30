"""ADD where COPY would do, or of a remote file that nothing verifies.

## What it does
Reports `ADD` of local files that are no archives, and of URLs without `--checksum` (of git repositories: without a
full commit). Archives are silent: unpacking them is what `ADD` is for.

## Why it matters
`ADD` unpacks and downloads as the source has it: a file that becomes an archive, or a URL that serves another one,
changes the image without a word.

## Fix safety
Safe where the source is a folder or a file whose ending is no archive's: `COPY` does the same. Needs review for
patterns and files without an ending, which could be archives. No fix for URLs: their checksum is not known.

## References
CIS Docker Benchmark, 4.9. BuildKit, Dockerfile reference, "ADD".
"""

import re
from collections.abc import Iterator

from gitops_guard.editing.intent import EditText
from gitops_guard.finding import LOW
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review, safe
from gitops_guard.rules.dockerfile_places import spot, steps
from gitops_guard.syntax.dockerfile import Dockerfile, Instruction
from gitops_guard.text import Edit

_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tzst|gz|bz2|xz|zst|lzma)(?:\.[a-z0-9]+)?$", re.IGNORECASE)
_ENDING = re.compile(r"[^./]\.[A-Za-z0-9]{1,12}$")
_REMOTE = re.compile(r"(?:https?|ftp|ssh|git)://|git@", re.IGNORECASE)
_COMMIT = re.compile(r"#[0-9a-f]{40}(?:[0-9a-f]{24})?(?::|$)")
_ONLY_ADD = ("checksum", "keep-git-dir", "unpack")
_TITLE = "use COPY"


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports ADD that COPY could replace, and unverified downloads."""
    for stage, instruction in steps(dockerfile):
        if instruction.keyword != "ADD":
            continue
        sources = [token.text for token in instruction.values[:-1]]
        if any("$" in source for source in sources):
            continue
        place = spot(stage, instruction.span, "ADD", _target(instruction))
        if any(map(_REMOTE.match, sources)):
            if instruction.flag("checksum") is None and not all(map(_is_settled, sources)):
                yield Problem(place, "ADD downloads a file that nothing verifies: give --checksum=sha256:...")
        elif sources and not any(map(_ARCHIVE.search, sources)):
            yield Problem(place, "ADD of local files: COPY does the same and nothing else", fix=_fix(instruction))


def _target(instruction: Instruction) -> str:
    return instruction.values[-1].text if instruction.values else ""


def _is_settled(source: str) -> bool:
    return not _REMOTE.match(source) or bool(_COMMIT.search(source))


def _fix(instruction: Instruction) -> Fix | None:
    start = instruction.span.start
    outer = instruction.logical.text[: instruction.arguments_at].split()
    if any(instruction.flag(name) is not None for name in _ONLY_ADD) or outer[0].upper() != "ADD":
        return None
    edit = EditText((Edit(start, start + len("ADD"), "COPY"),))
    sources = [token.text for token in instruction.values[:-1]]
    if all(map(_is_no_archive, sources)):
        return safe(_TITLE, edit)
    return needs_review(_TITLE, edit, note="if a source is an archive, COPY leaves it packed")


def _is_no_archive(source: str) -> bool:
    if source.startswith("<<") or source in {".", ".."} or source.endswith("/"):
        return True
    return bool(_ENDING.search(source)) and "*" not in source.rpartition(".")[2]


def _file(text: str, at: str = "", fixed: str | None = None) -> Example:
    return Example(text, at=at or (), fixed=fixed, path="Dockerfile")


_FROM = "FROM alpine:3.20\n"

RULE = Rule(
    id="GG-DKR-006",
    name="add-instead-of-copy",
    title="ADD used for a local file or an unverified remote URL",
    severity=LOW,
    applies_to=Dockerfile,
    check=check,
    fix_safety="safe",
    aliases=("DL3020", "CKV_DOCKER_4", "DS005", "DS-0005", "AVD-DS-0005"),
    controls=(
        "cis_docker:4.9", "nsa:pod-image-build", "mitre:T1195.002", "sp800_190:4.1.2", "sp800_53:SI-7(1)", "pci:6.3.2",
    ),
    bad=(
        _file(_FROM + "ADD app.py /app/\n", "stage.final.ADD./app/", _FROM + "COPY app.py /app/\n"),
        _file(_FROM + "add --chown=1:1 . /app\n", "stage.final.ADD./app", _FROM + "COPY --chown=1:1 . /app\n"),
        _file(_FROM + 'ADD ["a b.txt", "/x"]\n', "stage.final.ADD./x", _FROM + 'COPY ["a b.txt", "/x"]\n'),
        _file(_FROM + "ADD rootfs /\n", "stage.final.ADD./", _FROM + "COPY rootfs /\n"),
        _file(_FROM + "ADD https://example.com/a.tar.gz /a\n", "stage.final.ADD./a"),
        _file(_FROM + "ONBUILD ADD . /app\n", "stage.final.ADD./app"),
    ),
    good=(
        _file(_FROM + "ADD rootfs.tar.xz /\nCOPY app.py /app/\n"),
        _file(_FROM + f"ADD --checksum=sha256:{'ab' * 32} https://example.com/a /a\n"),
        _file(_FROM + f"ADD https://github.com/example/a.git#{'ab' * 20} /a\n"),
        _file(_FROM + "ARG ROOT\nADD $ROOT /\n"),
    ),
)  # fmt: skip
