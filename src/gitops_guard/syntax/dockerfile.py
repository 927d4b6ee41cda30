"""Reads a Dockerfile: instructions located exactly, stages, every image it names, and what its final stage runs as.

The parser is BuildKit's own; variables, stages and places are resolved here. Import from this module only.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_guard.syntax import image_reference
from gitops_guard.syntax.dockerfile_instruction import Heredoc, Instruction, Pair, Token, check, instructions
from gitops_guard.syntax.dockerfile_name import is_dockerfile_name, skip_reason
from gitops_guard.syntax.dockerfile_reader import as_template, commands, is_template, raw_commands
from gitops_guard.syntax.dockerfile_scope import Expansion, GlobalArgument, Scope, expand, global_arguments
from gitops_guard.syntax.dockerfile_shell import ShellText, is_shell_heredoc, shell_texts
from gitops_guard.syntax.dockerfile_source import SPACE, DockerfileError, Lines, guard
from gitops_guard.syntax.dockerfile_stages import (
    ImageUse,
    Insertion,
    Role,
    Scratch,
    Stage,
    StageTarget,
    Target,
    other_uses,
    stages,
)
from gitops_guard.text import Span

__all__ = [
    "Dockerfile",
    "DockerfileError",
    "EffectiveUser",
    "Expansion",
    "GlobalArgument",
    "Heredoc",
    "ImageUse",
    "Insertion",
    "Instruction",
    "Pair",
    "Role",
    "Scratch",
    "ShellText",
    "Stage",
    "StageTarget",
    "Target",
    "Token",
    "expand",
    "is_dockerfile_name",
    "is_shell_heredoc",
    "parse",
    "skip_reason",
]

_DIRECTIVES = frozenset(("syntax", "escape", "check"))
_DIRECTIVE_SPACE = " \t\n\f\r"


class EffectiveUser(NamedTuple):
    """The `USER` that a stage ends with: `resolved` is None where only the build knows it.

    `instruction` may lie in another stage, `stage`, that this one builds on.
    """

    text: str
    resolved: str | None
    instruction: Instruction
    stage: int

    @property
    def span(self) -> Span:
        """The place of the name, or of the instruction if the name is not written in one piece."""
        return self.instruction.values[0].span or self.instruction.span


class Dockerfile(NamedTuple):
    """A Dockerfile with at least one stage.

    `instructions` are all in order, those before the first `FROM` (only `ARG`) included. `newline` is how its lines
    end. `uses` is what `image_uses` gives.
    """

    text: str
    instructions: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    arguments: Mapping[str, GlobalArgument]
    build_arguments: Mapping[str, str]
    escape: str
    newline: str
    uses: tuple[ImageUse, ...]

    @property
    def final_stage(self) -> Stage:
        """The stage that becomes the image, unless the build names another target."""
        return self.stages[-1]

    def image_uses(self) -> tuple[ImageUse, ...]:
        """Every place that names an image, a stage or scratch: `# syntax=`, then all `FROM`, then `--from` in order."""
        return self.uses

    def lineage(self, stage: Stage) -> tuple[Stage, ...]:
        """A stage and those that it builds on, the lowest first."""
        found = [stage]
        while isinstance(found[-1].base.target, StageTarget):
            found.append(self.stages[found[-1].base.target.number])
        return tuple(reversed(found))

    def effective_instructions(self, stage: Stage | None = None) -> tuple[Instruction, ...]:
        """What makes up a stage (by default the final one): its lineage's instructions.

        What an `ONBUILD` of a stage holds comes where the next stage builds on it.
        """
        found: list[Instruction] = []
        pending: list[Instruction] = []
        for one in self.lineage(stage or self.final_stage):
            found.append(one.instructions[0])
            found += pending
            found += one.instructions[1:]
            pending = [instruction.trigger for instruction in one.instructions if instruction.trigger]
        return tuple(found)

    def effective_user(self, stage: Stage | None = None) -> EffectiveUser | None:
        """The user of a stage (by default the final one); None if it is whatever an image outside this file sets."""
        made_of = self.effective_instructions(stage)
        last = max((number for number, one in enumerate(made_of) if one.keyword == "USER"), default=None)
        if last is None:
            return None
        user = made_of[last]
        expansion = self.expand(user.arguments, before=user, stage=stage)
        return EffectiveUser(
            user.values[0].text, None if expansion.unresolved else expansion.text, user, self._stage_of(user)
        )

    def expand(self, text: str, before: Instruction | None = None, stage: Stage | None = None) -> Expansion:
        """Expands a text with the `ARG` and `ENV` of a stage (by default the final one), up to an instruction."""
        scope = Scope(self.arguments, self.build_arguments, self.escape)
        for instruction in self.effective_instructions(stage):
            if instruction is before:
                break
            scope.read(instruction)
        return scope.expand(text)

    def variables(self, stage: Stage | None = None) -> Mapping[str, str | None]:
        """The `ARG` and `ENV` at the end of a stage (by default the final one); None where only the build knows."""
        scope = Scope(self.arguments, self.build_arguments, self.escape)
        for instruction in self.effective_instructions(stage):
            scope.read(instruction)
        return scope.values

    def shell_texts(self, stage: Stage | None = None) -> tuple[ShellText, ...]:
        """What the `RUN`s of a stage (by default the final one) do, without those of the stages below it."""
        return tuple(shell_texts((stage or self.final_stage).instructions, self.text))

    def _stage_of(self, instruction: Instruction) -> int:
        return max(stage.number for stage in self.stages if stage.instructions[0].first_line <= instruction.first_line)


def parse(text: str, build_arguments: Mapping[str, str] | None = None) -> Dockerfile:
    """Reads a text without a byte order mark.

    Args:
        text: the Dockerfile.
        build_arguments: values of `--build-arg`, for the `ARG`s that are declared.

    Raises:
        DockerfileError: it is no Dockerfile that BuildKit would build, a template, or larger than is read.
    """
    guard(text)
    lines = Lines(text)
    overrides = build_arguments or {}
    directives = _directives(lines)
    syntax, escape = directives.syntax, directives.escape
    read = commands(_readable(lines, directives))
    try:
        found = tuple(instructions(lines, read, escape, raw_commands))
        first = _first_stage(found)
        for instruction in found:
            check(instruction)
        arguments = global_arguments(found[:first], overrides, escape)
        grouped = stages(found[first:], arguments, lines, escape)
    except DockerfileError as error:
        raise as_template(error, lines) from None
    for stage in grouped:
        line = stage.instructions[0].first_line
        if isinstance(stage.base.target, image_reference.InvalidReference) and is_template(lines, line):
            raise as_template(DockerfileError("", line), lines)
    uses = ([] if syntax is None else [syntax], [stage.base for stage in grouped], other_uses(grouped))
    return Dockerfile(
        text=text,
        instructions=found,
        stages=grouped,
        arguments=arguments,
        build_arguments=overrides,
        escape=escape,
        newline="\r\n" if "\r\n" in text else "\n",
        uses=tuple(use for group in uses for use in group),
    )


def _first_stage(found: Sequence[Instruction]) -> int:
    for number, instruction in enumerate(found):
        if instruction.keyword == "FROM":
            return number
        if instruction.keyword != "ARG":
            raise DockerfileError(f"{instruction.keyword} before the first FROM", instruction.first_line)
    raise DockerfileError("no FROM in it")


class _Directives(NamedTuple):
    """What the comments that open a file say to the parser: they fill the first `lines` lines."""

    syntax: ImageUse | None
    escape: str
    lines: int


def _directives(lines: Lines) -> _Directives:
    """Reads `# syntax=` and `# escape=`; a first line `#!` hides the escape, but not the syntax."""
    syntax: ImageUse | None = None
    escape, number = "\\", 0
    hidden = lines.content(1).startswith("#!")
    for line in range(1 + hidden, len(lines) + 1):
        content = lines.content(line)
        comment, equals, value = content.lstrip(SPACE).partition("=")
        key = comment[1:].strip(_DIRECTIVE_SPACE).lower()
        value = value.strip(_DIRECTIVE_SPACE)
        if not comment.startswith("#") or not equals or key not in _DIRECTIVES or not value:
            break
        number = line
        if key == "escape" and not hidden:
            escape = value
        elif key == "syntax" and syntax is None:
            text = value.partition(" ")[0]
            start = lines.start(line) + content.index(text, content.index("=") + 1)
            syntax = _syntax_use(text, Span(start, start + len(text)))
    return _Directives(syntax, escape, number)


def _readable(lines: Lines, directives: _Directives) -> str:
    """The text for the parser, which does not know `# check=` and would overlook the escape character after it."""
    if directives.escape != "`":
        return lines.text
    return "# escape=`\n" + "#\n" * (directives.lines - 1) + lines.text[lines.start(directives.lines + 1) :]


def _syntax_use(text: str, span: Span) -> ImageUse:
    target = image_reference.parse(text)
    editable = span if isinstance(target, image_reference.ImageReference) else None
    return ImageUse("syntax", text, text, target, span, exact=True, editable=editable, stage=-1, instruction=None)
