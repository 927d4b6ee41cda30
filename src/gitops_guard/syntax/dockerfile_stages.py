"""Build stages, and every place of a Dockerfile that names an image.

Resolved as BuildKit does: `FROM` knows the stages above it, `COPY --from` and `RUN --mount` all of them, names in any
case; the last stage of a name wins.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from gitops_guard.syntax import image_reference
from gitops_guard.syntax.dockerfile_instruction import Instruction, Token
from gitops_guard.syntax.dockerfile_scope import Expansion, GlobalArgument, expand
from gitops_guard.syntax.dockerfile_source import SPACE, DockerfileError, Lines, continuation
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference
from gitops_guard.text import Span

STAGE_LIMIT = 1000
_STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_WHOLE_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_SETTLED = frozenset(("CMD", "ENTRYPOINT", "HEALTHCHECK", "EXPOSE", "LABEL", "MAINTAINER", "STOPSIGNAL"))
_START = frozenset(("CMD", "ENTRYPOINT", "HEALTHCHECK"))
_NAMED_STAGE = 3


class StageTarget(NamedTuple):
    """Another stage of the same Dockerfile."""

    number: int


class Scratch(NamedTuple):
    """The empty image."""

    name: str = "scratch"


Target = ImageReference | InvalidReference | StageTarget | Scratch
Role = Literal["base", "copy-from", "mount-from", "syntax", "onbuild"]


class ImageUse(NamedTuple):
    """A place that names an image, a stage or scratch.

    `text` is as written (without quotes), `resolved` after expansion with what is known. `span` is the name itself, or
    the instruction if the name is not written in one piece; `exact` tells which. `editable` is where another complete
    reference may be written in its stead: the name if it holds no variable, the default of the global `ARG` if it is
    nothing but that variable, else None. `stage` counts from 0; `syntax` has -1.
    """

    role: Role
    text: str
    resolved: str
    target: Target
    span: Span
    exact: bool
    editable: Span | None
    stage: int
    instruction: Instruction | None

    @property
    def image(self) -> ImageReference | None:
        """The reference, if this names an image and the name is known."""
        return self.target if isinstance(self.target, ImageReference) else None


class Insertion(NamedTuple):
    """Where a line can be inserted: the offset, and a line break to put before it where the file ends without."""

    offset: int
    before: str = ""


class Stage(NamedTuple):
    """A build stage: `number` counts from 0, `instructions` begin with the `FROM`, `base` says what it builds on.

    `platform` is the text of `--platform`. `user_insertion` is where a `USER` line belongs.
    """

    number: int
    name: str | None
    base: ImageUse
    platform: str | None
    instructions: tuple[Instruction, ...]
    is_final: bool
    user_insertion: Insertion | None

    def insertion_offset_for_user(self) -> Insertion | None:
        """Before the closing `CMD`, `ENTRYPOINT` and `HEALTHCHECK` and the comments above them, or at the end.

        None where the last instruction ends in a continuation: it would swallow the line.
        """
        return self.user_insertion


def stages(
    instructions: Sequence[Instruction], arguments: Mapping[str, GlobalArgument], lines: Lines, escape: str
) -> tuple[Stage, ...]:
    """Groups the instructions, the first of which is a `FROM`.

    Raises:
        DockerfileError: a `FROM` is malformed, or there are too many.
    """
    begins = [number for number, one in enumerate(instructions) if one.keyword == "FROM"]
    if len(begins) > STAGE_LIMIT:
        raise DockerfileError(
            f"more than {STAGE_LIMIT} stages", instructions[begins[STAGE_LIMIT]].first_line, kind="limit"
        )
    values = {argument.name: argument.value for argument in arguments.values()}
    names: dict[str, int] = {}
    found: list[Stage] = []
    for index, (begin, end) in enumerate(zip(begins, [*begins[1:], len(instructions)], strict=True)):
        first = instructions[begin]
        name = _stage_name(first)
        platform = first.flag("platform")
        own = tuple(instructions[begin:end])
        base = _base(first, index, names, _Globals(arguments, values, escape))
        where = _user_insertion(own, lines, escape)
        text = None if platform is None else platform.text
        found.append(Stage(index, name, base, text, own, end == len(instructions), where))
        if name is not None:
            names[name.lower()] = index
    return tuple(found)


def other_uses(found: Sequence[Stage]) -> Iterator[ImageUse]:
    """The images and stages that `COPY --from` and `RUN --mount` name, `ONBUILD` included, in order."""
    names = {stage.name.lower(): stage.number for stage in found if stage.name is not None}
    for stage in found:
        for instruction in stage.instructions:
            one = instruction.trigger or instruction
            if one.keyword == "COPY":
                source = one.flag("from")
                if source is not None:
                    yield _use("copy-from", source, one, stage.number, names, len(found))
            elif one.keyword == "RUN" and one.flags:
                for source in _mounts(one):
                    yield _use("mount-from", source, one, stage.number, names, len(found))


class _Globals(NamedTuple):
    arguments: Mapping[str, GlobalArgument]
    values: Mapping[str, str | None]
    escape: str


def _stage_name(instruction: Instruction) -> str | None:
    words = [token.text for token in instruction.values]
    line = instruction.first_line
    if not words:
        raise DockerfileError("FROM without an image", line)
    if len(words) == 1:
        return None
    if len(words) != _NAMED_STAGE or words[1].upper() != "AS":
        raise DockerfileError("FROM takes an image, or an image AS a name", line)
    if not _STAGE_NAME.fullmatch(words[2].lower()):
        raise DockerfileError("the name of the stage is not valid", line)
    return words[2]


def _base(instruction: Instruction, stage: int, names: Mapping[str, int], scope: _Globals) -> ImageUse:
    token = instruction.values[0]
    expansion = expand(token.text, scope.values, scope.escape)
    resolved = expansion.text
    target: Target
    if expansion.unresolved:
        target = _unresolved(expansion, scope)
    elif resolved.lower() in names:
        target = StageTarget(names[resolved.lower()])
    elif resolved == "scratch":
        target = Scratch()
    else:
        target = image_reference.parse(resolved)
    editable = token.span if resolved == token.text and not expansion.used else _default_place(token.text, scope)
    if isinstance(target, StageTarget | Scratch):
        editable = None
    return _image_use("base", token, resolved, target, editable, stage, instruction)


def _unresolved(expansion: Expansion, scope: _Globals) -> InvalidReference:
    name = expansion.unresolved[0]
    if name in scope.arguments:
        return InvalidReference(f"unresolved variable ${name}: its ARG has no default", unresolved=True)
    return InvalidReference(f"unresolved variable ${name}: no ARG above the first FROM declares it", unresolved=True)


def _default_place(text: str, scope: _Globals) -> Span | None:
    """The default of the one global argument that a text consists of, inside its quotes."""
    variable = _WHOLE_VARIABLE.fullmatch(text)
    argument = scope.arguments.get(variable[1] or variable[2]) if variable else None
    if argument is None or argument.overridden or argument.default is None or argument.default.span is None:
        return None
    start, end = argument.default.span
    value = argument.default.text
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        start, end, value = start + 1, end - 1, value[1:-1]
    return Span(start, end) if value == argument.value else None


def _use(  # noqa: PLR0913, PLR0917 - one place and what its name may mean
    role: Role, source: Token, one: Instruction, stage: int, names: Mapping[str, int], count: int
) -> ImageUse:
    text = source.text
    target: Target
    if text.isascii() and text.isdecimal():
        if one.on_build:
            target = InvalidReference("a stage of the build that uses this image")
        elif len(text) < 5 and int(text) < count:  # noqa: PLR2004 - more digits than stages
            target = StageTarget(int(text))
        else:
            target = InvalidReference("no stage has this number")
    elif text.lower() in names and not one.on_build:
        target = StageTarget(names[text.lower()])
    elif text == "scratch":
        target = Scratch()
    else:
        target = image_reference.parse(text)
    editable = source.span if isinstance(target, ImageReference) else None
    return _image_use("onbuild" if one.on_build else role, source, text, target, editable, stage, one)


def _image_use(  # noqa: PLR0913, PLR0917 - the fields of one value
    role: Role,
    token: Token,
    resolved: str,
    target: Target,
    editable: Span | None,
    stage: int,
    instruction: Instruction,
) -> ImageUse:
    exact = token.span is not None
    span = token.span or instruction.span
    return ImageUse(role, token.text, resolved, target, span, exact, editable, stage, instruction)


def _mounts(instruction: Instruction) -> Iterator[Token]:
    """The `from` of each `--mount`; of several in one mount, the last."""
    for flag in instruction.flags:
        if not flag.text.startswith("--mount="):
            continue
        at = len("--mount=")
        found = None
        for field in flag.text[at:].split(","):
            quoted = len(field) > 1 and field[0] == field[-1] == '"'
            key, equals, value = (field[1:-1] if quoted else field).partition("=")
            if key.strip(SPACE).lower() == "from" and equals:
                start = at + quoted + len(key) + 1
                found = Token(value, _inside(flag, start, start + len(value)))
            at += len(field) + 1
        if found is not None:
            yield found


def _inside(token: Token, start: int, end: int) -> Span | None:
    return None if token.span is None else Span(token.span.start + start, token.span.start + end)


def _user_insertion(own: Sequence[Instruction], lines: Lines, escape: str) -> Insertion | None:
    first: Instruction | None = None
    for instruction in reversed(own):
        if instruction.keyword not in _SETTLED:
            break
        if instruction.keyword in _START:
            first = instruction
    if first is not None:
        line = first.first_line
        while lines.content(line - 1).lstrip(SPACE).startswith("#"):
            line -= 1
        return Insertion(lines.start(line))
    if continuation(lines.content(own[-1].last_line), escape)[1]:
        return None
    end = own[-1].last_line + 1
    offset = lines.start(end)
    ended = offset == 0 or lines.text[offset - 1] == "\n"
    return Insertion(offset, "" if ended else ("\r\n" if "\r\n" in lines.text else "\n"))
