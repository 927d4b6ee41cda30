"""Where the findings of Dockerfiles are: places that stay the same when lines move."""

from collections.abc import Iterator
from typing import NamedTuple

from gitops_guard.rule import Spot
from gitops_guard.syntax.dockerfile import Dockerfile, ImageUse, Instruction, ShellText, Stage
from gitops_guard.syntax.dockerfile_shell import shell_texts
from gitops_guard.text import Span


class Step(NamedTuple):
    """An instruction in its stage; what an `ONBUILD` holds comes as itself. `stage` is None above the first `FROM`."""

    stage: Stage | None
    instruction: Instruction


def steps(dockerfile: Dockerfile) -> Iterator[Step]:
    """All instructions in order."""
    first = dockerfile.stages[0].instructions[0]
    for instruction in dockerfile.instructions:
        if instruction is first:
            break
        yield Step(None, instruction)
    for stage in dockerfile.stages:
        for instruction in stage.instructions:
            yield Step(stage, instruction.trigger or instruction)


def shells(dockerfile: Dockerfile) -> Iterator[tuple[Stage, ShellText]]:
    """What every `RUN` makes a shell do, that of an `ONBUILD` included."""
    for stage in dockerfile.stages:
        instructions = [instruction.trigger or instruction for instruction in stage.instructions]
        for shell in shell_texts(instructions, dockerfile.text):
            yield stage, shell


def stage_key(stage: Stage | None) -> str:
    """What a stage is called: by its name, as the final one, or by its number."""
    if stage is None:
        return "global"
    return stage.name.lower() if stage.name else "final" if stage.is_final else str(stage.number)


def spot(stage: Stage | None, span: Span, *keys: str) -> Spot:
    """A place in a stage."""
    return Spot(("stage", stage_key(stage), *keys), span)


def place_of_use(dockerfile: Dockerfile, use: ImageUse) -> Spot:
    """The place of an image that a Dockerfile names."""
    if use.role == "syntax":
        return Spot(("syntax",), use.span)
    stage = dockerfile.stages[use.stage]
    if use.role == "base":
        return spot(stage, use.span, "FROM")
    return spot(stage, use.span, use.role, use.image.name if use.image else "unknown")


def final_numbers(dockerfile: Dockerfile) -> frozenset[int]:
    """The numbers of the stages that the image consists of: the final one and those it builds on."""
    return frozenset(stage.number for stage in dockerfile.lineage(dockerfile.final_stage))
