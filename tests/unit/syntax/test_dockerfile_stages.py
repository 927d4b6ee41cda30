import pytest

from gitops_guard.syntax.dockerfile import Dockerfile, ImageUse, Scratch, StageTarget, parse
from gitops_guard.syntax.image_reference import InvalidReference
from gitops_guard.text import Edit, apply_edits


def uses(text: str, **build_arguments: str) -> list[tuple[str, str]]:
    """Role and meaning of every use, in short."""
    return [(use.role, meaning(use)) for use in parse(text, build_arguments).image_uses()]


def meaning(use: ImageUse) -> str:
    match use.target:
        case StageTarget(number):
            return f"stage {number}"
        case Scratch():
            return "scratch"
        case InvalidReference(reason):
            return f"? {reason}"
    return use.target.familiar


def bases(text: str, **build_arguments: str) -> list[str]:
    return [found for role, found in uses(text, **build_arguments) if role == "base"]


@pytest.mark.parametrize(
    ("arguments", "name", "expected"),
    [
        ("ARG V=3.12", "python:$V", "python:3.12"),
        ("ARG V=3.12", "python:${V}-slim", "python:3.12-slim"),
        ("ARG V=3.12\nARG T=${V}-slim", "python:$T", "python:3.12-slim"),
        ('ARG B="python:3"', "$B", "python:3"),
        ("ARG B='python:3'", "${B}", "python:3"),
        ("ARG B", "${B:-alpine}", "alpine"),
        ("ARG B=", "${B:-alpine}", "alpine"),
        ("ARG B=", "${B-alpine}x", "x"),
        ("ARG B", "${B-alpine}", "alpine"),
        ("ARG B=x", "alpine${B:+:3}", "alpine:3"),
        ("ARG B", "alpine${B:+:3}", "alpine"),
        ("ARG X", "${UNDECLARED:-alpine:3.19}", "alpine:3.19"),
        ("ARG A\nARG B=busybox", "${A:-${B}}", "busybox"),
        ("ARG A=1 B=2", "x:$A.$B", "x:1.2"),
        ("ARG X", '"alpine:3"', "alpine:3"),
        ("ARG A=1\nARG A=2", "x:$A", "x:2"),
    ],
)
def test_from_is_expanded_with_the_arguments_above_it(arguments: str, name: str, expected: str) -> None:
    assert bases(f"{arguments}\nFROM {name}\n") == [expected]


def test_build_arguments_win_but_only_for_what_is_declared() -> None:
    assert bases("ARG V=1\nFROM a:$V\n", V="2") == ["a:2"]
    assert "unresolved" in bases("FROM a:$V\n", V="2")[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ARG B\nFROM $B\n", "its ARG has no default"),
        ("FROM a\nARG B=x\nFROM $B\n", "no ARG above the first FROM"),
        ("FROM alpine:${TARGETARCH}\n", "unresolved variable $TARGETARCH"),
        ("ARG A=$A\nFROM $A\n", "unresolved"),
        ("ARG A=x\nFROM ${A#x}\n", "unresolved"),
        ("ARG A=x\nFROM ${A\n", "unresolved"),
        ("ARG A=" + "x" * 100 + "\n" + "ARG A=$A$A$A$A\n" * 50 + "FROM $A\n", "unresolved"),
        ("FROM " + "${A:-" * 5000 + "\n", "unresolved"),
        ("FROM Alpine:3\n", "upper case"),
    ],
)
def test_what_cannot_be_known_is_not_guessed(text: str, reason: str) -> None:
    assert reason in bases(text)[-1]


def test_stages_are_known_by_name_in_any_case() -> None:
    text = (
        "FROM golang:1 AS Build\nFROM build AS test\nFROM scratch\n"
        "COPY --from=BUILD /a /a\nCOPY --from=1 /b /b\nCOPY --from=nginx:1.27 /c /c\nCOPY --from=7 /d /d\n"
    )
    assert uses(text) == [
        ("base", "golang:1"),
        ("base", "stage 0"),
        ("base", "scratch"),
        ("copy-from", "stage 0"),
        ("copy-from", "stage 1"),
        ("copy-from", "nginx:1.27"),
        ("copy-from", "? no stage has this number"),
    ]


def test_a_name_is_a_stage_for_from_only_below_it() -> None:
    assert bases("FROM alpine\nFROM busybox AS alpine\nFROM alpine\n") == ["alpine", "busybox", "stage 1"]


def test_of_two_stages_with_one_name_the_last_counts() -> None:
    assert uses("FROM a AS x\nFROM b AS x\nFROM x\nCOPY --from=x /a /a\n")[-2:] == [
        ("base", "stage 1"),
        ("copy-from", "stage 1"),
    ]


def test_an_alias_that_looks_like_an_image_hides_no_image_above_it() -> None:
    text = "FROM evil.example/x\nCOPY --from=approved /a /a\nFROM approved.example/y AS approved\n"
    assert uses(text)[0] == ("base", "evil.example/x")
    assert uses(text)[2] == ("copy-from", "stage 1")


def test_mounts() -> None:
    text = (
        "FROM a AS one\n"
        "RUN --mount=type=bind,from=one,target=/x --mount=type=cache,FROM=busybox:1 --mount=type=secret,id=from x\n"
        'RUN --mount=type=bind,"from=quoted",target=/y --mount=from=a.io/x,from=b.io/x x\n'
        "RUN echo --mount=from=none\n"
        "RUN --mount=from=$X y\n"
    )
    parsed = parse(text)
    found = [use for use in parsed.image_uses() if use.role == "mount-from"]
    assert [meaning(use) for use in found[:4]] == ["stage 0", "busybox:1", "quoted", "b.io/x"]
    assert isinstance(found[4].target, InvalidReference)
    for use in (found[0], found[1], found[3], found[4]):
        assert (use.exact, text[slice(*use.span)]) == (True, use.text)


def test_syntax_directive_is_an_image() -> None:
    text = "# escape=\\\n#Syntax = docker/dockerfile:1 x\nFROM a\n# syntax=late/one\n"
    parsed = parse(text)
    syntax = parsed.image_uses()[0]
    assert (syntax.role, meaning(syntax), text[slice(*syntax.span)]) == (
        "syntax",
        "docker/dockerfile:1",
        "docker/dockerfile:1",
    )
    assert len(parsed.image_uses()) == 2
    for noop in ("# a comment\n# syntax=x\nFROM a\n", "\n# syntax=x\nFROM a\n", "# foo=bar\n# syntax=x\nFROM a\n"):
        assert len(parse(noop).image_uses()) == 1


def test_onbuild_names_images_of_a_later_build() -> None:
    text = "FROM a AS one\nONBUILD COPY --from=one /a /a\nONBUILD RUN --mount=from=x:1 y\nONBUILD COPY --from=0 /b /b\n"
    assert uses(text)[1:] == [
        ("onbuild", "one"),
        ("onbuild", "x:1"),
        ("onbuild", "? a stage of the build that uses this image"),
    ]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("FROM a:1 AS x\n", "FROM NEW AS x\n"),
        ("ARG B=a:1\nFROM $B\n", "ARG B=NEW\nFROM $B\n"),
        ('ARG A B="a:1" C\nFROM ${B}\n', 'ARG A B="NEW" C\nFROM ${B}\n'),
        ("FROM --platform=$X a \\\n AS b\n", "FROM --platform=$X NEW \\\n AS b\n"),
        ("ARG V=1\nFROM a:$V\n", None),
        ("ARG V=1\nARG B=a:$V\nFROM $B\n", None),
        ("FROM ${B:-a:1}\n", None),
        ("ARG B\nFROM $B\n", None),
        ("FROM scratch\n", None),
        ('FROM "a:1"\n', None),
    ],
)
def test_where_another_reference_may_be_written(text: str, after: str | None) -> None:
    (use,) = parse(text).image_uses()
    if after is None:
        assert use.editable is None
    else:
        assert use.editable is not None
        changed = apply_edits(text, [Edit(*use.editable, "NEW")])
        assert changed == after


def final_user(text: str) -> tuple[str, str | None, int] | None:
    user = parse(text).effective_user()
    return None if user is None else (user.text, user.resolved, user.stage)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\n", None),
        ("FROM a\nUSER root\nUSER app\n", ("app", "app", 0)),
        ("FROM a AS x\nUSER app\nFROM x AS y\nRUN z\nFROM y\n", ("app", "app", 0)),
        ("FROM a AS x\nUSER app\nFROM b\nCOPY --from=x /a /a\n", None),
        ("FROM a AS x\nUSER app\nFROM x\nUSER 0\n", ("0", "0", 1)),
        ("FROM a AS x\nUSER app\nONBUILD USER root\nFROM x\n", ("root", "root", 0)),
        ("FROM a\nUSER app\nONBUILD USER root\n", ("app", "app", 0)),
        ("FROM a\nARG U=app\nUSER $U:grp\n", ("$U:grp", "app:grp", 0)),
        ("ARG U=app\nFROM a\nARG U\nUSER $U\n", ("$U", "app", 0)),
        ("ARG U=app\nFROM a\nUSER $U\n", ("$U", None, 0)),
        ("FROM a\nENV U=one\nARG U=two\nUSER $U\n", ("$U", "one", 0)),
        ("FROM a\nUSER ${U:-65532}\nENV U=late\n", ("${U:-65532}", "65532", 0)),
        ("FROM a\nENV A=1\nENV A=2 B=$A\nUSER $B\n", ("$B", "1", 0)),
        ("FROM a\nRUN <<E\nUSER no\nE\n# USER no\n", None),
        ("FROM a\nENV A=xxxxxxxx\n" + "ENV A=$A$A$A$A\n" * 40 + "USER $A\n", ("$A", None, 0)),
    ],
)
def test_the_user_that_the_image_runs_as(text: str, expected: tuple[str, str | None, int] | None) -> None:
    assert final_user(text) == expected


def with_user(parsed: Dockerfile) -> str:
    at = parsed.final_stage.insertion_offset_for_user()
    assert at is not None
    return apply_edits(parsed.text, [Edit(at.offset, at.offset, f"{at.before}USER x{parsed.newline}")])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nRUN b\nCMD c\n", "FROM a\nRUN b\nUSER x\nCMD c\n"),
        ("FROM a\nRUN b\n# why\nENTRYPOINT c\nCMD d\n", "FROM a\nRUN b\nUSER x\n# why\nENTRYPOINT c\nCMD d\n"),
        ("FROM a\nCMD c\nRUN b\n", "FROM a\nCMD c\nRUN b\nUSER x\n"),
        ("FROM a\nRUN b", "FROM a\nRUN b\nUSER x\n"),
        ("FROM a\nEXPOSE 1\nCMD c\nEXPOSE 2\n", "FROM a\nEXPOSE 1\nUSER x\nCMD c\nEXPOSE 2\n"),
        ("FROM a\nEXPOSE 1\n\n# end\n", "FROM a\nEXPOSE 1\nUSER x\n\n# end\n"),
        ("FROM a\r\nCMD c", "FROM a\r\nUSER x\r\nCMD c"),
        ("FROM a\r\nRUN c", "FROM a\r\nRUN c\r\nUSER x\r\n"),
        ("FROM a\nRUN <<E\nx\nE\n", "FROM a\nRUN <<E\nx\nE\nUSER x\n"),
    ],
)
def test_where_a_user_belongs(text: str, expected: str) -> None:
    changed = with_user(parse(text))
    assert changed == expected
    user = parse(changed).effective_user()
    assert user is not None
    assert user.text == "x"


@pytest.mark.parametrize("text", ["FROM a\nRUN b \\", "FROM a\nRUN b \\\n\n", "FROM a\nRUN b \\\n# c\n", "FROM a \\\n"])
def test_a_line_after_an_open_continuation_would_be_swallowed(text: str) -> None:
    assert parse(text).final_stage.insertion_offset_for_user() is None


def shells(text: str) -> list[str]:
    return [shell.text for shell in parse(text).shell_texts()]


def test_shell_texts() -> None:
    assert shells(
        "FROM a\n"
        "RUN --network=none curl x \\\n# curl y\n | sh\n"
        "RUN <<E\n# curl z\nset -e\nE\n"
        "RUN bash -e <<E\ntwo\nE\n"
        "RUN cat <<E > /f\ndata\nE\n"
        "RUN <<E\n#!/usr/bin/env python3\nprint()\nE\n"
        "RUN <<E\n#!/bin/bash\nthree\nE\n"
        'RUN ["/bin/sh", "-ec", "four five"]\n'
        'RUN ["apt-get", "install"]\n'
    ) == [
        "curl x  | sh",
        "<<E\nset -e\n",
        "bash -e <<E\ntwo\n",
        "cat <<E > /f",
        "<<E",
        "<<E\nthree\n",
        "four five",
        "apt-get install",
    ]


def test_shell_texts_are_those_of_the_stage() -> None:
    parsed = parse("FROM a AS x\nRUN one\nFROM x\nRUN two\nONBUILD RUN three\n")
    assert [shell.text for shell in parsed.shell_texts()] == ["two"]
    assert [shell.text for shell in parsed.shell_texts(parsed.stages[0])] == ["one"]


def test_a_match_in_a_shell_text_is_found_in_the_file() -> None:
    text = 'FROM a\nRUN one \\\n  # no\n  two three\nRUN <<E\n# no\nfour\nE\nRUN ["x\\u0041", "five"]\n'
    first, second, third = parse(text).shell_texts()
    at = first.text.index("two")
    assert text[slice(*first.span(at, at + 3))] == "two"
    assert text[slice(*first.span(0, len(first.text)))] == "one \\\n  # no\n  two three"
    at = second.text.index("four")
    assert text[slice(*second.span(at, at + 4))] == "four"
    assert third.span(0, 1) == third.instruction.span


def test_variables_at_the_end_of_a_stage() -> None:
    parsed = parse("ARG G=1\nFROM a AS x\nARG G\nENV A=$G B=$C\nFROM x\nARG L=l\n", {"L": "given"})
    assert parsed.variables() == {"G": "1", "A": "1", "B": None, "L": "given"}
    assert parsed.expand("$A-$L-$B").unresolved == ("B",)
